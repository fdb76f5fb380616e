r"""Metrics of classification. Two classes: precision, recall and F1 are those of the positive class.

More classes: precision, recall and F1 are means over the classes, each counting the same (macro); the area under the ROC
curve is the mean over the classes, each against the rest, of those that have both kinds of rows here. With all classes
present they equal scikit-learn's ``average="macro"`` and ``multi_class="ovr"``.

0 / 0 is undefined: for two classes, there is no precision where no row was predicted positive, and no recall or F1 where
no row is positive (scikit-learn returns 0 and warns). In the mean over more classes such a class counts as 0.

Rows with weights count by them: a row of weight 2 is worth two rows.

The log loss is :math:`-\frac1n \sum_i \log p_i(y_i)` in nats, with p clipped to [eps, 1 - eps] of its dtype, so that one
confident mistake costs about 36 and not infinity.
"""

from __future__ import annotations

import numpy as np

from groundup.judge.metrics.record import CLASSIFICATION, Metric, Predicted, Undefined


def _accuracy(y, predicted: Predicted) -> float:
    return predicted.mean(predicted.values == y)


def _balanced_accuracy(y, predicted: Predicted) -> float:
    """Mean recall over the classes that occur in `y`."""
    return float(
        np.mean([_share(y == label, predicted.values == label, predicted) for label in np.unique(y)])
    )


def _share(among: np.ndarray, hit: np.ndarray, predicted: Predicted) -> float:
    """Return the share of the rows `among` that are a `hit`; 0 where there is none."""
    total = _total(among, predicted)
    return _total(among & hit, predicted) / total if total else 0.0


def _total(rows: np.ndarray, predicted: Predicted) -> float:
    """Return how many rows a mask has, or their weight."""
    return float(np.count_nonzero(rows) if predicted.weight is None else predicted.weight[rows].sum())


def f_score(beta: float):
    """Return the F score: the harmonic mean of precision and of recall, which counts `beta` squared times as much."""

    def of(y, predicted: Predicted) -> float:
        return _by_class(y, predicted, lambda *counts: _f_of_counts(beta, *counts), needs_actual=True)

    return of


def _f_of_counts(beta: float, hit: float, actual: float, said: float) -> float:
    below = beta**2 * actual + said
    return (1 + beta**2) * hit / below if below else 0.0


def _precision(y, predicted: Predicted) -> float:
    return _by_class(y, predicted, lambda hit, _, said: hit / said if said else 0.0, needs_actual=False)


def _recall(y, predicted: Predicted) -> float:
    return _by_class(y, predicted, lambda hit, actual, _: hit / actual if actual else 0.0, needs_actual=True)


def _by_class(y, predicted: Predicted, value, *, needs_actual: bool) -> float:
    """Return a score of three counts: of the positive class of two, the mean over the classes that occur of more.

    Parameters
    ----------
    value : callable
        ``value(n_correct, n_actual, n_predicted)`` of one class; its denominator is not 0 for two classes.
    needs_actual : bool
        Whether the denominator counts the rows of the class, and not those predicted as it.
    """
    classes = predicted.classes if predicted.classes is not None else np.unique(y)
    if len(classes) != 2:
        present = np.union1d(np.unique(y), np.unique(predicted.values))
        return float(np.mean([value(*_counts(y, predicted, label)) for label in present]))
    positive = classes[predicted.positive_code]
    counts = _counts(y, predicted, positive)
    if needs_actual and not counts[1]:
        raise Undefined(f"no row of class {positive}")
    if not needs_actual and not counts[2]:
        raise Undefined(f"no row was predicted {positive}")
    return value(*counts)


def _counts(y, predicted: Predicted, label) -> tuple[float, float, float]:
    """Return the rows of a class that were predicted as it, all its rows, and all rows predicted as it."""
    actual, said = y == label, predicted.values == label
    return tuple(_total(rows, predicted) for rows in (actual & said, actual, said))  # type: ignore[return-value]


def _auc(positive: np.ndarray, score: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Return the area under the ROC curve, by the ranks of the positive rows (Mann & Whitney 1947); ties count half.

    With weights, a rank is the weight of the rows below and half of that of equal ones.
    """
    from scipy.stats import rankdata

    if weight is None:
        n = int(np.count_nonzero(positive))
        above = float(rankdata(score)[positive].sum()) - n * (n + 1) / 2
        return above / (n * (len(score) - n))
    _, place = np.unique(score, return_inverse=True)
    hits = np.bincount(place, weight * positive)
    misses = np.bincount(place, weight * ~positive)
    above = float(np.sum(hits * (np.cumsum(misses) - misses / 2)))
    return above / float(hits.sum() * misses.sum())


def _roc_auc(y, predicted: Predicted) -> float:
    return float(np.mean([_auc(*pair, predicted.weight) for pair in one_against_rest(y, predicted)]))


def one_against_rest(y, predicted: Predicted) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return for each class whether a row has it, and its probability: of two the positive one only.

    Classes that no row here has, or every row, are left out.

    Raises
    ------
    Undefined
        If no class is left.
    """
    codes = [predicted.positive_code] if len(predicted.classes) == 2 else range(len(predicted.classes))
    pairs = [(np.asarray(y == predicted.classes[k]), predicted.probabilities[:, k]) for k in codes]
    usable = [(rows, p) for rows, p in pairs if 0 < _total(rows, predicted) < _total(rows | True, predicted)]
    if not usable:
        raise Undefined("only one class")
    return usable


def _log_loss(y, predicted: Predicted) -> float:
    p = predicted.probabilities
    column = np.searchsorted(predicted.classes, y)
    eps = np.finfo(p.dtype).eps
    own = np.clip(p[np.arange(len(y)), column], eps, 1 - eps)
    return predicted.mean(-np.log(own))


def aligned(probabilities: np.ndarray, own: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return probabilities with one column per label of `classes`: 0 for a label that was not in the training rows.

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, len(own))
    own : ndarray
        The labels of the fitted model, sorted: a subset of `classes`.
    """
    if len(own) == len(classes):
        return probabilities
    out = np.zeros((len(probabilities), len(classes)), dtype=probabilities.dtype)
    out[:, np.searchsorted(classes, own)] = probabilities
    return out


METRICS = (
    Metric("accuracy", CLASSIFICATION, True, "labels", "share of rows with the correct label", 1.0, _accuracy),
    Metric("balanced_accuracy", CLASSIFICATION, True, "labels",
        "recall of each class, averaged over the classes", 1.0, _balanced_accuracy),
    Metric("precision", CLASSIFICATION, True, "labels",
        "share of the predicted positives that are positive (more than two classes: mean over classes)",
        1.0, _precision),
    Metric("recall", CLASSIFICATION, True, "labels",
        "share of the positives that are predicted positive (more than two classes: mean over classes)",
        1.0, _recall),
    Metric("f1", CLASSIFICATION, True, "labels",
        "harmonic mean of precision and recall (more than two classes: mean over classes)", 1.0, f_score(1.0)),
    Metric("roc_auc", CLASSIFICATION, True, "probabilities",
        "probability that a positive row is ranked above a negative one; 0.5 is random", 1.0, _roc_auc),
    Metric("log_loss", CLASSIFICATION, False, "probabilities",
        "mean negative log-probability of the actual label, in nats; 0 is perfect", 0.0, _log_loss),
)  # fmt: skip
