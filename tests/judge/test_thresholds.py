"""Thresholds against trying every one, decisions against their definition, cross-fitting against leakage."""

from dataclasses import replace

import numpy as np
import pytest

from groundup.errors import UsageError
from groundup.judge.decisions import Decision, cost_threshold, mean_cost
from groundup.judge.metrics import METRICS, Predicted
from groundup.judge.scoring import Scoring
from groundup.judge.thresholds import Constraint, ThresholdSearch, decided

CLASSES = np.array(["bad", "good"])


def _rows(n=200, seed=0, digits=3, positive=None):
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 3, n).round(digits)
    y = CLASSES[(rng.random(n) < p).astype(int)]
    return y, Predicted(CLASSES[(p >= 0.5).astype(int)], np.c_[1 - p, p], CLASSES, positive=positive)


def _values(metric, y, said):
    """The metric at every threshold that makes a difference, tried on the rows."""
    tried = np.append(np.unique(said.probabilities[:, said.positive_code]), 1.0 + 1e-9)
    return tried, [metric.score(y, decided(said, t)).value for t in tried]


@pytest.mark.parametrize("positive", [None, "bad"])
@pytest.mark.parametrize(
    "name", ["f1", "f2", "accuracy", "balanced_accuracy", "matthews_corrcoef", "cohen_kappa"]
)
def test_the_best_threshold_is_as_good_as_any(name, positive):
    y, said = _rows(positive=positive)
    found = ThresholdSearch(METRICS[name]).find(y, said)
    _, values = _values(METRICS[name], y, said)
    assert found.value == pytest.approx(max(v for v in values if v is not None))
    assert METRICS[name].score(y, decided(said, found.threshold)).value == pytest.approx(found.value)


@pytest.mark.parametrize(
    ("name", "other"), [("recall", "precision"), ("precision", "recall"), ("specificity", "recall")]
)
def test_a_constraint_holds_and_the_other_score_is_the_largest(name, other):
    y, said = _rows()
    limit = Constraint(METRICS[name], 0.6)
    found = ThresholdSearch(METRICS[other], limit).find(y, said)
    tried, values = _values(METRICS[other], y, said)
    limits = [METRICS[name].score(y, decided(said, t)).value for t in tried]
    allowed = [v for v, k in zip(values, limits, strict=True) if k is not None and k >= 0.6 and v is not None]
    assert found.is_met
    assert found.value == pytest.approx(max(allowed))
    own = METRICS[name].score(y, decided(said, found.threshold)).value
    assert own == pytest.approx(found.constrained)
    assert own >= 0.6


def test_a_constraint_that_cannot_be_met_takes_the_nearest():
    y, said = _rows()
    y = np.where(said.probabilities[:, 1] > 0.3, "bad", y)
    found = ThresholdSearch(METRICS["recall"], Constraint(METRICS["precision"], 0.99)).find(y, said)
    assert not found.is_met
    assert 0 < found.constrained < 0.99


def test_weights_count_as_repetitions():
    y, said = _rows()
    w = np.random.default_rng(1).integers(1, 4, len(y))
    often = np.repeat(np.arange(len(y)), w)
    search = ThresholdSearch(METRICS["f1"])
    weighted = search.find(y, said._replace(weight=w.astype(float)))
    assert weighted == pytest.approx(search.find(y[often], said.take(often)))


def test_a_function_without_weights_is_tried_on_the_rows():
    y, said = _rows()
    blind = METRICS["f1"]._replace(takes_weights=False)
    assert ThresholdSearch(blind).find(y, said).value == pytest.approx(
        ThresholdSearch(METRICS["f1"]).find(y, said).value
    )


def test_a_threshold_is_the_shortest_fraction_between_two_probabilities():
    p = np.array([0.1, 0.2, 0.3, 0.34, 0.9])
    y = CLASSES[[0, 0, 0, 1, 1]]
    found = ThresholdSearch(METRICS["accuracy"]).find(y, Predicted(y, np.c_[1 - p, p], CLASSES))
    assert (found.threshold, found.value) == (0.32, 1.0)


def test_no_threshold_where_the_metric_has_no_value():
    p = np.array([0.2, 0.4])
    y = np.array(["bad", "bad"])
    said = Predicted(y, np.c_[1 - p, p], CLASSES)
    with pytest.raises(UsageError, match="recall has no value"):
        ThresholdSearch(METRICS["recall"]).find(y, said)
    with pytest.raises(UsageError, match="recall has no value"):
        ThresholdSearch(METRICS["precision"], Constraint(METRICS["recall"], 0.5)).find(y, said)


@pytest.mark.parametrize("p", [[0.0, 0.0, 1.0, 1.0], [0.0, 1e-12, 0.5, 1.0], [0.3, 0.3, 0.3, 0.3]])
def test_extreme_probabilities_have_thresholds_between_0_and_1(p):
    p, y = np.array(p), CLASSES[[1, 0, 1, 1]]
    found = ThresholdSearch(METRICS["recall"]).find(y, Predicted(y, np.c_[1 - p, p], CLASSES))
    assert (found.value, 0 <= found.threshold <= 1) == (1.0, True)
    assert not np.signbit(found.threshold)


def test_decisions_cost_least_on_average():
    rng = np.random.default_rng(0)
    costs = np.array([[0.0, 3, 1], [5, 0.5, 2], [1, 7, 0]])
    p = rng.dirichlet(np.ones(3), 50)
    expected = [int(np.argmin(q @ costs)) for q in p]
    assert Decision(costs=costs).codes(p).tolist() == expected
    one_by_one = [int(Decision(costs=costs).codes(q[None])[0]) for q in p]
    assert one_by_one == expected


@pytest.mark.parametrize("positive", [0, 1])
def test_costs_of_two_classes_are_a_threshold(positive):
    rng = np.random.default_rng(0)
    costs = np.array([[0.0, 1.0], [5.0, -1.0]])
    p = rng.random(200)
    p = np.c_[1 - p, p]
    threshold = cost_threshold(costs, positive)
    assert Decision(threshold, positive).codes(p).tolist() == Decision(costs=costs).codes(p).tolist()
    assert threshold == pytest.approx(1 / 7 if positive == 1 else 6 / 7)


def test_mean_cost_is_the_mean_of_the_cells():
    costs = np.array([[0.0, 1.0], [5.0, 0.0]])
    y, v = CLASSES[[0, 0, 1, 1]], CLASSES[[0, 1, 0, 1]]
    said = Predicted(v, classes=CLASSES)
    assert mean_cost(costs).score(y, said).value == pytest.approx(6 / 4)
    assert mean_cost(costs).score(y, said._replace(weight=np.array([0, 0, 3, 1.0]))).value == pytest.approx(
        15 / 4
    )


def test_a_threshold_to_be_found_does_not_flatter_noise():
    """With probabilities that know nothing, no search may find a score above chance."""
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        y, p = CLASSES[rng.integers(0, 2, 60)], rng.random(60)
        said = Predicted(y, np.c_[1 - p, p], CLASSES)
        scoring = replace(Scoring.of("binary", CLASSES), search=ThresholdSearch(METRICS["balanced_accuracy"]))
        found.append(METRICS["balanced_accuracy"].score(y, scoring.apply(said, y)).value)
    assert np.mean(found) == pytest.approx(0.5, abs=3 * np.std(found) / np.sqrt(len(found)))


def test_labels_longer_than_the_predicted_ones_are_whole():
    p = np.full(40, 0.3)
    y = np.array(["no"] * 28 + ["surely"] * 12)
    classes = np.array(["no", "surely"])
    scoring = replace(Scoring.of("binary", classes), search=ThresholdSearch(METRICS["f1"]))
    said = scoring.apply(Predicted(np.array(["no"] * 40), np.c_[1 - p, p], classes), y)
    assert set(said.values.tolist()) == {"surely"}
