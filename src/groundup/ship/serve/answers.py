"""What the server says to a row: prediction, probabilities, notes and reasons; and how that is written as JSON.

Floats are written by ``repr``, so that the number read back is the number computed, bit by bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from groundup.tables.contract.problems import NOT_FINITE

Status = Literal["ok", "doubtful", "refused"]
Severity = Literal["warn", "error"]
# The kinds of notes: those of ``tables.contract.problems``, and what only a request can have.
KINDS = {
    "type": "the value is not of the column's type",
    "infinite": "the number is not finite, or beyond what a float holds",
    "absent": "the row has no such field; null says that a value is missing",
    "row": "the row is not an object of fields",
    "answer": NOT_FINITE,
    "converted": "true or false was taken as 1 or 0",
    "unseen": "training did not have this level",
    "range": "the number is outside the range seen in training",
    "fraction": "the number is not whole, but training had whole numbers only",
    "missing": "no value, but training always had one",
    "unknown": "the model knows no such field; it was ignored",
}


class Note(NamedTuple):
    """What is to be said about one field of a row; `field` is None where it is the row as a whole."""

    field: str | None
    kind: str
    severity: Severity
    value: str | None
    message: str

    def to_json(self) -> dict[str, Any]:
        """Return the note as a JSON object."""
        return self._asdict()


class Reason(NamedTuple):
    """Why: a field, its value as the model read it, what is usual there, and how it moved the answer.

    `effect` is in `unit`, that of the model's score: log-odds, score, probability, value, or log (of the value). `does`
    says that in words, `doubt` what speaks against the value ("" for nothing); `words` say all of it in a sentence
    without its full stop.
    """

    field: str
    value: Any
    usual: Any
    effect: float
    unit: str
    doubt: str
    does: str
    words: str

    def to_json(self) -> dict[str, Any]:
        """Return the reason as a JSON object."""
        return self._asdict()


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one row.

    Attributes
    ----------
    id : str
        Of this prediction, for a log or for later feedback.
    status : "ok", "doubtful" or "refused"
        Doubtful has a prediction and notes; refused has no prediction, and an error among its notes.
    prediction : bool, int, float, str or None
    probabilities : dict or None
        Label as text -> probability, in the order of the model's classes.
    notes : tuple of Note
    reasons : tuple of Reason or None
        The strongest first; None where not asked for, or where the model has none to give.
    """

    id: str
    status: Status
    prediction: Any = None
    probabilities: dict[str, float] | None = None
    notes: tuple[Note, ...] = ()
    reasons: tuple[Reason, ...] | None = None

    def to_json(self, row: int, *, explained: bool = False) -> dict[str, Any]:
        """Return the answer as a JSON object; rows count from 1, reasons are told where `explained`."""
        made: dict[str, Any] = {
            "row": row,
            "id": self.id,
            "status": self.status,
            "prediction": self.prediction,
            "probabilities": self.probabilities,
            "notes": [note.to_json() for note in self.notes],
        }
        if explained:
            made["reasons"] = None if self.reasons is None else [r.to_json() for r in self.reasons]
        return made
