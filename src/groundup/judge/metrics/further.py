r"""Metrics that are computed when they are asked for: scikit-learn's formulas under its names.

Averages over classes: macro counts each class the same, weighted counts it by its rows, micro counts each row the same.
Of two classes, a metric without such a word in its name is that of the positive class.

A metric that a value of these rows makes undefined (a logarithm below 0, a percentage of 0) has no value and says why;
scikit-learn raises, or divides by a tiny number.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from groundup.judge.metrics.classification import f_score, one_against_rest
from groundup.judge.metrics.record import CLASSIFICATION, Metric, Predicted, Task, Undefined

_BINARY: tuple[Task, ...] = ("binary",)
_MULTICLASS: tuple[Task, ...] = ("multiclass",)
_REGRESSION: tuple[Task, ...] = ("regression",)
_AVERAGES = {
    "macro": "mean over the classes, each counting the same",
    "weighted": "mean over the classes, each counting by its rows",
    "micro": "over all classes together, each row counting the same",
}


def _of_labels(name: str, **options: Any) -> Callable[[Any, Predicted], float]:
    """Return a metric of scikit-learn that takes actual and predicted labels."""

    def of(y, predicted: Predicted) -> float:
        import sklearn.metrics

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a division by 0, whose result is checked here
            value = getattr(sklearn.metrics, name)(
                y, predicted.values, sample_weight=predicted.weight, **options
            )
        if not np.isfinite(value):
            raise Undefined("only one label")
        return value

    return of


def _jaccard(y, predicted: Predicted) -> float:
    import sklearn.metrics

    positive = predicted.classes[predicted.positive_code]
    actual, said = y == positive, predicted.values == positive
    if not (actual | said).any():
        raise Undefined(f"no row of class {positive}")
    return sklearn.metrics.jaccard_score(actual, said, sample_weight=predicted.weight)


def _specificity(y, predicted: Predicted) -> float:
    positive = predicted.classes[predicted.positive_code]
    negative = y != positive
    weight = np.ones(len(y)) if predicted.weight is None else predicted.weight
    if not weight[negative].any():
        raise Undefined(f"every row is of class {positive}")
    return float(np.average(predicted.values[negative] != positive, weights=weight[negative]))


def _quadratic_kappa(y, predicted: Predicted) -> float:
    import sklearn.metrics

    codes = [np.searchsorted(predicted.classes, labels) for labels in (y, predicted.values)]
    return sklearn.metrics.cohen_kappa_score(*codes, weights="quadratic", sample_weight=predicted.weight)


def _average_precision(y, predicted: Predicted) -> float:
    import sklearn.metrics

    of = sklearn.metrics.average_precision_score
    pairs = one_against_rest(y, predicted)
    return float(np.mean([of(rows, p, sample_weight=predicted.weight) for rows, p in pairs]))


def _brier(y, predicted: Predicted) -> float:
    """Mean squared error of the probabilities: of the positive class of two, summed over more (Brier 1950)."""
    hit = np.asarray(y)[:, None] == predicted.classes
    off = (predicted.probabilities - hit) ** 2
    return predicted.mean(off[:, predicted.positive_code] if off.shape[1] == 2 else off.sum(axis=1))


def _auc_of_more(multi_class: str, average: str) -> Callable[[Any, Predicted], float]:
    def of(y, predicted: Predicted) -> float:
        import sklearn.metrics

        if len(np.unique(y)) < len(predicted.classes):
            raise Undefined("not every class has a row")
        if predicted.weight is not None and multi_class == "ovo":
            raise Undefined("the AUC of one class against another cannot weight rows")
        return sklearn.metrics.roc_auc_score(
            y, predicted.probabilities, multi_class=multi_class, average=average, labels=predicted.classes,
            sample_weight=predicted.weight,
        )  # fmt: skip

    return of


def _top(k: int) -> Callable[[Any, Predicted], float]:
    def of(y, predicted: Predicted) -> float:
        p = predicted.probabilities
        own = p[np.arange(len(y)), np.searchsorted(predicted.classes, y)]
        return predicted.mean((p > own[:, None]).sum(axis=1) < k)

    return of


def _relative(name: str) -> Callable[[Any, Predicted], float]:
    """Return a share of the log loss or of the Brier score that the class frequencies do not have already."""

    def of(y, predicted: Predicted) -> float:
        import sklearn.metrics

        if len(np.unique(y)) < 2:
            raise Undefined("only one class")
        return getattr(sklearn.metrics, name)(
            y, predicted.probabilities, sample_weight=predicted.weight, labels=predicted.classes
        )

    return of


def _of_amounts(name: str, refuse: Callable[[Any, Any], str] | None = None, *, weighted: bool = True):
    """Return a metric of scikit-learn that takes actual and predicted values; `refuse` says why there is none."""

    def of(y, predicted: Predicted) -> float:
        import sklearn.metrics

        reason = refuse(y, predicted.values) if refuse is not None else ""
        if reason:
            raise Undefined(reason)
        weight = {"sample_weight": predicted.weight} if weighted else {}
        with np.errstate(over="ignore", invalid="ignore"):
            return getattr(sklearn.metrics, name)(y, predicted.values, **weight)

    return of


def _below_zero(y, values) -> str:
    return "a logarithm needs targets and predictions of at least 0" if min(y.min(), values.min()) < 0 else ""


def _no_counts(y, values) -> str:
    if y.min() < 0 or values.min() <= 0:
        return "the Poisson deviance needs targets of at least 0 and predictions above 0"
    return ""


def _not_positive(y, values) -> str:
    return "the gamma deviance needs values above 0" if min(y.min(), values.min()) <= 0 else ""


def _zero(y, values) -> str:
    return "a percentage of a target of 0 is undefined" if not np.all(y) else ""


def _smape(y, predicted: Predicted) -> float:
    size = (np.abs(y) + np.abs(predicted.values)) / 2
    error = np.abs(y - predicted.values)
    return predicted.mean(np.divide(error, size, out=np.zeros_like(error, dtype=float), where=size > 0))


def _correlation(*, ranked: bool) -> Callable[[Any, Predicted], float]:
    def of(y, predicted: Predicted) -> float:
        from scipy.stats import rankdata

        pair = [rankdata(v) if ranked else np.asarray(v, dtype=float) for v in (y, predicted.values)]
        one, other = (v - predicted.mean(v) for v in pair)
        spread = predicted.mean(one * one) * predicted.mean(other * other)
        if not spread > 0:
            raise Undefined("the target or the predictions are constant")
        return predicted.mean(one * other) / float(np.sqrt(spread))

    return of


def _more(name, tasks, needs, meaning, of, *, best: float | None = 1.0, greater: bool = True) -> Metric:
    return Metric(name, tasks, greater, needs, meaning, best, of, False)


def _averaged(name: str, meaning: str) -> list[Metric]:
    """Return a metric of each class in its three averages."""
    return [
        _more(f"{name}_{average}", CLASSIFICATION, "labels", f"{meaning}, {words}",
            _of_labels(f"{name}_score", average=average, zero_division=0.0))
        for average, words in _AVERAGES.items()
    ]  # fmt: skip


_POSITIVE = "share of the predicted positives that are positive"
METRICS = (
    *_averaged("precision", "share of the rows predicted as a class that have it"),
    *_averaged("recall", "share of the rows of a class that are predicted as it"),
    *_averaged("f1", "harmonic mean of precision and recall"),
    *_averaged("jaccard", "rows both of a class and predicted as it, among those that are either"),
    _more("f2", CLASSIFICATION, "labels", "F score in which recall counts four times as much as precision", f_score(2)),
    _more("f0.5", CLASSIFICATION, "labels", "F score in which precision counts four times as much as recall",
        f_score(0.5)),
    _more("jaccard", _BINARY, "labels", "rows both positive and predicted positive, among those that are either",
        _jaccard),
    _more("specificity", _BINARY, "labels", "share of the negatives that are predicted negative", _specificity),
    _more("matthews_corrcoef", CLASSIFICATION, "labels",
        "correlation of actual and predicted labels, -1 to 1; 0 is random", _of_labels("matthews_corrcoef")),
    _more("cohen_kappa", CLASSIFICATION, "labels", "agreement beyond chance; 0 is random",
        _of_labels("cohen_kappa_score")),
    _more("quadratic_kappa", CLASSIFICATION, "labels",
        "agreement beyond chance of ordered classes; a mistake counts by the square of its distance", _quadratic_kappa),
    _more("error_rate", CLASSIFICATION, "labels", "share of rows with a wrong label", _of_labels("zero_one_loss"),
        best=0.0, greater=False),
    _more("average_precision", CLASSIFICATION, "probabilities",
        "mean precision over the ranks of the positive rows (area under the precision-recall curve)", _average_precision),
    _more("brier", CLASSIFICATION, "probabilities",
        "mean squared error of the probabilities; 0 is perfect", _brier, best=0.0, greater=False),
    _more("d2_log_loss", CLASSIFICATION, "probabilities",
        "share of the log loss of the class frequencies that the model removes", _relative("d2_log_loss_score")),
    _more("d2_brier", CLASSIFICATION, "probabilities",
        "share of the Brier score of the class frequencies that the model removes", _relative("d2_brier_score")),
    *(_more(f"roc_auc_{kind}" + ("_weighted" if average == "weighted" else ""), _MULTICLASS, "probabilities",
        f"area under the ROC curve, {words}, {_AVERAGES[average]}", _auc_of_more(kind, average))
        for kind, words in (("ovr", "each class against the rest"), ("ovo", "each class against each other"))
        for average in ("macro", "weighted") if (kind, average) != ("ovr", "macro")),
    *(_more(f"top_{k}_accuracy", _MULTICLASS, "probabilities",
        f"share of rows whose label is among the {k} likeliest", _top(k)) for k in (2, 3, 5)),
    _more("median_absolute_error", _REGRESSION, "amounts", "median absolute error, in the target's unit",
        _of_amounts("median_absolute_error"), best=0.0, greater=False),
    _more("mape", _REGRESSION, "amounts", "mean absolute error as a share of the target; 0.1 is 10%",
        _of_amounts("mean_absolute_percentage_error", _zero), best=0.0, greater=False),
    _more("smape", _REGRESSION, "amounts", "mean absolute error as a share of the mean of target and prediction, 0 to 2",
        _smape, best=0.0, greater=False),
    _more("rmsle", _REGRESSION, "amounts", "root of the mean squared error of log(1 + value)",
        _of_amounts("root_mean_squared_log_error", _below_zero), best=0.0, greater=False),
    _more("msle", _REGRESSION, "amounts", "mean squared error of log(1 + value)",
        _of_amounts("mean_squared_log_error", _below_zero), best=0.0, greater=False),
    _more("max_error", _REGRESSION, "amounts", "largest absolute error, in the target's unit",
        _of_amounts("max_error", weighted=False), best=0.0, greater=False),
    _more("explained_variance", _REGRESSION, "amounts", "explained share of the variance, whatever the mean error",
        _of_amounts("explained_variance_score")),
    _more("d2_absolute_error", _REGRESSION, "amounts", "share of the absolute error of the median that the model removes",
        _of_amounts("d2_absolute_error_score")),
    _more("poisson_deviance", _REGRESSION, "amounts", "mean Poisson deviance, for counts; 0 is perfect",
        _of_amounts("mean_poisson_deviance", _no_counts), best=0.0, greater=False),
    _more("gamma_deviance", _REGRESSION, "amounts", "mean gamma deviance, for positive amounts; 0 is perfect",
        _of_amounts("mean_gamma_deviance", _not_positive), best=0.0, greater=False),
    _more("pearson", _REGRESSION, "amounts", "correlation of target and prediction, -1 to 1", _correlation(ranked=False)),
    _more("spearman", _REGRESSION, "amounts", "correlation of the ranks of target and prediction, -1 to 1",
        _correlation(ranked=True)),
)  # fmt: skip
