"""Boosted classification trees: parameters, losses and predictions of the classifier.

Two classes need one tree an iteration (logistic loss), K > 2 classes K trees (softmax loss).

Next: `boosting`, the algorithm. ``fit`` is in `boosting_estimator`: it validates its arguments, makes a
`boosting.Booster` and lets it iterate. ``predict`` turns raw scores (`predicting`) into classes.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from groundup.engine.kernels import kernel
from groundup.engine.losses import logistic, softmax
from groundup.engine.rows import Rows
from groundup.models.estimator import (
    ClassifierMixin,
    Labels,
    StrOptions,
    compute_sample_weight,
    encode_labels,
)
from groundup.models.estimator.description import CLASSIFICATION, ModelDescription
from groundup.models.trees.boosting_estimator import HistGradientBoosting
from groundup.models.trees.custom_loss import CustomLoss
from groundup.models.trees.gradients import Loss
from groundup.models.trees.portfolios import BOOSTING_SPACE, boosting_portfolio


class HistGradientBoostingClassifier(ClassifierMixin, HistGradientBoosting):
    """Gradient boosting over histograms for classification, with scikit-learn's parameters and defaults.

    Parameters
    ----------
    loss : {'log_loss'} or callable, default='log_loss'
        Logistic for two classes, softmax for more. A callable returns gradient and hessian: see `custom_loss`.
    learning_rate : float, default=0.1
        Factor on the value of each leaf.
    max_iter : int, default=100
        Maximum number of iterations, of one tree each (of n_classes trees, if there are more than two).
    max_leaf_nodes : int or None, default=31
        Maximum number of leaves of a tree; None: no limit.
    max_depth : int or None, default=None
        Maximum number of edges from the root to a leaf; None: no limit.
    min_samples_leaf : int, default=20
        Minimum number of rows of a leaf, not counting those of weight 0.
    l2_regularization : float, default=0.0
        Added to each hessian sum.
    max_features : float, default=1.0
        Fraction of the features that are searched for a split, drawn for each node.
    max_bins : int, default=255
        Maximum number of bins of a feature, besides the one for missing values.
    categorical_features : 'from_dtype', None, or array-like of bool, int or str, default='from_dtype'
        Categorical features: the columns of a table with a categorical type, or a mask, indices or names. Levels may be
        strings or numbers. If there are more than `max_bins`, the rarest share a bin; a level not seen in the fit counts
        as missing.
    monotonic_cst : array-like of int, dict or None
        1, -1 or 0 for each feature (or by name): predictions only rise with it, only fall, or are not constrained.
    interaction_cst : 'pairwise', 'no_interactions', sequence of tuples of int, or None
        Groups of features that may interact, that is, occur on one path of a tree; features in no group form one.
    warm_start : bool, default=False
        Whether another call of ``fit`` continues with the existing trees.
    early_stopping : 'auto' or bool, default='auto'
        'auto': with more than 10,000 rows.
    scoring : str, callable or None, default='loss'
        Score for early stopping: the loss, a scorer, or (None) the estimator's ``score``.
    validation_fraction : float, int or None, default=0.1
        Rows held out for early stopping, stratified by class; None: the training score decides.
    n_iter_no_change : int, default=10
    tol : float, default=1e-7
        Stop when none of the last `n_iter_no_change` scores is better than the one before by more than `tol`.
    verbose : int, default=0
        If not 0, print a line for each iteration.
    random_state : int, RandomState or None
        Seed of the held-out rows, of the rows that determine the bins (above 200,000), `max_features` and `subsample`.
    class_weight : dict, 'balanced' or None
        Factors of the row weights, by class.
    subsample : float, default=1.0
        Fraction of the rows that each iteration is fitted to, drawn anew for each (not in scikit-learn).
    min_gain_to_split : float, default=0.0
        A split must decrease the expanded loss, summed over the rows, by more than half of this (not in scikit-learn).

    Attributes
    ----------
    classes_ : ndarray
    n_iter_ : int
    n_trees_per_iteration_ : int
        1, or the number of classes if there are more than two.
    train_score_, validation_score_ : ndarray
        The scores before the first iteration and after each (early stopping only).
    do_early_stopping_ : bool
    is_categorical_ : ndarray of bool of shape (n_features,) or None
        Which features are categorical; None: none.
    n_features_in_, feature_names_in_

    Notes
    -----
    `groundup.models.trees.boosting` and the modules that it names explain the algorithm, from the loop to the kernels.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from groundup.models import HistGradientBoostingClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> HistGradientBoostingClassifier().fit(X, y).score(X, y)
    1.0
    """

    description = ModelDescription(
        title="Gradient boosting",
        family="Trees",
        tasks=CLASSIFICATION,
        preprocessing="trees",
        priority=70,
        portfolio=boosting_portfolio,
        search_space=BOOSTING_SPACE,
        iterations="max_iter",
        categories="categorical_features",
        iteration_loss="log_loss",
        exact_explanations=True,
        quick={"max_iter": 8, "min_samples_leaf": 5},
    )

    _parameter_constraints: ClassVar[dict] = {
        **HistGradientBoosting._parameter_constraints,
        "loss": [StrOptions({"log_loss"}), callable],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }
    _state: ClassVar[dict[str, Any]] = {"classes_": Labels()}
    _numeric = False

    def __init__(
        self,
        loss="log_loss",
        *,
        learning_rate=0.1,
        max_iter=100,
        max_leaf_nodes=31,
        max_depth=None,
        min_samples_leaf=20,
        l2_regularization=0.0,
        max_features=1.0,
        max_bins=255,
        categorical_features="from_dtype",
        monotonic_cst=None,
        interaction_cst=None,
        warm_start=False,
        early_stopping="auto",
        scoring="loss",
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-7,
        verbose=0,
        random_state=None,
        class_weight=None,
        subsample=1.0,
        min_gain_to_split=0.0,
    ):
        self.loss = loss
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.max_bins = max_bins
        self.categorical_features = categorical_features
        self.monotonic_cst = monotonic_cst
        self.interaction_cst = interaction_cst
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.class_weight = class_weight
        self.subsample = subsample
        self.min_gain_to_split = min_gain_to_split

    def predict(self, X) -> np.ndarray:
        """Return the most likely class of each row: (n_rows,)."""
        return self._labels(*self._raw_scores(X))

    def predict_proba(self, X) -> np.ndarray:
        """Return the probability of each class: float64 (n_rows, n_classes), in the order of ``classes_``."""
        return self._probabilities(*self._raw_scores(X))

    def predict_with_proba(self, X) -> tuple[np.ndarray, np.ndarray]:
        """Return what `predict` and `predict_proba` return, from one walk through the trees."""
        scored = self._raw_scores(X)
        return self._labels(*scored), self._probabilities(*scored)

    def decision_function(self, X) -> np.ndarray:
        """Return the raw scores: (n_rows,) for two classes, else (n_rows, n_classes)."""
        raw, _ = self._raw_scores(X)
        return raw[:, 0] if raw.shape[1] == 1 else raw

    def staged_predict(self, X):
        """Yield the predictions after each iteration."""
        for scores in self._staged(X):
            yield self._labels(*scores)

    def staged_predict_proba(self, X):
        """Yield the probabilities after each iteration."""
        for scores in self._staged(X):
            yield self._probabilities(*scores)

    def staged_decision_function(self, X):
        """Yield the raw scores after each iteration."""
        for raw, _ in self._staged(X):
            yield raw[:, 0] if raw.shape[1] == 1 else raw

    @staticmethod
    def _labels(raw, fitted) -> np.ndarray:
        classes = fitted["classes_"]
        codes = raw.argmax(axis=1) if raw.shape[1] > 1 else (raw[:, 0] > 0).astype(np.intp)
        return classes[np.minimum(codes, len(classes) - 1)]

    @staticmethod
    def _probabilities(raw, fitted) -> np.ndarray:
        if len(fitted["classes_"]) == 1:
            return np.ones((len(raw), 1))
        if raw.shape[1] > 1:
            out = raw.copy()
            _softmax_link(out)
            return out
        out = np.empty((len(raw), 2))
        _logistic_link(raw, out)
        return out

    def _loss(self) -> Loss | CustomLoss:
        n_outputs = self.n_trees_per_iteration_
        name = "logistic" if n_outputs == 1 else "softmax"
        return CustomLoss(self.loss, n_outputs, name) if callable(self.loss) else Loss(name, n_outputs)

    def _encoded(self, y, again: bool) -> np.ndarray:
        classes, codes = encode_labels(y)
        if again and not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"warm_start: the model was fitted with the classes {self.classes_}, but y has {classes}"
            )
        self.classes_ = classes
        self.n_trees_per_iteration_ = len(classes) if len(classes) > 2 else 1
        return codes.astype(np.float64)

    def _encoded_validation(self, y, n_rows: int) -> np.ndarray:
        y = self._target(y, n_rows, numeric=False, multi_output=False)
        code_of = {label: code for code, label in enumerate(self.classes_.tolist())}
        labels = np.asarray(y).tolist()
        unseen = sorted({str(label) for label in labels if label not in code_of})
        if unseen:
            raise ValueError(f"y contains previously unseen labels: {unseen}")
        return np.array([code_of[label] for label in labels], np.float64)

    def _decoded(self, y) -> np.ndarray:
        return self.classes_[y.astype(np.intp)]

    def _strata(self, y) -> np.ndarray:
        """Return the strata for samples of the rows: the classes."""
        return y

    def _weights(self, rows: Rows, sample_weight) -> np.ndarray:
        weight = super()._weights(rows, sample_weight)
        if self.class_weight is None:
            return weight
        # Class weights are given by label, so y is decoded.
        of_class = compute_sample_weight(self.class_weight, self._decoded(rows["y"]))
        if not ((of_class >= 0) & (of_class < np.inf)).all():
            raise ValueError(f"class_weight={self.class_weight!r}: weights must be finite and not negative")
        return of_class * weight if weight.size else of_class

    def _check_state(self) -> None:
        super()._check_state()
        expected = len(self.classes_) if len(self.classes_) > 2 else 1
        if self.n_trees_per_iteration_ != expected:
            raise ValueError(
                f"{self.n_trees_per_iteration_} trees an iteration for {len(self.classes_)} classes"
            )


@kernel
def _logistic_link(raw, out_probabilities):
    """Set the probabilities of two classes from the raw scores (n_rows, 1)."""
    for i in range(raw.shape[0]):
        p = logistic.probability(raw[i, 0])
        out_probabilities[i, 0] = 1.0 - p
        out_probabilities[i, 1] = p


@kernel
def _softmax_link(out_probabilities):
    """Replace the raw scores of each row by probabilities."""
    n_rows, n_classes = out_probabilities.shape
    flat = out_probabilities.reshape(-1)
    for i in range(n_rows):
        softmax.to_probabilities(flat, i * n_classes, n_classes)
