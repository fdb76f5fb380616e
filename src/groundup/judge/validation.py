"""Cross-validation of models on k folds of the training set, with every fitted step fitted inside its fold.

The rows of a fold are prepared (imputed, encoded, scaled) by a preparer fitted on the fold's training rows only. The
result depends on the fold and on the kind of preprocessing alone, so it is cached for the next model, up to
``KEEP_BYTES``.

What the scores of folds say about a model, and about the difference of two, is in `judge.differences`.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from groundup.errors import DependentColumns
from groundup.judge.metrics import Metric, Score
from groundup.judge.predicting import predicted_of
from groundup.judge.scoring import Scoring
from groundup.judge.weights import NO_WEIGHTS, RowWeights, fit_weighted

KEEP_BYTES = 1_000_000_000


class PreparedFold(NamedTuple):
    """One prepared fold: training and validation rows, the fitted preparer, the row numbers of the validation rows.

    The weights are those of the fit and of the scores; None where all rows count the same.
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_valid: np.ndarray
    y_valid: np.ndarray
    rows: np.ndarray
    preparer: Any
    w_train: np.ndarray | None = None
    w_valid: np.ndarray | None = None


class Folds:
    """The folds of a table, prepared once for each kind of preprocessing.

    Parameters
    ----------
    frame : polars.DataFrame
        All rows (features), in the order that the folds' row numbers count.
    y : ndarray of shape (n_rows,)
        The target of every row that a fold names.
    folds : sequence of (train rows, valid rows)
    make_preparer : callable
        ``make_preparer(preprocessing)`` returns an unfitted preparer: ``fit_transform(frame, y)``, ``transform(frame)``.
    weights : RowWeights
    """

    def __init__(
        self, frame, y: Any, folds: Sequence, make_preparer: Callable, weights: RowWeights = NO_WEIGHTS
    ):
        self.frame, self.y, self.folds, self.make_preparer = frame, y, list(folds), make_preparer
        self.weights = weights
        self._kept: dict[tuple[int, object], PreparedFold] = {}
        self._kept_bytes = 0

    def __len__(self) -> int:
        return len(self.folds)

    @property
    def test_ratio(self) -> float:
        """Test rows of a fold over its training rows, the mean of the folds."""
        return float(np.mean([len(valid) / len(train) for train, valid in self.folds]))

    def prepared(self, i: int, preprocessing) -> PreparedFold:
        """Return fold `i`, prepared for `preprocessing` by a preparer fitted on the fold's training rows only."""
        if (i, preprocessing) in self._kept:
            return self._kept[i, preprocessing]
        train, valid = self.folds[i]
        preparer = self.make_preparer(preprocessing)
        X_train = preparer.fit_transform(self.frame[train], self.y[train])
        X_valid = preparer.transform(self.frame[valid])
        w_valid = self.weights.of_scores(valid)
        w_train = self.weights.of_fit(train, self.y[train])
        fold = PreparedFold(X_train, self.y[train], X_valid, self.y[valid], valid, preparer, w_train, w_valid)
        n_bytes = X_train.nbytes + X_valid.nbytes
        if self._kept_bytes + n_bytes <= KEEP_BYTES:
            self._kept[i, preprocessing] = fold
            self._kept_bytes += n_bytes
        return fold

    def each(self, preprocessing) -> Iterator[PreparedFold]:
        """Yield the folds in order."""
        for i in range(len(self)):
            yield self.prepared(i, preprocessing)


class FoldResult(NamedTuple):
    """The result of one fold: every metric, the seconds of the fit, and its iterations (None where it has none)."""

    scores: dict[str, Score]
    fit_s: float
    n_iterations: int | None


@dataclass
class Validation:
    """Cross-validation results of one model.

    Attributes
    ----------
    folds : list of FoldResult
    model : estimator
        The model of the last fold: for its size and its latency.
    stopped : str
        Why not all folds were run; "" if they were.
    warnings : list of str
    test_ratio : float or None
        Test rows of a fold over its training rows; None where it is not known: see `judge.differences`.
    """

    folds: list[FoldResult] = field(default_factory=list)
    model: Any = None
    stopped: str = ""
    warnings: list[str] = field(default_factory=list)
    test_ratio: float | None = None

    def values(self, name: str) -> list[float | None]:
        """Return the score `name` of each fold."""
        return [fold.scores[name].value for fold in self.folds]

    def answered(self, name: str) -> list[int]:
        """Return the numbers of the folds that have the score, counted from 0."""
        return [i for i, value in enumerate(self.values(name)) if value is not None]

    def mean(self, name: str, folds: Collection[int] | None = None) -> float | None:
        """Return the mean over `folds`, None if one of them has no score; by default over those that have it.

        Means over different folds are not comparable: pass the folds, or use `difference`.
        """
        values = self.values(name)
        folds = self.answered(name) if folds is None else folds
        found = [values[i] if i < len(values) else None for i in folds]
        known = [v for v in found if v is not None]
        return float(np.mean(known)) if known and len(known) == len(found) else None

    def spread(self, name: str) -> float | None:
        """Return the standard deviation over the folds; None for fewer than two."""
        found = [v for v in self.values(name) if v is not None]
        return float(np.std(found, ddof=1)) if len(found) > 1 else None

    @property
    def fit_s(self) -> float:
        """Median seconds of one fit: the first may include the compilation of kernels."""
        return float(np.median([fold.fit_s for fold in self.folds])) if self.folds else 0.0

    @property
    def fastest_s(self) -> float:
        """Seconds of the fastest fit, which had no compilation: the expected time of a further fit."""
        return min((fold.fit_s for fold in self.folds), default=0.0)


class Judged(NamedTuple):
    """One fold's result, the fitted model, and the first line of each distinct warning."""

    result: FoldResult
    model: Any
    warnings: list[str]


def judge_fold(make_learner: Callable[[], Any], fold: PreparedFold, scoring: Scoring) -> Judged:
    """Fit a model on one fold's training rows and score it on the others; the parameters are those of `validate`."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", DependentColumns)  # levels written out as columns add up to ones
        learner = make_learner()
        start = time.perf_counter()
        fit_weighted(learner, fold.X_train, fold.y_train, fold.w_train)
        fit_s = time.perf_counter() - start
        predicted = predicted_of(learner, fold.X_valid, scoring.classes)
    n_iterations = getattr(learner, "n_iter_", None)
    n_iterations = None if n_iterations is None else int(np.max(n_iterations))
    predicted = scoring.apply(predicted, fold.y_valid, fold.w_valid)
    result = FoldResult(scoring.scores(fold.y_valid, predicted), fit_s, n_iterations)
    return Judged(result, learner, list(dict.fromkeys(first_line(w.message) for w in caught)))


def validate(
    make_learner: Callable[[], Any],
    folds: Folds,
    preprocessing,
    scoring: Scoring,
    *,
    after_fold: Callable[[Validation], str] | None = None,
) -> Validation:
    """Cross-validate a model.

    Parameters
    ----------
    make_learner : callable
        Returns a fresh, unfitted learner.
    folds : Folds
    preprocessing
        The kind of preprocessing.
    scoring : Scoring
    after_fold : callable, optional
        Called with the `Validation` so far; a non-empty text stops it and becomes its ``stopped``.
    """
    out = Validation(test_ratio=folds.test_ratio)
    for i, fold in enumerate(folds.each(preprocessing)):
        result, out.model, caught = judge_fold(make_learner, fold, scoring)
        out.warnings += [one for one in caught if one not in out.warnings]
        out.folds.append(result)
        if after_fold is not None and (reason := after_fold(out)) and i + 1 < len(folds):
            out.stopped = reason
            break
    return out


def first_line(message) -> str:
    """Return the first line of a warning, its summary."""
    return str(message).strip().split("\n", 1)[0]


def deciding_metric(deciding: Sequence[Metric], validations: Sequence[Validation]) -> Metric:
    """Return the first of the `deciding` metrics that is defined on at least half of the folds.

    A metric is defined on a fold if one validation has the score there. Other folds (without positive rows) are excluded
    from all means; a model without the score (it gives no probabilities) does not change the metric for the others.
    """
    judged = [v for v in validations if v.folds]
    n_folds = max((len(v.folds) for v in judged), default=0)
    names = {name for v in judged for name in v.folds[0].scores}
    usable = {n for n in names if 2 * len(answerable(n, judged)) >= n_folds}
    return next((metric for metric in deciding if metric.name in usable), deciding[0])


def answerable(name: str, validations: Sequence[Validation]) -> list[int]:
    """Return the numbers of the folds on which at least one validation has the score `name`."""
    return sorted({i for v in validations for i in v.answered(name)})


def why_without(name: str, validations: Sequence[Validation]) -> str:
    """Return the reasons why folds have no score `name`, each once."""
    found = (
        fold.scores[name].reason for v in validations for fold in v.folds if fold.scores[name].value is None
    )
    return "; ".join(dict.fromkeys(reason for reason in found if reason))
