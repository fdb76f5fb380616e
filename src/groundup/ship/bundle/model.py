"""Model: a fitted pipeline with all that belongs to it, ready to answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from groundup.errors import UsageError
from groundup.ship.bundle.documents import About, Fingerprint, Target
from groundup.ship.bundle.refusals import SHOWN, check_choice, check_keys, check_mapping, check_rows, refuse
from groundup.tables.contract.problems import Conformed, ConformedRow, Problem

if TYPE_CHECKING:
    from groundup.judge.explain import Contributions, Explainer, Explanation
    from groundup.ship.bundle.refusals import Errors

_UNDO = {"log": math.exp, "log1p": math.expm1}


class Model:
    """What `load` returns: the pipeline, and the way from raw rows to answers in the target's own terms.

    A model with a contract judges every row by it. A cell that cannot be read (text where a number is due, infinity) is
    an error, and every method that answers takes ``errors``, which says what becomes of it: ``"raise"``, the default,
    refuses all rows in a GroundupError that names row, column and value; ``"null"`` takes the cell as missing. What is
    doubtful only (a level that training did not have, a number beyond its range) is answered; ``contract.conform``
    lists it. So are rows that ``contract.conform`` returned: the caller has judged them.

    Attributes
    ----------
    pipeline : estimator
        Pipeline of TablePreparer and learner (or a learner alone).
    target : Target
    contract : Contract or None
    name, metrics, settings, seed
        What was told about it when it was saved.
    digest : str
        SHA-256 of the file, as ``sha256sum`` prints it; "" before it is saved.
    made_on : Fingerprint or None
        Where it was made.
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
        self._preparer = steps[0][1] if len(steps) > 1 and hasattr(steps[0][1], "transform_row") else None
        self._between = [step for _, step in steps[1:-1] if step != "passthrough"]
        self._check()

    def __repr__(self) -> str:
        told = f" for {self.target.name!r}" if self.target.name else ""
        return f"<Model {type(self.learner).__name__}{told}, {self.target.task}, digest {self.digest[:12] or 'none yet'}>"

    # ------------------------------------------------------------------ answers for many rows

    def predict(self, rows, *, errors: Errors = "raise") -> np.ndarray:
        """Return the answers to rows: labels in their own type, numbers, or numbers of clusters.

        Parameters
        ----------
        rows : frame, Table, mapping of columns, list of rows; or what ``contract.conform`` returned
            Conformed to the contract, if the model has one. Without a contract: what the pipeline takes.
        errors : "raise" or "null"
            What becomes of cells that the contract cannot read.

        Raises
        ------
        GroundupError
            If a cell cannot be read: the first of them by row (from 1), column and value.
        CheckFailed
            If columns are missing.
        UsageError
            If `rows` is a single row.
        """
        ready = self._ready(rows, errors)
        if self.target.threshold is not None:
            return self._decide(self.pipeline.predict_proba(ready))
        return self._told(self.pipeline.predict(ready))

    def predict_proba(self, rows, *, errors: Errors = "raise") -> np.ndarray:
        """Return the probability of each class, in the order of ``classes``; shape (n_rows, n_classes)."""
        if not hasattr(self.learner, "predict_proba"):
            raise UsageError(f"A {type(self.learner).__name__} gives no probabilities.")
        return self.pipeline.predict_proba(self._ready(rows, errors))

    def transform(self, rows, *, errors: Errors = "raise") -> np.ndarray:
        """Return the output of a pipeline that ends in a transformer (distances to the centres, for clusters)."""
        return self.pipeline.transform(self._ready(rows, errors))

    # ------------------------------------------------------------------ answers for one row

    def predict_row(self, row: Mapping[str, object] | ConformedRow, *, errors: Errors = "raise"):
        """Return the answer to one row, given as a mapping from column to value: the bits of ``predict``.

        What ``contract.conform_row`` returned is taken as it is: the caller has judged it.

        Raises
        ------
        GroundupError
            With ``errors="raise"``: if a value cannot be read, or a key is no column of the contract.
        CheckFailed
            If columns are missing.
        """
        x = self._one(row, errors)
        if self.target.threshold is not None:
            return self._decide(self.learner.predict_proba(x))[0]
        return self._told(self.learner.predict(x))[0]

    def predict_proba_row(
        self, row: Mapping[str, object] | ConformedRow, *, errors: Errors = "raise"
    ) -> np.ndarray:
        """Return the probability of each class for one row; shape (n_classes,). Raises as ``predict_row``."""
        if not hasattr(self.learner, "predict_proba"):
            raise UsageError(f"A {type(self.learner).__name__} gives no probabilities.")
        return self.learner.predict_proba(self._one(row, errors))[0]

    @property
    def classes(self) -> np.ndarray | None:
        """The labels, in the order of the columns of ``predict_proba``; None where there are none."""
        if self.target.labels:
            return _labels(self.target.labels)
        return getattr(self.learner, "classes_", None)

    # ------------------------------------------------------------------ reasons

    @cached_property
    def explainer(self) -> Explainer:
        """What the explanations need, made once; rows that were stored with the model are its background."""
        from groundup.judge.explain import Explainer

        behind = self.stored_rows
        if self.contract is not None and hasattr(behind, "columns"):
            behind = self.contract.conform(behind).frame
        return Explainer(self.pipeline, behind, target=self.target, contract=self.contract)

    def explain(self, rows, *, errors: Errors = "raise") -> Contributions:
        """Return what each column of the table gave to the score of each row; takes and raises what ``predict`` does.

        Costs about 10 us a row and thread for 100 trees of 31 leaves; a learner of another kind is tried some
        100 (n_columns + 1) times for each row.
        """
        return self.explainer.contributions(self._ready(rows, errors))

    def explain_row(
        self,
        row: Mapping[str, object] | ConformedRow,
        *,
        label=None,
        top: int = 3,
        errors: Errors = "raise",
    ) -> Explanation:
        """Return why the model says what it says to one row: the `top` strongest reasons. Raises as ``predict_row``.

        Parameters
        ----------
        row : mapping from column to value
        label : optional
            The class to speak for; the second of two, or the likeliest of more, where None.
        """
        from groundup.judge.explain import explain_row

        check_choice(errors)
        return explain_row(self.explainer, self._values(row, errors), label=label, top=top)

    # ------------------------------------------------------------------ in between

    def answers(self, rows) -> dict[str, np.ndarray]:
        """Return everything the model says to rows, by method: what is stored, and replayed at loading.

        Cells that the contract cannot read are missing: the rows of training may hold some.
        """
        if self.contract is not None and not isinstance(rows, Conformed):
            rows = self.contract.conform(rows)
        said = {}
        if hasattr(self.learner, "predict"):
            said["predict"] = self.predict(rows)
        for method in ("predict_proba", "decision_function", "transform"):
            if hasattr(self.learner, method) and not (
                method == "decision_function" and "predict_proba" in said
            ):
                said[method] = np.asarray(getattr(self.pipeline, method)(self._ready(rows, "null")))
        return said

    def takes_rows(self) -> bool:
        """Tell whether one row, as a mapping, has a way of its own."""
        return self._preparer is not None

    def _ready(self, rows, errors: Errors):
        check_choice(errors)
        if isinstance(rows, Conformed):
            return rows.frame
        check_rows(rows)
        if self.contract is None:
            return rows
        conformed = self.contract.conform(rows)
        if errors == "raise":
            wrong = conformed.errors
            if wrong.height:
                first = [Problem(*values) for values in wrong.head(SHOWN).iter_rows()]
                refuse(first, wrong.height, self.contract)
        return conformed.frame

    def _one(self, row: Mapping[str, object] | ConformedRow, errors: Errors) -> np.ndarray:
        check_choice(errors)
        if self._preparer is None:
            raise UsageError("One row as a mapping needs a pipeline that begins with a TablePreparer.")
        return self._prepared(self._values(row, errors))

    def _values(self, row: Mapping[str, object] | ConformedRow, errors: Errors) -> Mapping[str, object]:
        """Return the cells of one row in the contract's form."""
        if isinstance(row, ConformedRow):
            return row.values
        check_mapping(row)
        return row if self.contract is None else self._judged(self.contract, row, errors)

    def _prepared(self, values: Mapping[str, object]) -> np.ndarray:
        assert self._preparer is not None
        x = self._preparer.transform_row(values)[np.newaxis]
        for step in self._between:
            x = step.transform(x)
        return x

    def _judged(self, contract, row: Mapping[str, object], errors: Errors) -> Mapping[str, object]:
        conformed = contract.conform_row(row)
        if errors == "raise":
            if conformed.extra:
                check_keys(conformed.extra, contract)
            if conformed.problems:
                wrong = [p for p in conformed.problems if p.severity == "error"]
                if wrong:
                    refuse(wrong, len(wrong), contract, with_row=False)
        return conformed.values

    def _decide(self, probabilities: np.ndarray) -> np.ndarray:
        classes = self.classes
        assert classes is not None
        return classes[(probabilities[:, 1] >= self.target.threshold).astype(np.intp)]

    def _told(self, predicted: np.ndarray) -> np.ndarray:
        if self.target.labels:
            return _labels(self.target.labels)[np.asarray(predicted).astype(np.intp)]
        undo = _UNDO.get(self.target.transform)
        if undo is None:
            return predicted
        # One by one: a row's answer must not depend on where it stands in a vector register.
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
                raise ValueError("labels are given, but the learner was not taught their codes 0, 1, ...")
        if target.threshold is not None and (n_classes != 2 or not hasattr(self.learner, "predict_proba")):
            raise ValueError("a threshold needs a classifier of two classes with probabilities")
        if target.transform != "none" and target.task != "regression":
            raise ValueError("only a number can be transformed")
        if self.contract is not None and self._preparer is not None:
            lost = [name for name in self._preparer.plan_.needed if name not in self.contract.features]
            if lost:
                raise ValueError(
                    f"the model needs the column {lost[0]!r}, which is no feature of the contract"
                )


def _bounded(undo, value: float) -> float:
    try:
        return undo(value)
    except OverflowError:
        return math.inf


def _labels(labels: list[Any]) -> np.ndarray:
    made = np.array(labels)
    if made.dtype.kind in "bifU" and len({type(v) for v in labels}) == 1:
        return made
    made = np.empty(len(labels), dtype=object)
    made[:] = labels
    return made
