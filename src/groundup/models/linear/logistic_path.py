r"""One set of rows, fitted at many prices; and the same without a fold, which starts where all rows ended.

With ten prices and five folds, cross-validation asks for fifty fits. They are one problem, a little shaken:

1. **All rows first.** The path of prices is walked on all rows, from the dearest to the cheapest, each fit begun where
   the last one ended. The fit of whatever price will be chosen is then there already.
2. **A fold begins where all rows ended.** Leaving out a share s of the rows moves the optimum by about
   s / (1 - s) H^-1 g, with g the left-out rows' mean slope: little, against the way from zero. And the Hessian H of all
   rows at their optimum is a *metric* for the fold's rows that is right but for the factor 1 - s and a few percent. So a
   fold's fit takes few steps, each of one pass for a slope, and none for a Hessian. (One such step would be the known
   approximation to cross-validation; here they go on to the optimum, as those of any other fit.) With an L1 penalty, the
   features that count on all rows are the first working set.

Each fold and price starts from all rows alone, so nothing depends on the order in which they are fitted.

Source: K. Rad, A. Maleki, "A scalable estimate of the out-of-sample prediction error via approximate leave-one-out
cross-validation", JRSS B 82 (2020), section 2.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from groundup.engine.rows import Csr, Memory, Rows
from groundup.models.linear import l1_logistic
from groundup.models.linear.coordinates import as_given, centre_of
from groundup.models.linear.logistic import LogisticRegression

_METRIC_NUMBERS = 5e7  # of all prices' metrics together: 400 MB


class Price(NamedTuple):
    """1 / C, and the L1 share of the penalty."""

    strength: float
    ratio: float


class Fit(NamedTuple):
    """One price's fit, in the units of the data.

    Attributes
    ----------
    coef : ndarray of shape (n_scores, n_features)
    intercept : ndarray of shape (n_scores,)
    value, gap : float
        The objective, a sum over rows; about how far it is above its minimum.
    n_iter : int
    converged, stopped : bool
    metric : Metric or None
        A model of the Hessian, in the units that `Path` works in.
    """

    coef: np.ndarray
    intercept: np.ndarray
    value: float
    gap: float
    n_iter: int
    converged: bool
    stopped: bool = False
    metric: Any = None


class Path:
    """Logistic regression of some rows, price after price.

    Parameters
    ----------
    learner : LogisticRegression
        With ``classes_``; its ``tol``, ``max_iter``, ``fit_intercept`` and ``n_jobs`` count.
    rows : Rows
        "y": codes of the classes as float64; "weight".
    X : array-like
        As the user gave it, for error messages.
    centre : ndarray of shape (n_features,), optional
        Of the rows that metrics come from.
    """

    def __init__(self, learner, rows: Rows, X, centre: np.ndarray | None = None):
        names = ("tol", "max_iter", "fit_intercept", "n_jobs")
        self.model = LogisticRegression(**{name: getattr(learner, name) for name in names})
        for name in ("classes_", "n_features_in_", "_dtype_in"):
            setattr(self.model, name, getattr(learner, name))
        self.rows, self.X, self.columns = rows, X, None
        self.centre = centre_of(rows, centred=learner.fit_intercept) if centre is None else centre

    def solve(self, price: Price, start: Fit | None) -> Fit:
        """Return the fit at a price, from another one of the same or of nearly the same rows."""
        known = None if start is None else (start.coef, start.intercept)
        if price.strength * price.ratio > 0.0:
            return self._kinked(price, known)
        found, at = None, as_given(self.rows, self.centre)
        if np.isfinite(self.centre).all() and price.strength > 0.0:
            metric = None if start is None else start.metric
            found = self.model._solve(at, price.strength, known, _silent, metric=metric)
        if found is not None and np.isfinite(found.value):
            return Fit(*at.back(found.theta), *found[1:5], metric=found.metric)
        found = self.model._fit_smooth(self.rows, self.X, *price, known, _silent)
        return Fit(self.model.coef_, self.model.intercept_, *found[1:5])

    def _kinked(self, price: Price, known) -> Fit:
        if self.columns is None:
            with np.errstate(all="ignore"):
                self.columns = l1_logistic.prepared(self.model, self.rows, self.X)
        found, coef, intercept = l1_logistic.fit(
            self.model, self.rows, self.X, price, self.model._n_scores, known, _silent, self.columns
        )
        total = float(self.rows["weight"].sum())
        return Fit(coef, intercept, found.value * total, found.gap * total, found.n_iter, found.converged)


def without(path: Path, kept: np.ndarray) -> Path:
    """Return the problem on some of the rows, copied."""
    return Path(path.model, some_rows(path.rows, kept), path.X, path.centre)


def some_rows(rows: Rows, which: np.ndarray) -> Rows:
    """Return a copy of some rows, with their targets and weights."""
    place: Any = rows.place
    part = Csr(place.matrix[which]) if isinstance(place, Csr) else Memory(place.X[which])
    return Rows(part, {"y": rows["y"][which], "weight": rows["weight"][which]}, rows.n_threads)


def light_enough(path: Path, n_prices: int) -> bool:
    """Tell whether a metric for each price may be kept."""
    size = path.model._n_scores * (path.rows.n_features + 1)
    return float(n_prices) * size * size <= _METRIC_NUMBERS


def _silent(figures, attributes=None) -> bool:
    return False
