"""`SGDRegressor`; the descent itself is in `descent`."""

from __future__ import annotations

from typing import ClassVar

from groundup.models.estimator import StrOptions, fitting
from groundup.models.estimator.description import REGRESSION, ModelDescription
from groundup.models.linear.descent import REGRESSION_LOSSES, Descent, initial_weights, scores_of
from groundup.models.linear.prediction import LinearRegressor


class SGDRegressor(LinearRegressor, Descent):
    """Linear regression fitted by stochastic gradient descent.

    Parameters and attributes that are not listed are those of `SGDClassifier`.

    Parameters
    ----------
    loss : str, default="squared_error"
        "squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive".
    learning_rate : str, default="invscaling"
        As for `SGDClassifier`, where the default differs.
    power_t : float, default=0.25
        Exponent of "invscaling".

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : ndarray of shape (1,)

    Examples
    --------
    >>> import numpy as np
    >>> from groundup.models import SGDRegressor
    >>> X = np.random.default_rng(0).standard_normal((200, 3))
    >>> SGDRegressor(random_state=0).fit(X, X @ [1.0, 2.0, 3.0]).coef_.round(1)
    array([1., 2., 3.])
    """

    description = ModelDescription(
        title="Linear model by gradient descent",
        family="Linear models",
        tasks=REGRESSION,
        preprocessing="linear",
        comparison="on request",
        exact_explanations=True,
    )

    _multi_output: ClassVar[bool] = False
    _parameter_constraints: ClassVar[dict] = {
        **Descent._parameter_constraints,
        "loss": [StrOptions(REGRESSION_LOSSES)],
    }

    def __init__(
        self,
        loss="squared_error",
        *,
        penalty="l2",
        alpha=0.0001,
        l1_ratio=0.15,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-3,
        shuffle=True,
        verbose=0,
        epsilon=0.1,
        random_state=None,
        learning_rate="invscaling",
        eta0=0.01,
        power_t=0.25,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=5,
        warm_start=False,
        average=False,
        batch_size=1,
        momentum=0.0,
    ):
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.epsilon = epsilon
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.average = average
        self.batch_size = batch_size
        self.momentum = momentum

    @fitting
    def fit(self, X, y, coef_init=None, intercept_init=None, sample_weight=None):
        """Fit the weights, from `coef_init` and `intercept_init` if given; X is an array, a table or a sparse matrix."""
        if self.warm_start and hasattr(self, "coef_"):
            coef_init = self.coef_ if coef_init is None else coef_init
            intercept_init = self.intercept_ if intercept_init is None else intercept_init
        rows = self._rows(X, y, sample_weight, finite="later", y_numeric=True)
        self._fit_epochs(rows, X, coef_init, intercept_init, self.max_iter, partial=False)
        self._iterations_end(X, y)
        return self

    @fitting
    def partial_fit(self, X, y, sample_weight=None):
        """Make one pass over the rows, continuing from the current weights."""
        known = (self.coef_, self.intercept_) if hasattr(self, "coef_") else (None, None)
        n_features = getattr(self, "n_features_in_", None)
        rows = self._rows(X, y, sample_weight, finite="later", y_numeric=True)
        self._check_continued(n_features, rows.n_features)
        self._fit_epochs(rows, X, *known, 1, partial=True)
        self._iterations_end(X, y)
        return self

    def _fit_epochs(self, rows, X, coef, intercept, n_epochs: int, *, partial: bool) -> None:
        start = initial_weights(coef, intercept, 1, rows.n_features)
        coef, self.intercept_ = self._descend(
            rows, X, [rows["y"]], [rows["weight"]], *start, n_epochs, partial=partial
        )
        self.coef_ = coef[0]

    def _held_out_score(self, descents, held) -> float:
        coef, intercept = descents.coefficients(self.average)
        z, y, v = (
            scores_of(descents.rows, held, coef, intercept)[:, 0],
            descents.rows["y"][held],
            descents.rows["weight"][held],
        )
        spread = float(v @ (y - (v @ y) / v.sum()) ** 2)
        return 1.0 - float(v @ (y - z) ** 2) / spread if spread else 0.0

    def _attributes(self, coef, intercept):
        return {"coef_": coef[0], "intercept_": intercept}
