r"""Metrics of classification. Two classes: precision, recall and F1 are those of the positive class, the last label.

More classes: precision, recall and F1 are means over the classes, each counting the same (macro); the area under the ROC
curve is the mean over the classes, each against the rest, of those that have both kinds of rows here. With all classes
present they equal scikit-learn's ``average="macro"`` and ``multi_class="ovr"``.

0 / 0 is undefined: for two classes, there is no precision where no row was predicted positive, and no recall or F1 where
no row is positive (scikit-learn returns 0 and warns). In the mean over more classes such a class counts as 0.

The log loss is :math:`-\frac1n \sum_i \log p_i(y_i)` in nats, with p clipped to [eps, 1 - eps] of its dtype, so that one
confident mistake costs about 36 and not infinity.
"""

from __future__ import annotations

import numpy as np

from groundup.judge.metrics.record import CLASSIFICATION, Metric, Predicted, Undefined


def _accuracy(y, predicted: Predicted) -> float:
    return float(np.mean(predicted.values == y))


def _balanced_accuracy(y, predicted: Predicted) -> float:
    """Mean recall over the classes that occur in `y`."""
    return float(np.mean([np.mean(predicted.values[y == label] == label) for label in np.unique(y)]))


def _by_class(name: str):
    """Return the metric `name` of scikit-learn: of the positive class for two, the macro mean for more."""

    def of(y, predicted: Predicted) -> float:
        classes = predicted.classes if predicted.classes is not None else np.unique(y)
        if len(classes) == 2:
            positive = classes[-1]
            if name == "precision" and not (predicted.values == positive).any():
                raise Undefined(f"no row was predicted {positive}")
            if name != "precision" and not (y == positive).any():
                raise Undefined(f"no row of class {positive}")
            return _of_two(name, y == positive, predicted.values == positive)
        import sklearn.metrics

        function = getattr(sklearn.metrics, f"{name}_score")
        labels = np.union1d(np.unique(y), np.unique(predicted.values))
        return function(y, predicted.values, labels=labels, average="macro", zero_division=0.0)

    return of


def _of_two(name: str, actual: np.ndarray, predicted: np.ndarray) -> float:
    """Return precision, recall or F1 of the positive rows, from three counts; 0 where undefined."""
    n_hit, n_actual, n_predicted = (
        int(np.count_nonzero(rows)) for rows in (actual & predicted, actual, predicted)
    )
    above, below = {
        "precision": (n_hit, n_predicted),
        "recall": (n_hit, n_actual),
        "f1": (2 * n_hit, n_actual + n_predicted),
    }[name]
    return above / below if below else 0.0


def _auc(positive: np.ndarray, score: np.ndarray) -> float:
    """Return the area under the ROC curve, by the ranks of the positive rows (Mann & Whitney 1947); ties count half."""
    from scipy.stats import rankdata

    n = int(np.count_nonzero(positive))
    above = float(rankdata(score)[positive].sum()) - n * (n + 1) / 2
    return above / (n * (len(score) - n))


def _roc_auc(y, predicted: Predicted) -> float:
    classes, p = predicted.classes, predicted.probabilities
    if len(classes) == 2:
        positive = y == classes[-1]
        if positive.all() or not positive.any():
            raise Undefined("only one class")
        return _auc(positive, p[:, -1])
    answerable = [k for k, label in enumerate(classes) if 0 < np.count_nonzero(y == label) < len(y)]
    if not answerable:
        raise Undefined("only one class")
    return float(np.mean([_auc(y == classes[k], p[:, k]) for k in answerable]))


def _log_loss(y, predicted: Predicted) -> float:
    p = predicted.probabilities
    column = np.searchsorted(predicted.classes, y)
    eps = np.finfo(p.dtype).eps
    own = np.clip(p[np.arange(len(y)), column], eps, 1 - eps)
    return float(-np.log(own).mean())


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
        1.0, _by_class("precision")),
    Metric("recall", CLASSIFICATION, True, "labels",
        "share of the positives that are predicted positive (more than two classes: mean over classes)",
        1.0, _by_class("recall")),
    Metric("f1", CLASSIFICATION, True, "labels",
        "harmonic mean of precision and recall (more than two classes: mean over classes)", 1.0, _by_class("f1")),
    Metric("roc_auc", CLASSIFICATION, True, "probabilities",
        "probability that a positive row is ranked above a negative one; 0.5 is random", 1.0, _roc_auc),
    Metric("log_loss", CLASSIFICATION, False, "probabilities",
        "mean negative log-probability of the actual label, in nats; 0 is perfect", 0.0, _log_loss),
)  # fmt: skip
