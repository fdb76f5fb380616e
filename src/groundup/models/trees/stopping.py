"""Stopping early: the score after each iteration, of the rows fitted and of rows held out, and when it no longer rises.

Training stops when none of the last ``n_iter_no_change`` scores is above the one before them by more than ``tol``. The
score is minus the mean loss, or a scorer's value. Held-out rows are either a part of the fit's own rows, with weight 0
in it: they are sent down each new tree with the others, so their scores cost nothing; or rows of the caller's, which
each new tree is asked about.

A scorer sees at most 10,000 of the rows fitted. One that is known by name gets the scores at hand; any other may ask
the estimator what it likes, and pays for all trees at each iteration.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import check_scoring, get_scorer_names

from groundup.engine.rows import Memory, Rows
from groundup.models.estimator import resample
from groundup.models.trees.boosted import Trees
from groundup.models.trees.boosting import Booster
from groundup.models.trees.planes import to_planes
from groundup.models.trees.predicting import add_trees, ready_of

_SCORED_ROWS = 10_000


def should_stop(scores: list[float], n_iter_no_change: int, tol: float) -> bool:
    """Tell whether none of the last `n_iter_no_change` scores is above the one before them by more than `tol`."""
    if len(scores) <= n_iter_no_change:
        return False
    reference = scores[-n_iter_no_change - 1] + tol
    return all(score <= reference for score in scores[-n_iter_no_change:])


class Inside:
    """Rows of the fit itself: those of an index, or held out by a weight of 0 in training.

    Parameters
    ----------
    booster : Booster
    index : ndarray of int64
    weight : ndarray of shape (n_rows,) or (0,)
        Their weights, 0 for all other rows; length 0: all rows count as one.
    weighted : bool
        Whether scorers are told the weights.
    """

    def __init__(self, booster: Booster, index: np.ndarray, weight: np.ndarray, weighted: bool):
        self.booster, self.index, self.all_weights = booster, index, weight
        self.weight = weight[index] if weighted else None

    @property
    def y(self) -> np.ndarray:
        """The targets."""
        return self.booster.rows["y"][self.index]

    def advance(self, trees: Trees) -> None:
        """Do nothing: the rows have gone down the trees with the others."""

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
                self.booster.place.load(int(lo), int(hi))[self.index[a:z] - lo]
                for lo, hi, a, z in blocks
                if z > a
            ]
        )


class Outside:
    """Rows of the caller's, beside the fit.

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
        self.rows = Rows(Memory(X), {"y": y, "score": to_planes_of(X, raw)}, booster.rows.n_threads)

    def advance(self, trees: Trees) -> None:
        """Send the rows down the new trees."""
        added = np.empty_like(self.scores)
        ready, zero = ready_of(trees), np.zeros(self.scores.shape[1])
        self.rows.advance(lambda run: add_trees(run.X, ready, zero, added[run.lo : run.hi]))
        self.scores = self.scores + added
        self.rows.add("score", to_planes(self.rows, self.scores))

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


def to_planes_of(X, raw):
    """Return `raw` as `boosting.to_planes` lays it out over the rows of `X`."""
    return to_planes(Rows(Memory(X)), raw)


class Watch:
    """Keeps the scores of each iteration, and tells when to stop.

    Parameters
    ----------
    estimator : HistGradientBoosting
        Names the scoring; makes the views of itself that scorers ask.
    trained : Inside
        The rows fitted.
    held : Inside, Outside or None
        The rows held out; without, the training score decides.
    train_scores, validation_scores : list of float
        Those of earlier iterations (warm start); they are added to.
    """

    def __init__(self, estimator, trained: Inside, held, train_scores: list, validation_scores: list):
        self.estimator, self.trained, self.held = estimator, trained, held
        self.train_scores, self.validation_scores = train_scores, validation_scores
        self.scorer = None
        if estimator.scoring != "loss":
            self.scorer = check_scoring(estimator, estimator.scoring)
            self.named = isinstance(estimator.scoring, str) and estimator.scoring in get_scorer_names()
            self.trained = _few(trained, estimator._decided(trained.y), estimator._random_seed)

    def after(self, trees: Trees | None, parts: list[Trees]) -> bool:
        """Score the trees so far (`trees`: the newest; None before the first); tell whether to stop."""
        if self.held is not None and trees is not None:
            self.held.advance(trees)
        self.train_scores.append(self._score(self.trained, parts))
        if self.held is None:
            scores = self.train_scores
        else:
            scores = self.validation_scores
            scores.append(self._score(self.held, parts))
        return should_stop(scores, self.estimator.n_iter_no_change, self.estimator.tol)

    def _score(self, rows, parts: list[Trees]) -> float:
        if self.scorer is None:
            return -rows.loss()
        view = self.estimator._view(parts, rows.raw() if self.named else None, rows.booster.baseline)
        weights = {} if rows.weight is None else {"sample_weight": rows.weight}
        return float(self.scorer(view, rows.X(), self.estimator._decoded(rows.y), **weights))


def _few(trained: Inside, strata, seed: int) -> Inside:
    """Return at most 10,000 of the rows, with the classes about in proportion, drawn as scikit-learn draws them."""
    if len(trained.index) <= _SCORED_ROWS:
        return trained
    chosen = resample(
        trained.index, n_samples=_SCORED_ROWS, replace=False, random_state=seed, stratify=strata
    )
    return Inside(trained.booster, np.sort(chosen), trained.all_weights, trained.weight is not None)
