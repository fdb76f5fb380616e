r"""Generalised linear models for counts, durations and claims: the mean is the exponential of a score.

    minimise over w, b:   1/(2V) sum_i v_i deviance(y_i, mu_i)  +  alpha/2 |w|^2,      mu_i = e^(b + w'x_i)

The deviance is that of a Tweedie distribution with variance mu^power: 0 is normal, 1 Poisson, 2 gamma, 3 inverse
Gaussian; between 1 and 2 there are many zeros and a tail. The losses are `engine.losses.poisson` and `.tweedie`, the
fit is that of `composed`: Newton's method, whatever ``solver`` is.

Source: P. McCullagh, J. Nelder, Generalized Linear Models (2nd ed. 1989), chapters 2, 6 and 8.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from scipy.special import xlogy

from groundup.engine.losses import poisson, squared
from groundup.engine.losses.tweedie import Tweedie
from groundup.models.estimator import Interval, StrOptions, refuse_missing
from groundup.models.estimator.description import REGRESSION, ModelDescription
from groundup.models.linear.composed import ComposedRegressor
from groundup.models.linear.prediction import weighted_mean


class _GeneralizedLinearRegressor(ComposedRegressor):
    """Base of the generalised linear models: power of the variance, link, score."""

    _parameter_constraints: ClassVar[dict] = {
        "alpha": [Interval(Real, 0.0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "solver": [StrOptions({"lbfgs", "newton-cholesky"})],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0.0, None, closed="neither")],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        alpha=1.0,
        fit_intercept=True,
        solver="lbfgs",
        max_iter=100,
        tol=1e-4,
        warm_start=False,
        verbose=0,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose

    @property
    def _power(self) -> float:
        return 1.0

    @property
    def _is_log(self) -> bool:
        return True

    def _loss(self) -> Any:
        if not self._is_log:
            return squared
        return poisson if self._power == 1.0 else Tweedie(self._power)

    def _penalty(self):
        return 0.0, float(self.alpha)

    def _check_target(self, y) -> None:
        p = self._power
        low, strict = (-np.inf, False) if p <= 0.0 else (0.0, p >= 2.0)
        if (y <= low).any() if strict else (y < low).any():
            raise ValueError(
                f"Some value(s) of y are out of the valid range of the loss of {type(self).__name__} (power={p:g}): y "
                f"must be {'positive' if strict else 'at least 0'}."
            )

    def _initial_score(self, y, weight) -> float:
        mean = weighted_mean(y, weight)
        if not self._is_log:
            return mean
        return float(np.log(max(mean, 1e-10)))

    def predict(self, X):
        """Return the expected target: (n_rows,)."""
        z = super().predict(X)
        return np.exp(np.minimum(z, 709.0)) if self._is_log else z

    def score(self, X, y, sample_weight=None):
        """Return the share of deviance explained, D^2: 1 is best, 0 is a model that predicts the mean."""
        refuse_missing(y, "y")
        mu = self.predict(X)
        y = np.asarray(y, dtype=np.float64).ravel()
        if len(y) != len(mu):
            raise ValueError(
                f"Found input variables with inconsistent numbers of samples: {[len(mu), len(y)]}"
            )
        self._check_target(y)
        v = self._weight(sample_weight, len(y))
        mean = np.full(len(y), v @ y / v.sum())
        return float(1.0 - (v @ deviance(y, mu, self._power)) / (v @ deviance(y, mean, self._power)))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = self._power > 0.0
        return tags


def deviance(y, mu, power: float) -> np.ndarray:
    """Return the unit deviance of each row: 0 where mu = y, and never negative."""
    if power == 0.0:
        return (y - mu) ** 2
    if power == 1.0:
        return 2.0 * (xlogy(y, y / mu) - y + mu)
    if power == 2.0:
        return 2.0 * (np.log(mu / y) + y / mu - 1.0)
    a, b = 2.0 - power, 1.0 - power
    return 2.0 * (np.maximum(y, 0.0) ** a / (a * b) - y * mu**b / b + mu**a / a)


class PoissonRegressor(_GeneralizedLinearRegressor):
    """Poisson regression: counts and frequencies.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the L2 penalty; 0 is no penalty.
    fit_intercept : bool, default=True
        Whether to fit an intercept (never penalised).
    solver : {"lbfgs", "newton-cholesky"}, default="lbfgs"
        No effect: Newton's method finds the optimum.
    max_iter : int, default=100
        Maximum number of steps.
    tol : float, default=1e-4
        Tolerance: the objective exceeds its minimum by a relative error of about ``1e-4 * tol**2``.
    warm_start : bool, default=False
        Start from the coefficients of the previous fit.
    verbose : int, default=0
        No effect: use a callback to follow the loss.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    n_iter_ : int
    objective_, gap_ : float
        Final value of the objective; an estimate of how far it is above the minimum.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    Examples
    --------
    >>> import numpy as np
    >>> from groundup.models import PoissonRegressor
    >>> X = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0], [4.0, 3.0]])
    >>> model = PoissonRegressor().fit(X, [12.0, 17.0, 22.0, 21.0])
    >>> round(model.score(X, [12.0, 17.0, 22.0, 21.0]), 2)
    0.99
    """

    description = ModelDescription(
        title="Poisson regression",
        family="Linear models",
        tasks=REGRESSION,
        preprocessing="linear",
        comparison="counts",
        priority=55,
        portfolio=tuple({"alpha": a} for a in (1.0, 0.1, 0.01, 0.0)),
    )


class GammaRegressor(_GeneralizedLinearRegressor):
    """Gamma regression: positive amounts whose spread grows with their mean.

    Parameters and attributes are those of `PoissonRegressor`.

    Examples
    --------
    >>> import numpy as np
    >>> from groundup.models import GammaRegressor
    >>> X = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0], [4.0, 3.0]])
    >>> model = GammaRegressor().fit(X, [19.0, 26.0, 33.0, 30.0])
    >>> round(model.score(X, [19.0, 26.0, 33.0, 30.0]), 2)
    0.77
    """

    description = ModelDescription(
        title="Gamma regression",
        family="Linear models",
        tasks=REGRESSION,
        preprocessing="linear",
        comparison="on request",
    )

    @property
    def _power(self) -> float:
        return 2.0


class TweedieRegressor(_GeneralizedLinearRegressor):
    """Regression with a Tweedie distribution, for targets such as claims or rain: often zero, otherwise widely spread.

    Parameters and attributes that are not listed are those of `PoissonRegressor`.

    Parameters
    ----------
    power : float, default=0.0
        Power of the variance, mu^power; not between 0 and 1.
    link : {"auto", "identity", "log"}, default="auto"
        "auto": the identity for power <= 0, else the logarithm. The identity is supported for power=0 only.

    Examples
    --------
    >>> import numpy as np
    >>> from groundup.models import TweedieRegressor
    >>> X = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0], [4.0, 3.0]])
    >>> model = TweedieRegressor(power=1.5).fit(X, [2.0, 3.5, 5.0, 5.5])
    >>> round(model.score(X, [2.0, 3.5, 5.0, 5.5]), 2)
    0.91
    """

    description = ModelDescription(
        title="Tweedie regression",
        family="Linear models",
        tasks=REGRESSION,
        preprocessing="linear",
        comparison="on request",
    )

    _parameter_constraints: ClassVar[dict] = {
        **PoissonRegressor._parameter_constraints,
        "power": [Interval(Real, None, None, closed="neither")],
        "link": [StrOptions({"auto", "identity", "log"})],
    }

    def __init__(
        self,
        *,
        power=0.0,
        alpha=1.0,
        fit_intercept=True,
        link="auto",
        solver="lbfgs",
        max_iter=100,
        tol=1e-4,
        warm_start=False,
        verbose=0,
    ):
        self.power = power
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.link = link
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose

    @property
    def _power(self) -> float:
        return float(self.power)

    @property
    def _is_log(self) -> bool:
        return self.link == "log" or (self.link == "auto" and self.power > 0.0)

    def _loss(self):
        if 0.0 < self.power < 1.0:
            raise ValueError(f"power={self.power}: no Tweedie distribution has a power between 0 and 1")
        if not self._is_log and self.power != 0.0:
            raise ValueError(
                f"link='identity' is supported for power=0 only, not for power={self.power}: use link='log'"
            )
        return super()._loss()
