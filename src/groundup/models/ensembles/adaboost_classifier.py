"""AdaBoost for classification: SAMME, which for two classes is discrete AdaBoost.

With K classes, c_m(x) the prediction of model m, and the weights w of sum 1 (see `adaboost` for the loop):

    e_m = sum_i w_i [c_m(x_i) != y_i]
    a_m = rate (ln((1 - e_m) / e_m) + ln(K - 1)),          > 0 as long as e_m < 1 - 1/K, the error of guessing
    w_i <- w_i exp(a_m [c_m(x_i) != y_i])

    f_k(x) = sum_m a_m (1 if c_m(x) = k, else -1/(K - 1)) / sum_m a_m          (two classes: f_2 - f_1, in -2 ... 2)
    p_k(x) = softmax_k(f(x) / (K - 1))

This is a forward stagewise fit of the exponential loss exp(-y'f / K), y encoded like f: the loss reported to callbacks is
its mean over the rows (by w), which each stage multiplies by exp(-a_m (K - 1) / K) times the sum of the new weights.

Our trees predict by one kernel, `packed.mean_values`, from leaves that hold their tree's votes.

Source: Zhu, Zou, Rosset and Hastie, Multi-class AdaBoost (Statistics and its Interface, 2009), algorithm 2.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from sklearn.metrics import accuracy_score

from groundup.engine.kernels import kernel
from groundup.engine.losses import softmax
from groundup.models.ensembles.adaboost import AdaBoost, Boost
from groundup.models.estimator import (
    Array,
    ClassifierMixin,
    Labels,
    available_if,
    check_is_fitted,
    encode_labels,
)
from groundup.models.estimator.description import CLASSIFICATION, ModelDescription
from groundup.models.trees.arrays import TreeArrays
from groundup.models.trees.decision_tree import arrays_of
from groundup.models.trees.decision_tree_classifier import DecisionTreeClassifier
from groundup.models.trees.packed import PackedTrees, mean_values


def _has_packed_trees(model) -> bool:
    if vars(model).get("estimators_") is not None:
        raise AttributeError("tree_arrays needs stages that are groundup's DecisionTreeClassifier")
    return True


class AdaBoostClassifier(ClassifierMixin, AdaBoost):
    """AdaBoost for classification, with scikit-learn's parameters and defaults.

    Parameters
    ----------
    estimator : classifier or None
        Fitted at each stage; its ``fit`` takes ``sample_weight``. None: a `DecisionTreeClassifier` of depth 1.
    n_estimators : int
        Maximum number of stages.
    learning_rate : float
        Factor on the weight of each stage.
    random_state : int, RandomState or None
        Draws a seed for the estimator of each stage.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    n_classes_ : int
    estimator_ : classifier
        The unfitted estimator of each stage.
    estimators_ : list of classifiers
        Only if they are not our decision trees, which are stored packed.
    estimator_weights_, estimator_errors_ : ndarray of shape (n_estimators,)
        a_m and e_m; 0 and 1 for stages that were not fitted.
    feature_importances_ : ndarray of shape (n_features,)
    n_features_in_, feature_names_in_

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from groundup.models import AdaBoostClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> round(AdaBoostClassifier(random_state=0).fit(X[::2], y[::2]).score(X[1::2], y[1::2]), 2)
    0.94
    """

    description = ModelDescription(
        title="AdaBoost",
        family="Ensembles of trees",
        tasks=CLASSIFICATION,
        comparison="on request",
        exact_explanations=True,
        iterations="n_estimators",
        quick={"n_estimators": 5},
    )

    _numeric = False
    _tree = DecisionTreeClassifier
    _depth = 1
    _score = staticmethod(accuracy_score)
    _state: ClassVar[dict[str, Any]] = {
        "classes_": Labels(),
        "_cover": Array("f8", "n_nodes", optional=True),
    }

    def __init__(self, estimator=None, *, n_estimators=50, learning_rate=1.0, random_state=None):
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.random_state = random_state

    def _check_estimator(self, estimator) -> None:
        if "sample_weight" not in inspect.signature(estimator.fit).parameters:
            raise ValueError(f"{type(estimator).__name__} doesn't support sample_weight.")

    def _encoded(self, y) -> np.ndarray:
        self.classes_, codes = encode_labels(y)
        return codes

    def _boost(self, stages, model, target, weight, rng) -> Boost | None:
        wrong = stages.fit(model, weight) != target
        error, n_classes = float(np.average(wrong, weights=weight)), len(self.classes_)
        if error <= 0:
            return Boost(0.0, 1.0, weight)
        if error >= 1.0 - 1.0 / n_classes:
            stages.drop()
            if not len(stages):
                raise ValueError(
                    "BaseClassifier in AdaBoostClassifier ensemble is worse than random, ensemble can not be fit."
                )
            return None
        stage_weight = float(self.learning_rate * (np.log((1.0 - error) / error) + np.log(n_classes - 1.0)))
        raised = weight.copy()
        with np.errstate(over="ignore"):
            raised[wrong & (weight > 0)] *= np.exp(stage_weight)
        return Boost(error, stage_weight, raised)

    def _loss(self, before: float, boost: Boost, total: float) -> float:
        n_classes = len(self.classes_)
        return before * total * float(np.exp(-boost.stage_weight * (n_classes - 1) / n_classes))

    def _walk_of(self, packed: PackedTrees, stage_weights: np.ndarray) -> PackedTrees:
        """Return the trees with their weighted votes in the leaves."""
        each = np.repeat(stage_weights[: packed.n_trees], np.diff(packed.firsts))
        value = each[:, np.newaxis] * _votes(packed.value[:, 0], len(self.classes_))
        return packed._replace(value=np.ascontiguousarray(value))

    def _staged_votes(self, X, fitted) -> Iterator[np.ndarray]:
        """Yield the sum of the votes after each stage: (n_rows, 1 or n_classes)."""
        walk, stage_weights, classes = fitted["_walk"], fitted["estimator_weights_"], fitted["classes_"]
        n_classes = len(classes)
        total = np.zeros((len(X), n_classes if n_classes > 2 else 1))
        for m in range(len(fitted["estimators_"]) if walk is None else walk.n_trees):
            if walk is None:
                codes = np.searchsorted(classes, np.asarray(fitted["estimators_"][m].predict(X)))
                total = total + stage_weights[m] * _votes(codes, n_classes)
            else:
                one = walk.of(m, m + 1)
                total = total + self._fill(mean_values, X, *one, n_columns=total.shape[1], finite="allow-nan")
            yield total

    def _decisions(self, X) -> tuple[np.ndarray, np.ndarray]:
        """Return (n_rows, 1 or n_classes) decisions, and the classes of the fit that they belong to."""
        checked, fitted = self._validated_with_fit(X)
        walk, stage_weights, classes = fitted["_walk"], fitted["estimator_weights_"], fitted["classes_"]
        if walk is None:
            *_, votes = self._staged_votes(checked, fitted)
            return votes / stage_weights[: len(fitted["estimators_"])].sum(), classes
        width, n_trees = walk.value.shape[1], walk.n_trees
        mean = self._fill(mean_values, checked, *walk, n_columns=width, finite="allow-nan")
        return mean * (n_trees / stage_weights[:n_trees].sum()), classes

    def _staged_decisions(self, X) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        checked, fitted = self._validated_with_fit(X)
        cumulated = np.cumsum(fitted["estimator_weights_"])
        for m, votes in enumerate(self._staged_votes(checked, fitted)):
            yield votes / cumulated[m], fitted["classes_"]

    def decision_function(self, X) -> np.ndarray:
        """Return the mean votes: (n_rows,) between -2 and 2 for two classes, else (n_rows, n_classes)."""
        return _shaped(*self._decisions(X))

    def predict(self, X) -> np.ndarray:
        """Return the class with the most votes: (n_rows,)."""
        return _labels(*self._decisions(X))

    def predict_proba(self, X) -> np.ndarray:
        """Return the probabilities of the classes: (n_rows, n_classes)."""
        return _probabilities(*self._decisions(X))

    def predict_with_proba(self, X) -> tuple[np.ndarray, np.ndarray]:
        """Return what `predict` and `predict_proba` return, from one walk through the trees."""
        decided = self._decisions(X)
        return _labels(*decided), _probabilities(*decided)

    def predict_log_proba(self, X) -> np.ndarray:
        """Return the logarithms of `predict_proba`."""
        return np.log(self.predict_proba(X))

    def staged_decision_function(self, X) -> Iterator[np.ndarray]:
        """Yield `decision_function` after each stage."""
        for decisions in self._staged_decisions(X):
            yield _shaped(*decisions)

    def staged_predict(self, X) -> Iterator[np.ndarray]:
        """Yield `predict` after each stage."""
        for decisions in self._staged_decisions(X):
            yield _labels(*decisions)

    def staged_predict_proba(self, X) -> Iterator[np.ndarray]:
        """Yield `predict_proba` after each stage."""
        for decisions in self._staged_decisions(X):
            yield _probabilities(*decisions)

    @available_if(_has_packed_trees)
    def tree_arrays(self) -> TreeArrays:
        """Return the trees in the common form that explanations read: `decision_function` is their sum."""
        check_is_fitted(self)
        walk = self._walk
        share = walk.n_trees / self.estimator_weights_[: walk.n_trees].sum()
        arrays = arrays_of(walk._replace(value=walk.value * share), self._cover)
        return arrays._replace(link="logistic" if len(self.classes_) == 2 else "votes")

    @property
    def n_classes_(self) -> int:
        """Number of classes."""
        return len(self.classes_)

    def _check_stage_weights(self, stage_weights) -> None:
        if not 0 < stage_weights.sum() < np.inf:
            raise ValueError("the weights of the stages have no positive, finite sum")

    def _check_values(self, value) -> None:
        if not np.isin(value, np.arange(len(self.classes_))).all():
            raise ValueError("a leaf's value is not the code of a class")
        cover = vars(self).get("_cover")
        if cover is None:
            raise ValueError(
                "the weights of the nodes' rows are missing, as in older versions: fit the model again"
            )
        if (cover <= 0).any():
            raise ValueError("a node has no rows")


def _votes(codes: np.ndarray, n_classes: int) -> np.ndarray:
    """Return the votes for the predicted classes: (n, n_classes), for two classes the difference (n, 1)."""
    if n_classes == 1:
        return np.zeros((len(codes), 1))
    predicted = codes[:, np.newaxis] == np.arange(n_classes)
    votes = np.where(predicted, 1.0, -1.0 / (n_classes - 1))
    return votes[:, 1:] - votes[:, :1] if n_classes == 2 else votes


def _shaped(decisions: np.ndarray, classes: np.ndarray) -> np.ndarray:
    return decisions[:, 0] if len(classes) == 2 else decisions


def _labels(decisions: np.ndarray, classes: np.ndarray) -> np.ndarray:
    codes = (decisions[:, 0] > 0).astype(np.intp) if len(classes) == 2 else decisions.argmax(axis=1)
    return classes[codes]


def _probabilities(decisions: np.ndarray, classes: np.ndarray) -> np.ndarray:
    if len(classes) == 1:
        return np.ones((len(decisions), 1))
    scores = np.hstack([-decisions, decisions]) / 2.0 if len(classes) == 2 else decisions
    out = scores / (len(classes) - 1)
    _to_probabilities(out)
    return out


@kernel
def _to_probabilities(out):
    """Replace the scores of each row by probabilities."""
    flat = out.reshape(-1)
    for i in range(out.shape[0]):
        softmax.to_probabilities(flat, i * out.shape[1], out.shape[1])
