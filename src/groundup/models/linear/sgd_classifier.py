"""`SGDClassifier`; the descent itself is in `descent`."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from groundup.models.estimator import (
    Array,
    ClassifierMixin,
    Labels,
    StrOptions,
    available_if,
    column_or_1d,
    compute_class_weight,
    encode_labels,
    fitting,
)
from groundup.models.estimator.description import CLASSIFICATION, ModelDescription
from groundup.models.linear.descent import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    Descent,
    initial_weights,
    scores_of,
)
from groundup.models.linear.prediction import LinearClasses


class SGDClassifier(LinearClasses, ClassifierMixin, Descent):
    """Linear classifier fitted by stochastic gradient descent.

    Parameters
    ----------
    loss : str, default="hinge"
        "hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron", or a regression loss (see `SGDRegressor`).
    penalty : {"l2", "l1", "elasticnet", None}, default="l2"
    alpha : float, default=0.0001
        Strength of the penalty; also sets the learning rate of the schedule "optimal".
    l1_ratio : float, default=0.15
        L1 share of the penalty "elasticnet".
    fit_intercept : bool, default=True
    max_iter : int, default=1000
        Maximum number of epochs.
    tol : float or None, default=1e-3
        Stop when the mean loss decreases by less for `n_iter_no_change` epochs; None stops after `max_iter` epochs.
    shuffle : bool, default=True
        Visit the rows in a new random order in each epoch.
    verbose : int, default=0
        No effect: use a callback to follow the fit.
    epsilon : float, default=0.1
        Parameter of the losses "huber", "epsilon_insensitive", "squared_epsilon_insensitive".
    n_jobs : int, default=None
        Number of threads over classes: None is the default of the process, -1 all cores. The result does not depend
        on it.
    random_state : int, RandomState instance, default=None
        Seed of the order of the rows.
    learning_rate : str, default="optimal"
        "constant", "optimal", "invscaling", "adaptive" (divided by 5 when the loss stagnates), "pa1", "pa2".
    eta0 : float, default=0.01
        Initial learning rate, except for "optimal".
    power_t : float, default=0.5
        Exponent of "invscaling".
    early_stopping : bool, default=False
        Stop by the score on held-out rows instead of the training loss.
    validation_fraction : float, default=0.1
        Share of held-out rows for `early_stopping`.
    n_iter_no_change : int, default=5
    class_weight : dict or "balanced", default=None
    warm_start : bool, default=False
        Start from the weights of the previous fit.
    average : bool or int, default=False
        Use the mean of the weights over all steps, or over those after this number of steps.
    batch_size : int, default=1
        Number of rows in a step, which uses their mean gradient.
    momentum : float, default=0.0
        Share of the previous step added to each step, in [0, 1).

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
    intercept_ : ndarray of shape (1,) or (n_classes,)
    n_iter_ : int
        Epochs.
    t_ : float
        Number of steps, plus one.
    loss_curve_ : list of float
        Mean loss of each epoch; the loss of a row is that before its step.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from groundup.models import SGDClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> SGDClassifier(random_state=0).fit((X - X.mean(0)) / X.std(0), y).score((X - X.mean(0)) / X.std(0), y) > 0.9
    True
    """

    description = ModelDescription(
        title="Linear model by gradient descent",
        family="Linear models",
        tasks=CLASSIFICATION,
        preprocessing="linear",
        comparison="on request",
        exact_explanations=True,
    )

    _parameter_constraints: ClassVar[dict] = {
        **Descent._parameter_constraints,
        "loss": [StrOptions(CLASSIFICATION_LOSSES | REGRESSION_LOSSES)],
        "n_jobs": [None, Integral],
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }
    _state: ClassVar[dict[str, Any]] = {
        "classes_": Labels(),
        "coef_": Array("f8", "n_scores n_features"),
        "intercept_": Array("f8", "n_scores"),
    }
    classes_: np.ndarray
    coef_: np.ndarray
    intercept_: np.ndarray

    def __init__(
        self,
        loss="hinge",
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
        n_jobs=None,
        random_state=None,
        learning_rate="optimal",
        eta0=0.01,
        power_t=0.5,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=5,
        class_weight=None,
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
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
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
        rows = self._rows(X, y, sample_weight, finite="later")
        self.classes_, codes = encode_labels(rows["y"])
        if len(self.classes_) < 2:
            raise ValueError(
                f"The number of classes has to be greater than one; got {len(self.classes_)} class"
            )
        rows.add("y", codes)
        self._fit_epochs(rows, X, coef_init, intercept_init, self.max_iter, partial=False)
        self._iterations_end(X, y)
        return self

    @fitting
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Make one pass over the rows, continuing from the current weights.

        The first call needs `classes`, all labels that will occur in any call.
        """
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit. In order to use 'balanced' weights, use "
                "compute_class_weight('balanced', classes=classes, y=y) and pass the result as class_weight."
            )
        first = not hasattr(self, "coef_")
        n_features = None if first else self.n_features_in_
        rows = self._rows(X, y, sample_weight, finite="later")
        self._check_continued(n_features, rows.n_features)
        self._set_classes(classes)
        labels = column_or_1d(rows["y"], warn=True)
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            raise ValueError(
                f"y contains {unknown[0]!r}, which is not among the classes {self.classes_.tolist()}"
            )
        rows.add("y", np.searchsorted(self.classes_, labels))
        known = (None, None) if first else (self.coef_, self.intercept_)
        self._fit_epochs(rows, X, *known, 1, partial=True)
        self._iterations_end(X, y)
        return self

    def _set_classes(self, classes) -> None:
        if not hasattr(self, "classes_"):
            if classes is None:
                raise ValueError("classes must be passed on the first call to partial_fit.")
            self.classes_ = np.unique(np.asarray(classes))
        elif classes is not None and not np.array_equal(self.classes_, np.unique(np.asarray(classes))):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}"
            )

    def _fit_epochs(self, rows, X, coef, intercept, n_epochs: int, *, partial: bool) -> None:
        n_classes, codes = len(self.classes_), rows["y"]
        n_scores = 1 if n_classes == 2 else n_classes
        each = compute_class_weight(
            self.class_weight, classes=self.classes_, y=self.classes_[codes], sample_weight=rows["weight"]
        )
        positive = [1] if n_scores == 1 else list(range(n_classes))
        targets = [np.where(codes == k, 1.0, -1.0) for k in positive]
        weight = rows["weight"]
        if n_scores == 1:
            weights = [weight * each[codes]]
        else:
            weights = [weight * np.where(codes == k, each[k], 1.0) for k in positive]
        start = initial_weights(coef, intercept, n_scores, rows.n_features)
        self.coef_, self.intercept_ = self._descend(
            rows, X, targets, weights, *start, n_epochs, partial=partial
        )

    def _held_out_score(self, descents, held) -> float:
        coef, intercept = descents.coefficients(self.average)
        z = scores_of(descents.rows, held, coef, intercept)
        predicted = (z[:, 0] > 0.0).astype(int) if z.shape[1] == 1 else z.argmax(axis=1)
        weight = descents.rows["weight"][held]
        return float(weight @ (predicted == descents.rows["y"][held]) / weight.sum())

    def _attributes(self, coef, intercept):
        return {"coef_": coef, "intercept_": intercept, "classes_": self.classes_}

    def _has_probabilities(self) -> bool:
        if self.loss not in ("log_loss", "modified_huber"):
            raise AttributeError(f"probability estimates are not available for loss={self.loss!r}")
        return True

    @available_if(_has_probabilities)
    def predict_proba(self, X):
        """Return the probability of each class: (n_rows, n_classes). For the losses "log_loss" and "modified_huber"."""
        z = self.decision_function(X)
        z = z[:, None] if z.ndim == 1 else z
        with np.errstate(over="ignore"):
            p = 1.0 / (1.0 + np.exp(-z)) if self.loss == "log_loss" else 0.5 * (np.clip(z, -1.0, 1.0) + 1.0)
        if p.shape[1] == 1:
            return np.hstack([1.0 - p, p])
        total = np.zeros(len(p))
        for k in range(p.shape[1]):  # in a fixed order, for any number of rows
            total += p[:, k]
        none = total == 0.0
        p[none], total[none] = 1.0, p.shape[1]
        return p / total[:, None]

    @available_if(_has_probabilities)
    def predict_log_proba(self, X):
        """Return the logarithms of `predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))
