"""Contributions: what each column of the table gave to each row's score, by the best method that the learner allows.

    score = base + sum over columns of their contributions        (to rounding)

=============== ============================================== ==================================================
method          for                                            an unknown column has
=============== ============================================== ==================================================
``linear``      a weighted sum of the features                 its mean over the rows of the fit
``trees``       every tree model of ours (``tree_arrays()``)   what the shares of training rows in the nodes say
``sampled``     any other                                      the values of some stored rows, one after the other
``constant``    a baseline, which looks at no column
=============== ============================================== ==================================================

The score is what the learner adds up: log-odds for two classes, one score a class for more, the value of a regression;
for ``sampled`` the probability of each class. That a linear score is one is not believed but checked on rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from groundup.engine.rows.threads import budget
from groundup.errors import UsageError, nearest
from groundup.judge.explain.linear import linear_contributions, linear_form
from groundup.judge.explain.sampled import answers_of_a_row, sampled_contributions
from groundup.judge.explain.subject import Subject

Unit = Literal["log-odds", "score", "value", "log", "probability"]
Method = Literal["linear", "trees", "sampled", "constant"]
#: What contributions are counted from, in words: for a weighted sum, the mean score of the rows of the fit is that of
#: their means; trees tell it by the shares of training rows in their nodes; the sampled method by stored ones.
START = "on average over training rows"
#: Background rows of the sampled method, at most.
MAX_BACKGROUND = 48
_CHECKED_ROWS = 64


@dataclass(frozen=True, eq=False)
class Contributions:
    """What the columns gave to the scores of some rows.

    Attributes
    ----------
    columns : tuple of str
        Of the table, without those that the model does not use.
    values : ndarray of shape (n_rows, n_columns, n_outputs)
    base : ndarray of shape (n_outputs,)
        The score on average over training rows.
    scores : ndarray of shape (n_rows, n_outputs)
        ``base + values.sum(axis=1)``.
    errors : ndarray of the shape of values, or None
        Standard errors, where the method draws.
    unit : str
        Of the scores: log-odds, score, value, log (of the value), probability.
    labels : tuple
        What each output speaks for; empty for a value.
    method : str
    note : str
        How it was found, in words.
    opposite : tuple
        The label that the one output speaks against, where it stands for two classes; else empty.
    """

    columns: tuple[str, ...]
    values: np.ndarray
    base: np.ndarray
    scores: np.ndarray
    errors: np.ndarray | None
    unit: Unit
    labels: tuple
    method: Method
    note: str
    opposite: tuple = ()

    @property
    def known(self) -> tuple:
        """Every label that can be spoken for, in the target's order."""
        return self.opposite + self.labels

    def of(self, label) -> Contributions:
        """Return those to the score of one label alone; of two classes each has the other's with the sign turned.

        Raises
        ------
        UsageError
            If there is no score for it.
        """
        if label in self.labels:
            k = self.labels.index(label)
            sign, at = 1.0, slice(k, k + 1)
        elif label in self.opposite:
            sign, at = -1.0, slice(0, 1)
        else:
            raise _no_score(label, self.known)
        return replace(
            self,
            values=sign * self.values[:, :, at],
            base=sign * self.base[at],
            scores=sign * self.scores[:, at],
            errors=None if self.errors is None else self.errors[:, :, at],
            labels=(label,),
            opposite=(),
        )


def _no_score(label, known: tuple) -> UsageError:
    if not known:
        return UsageError(
            f"There is no score for {label!r}: the model predicts a value, which has no labels."
        )
    names = [str(v) for v in known]
    hint = f"There is one for: {', '.join(names)}."
    return UsageError(f"There is no score for {label!r}.{nearest(str(label), names)}", hint=hint)


class Explainer:
    """A fitted model with what its explanations need, made once for many questions.

    Parameters
    ----------
    model : estimator
        A fitted Pipeline that begins with a TablePreparer, or a learner of numbers.
    background : frame or array, optional
        Rows as they come in, for a learner that can only be tried; up to 48 are used.
    target : optional
        What the answers are called: see `Subject`.
    contract : Contract, optional
        Says what is usual in a column.
    seed : int
        Of the sampled method.
    """

    def __init__(self, model, background=None, *, target=None, contract=None, seed: int = 0):
        self.subject = Subject(model, target)
        self.contract, self.seed = contract, seed
        self._rows = background

    @cached_property
    def method(self) -> Method:
        """How this model is explained."""
        from sklearn import dummy

        learner = self.subject.learner
        if isinstance(learner, (dummy.DummyClassifier, dummy.DummyRegressor)):
            return "constant"
        if self.subject.is_direct and self._trees is not None and self._are_walkable():
            return "trees"
        return "linear" if self.subject.is_direct and self._is_linear() else "sampled"

    @cached_property
    def unit(self) -> Unit:
        """What the scores are."""
        task = self.subject.task
        if self.method == "trees":
            if task == "classification":
                units: dict[str, Unit] = {"logistic": "log-odds", "softmax": "score", "votes": "score"}
                return units.get(self._trees.link, "probability")
            return "log" if self._trees.link == "log" else self._value
        if self.method == "linear" and task == "classification":
            return "log-odds" if len(self._form[0]) == 1 and self._is_logistic() else "score"
        return self._value if task in ("regression", "other") else "probability"

    @property
    def n_tried(self) -> int:
        """Answers of the model that the explanation of one row costs: thousands where it can only be tried."""
        behind = self._background if self.method == "sampled" else None
        return 1 if behind is None else answers_of_a_row(len(behind), len(self.subject.columns))

    @property
    def _value(self) -> Unit:
        return "log" if getattr(self.subject.target, "transform", "none") != "none" else "value"

    def contributions(self, rows) -> Contributions:
        """Return the contributions to the scores of rows: a frame in the contract's form, or an array."""
        return self.of_matrix(self.subject.matrix(rows))

    def of_matrix(self, matrix: np.ndarray) -> Contributions:
        """Return the contributions to the scores of prepared rows."""
        found = {
            "constant": self._by_constant,
            "linear": self._by_form,
            "trees": self._by_trees,
            "sampled": self._by_trying,
        }
        values, base, errors, note = found[self.method](matrix)
        scores = base + values.sum(axis=1)
        labels, opposite = self._labels(values.shape[2])
        return Contributions(
            self.subject.columns, values, base, scores, errors, self.unit, labels, self.method, note, opposite
        )

    def _labels(self, n_outputs: int) -> tuple[tuple, tuple]:
        """Return what each output speaks for, and what the only one speaks against."""
        names = self.subject.names
        if self.subject.task == "classification":
            return (names[-1:], names[:-1]) if n_outputs == 1 else (names, ())
        return (tuple(range(n_outputs)) if self.subject.task == "clustering" else ()), ()

    # ------------------------------------------------------------------ the methods

    def _by_constant(self, matrix):
        answer = self.subject.answer(matrix[:1])[0]
        empty = np.zeros((len(matrix), len(self.subject.columns), len(answer)))
        return empty, answer, None, "This baseline looks at no column."

    def _by_form(self, matrix):
        coef, intercept = self._form
        values, base = linear_contributions(coef, intercept, matrix, self._means)
        told = "Coefficient times distance from the mean of the training rows."
        return self.subject.summed(values), base, None, told

    def _by_trees(self, matrix):
        from groundup.judge.explain.shapley import tree_shapley

        if self._trees.levels is not None:
            matrix = self.subject.learner.tree_features(matrix)
        values, base = tree_shapley(self._trees, matrix, n_threads=budget())
        told = "Exact Shapley values of the trees; an unknown column is averaged over the training rows of each node."
        return self.subject.summed(values), base, None, told

    def _by_trying(self, matrix):
        behind = self._background
        if behind is None:
            raise UsageError(
                f"A {type(self.subject.learner).__name__} can only be explained by trying it on other rows.",
                hint="Give some rows as background.",
            )
        found = [
            sampled_contributions(self.subject.answer, x, behind, self.subject.parts, self.seed)
            for x in matrix
        ]
        shape = (0, len(self.subject.columns), self.subject.answer(behind[:1]).shape[1])
        values = np.stack([f[0] for f in found]) if found else np.zeros(shape)
        errors = np.stack([f[1] for f in found]) if found else np.zeros(shape)
        base = found[0][2] if found else self.subject.answer(behind).mean(axis=0)
        told = (
            f"Estimated: the columns were put in one after the other, in drawn orders, from {len(behind)} stored rows "
            f"to this one."
        )
        return values, base, errors, told

    # ------------------------------------------------------------------ what they need

    @cached_property
    def _trees(self) -> Any:
        arrays = getattr(self.subject.learner, "tree_arrays", None)
        return None if arrays is None else arrays()

    @cached_property
    def _form(self) -> Any:
        return linear_form(self.subject.learner)

    @cached_property
    def _background(self) -> np.ndarray | None:
        if self._rows is None:
            return None
        matrix = self.subject.matrix(self._rows)
        kept = np.unique(np.linspace(0, len(matrix) - 1, min(len(matrix), MAX_BACKGROUND)).astype(int))
        return matrix[kept]

    @cached_property
    def _means(self) -> np.ndarray | None:
        if self.subject.means is not None:
            return self.subject.means
        return None if self._background is None else self._background.mean(axis=0)

    def _are_walkable(self) -> bool:
        """Tell whether the trees have exact values: not if a path has more than 64 different features."""
        from groundup.judge.explain.shapley import tree_shapley

        try:
            tree_shapley(self._trees, np.zeros((1, self.subject.learner.n_features_in_)))
        except UsageError:
            return False
        return True

    def _is_linear(self) -> bool:
        """Tell whether the learner's scores are the weighted sums that its coefficients say: tried on rows."""
        if self._form is None or self._means is None or self._form[0].shape[1] != len(self._means):
            return False
        X = self._tried
        said = self._said(X)
        if said is None:
            return False
        coef, intercept = self._form
        expected = X @ coef.T + intercept
        return said.shape == expected.shape and np.allclose(said, expected, rtol=1e-6, atol=1e-9)

    def _is_logistic(self) -> bool:
        from scipy.special import expit

        ask = getattr(self.subject.learner, "predict_proba", None)
        if ask is None:
            return False
        said = self._said(self._tried)
        return said is not None and np.allclose(np.asarray(ask(self._tried))[:, 1], expit(said[:, 0]))

    def _said(self, X: np.ndarray) -> np.ndarray | None:
        learner = self.subject.learner
        ask = (
            learner.predict
            if self.subject.task == "regression"
            else getattr(learner, "decision_function", None)
        )
        if ask is None or self.subject.task not in ("regression", "classification"):
            return None
        said = np.asarray(ask(X), dtype=np.float64)
        return said[:, np.newaxis] if said.ndim == 1 else said

    @cached_property
    def _tried(self) -> np.ndarray:
        """Rows to check a linear form on: the mean, and drawn ones about it."""
        assert self._means is not None
        draw = np.random.default_rng(0)
        return self._means + draw.normal(size=(_CHECKED_ROWS, len(self._means)))
