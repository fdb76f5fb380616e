"""Model: a fitted pipeline with its target and contract; predicts rows as they come in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from groundup.errors import UsageError
from groundup.judge.decisions import Decision, describe_threshold
from groundup.judge.explain import Explainer, explain_row
from groundup.judge.predicting import predict_with_proba
from groundup.ship.bundle.answers import Answers
from groundup.ship.bundle.checks import Errors, check_row, check_rows
from groundup.ship.bundle.documents import About, Fingerprint, Target
from groundup.tables.contract.column import as_level
from groundup.tables.contract.problems import Conformed, ConformedRow

if TYPE_CHECKING:
    from groundup.judge.explain import Contributions, Explainer, Explanation

_UNDO = {"log": math.exp, "log1p": math.expm1}


class Model:
    """What `load` returns: the pipeline, and the path from raw rows to predictions in the target's own terms.

    A model with a contract checks every row against it. A cell that cannot be read (text where a number is due,
    infinity) is an error, and every method that predicts takes ``errors``: ``"raise"``, the default, refuses all rows in
    a GroundupError that names row, column and value; ``"null"`` treats the cell as missing. Rows with a warning only (an
    unseen level, a number beyond the training range) are predicted; ``answer`` lists the warnings. What
    ``contract.conform`` returned counts as checked and is taken as it is.

    Attributes
    ----------
    pipeline : estimator
        Pipeline of TablePreparer and learner (or a learner alone).
    target : Target
    contract : Contract or None
    name, metrics, settings, seed
        As given when it was saved.
    digest : str
        SHA-256 of the file, as ``sha256sum`` prints it; "" before it is saved.
    made_on : Fingerprint or None
        The machine that fitted it.
    stored_rows : frame, ndarray or None
        The rows that its file keeps for replay, as they came in; None before it is saved.
    """

    def __init__(self, pipeline, target: Target, contract=None, about: About | None = None):
        about = about or About()
        self.pipeline, self.target, self.contract = pipeline, target, contract
        self.name, self.seed = about.name, about.seed
        self.metrics, self.settings = about.metrics, about.settings
        self.digest = ""
        self.made_on: Fingerprint | None = None
        self.stored_rows: Any = None
        steps = getattr(pipeline, "steps", [("learn", pipeline)])
        self.learner = steps[-1][1]
        self._transforms = [step for _, step in steps[:-1] if step != "passthrough"]
        self._preparer = steps[0][1] if len(steps) > 1 and hasattr(steps[0][1], "transform_row") else None
        self._check()

    def __repr__(self) -> str:
        target = f" for {self.target.name!r}" if self.target.name else ""
        digest = self.digest[:12] or "none yet"
        return f"<Model {type(self.learner).__name__}{target}, {self.target.task}, digest {digest}>"

    # ------------------------------------------------------------------ many rows

    def answer(self, rows, *, errors: Errors = "raise", with_proba: bool = True) -> Answers:
        """Return predictions, probabilities and warnings for rows: prepared once, walked once.

        Parameters
        ----------
        rows : frame, Table, mapping of columns, list of rows; or what ``contract.conform`` returned
            Conformed to the contract, if the model has one. Without a contract: what the pipeline takes.
        errors : "raise" or "null"
            What to do with cells that the contract cannot read.
        with_proba : bool
            Compute the probabilities too, where the model gives some.

        Raises
        ------
        GroundupError
            If a cell cannot be read: names the first by row (from 1), column and value.
        CheckFailed
            If columns are missing.
        UsageError
            If `rows` is a single row.
        """
        checked = check_rows(rows, self.contract, errors)
        is_checked = isinstance(checked, Conformed)
        X = checked.frame if is_checked else checked
        for step in self._transforms:
            X = step.transform(X)
        return Answers(*self._answer(X, with_proba), checked if is_checked else None)

    def predict(self, rows, *, errors: Errors = "raise") -> np.ndarray:
        """Return the predictions for rows: labels in their own type, numbers, or numbers of clusters. See `answer`."""
        return self.answer(rows, errors=errors, with_proba=False).labels

    def predict_proba(self, rows, *, errors: Errors = "raise") -> np.ndarray:
        """Return the probability of each class, in the order of ``classes``; shape (n_rows, n_classes). See `answer`."""
        self._check_proba()
        probabilities = self.answer(rows, errors=errors).probabilities
        assert probabilities is not None
        return probabilities

    def transform(self, rows, *, errors: Errors = "raise") -> np.ndarray:
        """Return the output of a pipeline that ends in a transformer (distances to the centres, for clusters)."""
        return self.pipeline.transform(self._frame(rows, errors))

    # ------------------------------------------------------------------ one row

    def answer_row(
        self, row: Mapping[str, object] | ConformedRow, *, errors: Errors = "raise", with_proba: bool = True
    ) -> Answers:
        """Return what `answer` returns for one row, given as a mapping from column to value; the same bits.

        What ``contract.conform_row`` returned counts as checked and is taken as it is.

        Raises
        ------
        GroundupError
            With ``errors="raise"``: if a value cannot be read, or a key is no column of the contract.
        CheckFailed
            If columns are missing.
        """
        if self._preparer is None:
            raise UsageError("One row as a mapping needs a pipeline that begins with a TablePreparer.")
        x = self._preparer.transform_row(check_row(row, self.contract, errors))[np.newaxis]
        for step in self._transforms[1:]:
            x = step.transform(x)
        return Answers(*self._answer(x, with_proba))

    def predict_row(self, row: Mapping[str, object] | ConformedRow, *, errors: Errors = "raise"):
        """Return the prediction for one row: the bits of ``predict``. See `answer_row`."""
        return self.answer_row(row, errors=errors, with_proba=False).labels[0]

    def predict_proba_row(
        self, row: Mapping[str, object] | ConformedRow, *, errors: Errors = "raise"
    ) -> np.ndarray:
        """Return the probability of each class for one row; shape (n_classes,). See `answer_row`."""
        self._check_proba()
        probabilities = self.answer_row(row, errors=errors).probabilities
        assert probabilities is not None
        return probabilities[0]

    @property
    def has_row_path(self) -> bool:
        """Whether one row can be predicted as a mapping."""
        return self._preparer is not None

    @cached_property
    def positive(self):
        """The positive class of two, in its own type; None for other targets."""
        labels = [] if self.classes is None else self.classes.tolist()
        if len(labels) != 2:
            return None
        if self.target.positive is not None:
            return self.target.positive
        stated = getattr(self.contract, "positive", None)
        return labels[1] if stated is None else stated

    @property
    def decision_in_words(self) -> str:
        """How probabilities become labels, in a sentence without its full stop; "" for the learner's own rule."""
        if self.target.costs:
            return "The class of the smallest expected cost is predicted, which need not be the likeliest"
        if self.target.threshold is None:
            return ""
        return describe_threshold(as_level(self.positive), self.target.threshold)

    @cached_property
    def _decision(self) -> Decision | None:
        """The rule from probabilities to labels; None for the learner's own."""
        target, labels = self.target, [] if self.classes is None else self.classes.tolist()
        if target.costs:
            return Decision(costs=np.array(target.costs, dtype=float))
        if target.threshold is None:
            return None
        return Decision(target.threshold, labels.index(self.positive))

    @property
    def classes(self) -> np.ndarray | None:
        """The labels, in the order of the columns of ``predict_proba``; None where there are none."""
        if self.target.labels:
            return _labels(self.target.labels)
        return getattr(self.learner, "classes_", None)

    # ------------------------------------------------------------------ as an estimator of scikit-learn

    @property
    def classes_(self) -> np.ndarray:
        """The labels, for scikit-learn's scorers and inspection; only classifiers have them."""
        if self.classes is None:
            raise AttributeError("a model without labels has no classes_")
        return self.classes

    def fit(self, rows=None, target=None) -> Model:
        """Return the model as it is: like scikit-learn's ``FrozenEstimator``, it is not fitted again."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self):
        return self.pipeline.__sklearn_tags__()

    # ------------------------------------------------------------------ reasons

    @cached_property
    def explainer(self) -> Explainer:
        """The model's explainer, created once; the rows stored with the model are its background."""
        background = self.stored_rows
        if self.contract is not None and hasattr(background, "columns"):
            background = self.contract.conform(background).frame
        return Explainer(self.pipeline, background, target=self.target, contract=self.contract)

    def explain(self, rows, *, errors: Errors = "raise") -> Contributions:
        """Return the contribution of each column to the score of each row; takes and raises what ``predict`` does.

        ``row(NUMBER)`` of the result gives the strongest reasons for one row of a table.

        Costs about 10 us a row and thread for 100 trees of 31 leaves; a model that can only be sampled predicts some
        100 (n_columns + 1) rows for each row.
        """
        frame = self._frame(rows, errors)
        if not hasattr(frame, "columns"):  # a pipeline without a contract may take an array
            return self.explainer.contributions(frame)
        from groundup.judge.explain.reasons import ExplainedRows

        return ExplainedRows.of_rows(self.explainer, frame)

    def explain_row(
        self,
        row: Mapping[str, object] | ConformedRow,
        *,
        label=None,
        top: int = 3,
        errors: Errors = "raise",
    ) -> Explanation:
        """Return the `top` strongest reasons for the prediction of one row. Raises as ``predict_row``.

        Parameters
        ----------
        row : mapping from column to value
        label : optional
            The class to explain; the positive one of two, or the likeliest of more, where None.
        """
        return explain_row(self.explainer, check_row(row, self.contract, errors), label=label, top=top)

    # ------------------------------------------------------------------ internals

    def replay_outputs(self, rows) -> dict[str, np.ndarray]:
        """Return every output of the model by its method's name: stored in the file, and compared at loading.

        Cells that the contract cannot read count as missing: the training rows may hold some.
        """
        checked = check_rows(rows, self.contract, "null")
        outputs = {}
        if hasattr(self.learner, "predict"):
            answers = self.answer(checked)
            outputs["predict"] = answers.labels
            if answers.probabilities is not None:
                outputs["predict_proba"] = answers.probabilities
        for method in ("decision_function", "transform"):
            if hasattr(self.learner, method) and not (
                method == "decision_function" and "predict_proba" in outputs
            ):
                outputs[method] = np.asarray(getattr(self.pipeline, method)(self._frame(checked, "null")))
        return outputs

    def _frame(self, rows, errors: Errors):
        checked = check_rows(rows, self.contract, errors)
        return checked.frame if isinstance(checked, Conformed) else checked

    def _check_proba(self) -> None:
        if not hasattr(self.learner, "predict_proba"):
            raise UsageError(f"A {type(self.learner).__name__} gives no probabilities.")

    def _answer(self, X, with_proba: bool) -> tuple[np.ndarray, np.ndarray | None]:
        """Return labels and probabilities for prepared rows: the one place where the learner is called."""
        if self._decision is not None:
            probabilities = self.learner.predict_proba(X)
            classes = self.classes
            assert classes is not None
            return classes[self._decision.codes(probabilities)], probabilities
        if with_proba:
            predicted, probabilities = predict_with_proba(self.learner, X)
            return self._decoded(predicted), probabilities
        return self._decoded(self.learner.predict(X)), None

    def _decoded(self, predicted: np.ndarray) -> np.ndarray:
        """Return predictions in the target's own terms: labels for codes, the target's transform undone."""
        if self.target.labels:
            return _labels(self.target.labels)[np.asarray(predicted).astype(np.intp)]
        undo = _UNDO.get(self.target.transform)
        if undo is None:
            return predicted
        # One by one: a row's prediction must not depend on its place in a vector register.
        return np.array([_bounded(undo, v) for v in predicted.tolist()])

    def _check(self) -> None:
        """Raise ValueError if the parts do not fit each other."""
        n_classes = len(self.classes) if self.classes is not None else 0
        target = self.target
        if target.task == "classification" and not n_classes:
            raise ValueError("a classifier without classes")
        if target.labels:
            known = getattr(self.learner, "classes_", None)
            if known is None or not np.array_equal(known, np.arange(len(target.labels))):
                raise ValueError("labels are given, but the learner was not fitted on their codes 0, 1, ...")
        has_proba = hasattr(self.learner, "predict_proba")
        if target.threshold is not None and (n_classes != 2 or not has_proba):
            raise ValueError("a threshold needs a classifier of two classes with probabilities")
        labels = [] if self.classes is None else self.classes.tolist()
        if target.positive is not None and (n_classes != 2 or target.positive not in labels):
            raise ValueError(f"the positive class {target.positive!r} is none of two")
        if target.costs and (
            not has_proba or [len(row) for row in target.costs] != [n_classes] * max(n_classes, 1)
        ):
            raise ValueError(
                "costs need a classifier with probabilities, and a number for each pair of classes"
            )
        if target.costs and target.threshold is not None:
            raise ValueError("either costs or a threshold decide, not both")
        if target.transform != "none" and target.task != "regression":
            raise ValueError("only a number can be transformed")
        if self.contract is not None and self._preparer is not None:
            missing = [name for name in self._preparer.plan_.needed if name not in self.contract.features]
            if missing:
                raise ValueError(
                    f"the model needs the column {missing[0]!r}, which is no feature of the contract"
                )


def _bounded(undo, value: float) -> float:
    """Return ``undo(value)``, infinity where it overflows."""
    try:
        return undo(value)
    except OverflowError:
        return math.inf


def _labels(labels: list[Any]) -> np.ndarray:
    """Return labels as an array: of objects where they are of several types."""
    array = np.array(labels)
    if array.dtype.kind in "bifU" and len({type(v) for v in labels}) == 1:
        return array
    array = np.empty(len(labels), dtype=object)
    array[:] = labels
    return array
