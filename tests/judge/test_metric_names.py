"""Metrics by the names that users know, with weights, and functions of the user."""

import numpy as np
import pytest
import sklearn.metrics as sk

from groundup.errors import UsageError
from groundup.judge.metrics import METRICS, Predicted, metric
from groundup.judge.metrics.custom import custom_metric, load_function, name_of, source_digest

CLASSES = np.array(["no", "yes"])
#: Scorers of scikit-learn that have no meaning here: of several labels a row, of clusters with known labels, and ratios
#: without bounds.
NOT_HERE = {
    *(f"{name}_samples" for name in ("f1", "jaccard", "precision", "recall")),
    *("adjusted_mutual_info_score", "adjusted_rand_score", "completeness_score", "fowlkes_mallows_score"),
    *(
        "homogeneity_score",
        "mutual_info_score",
        "normalized_mutual_info_score",
        "rand_score",
        "v_measure_score",
    ),
    *("positive_likelihood_ratio", "neg_negative_likelihood_ratio"),
}


def _two(n=300, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    y = CLASSES[(rng.random(n) < p).astype(int)]
    w = rng.integers(0, 4, n).astype(float)
    return y, Predicted(CLASSES[(p >= 0.5).astype(int)], np.c_[1 - p, p], CLASSES), w


def _more(n=300, seed=0):
    rng = np.random.default_rng(seed)
    classes = np.array(["a", "b", "c"])
    p = rng.dirichlet(np.ones(3), n)
    y = classes[[rng.choice(3, p=q) for q in p]]
    return y, Predicted(classes[p.argmax(1)], p, classes), rng.integers(1, 4, n).astype(float)


def _amounts(n=300, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.gamma(2.0, 3.0, n) + 0.1
    return y, Predicted(y * rng.uniform(0.5, 1.5, n)), rng.integers(1, 4, n).astype(float)


@pytest.mark.parametrize("name", sorted(set(sk.get_scorer_names()) - NOT_HERE))
def test_every_scorer_of_sklearn_is_known_with_its_direction(name):
    found = metric(name)
    sign = sk.get_scorer(name)._sign
    assert found.greater_is_better == (sign > 0)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("PR AUC", "average_precision"), ("pr-auc", "average_precision"), ("auc", "roc_auc"),
        ("MCC", "matthews_corrcoef"), ("kappa", "cohen_kappa"), ("RMSE", "rmse"),
        ("neg_root_mean_squared_error", "rmse"), ("r2_score", "r2"),
        ("mean_absolute_error", "mae"), ("f1_score", "f1"), ("brier_score_loss", "brier"), ("Log Loss", "log_loss"),
        ("sensitivity", "recall"), ("MAPE", "mape"), ("mean_poisson_deviance", "poisson_deviance"),
    ],
)  # fmt: skip
def test_other_names_of_the_same_metric(given, name):
    assert metric(given).name == name


def test_a_metric_of_another_task_names_those_of_this_one():
    with pytest.raises(UsageError, match=r"'rmse' is for regression, but the task is binary[\s\S]*roc_auc"):
        metric("rmse", "binary")
    with pytest.raises(UsageError, match=r"'f1' is for two classes and several classes"):
        metric("f1", "regression")
    with pytest.raises(UsageError, match=r"Did you mean 'recall'[\s\S]*package:function"):
        metric("recal", "binary")


@pytest.mark.parametrize("name", sorted(m.name for m in METRICS.values() if "binary" in m.tasks))
def test_weights_of_two_classes_are_repetitions(name):
    _check_repetition(metric(name), *_two())


@pytest.mark.parametrize(
    "name",
    sorted(m.name for m in METRICS.values() if "multiclass" in m.tasks and not m.name.startswith("roc_auc_ovo")),
)  # fmt: skip
def test_weights_of_more_classes_are_repetitions(name):
    _check_repetition(metric(name), *_more())


@pytest.mark.parametrize("name", sorted(m.name for m in METRICS.values() if "regression" in m.tasks))
def test_weights_of_amounts_are_repetitions(name):
    if name in ("spearman", "median_absolute_error"):  # ranks and medians of repeated rows are others
        return
    _check_repetition(metric(name), *_amounts())


def _check_repetition(found, y, said, w):
    often = np.repeat(np.arange(len(y)), w.astype(int))
    weighted = found.score(y, said._replace(weight=w)).value
    assert weighted == pytest.approx(found.score(y[often], said.take(often)).value, rel=1e-9)
    assert found.score(y, said).value == pytest.approx(
        found.score(y, said._replace(weight=w * 0 + 2.0)).value
    )


@pytest.mark.parametrize("positive", ["no", "yes"])
def test_scores_of_the_positive_class_equal_sklearns(positive):
    y, said, _ = _two()
    said = said._replace(positive=positive)
    k = list(CLASSES).index(positive)
    p, v = said.probabilities[:, k], said.values
    expected = {
        "precision": sk.precision_score(y, v, pos_label=positive),
        "recall": sk.recall_score(y, v, pos_label=positive),
        "f1": sk.f1_score(y, v, pos_label=positive),
        "f2": sk.fbeta_score(y, v, beta=2, pos_label=positive),
        "specificity": sk.recall_score(y, v, pos_label=CLASSES[1 - k]),
        "jaccard": sk.jaccard_score(y, v, pos_label=positive),
        "roc_auc": sk.roc_auc_score(y == positive, p),
        "average_precision": sk.average_precision_score(y == positive, p),
        "brier": sk.brier_score_loss(y, p, pos_label=positive),
    }
    assert {name: metric(name).score(y, said).value for name in expected} == pytest.approx(expected)


def test_a_metric_that_these_rows_make_undefined_says_why():
    y = np.array([0.0, 1.0, 2.0])
    assert "0 is undefined" in metric("mape").score(y, Predicted(y)).reason
    assert "at least 0" in metric("rmsle").score(y, Predicted(y - 1)).reason
    assert "above 0" in metric("poisson_deviance").score(y, Predicted(y)).reason
    assert "weight 0" in metric("mae").score(y, Predicted(y, weight=np.zeros(3))).reason
    alone = Predicted(np.array(["no", "no"]), classes=CLASSES)
    assert metric("cohen_kappa").score(np.array(["no", "no"]), alone).reason == "only one label"


# ---------------------------------------------------------------------- functions


def hits(y_true, y_pred):
    """Share of hits."""
    return float(np.mean(y_true == y_pred))


def own_loss(y_true, y_prob, sample_weight=None, pos_label=None):
    """Squared distance"""
    return float(np.average((y_prob - (y_true == pos_label)) ** 2, weights=sample_weight))


def test_a_function_says_its_direction_by_an_attribute_or_its_name():
    with pytest.raises(UsageError, match=r"greater[\s\S]*hits.greater_is_better = True"):
        custom_metric(hits, "binary")
    hits.greater_is_better = True
    try:
        found = custom_metric(hits, "binary")
    finally:
        del hits.greater_is_better
    y, said, _ = _two()
    assert (found.greater_is_better, found.needs, found.meaning) == (True, "labels", "Share of hits")
    assert found.name == name_of(hits) == f"{__name__}:hits"
    assert found.score(y, said).value == metric("accuracy").score(y, said).value
    assert not found.takes_weights


def test_a_function_of_probabilities_gets_those_of_the_positive_class():
    y, said, w = _two()
    found = custom_metric(own_loss, "binary")
    said = said._replace(positive="no", weight=w)
    assert (found.greater_is_better, found.needs, found.takes_weights) == (False, "probabilities", True)
    assert found.score(y, said).value == pytest.approx(metric("brier").score(y, said).value)
    with pytest.raises(UsageError, match="needs probabilities"):
        custom_metric(own_loss, "regression")


def test_scorers_of_sklearn_keep_their_direction_and_options():
    y, said, _ = _two()
    found = custom_metric(sk.make_scorer(sk.fbeta_score, beta=3), "binary")
    assert found.score(y, said).value == pytest.approx(
        sk.fbeta_score(y, said.values, beta=3, pos_label="yes")
    )
    loss = custom_metric(
        sk.make_scorer(sk.mean_pinball_loss, alpha=0.9, greater_is_better=False), "regression"
    )
    assert not loss.greater_is_better


def test_functions_that_cannot_be_used_are_named():
    with pytest.raises(UsageError, match="No module named 'nowhere'"):
        load_function("nowhere:f")
    with pytest.raises(UsageError, match="Did you mean 'accuracy_score'"):
        load_function("sklearn.metrics:acuracy_score")
    with pytest.raises(UsageError, match="the arguments that it needs are: y_true, y_pred, beta"):
        custom_metric(sk.fbeta_score, "binary")
    broken = custom_metric(load_function("sklearn.metrics:mean_absolute_error"), "binary")
    y, said, _ = _two()
    assert broken.score(y, said).value is None
    assert "Error" in broken.score(y, said).reason


def test_another_source_is_another_metric():
    assert source_digest(hits) != source_digest(own_loss)
    assert source_digest(hits) == source_digest(hits)
    assert source_digest(sk.make_scorer(sk.fbeta_score, beta=2)) != source_digest(
        sk.make_scorer(sk.fbeta_score, beta=3)
    )
