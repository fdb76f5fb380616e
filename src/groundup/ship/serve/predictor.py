"""From the rows of a request to answers: the path that the API and the form share.

Each row is checked by itself (``contract.conform_row``), so a bad row never spoils its neighbours. The good ones go to
``Model.answer_row`` one by one where they are few, else to ``Model.answer`` in one frame: the bits are the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from groundup.errors import UsageError, nearest, shorten
from groundup.ship.bundle.checks import as_frame
from groundup.ship.serve.answers import Answer, Note, Status
from groundup.ship.serve.reasons import RowExplainer
from groundup.tables.contract.column import as_level
from groundup.tables.contract.problems import NOT_FINITE, ConformedRow
from groundup.tables.sources.names import with_column_names

if TYPE_CHECKING:
    from groundup.ship.bundle import Model

# Up to this many rows are predicted one by one: a frame costs as much as some 300 rows (benchmarks/serving.py).
MAX_SINGLE = 200
# How many fields are named one by one, and among how many a misspelt one is searched.
_MAX_NAMED, _MAX_SEARCHED = 5, 100


class Predictor:
    """Answers rows with a loaded model.

    Parameters
    ----------
    model : Model
        With a contract.

    Attributes
    ----------
    ready : bool
        Whether `warm_up` is done.
    """

    def __init__(self, model: Model):
        if model.contract is None:
            raise UsageError(
                "This bundle has no contract, so it cannot be served.",
                hint="Save it with contract=Contract.infer(table, target).",
            )
        if not hasattr(model.learner, "predict"):
            raise UsageError(f"A {type(model.learner).__name__} predicts nothing, so it cannot be served.")
        self.model, self.contract, self.ready = model, model.contract, False
        self._explainer = RowExplainer(model)
        self._features = frozenset(self.contract.features)
        self.labels = None
        if model.classes is not None and hasattr(model.learner, "predict_proba"):
            self.labels = [as_level(label) for label in model.classes.tolist()]

    def warm_up(self) -> None:
        """Predict the contract's example, alone and among many, so that everything is compiled and loaded.

        Reasons come last, when the model is ready already.
        """
        example = dict.fromkeys(self.contract.features) | dict(self.contract.example)
        for n_rows in (1, MAX_SINGLE + 1):
            self.predict_rows([example] * n_rows)
        self.ready = True
        self.predict_rows([example], explain=True)

    def predict_rows(self, rows: Sequence[Any], explain: bool = False) -> list[Answer]:
        """Return one answer per row, in the rows' order.

        Parameters
        ----------
        rows : sequence
            Mappings from field to value (JSON values, dates, or text as a person typed it); anything else is refused
            in its own answer.
        explain : bool
            Give the reasons too.
        """
        checked = [self._check(row) for row in rows]
        predicted = iter(self._predict([row for row, _ in checked if row is not None]))
        return [
            _refused(number, notes)
            if row is None
            else self._answer(number, *next(predicted), row, notes, explain)
            for number, (row, notes) in enumerate(checked, start=1)
        ]

    # ------------------------------------------------------------------ checking

    def _check(self, row: Any) -> tuple[ConformedRow | None, list[Note]]:
        """Return the row in the contract's form (None where it is refused), and the notes on it."""
        if not isinstance(row, Mapping):
            message = f"A row is an object of fields, not {shorten(row)}."
            return None, [Note(None, "row", "error", str(row)[:200], message)]
        if not row.keys() >= self._features:
            row = with_column_names(row, self.contract.features)
            if not row.keys() >= self._features:
                return None, self._absent(row)
        checked = self.contract.conform_row(row)
        notes = [Note(p.column, p.kind, p.severity, p.value, p.message) for p in checked.problems]
        if checked.extra:
            notes += self._unknown(checked.extra)
        return None if checked.status == "refused" else checked, notes

    def _absent(self, row: Mapping) -> list[Note]:
        """Return an error for each field that the row does not have."""
        others = [str(name)[:100] for name in list(row)[:_MAX_SEARCHED] if name not in self.contract.by_name]
        absent = [name for name in self.contract.features if name not in row]
        similar = {name: _suggestion(name, others) for name in absent[:_MAX_NAMED]}
        message = "the field is missing from the row; send null if it has no value"
        return [Note(name, "absent", "error", None, message + similar.get(name, "")) for name in absent]

    def _unknown(self, extra: Sequence[str]) -> list[Note]:
        """Return a warning for each field that the contract does not know."""
        names = [name for name in extra if name not in self.contract.by_name]
        notes = [
            Note(
                str(name)[:200],
                "unknown",
                "warn",
                None,
                f"the model has no such field; ignored{_suggestion(name, self.contract.features)}",
            )
            for name in names[:_MAX_NAMED]
        ]
        if len(names) > _MAX_NAMED:
            message = f"{len(names) - _MAX_NAMED} more fields that the model does not have were ignored"
            notes.append(Note(None, "unknown", "warn", None, message))
        return notes

    # ------------------------------------------------------------------ predicting

    def _predict(self, rows: list[ConformedRow]) -> list[tuple[Any, list[float] | None, bool]]:
        """Return for each row its prediction, its probabilities, and whether both are finite."""
        if not rows:
            return []
        if len(rows) <= MAX_SINGLE and self.model.has_row_path:
            answers = [self.model.answer_row(row) for row in rows]
        else:
            answers = [self.model.answer(as_frame(rows, self.contract))]
        found = []
        for each in answers:
            labels = [_plain(value) for value in each.labels]
            probabilities = each.probabilities
            shares = (
                [None] * len(labels)
                if self.labels is None or probabilities is None
                else probabilities.tolist()
            )
            found += zip(labels, shares, each.is_finite.tolist(), strict=True)
        return found

    def _answer(
        self,
        number: int,
        predicted,
        shares,
        is_finite: bool,
        row: ConformedRow,
        notes: list[Note],
        explain: bool,
    ) -> Answer:
        if not is_finite:
            value = next(
                v for v in (predicted, *(shares or ())) if isinstance(v, float) and not math.isfinite(v)
            )
            return _refused(number, [*notes, Note(None, "answer", "error", str(value), NOT_FINITE)])
        status: Status = "warning" if any(note.kind == "unknown" for note in notes) else row.status
        probabilities = None if shares is None else dict(zip(self.labels or (), shares, strict=True))
        reasons = self._explainer.reasons(row.values) if explain else None
        return Answer(number, uuid4().hex, status, predicted, probabilities, notes, reasons)


def _refused(number: int, notes: list[Note]) -> Answer:
    return Answer(number, uuid4().hex, "refused", None, None, notes)


def _plain(value):
    """Return `value` in Python's own type, as JSON knows it."""
    return value.item() if hasattr(value, "item") else value


def _suggestion(name: str, names) -> str:
    """Return the most similar of the names as a suggestion; none for names too long to be a typing error."""
    found = nearest(name, names) if len(name) <= 100 else ""
    return f".{found}" if found else ""
