"""Contributions of the table's columns to each row's score, by the most exact method available for the model.

    score = base + sum over columns of their contributions        (to rounding)

=============== ============================================== ==================================================
method          for                                            an unknown column has
=============== ============================================== ==================================================
``linear``      a weighted sum of the features                 its mean over the rows of the fit
``trees``       every tree model of ours (``tree_arrays()``)   the mean over the training rows of the nodes
``sampled``     any other                                      the values of some stored rows, one after the other
``constant``    a baseline, which uses no column
=============== ============================================== ==================================================

The score is the quantity that the model adds up: log-odds for two classes, one score per class for more, the value of a
regression; for ``sampled`` the probability of each class. Whether a score is really linear is checked on rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from scipy.special import expit

from groundup.engine.rows.threads import budget
from groundup.errors import UsageError, nearest
from groundup.judge.explain.linear import linear_contributions, linear_form
from groundup.judge.explain.sampled import n_predictions_per_row, sampled_contributions
from groundup.judge.explain.shapley import tree_shapley
from groundup.judge.explain.subject import Subject
from groundup.text.numbers import pluralize

Unit = Literal["log-odds", "score", "value", "log", "probability"]
Method = Literal["linear", "trees", "sampled", "constant"]
#: Background rows of the sampled method, at most.
MAX_BACKGROUND = 48
_CHECKED_ROWS = 64


@dataclass(frozen=True, eq=False)
class Contributions:
    """The contributions of the columns to the scores of some rows.

    Attributes
    ----------
    columns : tuple of str
        Of the table, without those that the model does not use.
    values : ndarray of shape (n_rows, n_columns, n_outputs)
    base : ndarray of shape (n_outputs,)
        The score that contributions start from: see ``Explainer.start``.
    scores : ndarray of shape (n_rows, n_outputs)
        ``base + values.sum(axis=1)``.
    errors : ndarray of the shape of values, or None
        Standard errors, where the method samples.
    unit : str
        Of the scores: log-odds, score, value, log (of the value), probability.
    labels : tuple
        The label of each output; empty for a value.
    method : str
    note : str
        How they were computed.
    opposite : tuple
        The other label, where one output represents two classes; else empty.
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
        """Every label that can be explained: the positive one of two last, more in the target's order."""
        return self.opposite + self.labels

    def of(self, label) -> Contributions:
        """Return the contributions to the score of one label; of two classes, each has the other's with opposite sign.

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
    hint = f"There are scores for: {', '.join(names)}."
    return UsageError(f"There is no score for {label!r}.{nearest(str(label), names)}", hint=hint)


class Explainer:
    """Explains a fitted model; expensive state is created once.

    Parameters
    ----------
    model : estimator
        A fitted Pipeline that begins with a TablePreparer, or a learner of numbers.
    background : frame or array, optional
        Unprepared rows, for models that can only be sampled; up to 48 are used.
    target : optional
        Name and labels of the target: see `Subject`.
    contract : Contract, optional
        Provides the usual values of columns.
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
        """The unit of the scores."""
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
    def start(self) -> str:
        """What the base, from which contributions start, is the score of, in words.

        For a weighted sum it is the score of the training rows' means, which is the mean of their scores.
        """
        if self.method == "sampled" and self._background is not None:
            return f"on average over {pluralize(len(self._background), 'stored training row')}"
        return "on average over training rows"

    @property
    def n_tried(self) -> int:
        """Predictions of the model that the explanation of one row needs: thousands for the sampled method."""
        background = self._background if self.method == "sampled" else None
        return 1 if background is None else n_predictions_per_row(len(background), len(self.subject.columns))

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
            "linear": self._by_linear_form,
            "trees": self._by_trees,
            "sampled": self._by_sampling,
        }
        values, base, errors, note = found[self.method](matrix)
        if self.subject.is_first_positive:  # the output of the positive class is the last one
            turned = slice(None, None, -1) if values.shape[2] == 2 else slice(None)
            sign = 1.0 if values.shape[2] == 2 else -1.0
            values, base = sign * values[:, :, turned], sign * base[turned]
            errors = None if errors is None else errors[:, :, turned]
        scores = base + values.sum(axis=1)
        labels, opposite = self._labels(values.shape[2])
        return Contributions(
            self.subject.columns, values, base, scores, errors, self.unit, labels, self.method, note, opposite
        )

    def _labels(self, n_outputs: int) -> tuple[tuple, tuple]:
        """Return the label of each output, and the other labels where there is one output only."""
        names = self.subject.names[::-1] if self.subject.is_first_positive else self.subject.names
        if self.subject.task == "classification":
            return (names[-1:], names[:-1]) if n_outputs == 1 else (names, ())
        return (tuple(range(n_outputs)) if self.subject.task == "clustering" else ()), ()

    # ------------------------------------------------------------------ the methods

    def _by_constant(self, matrix):
        answer = self.subject.answer(matrix[:1])[0]
        empty = np.zeros((len(matrix), len(self.subject.columns), len(answer)))
        return empty, answer, None, "This baseline uses no column."

    def _by_linear_form(self, matrix):
        coef, intercept = self._form
        values, base = linear_contributions(coef, intercept, matrix, self._means)
        note = "A contribution is the coefficient times the distance from the mean of the training rows."
        return self.subject.summed(values), base, None, note

    def _by_trees(self, matrix):
        if self._trees.levels is not None:
            matrix = self.subject.learner.tree_features(matrix)
        values, base = tree_shapley(self._trees, matrix, n_threads=budget())
        note = "Exact Shapley values of the trees; an unknown column is averaged over the training rows of each node."
        return self.subject.summed(values), base, None, note

    def _by_sampling(self, matrix):
        background = self._background
        if background is None:
            raise UsageError(
                f"A {type(self.subject.learner).__name__} can only be explained by sampling background rows.",
                hint="Pass some rows as background.",
            )
        found = [
            sampled_contributions(self.subject.answer, x, background, self.subject.parts, self.seed)
            for x in matrix
        ]
        shape = (0, len(self.subject.columns), self.subject.answer(background[:1]).shape[1])
        values = np.stack([f[0] for f in found]) if found else np.zeros(shape)
        errors = np.stack([f[1] for f in found]) if found else np.zeros(shape)
        base = found[0][2] if found else self.subject.answer(background).mean(axis=0)
        note = (
            f"Estimated: columns were replaced one by one, in random orders, from the values of {len(background)} "
            "stored rows to those of this one."
        )
        return values, base, errors, note

    # ------------------------------------------------------------------ cached state

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
        """Tell whether exact values can be computed: not if a path has more than 64 different features."""
        try:
            tree_shapley(self._trees, np.zeros((1, self.subject.learner.n_features_in_)))
        except UsageError:
            return False
        return True

    def _is_linear(self) -> bool:
        """Tell whether the learner's scores equal the weighted sums of its coefficients, on some rows."""
        if self._form is None or self._means is None or self._form[0].shape[1] != len(self._means):
            return False
        X = self._check_rows
        output = self._scores(X)
        if output is None:
            return False
        coef, intercept = self._form
        expected = X @ coef.T + intercept
        return output.shape == expected.shape and np.allclose(output, expected, rtol=1e-6, atol=1e-9)

    def _is_logistic(self) -> bool:
        predict_proba = getattr(self.subject.learner, "predict_proba", None)
        if predict_proba is None:
            return False
        output = self._scores(self._check_rows)
        return output is not None and np.allclose(
            np.asarray(predict_proba(self._check_rows))[:, 1], expit(output[:, 0])
        )

    def _scores(self, X: np.ndarray) -> np.ndarray | None:
        learner = self.subject.learner
        score = (
            learner.predict
            if self.subject.task == "regression"
            else getattr(learner, "decision_function", None)
        )
        if score is None or self.subject.task not in ("regression", "classification"):
            return None
        output = np.asarray(score(X), dtype=np.float64)
        return output[:, np.newaxis] if output.ndim == 1 else output

    @cached_property
    def _check_rows(self) -> np.ndarray:
        """Rows on which to check a linear form: random ones around the mean."""
        assert self._means is not None
        draw = np.random.default_rng(0)
        return self._means + draw.normal(size=(_CHECKED_ROWS, len(self._means)))
