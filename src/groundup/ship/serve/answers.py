"""The server's answer to a row: prediction, probabilities, notes and reasons, and their form as JSON.

The JSON Schema of a response is made from these classes (`schemas`). Floats are written by ``repr``, so that the number
read back is the number computed, bit by bit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from groundup.tables.contract.problems import SEVERITY, Status

# The kinds of notes: those of the contract, and those that only a request can have.
KINDS = (*SEVERITY, "absent", "row", "answer", "unknown")


@dataclass(frozen=True, slots=True)
class Note:
    """A warning or an error about one field of a row; `field` is None where it concerns the row as a whole."""

    field: str | None
    kind: str
    severity: Literal["warn", "error"]
    value: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a prediction: a field, its value, the usual value, and its effect on the score.

    `effect` is in `unit`, that of the model's score: log-odds, score, probability, value, or log (of the value). `does`
    is the effect in words, `warning` what the contract reports about the value ("" for nothing); `words` is all of it as
    a sentence without its full stop.
    """

    field: str
    value: Any
    usual: Any
    effect: float
    unit: str
    warning: str
    does: str
    words: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one row.

    Attributes
    ----------
    row : int
        The row's place in the request, from 1.
    id : str
        Of this prediction, for a log or for later feedback.
    status : "ok", "warning" or "refused"
        A row with a warning has a prediction and notes; a refused one has no prediction, and an error among its notes.
    prediction : bool, int, float, str or None
    probabilities : dict or None
        Label as text -> probability, in the order of the model's classes.
    notes : list of Note
    reasons : list of Reason or None
        The strongest first; None where they were not requested, or the model gives none.
    """

    row: int
    id: str
    status: Status
    prediction: Any
    probabilities: dict[str, float] | None
    notes: list[Note]
    reasons: list[Reason] | None = None

    def to_json(self, *, explained: bool = False) -> dict[str, Any]:
        """Return the answer as a JSON object; the reasons are included where `explained`."""
        out = {field.name: getattr(self, field.name) for field in fields(self)}
        out["notes"] = [asdict(note) for note in self.notes]
        out["reasons"] = None if self.reasons is None else [asdict(reason) for reason in self.reasons]
        if not explained:
            del out["reasons"]
        return out


@dataclass(frozen=True, slots=True)
class Identity:
    """The model that answers: its name, and the digest of its file as its version."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class PredictResponse:
    """The answers to all rows of a request, in the rows' order."""

    request_id: str
    model: Identity
    answers: list[Answer]
