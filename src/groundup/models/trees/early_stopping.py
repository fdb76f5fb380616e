"""Early stopping: the score after each iteration, on the training rows and on held-out rows, and when it stops rising.

Training stops when none of the last ``n_iter_no_change`` scores exceeds the one before them by more than ``tol``. The
score is minus the mean loss, or the value of a scorer. Held-out rows are either a part of the training rows, with
weight 0 in the fit: they are sent down each new tree with the others, so their scores cost nothing; or rows of the
caller, which are predicted with each new tree.

A scorer sees at most 10,000 of the training rows. A scorer named by a string gets the current scores; any other may
call the estimator, which costs a prediction with all trees at each iteration.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import check_scoring, get_scorer_names

from groundup.engine.rows import Memory, Rows
from groundup.models.estimator import resample
from groundup.models.trees.boosted_trees import BoostedTrees
from groundup.models.trees.boosting import Booster
from groundup.models.trees.gradients import to_output_major
from groundup.models.trees.predicting import PreparedTrees, add_trees

_SCORED_ROWS = 10_000


def should_stop(scores: list[float], n_iter_no_change: int, tol: float) -> bool:
    """Return whether none of the last `n_iter_no_change` scores exceeds the one before them by more than `tol`."""
    if len(scores) <= n_iter_no_change:
        return False
    reference = scores[-n_iter_no_change - 1] + tol
    return all(score <= reference for score in scores[-n_iter_no_change:])


class TrainingRows:
    """Rows of the fit itself: a selection of them, or those held out by a weight of 0.

    Parameters
    ----------
    booster : Booster
    index : ndarray of int64
    weight : ndarray of shape (n_rows,) or (0,)
        Their weights, 0 for all other rows; length 0: all rows have weight 1.
    weighted : bool
        Whether scorers get the weights.
    """

    def __init__(self, booster: Booster, index: np.ndarray, weight: np.ndarray, weighted: bool):
        self.booster, self.index, self.all_weights = booster, index, weight
        self.weight = weight[index] if weighted else None

    @property
    def y(self) -> np.ndarray:
        """The targets."""
        return self.booster.rows["y"][self.index]

    def advance(self, trees: BoostedTrees) -> None:
        """Do nothing: boosting updates the scores of these rows."""

    def loss(self) -> float:
        """Return the mean loss."""
        return self.booster.mean_loss(self.all_weights)

    def raw(self) -> np.ndarray:
        """Return the scores: (n, n_outputs)."""
        return self.booster.raw()[self.index]

    def X(self) -> np.ndarray:
        """Return the features: (n, n_features)."""
        rows = self.booster.rows
        cuts = np.searchsorted(self.index, rows.bounds)
        blocks = zip(rows.bounds[:-1], rows.bounds[1:], cuts[:-1], cuts[1:], strict=True)
        return np.concatenate(
            [
                self.booster.source.load(int(lo), int(hi))[self.index[a:z] - lo]
                for lo, hi, a, z in blocks
                if z > a
            ]
        )


class HeldOutRows:
    """Validation rows that are not part of the fit.

    Parameters
    ----------
    booster : Booster
    X : ndarray of shape (n, n_features)
    y : ndarray of float64 of shape (n,)
    weight : ndarray of shape (n,) or None
    raw : ndarray of shape (n, n_outputs)
        Their scores before the first new tree.
    """

    def __init__(self, booster: Booster, X, y, weight, raw: np.ndarray):
        self.booster, self.y, self.weight, self.scores = booster, y, weight, raw
        self.rows = Rows(Memory(X), {"y": y}, booster.rows.n_threads)
        self.rows.add("score", to_output_major(self.rows, raw))

    def advance(self, trees: BoostedTrees) -> None:
        """Add the new trees to the scores."""
        added = np.empty_like(self.scores)
        prepared, zero = PreparedTrees.of(trees), np.zeros(self.scores.shape[1])
        self.rows.advance(lambda run: add_trees(run.X, prepared, zero, added[run.lo : run.hi]))
        self.scores = self.scores + added
        self.rows.add("score", to_output_major(self.rows, self.scores))

    def loss(self) -> float:
        """Return the mean loss."""
        weight = np.zeros(0) if self.weight is None else self.weight
        return self.booster.loss.mean(self.rows, weight)

    def raw(self) -> np.ndarray:
        """Return the scores: (n, n_outputs)."""
        return self.scores

    def X(self) -> np.ndarray:
        """Return the features: (n, n_features)."""
        return self.rows.place.load(0, self.rows.n_rows)


class EarlyStopping:
    """The scores of each iteration, and the decision when to stop.

    Parameters
    ----------
    estimator : HistGradientBoosting
        Has the parameters of early stopping; makes the views of itself that scorers get.
    training : TrainingRows
        The rows that are fitted.
    held_out : TrainingRows, HeldOutRows or None
        The held-out rows; without them, the training score decides.
    train_scores, validation_scores : list of float
        Those of earlier iterations (warm start); new ones are appended.
    """

    def __init__(
        self, estimator, training: TrainingRows, held_out, train_scores: list, validation_scores: list
    ):
        self.estimator, self.training, self.held_out = estimator, training, held_out
        self.train_scores, self.validation_scores = train_scores, validation_scores
        self.scorer = None
        if estimator.scoring != "loss":
            self.scorer = check_scoring(estimator, estimator.scoring)
            self.named = isinstance(estimator.scoring, str) and estimator.scoring in get_scorer_names()
            self.training = _sample(training, estimator._strata(training.y), estimator._random_seed)

    def update(self, trees: BoostedTrees | None, parts: list[BoostedTrees]) -> bool:
        """Score the trees so far (`trees`: the newest; None before the first); return whether to stop."""
        if self.held_out is not None and trees is not None:
            self.held_out.advance(trees)
        self.train_scores.append(self._score(self.training, parts))
        scores = self.train_scores
        if self.held_out is not None:
            scores = self.validation_scores
            scores.append(self._score(self.held_out, parts))
        return should_stop(scores, self.estimator.n_iter_no_change, self.estimator.tol)

    def _score(self, rows, parts: list[BoostedTrees]) -> float:
        if self.scorer is None:
            return -rows.loss()
        view = self.estimator._view(parts, rows.raw() if self.named else None, rows.booster.baseline)
        weights = {} if rows.weight is None else {"sample_weight": rows.weight}
        return float(self.scorer(view, rows.X(), self.estimator._decoded(rows.y), **weights))


def _sample(training: TrainingRows, strata, seed: int) -> TrainingRows:
    """Return at most 10,000 of the rows, stratified by class, drawn as scikit-learn draws them."""
    if len(training.index) <= _SCORED_ROWS:
        return training
    chosen = resample(
        training.index, n_samples=_SCORED_ROWS, replace=False, random_state=seed, stratify=strata
    )
    return TrainingRows(training.booster, np.sort(chosen), training.all_weights, training.weight is not None)
