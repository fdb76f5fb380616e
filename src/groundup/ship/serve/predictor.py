"""From rows to answers: the one way that API and form share.

Each row is judged by itself (``contract.conform_row``), so a bad row never spoils its neighbours. The sound ones are
answered one by one by the model's row form where they are few, else together in one frame: the bits are the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from groundup.errors import UsageError, nearest, shorten
from groundup.ship.serve.answers import Answer, Note, Status
from groundup.ship.serve.why import Why
from groundup.tables.contract.column import as_level
from groundup.tables.contract.problems import NOT_FINITE, ConformedRow

if TYPE_CHECKING:
    from groundup.ship.bundle import Model

# Up to here rows are answered one by one: a frame costs as much as some 300 rows of 20 columns (benchmarks/serving.py).
FEW = 200
# Fields that are named one by one, and those among which a misspelt one is sought.
_NAMED, _SOUGHT = 5, 100


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
        self._why = Why(model)
        self._features = frozenset(self.contract.features)
        self.labels = None
        if model.classes is not None and hasattr(model.learner, "predict_proba"):
            self.labels = [as_level(label) for label in model.classes.tolist()]

    def warm_up(self) -> None:
        """Answer the contract's example, alone and among many, so that everything is compiled and loaded.

        Reasons are warmed up last, when the model is ready already.
        """
        example = dict.fromkeys(self.contract.features) | dict(self.contract.example)
        for n_rows in (1, FEW + 1):
            self.predict_rows([example] * n_rows)
        self.ready = True
        self.predict_rows([example], explain=True)

    def predict_rows(self, rows: Sequence[Any], explain: bool = False) -> list[Answer]:
        """Return one answer per row, in the rows' order.

        Parameters
        ----------
        rows : sequence
            Mappings from field to value (JSON values, dates, or texts as a person typed them); anything else is refused
            in its own answer.
        explain : bool
            Give the reasons too.
        """
        judged = [self._judge(row) for row in rows]
        sound = [values for values, _ in judged if values is not None]
        if len(sound) <= FEW and self.model.takes_rows():
            said = iter([self._one(values) for values in sound])
        else:
            said = iter(self._many(sound))
        return [
            self._refused(notes) if values is None else self._answer(next(said), notes, values, explain)
            for values, notes in judged
        ]

    # ------------------------------------------------------------------ judging

    def _judge(self, row: Any) -> tuple[ConformedRow | None, list[Note]]:
        """Return the row in the contract's form (None if it cannot be answered), and what is to be said about it."""
        if not isinstance(row, Mapping):
            told = f"A row is an object of fields, not {shorten(row)}."
            return None, [Note(None, "row", "error", str(row)[:200], told)]
        if not row.keys() >= self._features:
            return None, self._absent(row)
        conformed = self.contract.conform_row(row)
        notes = [
            Note(p.column, p.kind, p.severity, p.value, str(p).split(": ", 1)[1]) for p in conformed.problems
        ]
        if conformed.extra:
            notes += self._unknown(conformed.extra)
        return (None if any(n.severity == "error" for n in notes) else conformed), notes

    def _absent(self, row: Mapping) -> list[Note]:
        others = [str(name)[:100] for name in list(row)[:_SOUGHT] if name not in self.contract.by_name]
        lost = [name for name in self.contract.features if name not in row]
        near = {name: _near(name, others) for name in lost[:_NAMED]}
        return [
            Note(
                name,
                "absent",
                "error",
                None,
                f"the field is not there; null says that its value is missing{near.get(name, '')}",
            )
            for name in lost
        ]

    def _unknown(self, extra: Sequence[str]) -> list[Note]:
        names = [name for name in extra if name not in self.contract.by_name]
        notes = [
            Note(
                str(name)[:200],
                "unknown",
                "warn",
                None,
                f"the model knows no such field; ignored{_near(name, self.contract.features)}",
            )
            for name in names[:_NAMED]
        ]
        if len(names) > _NAMED:
            told = f"{len(names) - _NAMED} more fields that the model does not know were ignored"
            notes.append(Note(None, "unknown", "warn", None, told))
        return notes

    # ------------------------------------------------------------------ answering

    def _one(self, row: ConformedRow) -> tuple[Any, list[float] | None]:
        """Return the model's answer to one sound row, and the probabilities."""
        predicted = _plain(self.model.predict_row(row))
        shares = None if self.labels is None else self.model.predict_proba_row(row).tolist()
        return predicted, shares

    def _many(self, rows: list[ConformedRow]) -> list[tuple[Any, list[float] | None]]:
        if not rows:
            return []
        from groundup.ship.serve.frames import conformed

        ready = conformed(rows, self.contract)
        predicted = [_plain(v) for v in self.model.predict(ready)]
        if self.labels is None:
            return [(value, None) for value in predicted]
        return list(zip(predicted, self.model.predict_proba(ready).tolist(), strict=True))

    def _answer(self, said, notes: list[Note], row: ConformedRow, explain: bool) -> Answer:
        predicted, shares = said
        wrong = [v for v in (predicted, *(shares or ())) if isinstance(v, float) and not math.isfinite(v)]
        if wrong:
            return self._refused([*notes, Note(None, "answer", "error", str(wrong[0]), NOT_FINITE)])
        status: Status = "doubtful" if any(self._is_doubt(note) for note in notes) else "ok"
        probabilities = None if shares is None else dict(zip(self.labels or (), shares, strict=True))
        reasons = self._why.reasons(row.values) if explain else None
        return Answer(uuid4().hex, status, predicted, probabilities, tuple(notes), reasons)

    def _is_doubt(self, note: Note) -> bool:
        """Tell whether a note speaks against the row: an unseen level does not where such are usual."""
        return not (note.kind == "unseen" and self.contract.by_name[note.field or ""].unseen_is_usual)

    def _refused(self, notes: list[Note]) -> Answer:
        return Answer(uuid4().hex, "refused", notes=tuple(notes))


def _plain(value):
    """Return `value` in Python's own type, as JSON knows it."""
    return value.item() if hasattr(value, "item") else value


def _near(name: str, names) -> str:
    """Return a suggestion; none for names too long to be a slip of the pen."""
    found = nearest(name, names) if len(name) <= 100 else ""
    return f".{found}" if found else ""
