"""One column of a contract: its kind, its role, and what its training cells looked like."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

Kind = Literal[
    "number",
    "integer",
    "boolean",
    "category",
    "datetime",
    "text",
    "identifier",
    "constant",
    "missing",
    "nested",
]
Role = Literal["feature", "target", "time", "group", "ignored"]
Value = bool | int | FiniteFloat | str
NUMERIC = ("number", "integer")
# The kinds that a learner may be fed.
USABLE = ("number", "integer", "boolean", "category", "datetime")
# A category with more levels keeps the most frequent ones here, and no level counts as unseen.
MAX_LEVELS = 10_000
# Above this expected share of new rows, an unseen level in a column is the usual case, not a doubt about the row.
USUAL_UNSEEN = 0.05
QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


class Strict(BaseModel):
    """Frozen, closed models: an unknown key in a contract is an error, not a guess."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Level(Strict):
    """One level of a category, or one label: its value in its own type, and how many training rows had it."""

    value: Value
    count: int = Field(ge=0)


class Column(Strict):
    """What a column holds and what it is used for.

    Attributes
    ----------
    name : str
    kind : str
        number, integer, boolean, category, datetime; or one that no learner is fed: text, identifier, constant,
        missing (no value at all), nested (lists, records, bytes).
    role : str
        feature, target, time, group or ignored.
    reason : str
        Why the column is ignored; "" for others.
    dtype : str
        The Polars type it was inferred from.
    format : str or None
        How its text is read: a number format of ``tables.cells`` or a layout of ``tables.dates``; None for the default.
    missing : float
        Share of training rows without a value, 0 to 1.
    n_unique : int
        Different values among the rows that have one.
    minimum, maximum : number, str or None
        Range of numbers; of datetimes in ISO 8601.
    quantiles : tuple of float
        Of numbers, at ``QUANTILES``: observed values, none interpolated.
    levels : tuple of Level
        Of categories, booleans and class labels, most frequent first, ties by value.
    levels_complete : bool
        False where there were more than ``MAX_LEVELS``.
    unit : str or None
        As stated by the user: "EUR", "kg".
    """

    name: str
    kind: Kind
    role: Role
    reason: str = ""
    dtype: str = ""
    format: str | None = None
    missing: FiniteFloat = Field(default=0.0, ge=0, le=1)
    n_unique: int = Field(default=0, ge=0)
    minimum: FiniteFloat | int | str | None = None
    maximum: FiniteFloat | int | str | None = None
    quantiles: tuple[FiniteFloat, ...] = ()
    levels: tuple[Level, ...] = ()
    levels_complete: bool = True
    unit: str | None = None

    @model_validator(mode="after")
    def _sound(self):
        if self.kind in NUMERIC and (isinstance(self.minimum, str) or isinstance(self.maximum, str)):
            raise ValueError(f"column {self.name!r}: the range of numbers must be numbers")
        if self.bounds is not None and self.bounds[0] > self.bounds[1]:
            raise ValueError(f"column {self.name!r}: minimum {self.minimum} is above maximum {self.maximum}")
        if self.quantiles and (
            len(self.quantiles) != len(QUANTILES) or list(self.quantiles) != sorted(self.quantiles)
        ):
            raise ValueError(f"column {self.name!r}: quantiles must be {len(QUANTILES)} numbers in order")
        if self.role == "feature" and self.kind not in USABLE:
            raise ValueError(f"column {self.name!r}: a {self.kind} column cannot be a feature")
        return self

    @cached_property
    def bounds(self) -> tuple[float, float] | None:
        """The range of a column of numbers; None for others."""
        if self.kind not in NUMERIC or self.minimum is None or self.maximum is None:
            return None
        return float(self.minimum), float(self.maximum)

    @cached_property
    def known(self) -> frozenset[str]:
        """The levels as texts, as ``as_level`` writes them."""
        return frozenset(as_level(level.value) for level in self.levels)

    @cached_property
    def unseen_share(self) -> float:
        """The share of new rows expected to have an unseen level: levels seen once over rows (Good & Turing, 1953)."""
        total = sum(level.count for level in self.levels)
        return sum(level.count == 1 for level in self.levels) / total if total else 0.0

    @property
    def unseen_is_usual(self) -> bool:
        """Whether so many levels are rare that unseen ones say nothing against a row: tickets, streets, names."""
        return self.kind == "category" and self.unseen_share > USUAL_UNSEEN


def as_level(value) -> str:
    """Return a level's value as the text it is matched by: 3, 3.0 and "3" are one level."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
