"""The verdict's sentence in every regime."""

import numpy as np
import pytest

from groundup.judge import Predicted, give_verdict, metric
from groundup.judge.verdict import Parts, sampling_error, skill


@pytest.mark.parametrize(
    ("name", "scores", "noise", "regime", "words"),
    [
        ("roc_auc", ((0.86, 0.845, 0.85), (0.5, 0.5, 0.5)), 0.01, "good", "Good fit"),
        ("roc_auc", ((0.84, 0.85, 0.86), (0.5, 0.5, 0.5)), 0.01, "good", "No sign of overfitting"),
        ("roc_auc", ((1.0, 0.51, 0.50), (0.5, 0.5, 0.5)), 0.02, "memorised", "Severe overfitting"),
        ("roc_auc", ((0.52, 0.51, 0.50), (0.5, 0.5, 0.5)), 0.02, "nothing", "No better than the baseline"),
        ("roc_auc", ((0.62, 0.60, 0.61), (0.5, 0.5, 0.5)), 0.01, "underfit", "Underfitting"),
        ("roc_auc", ((1.0, 0.70, 0.71), (0.5, 0.5, 0.5)), 0.01, "strong overfit", "Strong overfitting"),
        ("roc_auc", ((0.95, 0.80, 0.81), (0.5, 0.5, 0.5)), 0.01, "overfit", "Overfitting: "),
        ("roc_auc", ((0.92, 0.85, 0.85), (0.5, 0.5, 0.5)), 0.005, "slight overfit", "Slight overfitting"),
        ("roc_auc", ((0.92, 0.85, 0.85), (0.5, 0.5, 0.5)), 0.10, "good", "No significant overfitting"),
        ("roc_auc", ((0.85, 0.90, 0.80), (0.5, 0.5, 0.5)), 0.005, "unsteady", "differ by more than t"),
        ("roc_auc", ((0.95, 0.90, 0.10), (0.5, 0.5, 0.5)), 0.02, "unsteady", "differ by more than t"),
        ("log_loss", ((0.01, 0.30, 0.95), (0.58, 0.58, 0.58)), 0.02, "unsteady", "differ by more than t"),
        ("rmse", ((35_000, 46_300, 46_000), (115_300,) * 3), 600, "good", "keep 86%"),
        ("rmse", ((10_000, 68_000, 69_000), (115_300,) * 3), 900, "overfit", "Overfitting"),
        ("rmse", ((110_000, 111_000, 110_500), (115_300,) * 3), 900, "underfit", "uninformative columns"),
        ("rmse", ((80_000, 130_000, 125_000), (115_300,) * 3), 900, "memorised", "Severe overfitting"),
        ("log_loss", ((0.40, 0.41, 0.42), (0.58, 0.58, 0.58)), 0.01, "good", "Good fit"),
        ("log_loss", ((0.01, 0.60, 0.65), (0.58, 0.58, 0.58)), 0.02, "memorised", "Severe overfitting"),
        ("rmse", ((None, 1.0, 2.0), (3.0, 3.0, 3.0)), None, "unknown", "no verdict"),
        ("roc_auc", ((0.8, None, 0.8), (0.5, None, 0.5)), 0.01, "good", "Good fit"),
        ("rmse", ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)), 0.0, "good", "Good fit"),
        ("rmse", ((1e200, 1e200, 1e200), (3e200, 3e200, 3e200)), 1e198, "good", "Good fit"),
    ],
)
def test_regimes(name, scores, noise, regime, words):
    model, baseline = scores
    found = give_verdict(metric(name), Parts(*model), Parts(*baseline), noise)
    assert (found.regime, words in found.sentence) == (regime, True), found


def test_sentence_carries_the_numbers():
    found = give_verdict(metric("rmse"), Parts(35_012.4, 46_300, 46_000), Parts(1.1e5, 1.1e5, 115_300), 600)
    assert "rmse: training 35,012, validation 46,300, test 46,000, baseline 115,300" in found.sentence


def test_skill_is_the_explained_share_for_rmse():
    assert skill(metric("rmse"), 5.0, 10.0) == pytest.approx(0.75)
    assert skill(metric("accuracy"), 0.9, 0.6) == pytest.approx(0.75)
    assert skill(metric("log_loss"), 0.3, 0.6) == pytest.approx(0.5)
    assert skill(metric("accuracy"), 1.0, 1.0) is None
    assert skill(metric("calinski_harabasz"), 100.0, 1.0) is None


FLAT = Parts(0.5, 0.5, 0.5)
COLLAPSE = Parts(0.8356, 0.8412, 0.5366)


def test_a_collapse_on_test_is_no_chance_however_far_the_folds_spread():
    errors = Parts(0.02, 0.045, 0.06)  # what 133 rows give
    found = give_verdict(metric("roc_auc"), COLLAPSE, FLAT, 0.2, errors)
    assert found.regime == "unsteady"
    assert "two standard errors: the test set keeps 11% of the training set's improvement" in found.sentence


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.2, 0.5])
def test_a_collapse_is_never_called_agreement(noise):
    assert give_verdict(metric("roc_auc"), COLLAPSE, FLAT, noise).regime == "unsteady"
    alone = give_verdict(metric("roc_auc"), COLLAPSE._replace(valid=None), FLAT, noise)
    assert alone.regime not in ("good", "slight overfit")


def test_a_part_whose_error_is_not_known_takes_the_spread_of_the_folds():
    scores = Parts(0.92, 0.85, 0.85)
    assert give_verdict(metric("roc_auc"), scores, FLAT, 0.1, Parts(None, None, None)).regime == "good"
    assert (
        give_verdict(metric("roc_auc"), scores, FLAT, 0.1, Parts(0.0, 0.005, 0.005)).regime
        == "slight overfit"
    )


def _said(name, n, rng):
    if name == "rmse":
        y = rng.normal(size=n)
        return y, Predicted(y + rng.normal(size=n))
    y = (rng.random(n) < 0.3).astype(int)
    chances = 1 / (1 + np.exp(-(rng.normal(size=n) + 1.5 * y - 1)))
    return y, Predicted(chances > 0.5, np.column_stack([1 - chances, chances]), np.array([0, 1]))


@pytest.mark.parametrize("name", ["roc_auc", "accuracy", "log_loss", "rmse", "mae"])
def test_sampling_error_is_the_spread_over_many_samples(name):
    rng, kind = np.random.default_rng(0), metric(name)
    values, errors = [], []
    for _ in range(400):
        y, said = _said("rmse" if name == "mae" else name, 133, rng)
        values.append(kind.score(y, said).value)
        errors.append(sampling_error(kind, y, said, values[-1]))
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.2)


def test_sampling_error_is_none_where_there_is_none():
    y = np.array([0, 1, 1])
    said = Predicted(y, np.eye(2)[y], np.array([0, 1]))
    assert sampling_error(metric("roc_auc"), y[1:], said, 0.5) is None
    assert sampling_error(metric("roc_auc"), y, said, None) is None
    assert sampling_error(metric("accuracy"), y[:1], said, 1.0) is None
    assert sampling_error(metric("f1"), y, said, 1.0) is None
    assert sampling_error(metric("rmse"), y, Predicted(y), 0.0) == 0.0


@pytest.mark.parametrize(("n_positive", "n_negative"), [(10, 10), (10, 200), (60, 140)])
def test_a_perfect_score_of_few_rows_is_not_certain(n_positive, n_negative):
    y = np.repeat([0, 1], [n_negative, n_positive])
    said = Predicted(y, np.eye(2)[y], np.array([0, 1]))
    m = min(n_positive, n_negative)
    auc = sampling_error(metric("roc_auc"), y, said, 1.0)
    assert 0.7 / m < auc < 1.5 / m
    accuracy = sampling_error(metric("accuracy"), y, said, 1.0)
    assert accuracy == pytest.approx(2**0.5 / len(y), rel=0.25)


def test_the_error_of_a_near_perfect_auc_covers_what_the_rows_hide():
    """Among samples of few rows whose true AUC is 0.99, most intervals of two errors hold it, the perfect ones too."""
    rng, kind, hits, n_perfect = np.random.default_rng(0), metric("roc_auc"), 0, 0
    for _ in range(400):
        y = np.repeat([0, 1], [30, 15])
        chances = 1 / (1 + np.exp(-(rng.normal(size=45) + 3.29 * y)))  # Phi(3.29 / sqrt 2) = 0.990
        said = Predicted(chances > 0.5, np.column_stack([1 - chances, chances]), np.array([0, 1]))
        value = kind.score(y, said).value
        n_perfect += value == 1.0
        hits += abs(value - 0.99) <= 2 * sampling_error(kind, y, said, value)
    assert n_perfect > 50
    assert hits / 400 > 0.93


def test_the_error_of_a_silhouette_is_that_of_its_rows():
    from sklearn.metrics import silhouette_samples, silhouette_score

    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 40)
    points = rng.normal(size=(120, 2)) + 3.0 * labels[:, None]
    said = Predicted(labels, points=points)
    error = sampling_error(metric("silhouette"), None, said, silhouette_score(points, labels))
    assert error == pytest.approx(silhouette_samples(points, labels).std() / 120**0.5)
    one = Predicted(np.zeros(120, int), points=points)
    assert sampling_error(metric("silhouette"), None, one, 0.1) is None
