"""One column of a contract: its kind, its role, and a summary of its training cells."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from groundup.errors import UsageError, nearest
from groundup.tables.numerals import parse_format

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
Role = Literal["feature", "target", "time", "group", "weight", "ignored"]
Value = bool | int | FiniteFloat | str
NUMERIC = ("number", "integer")
# The kinds that a model can use as a feature.
USABLE = ("number", "integer", "boolean", "category", "datetime")
# A category with more levels stores the most frequent ones only, and no level counts as unseen.
MAX_LEVELS = 10_000
# Above this expected share of new rows, unseen levels are usual for the column and no warning about the row.
USUAL_UNSEEN = 0.05
# A date is outside the training range from this distance on, or from the range's own width where that is less.
MAX_DATE_MARGIN = timedelta(days=365)
QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


class Strict(BaseModel):
    """A frozen model without extra keys: an unknown key in a contract is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Level(Strict):
    """One level of a category or class label: its value in its own type, and its number of training rows."""

    value: Value
    count: int = Field(ge=0)


class Column(Strict):
    """The content and the role of a column.

    Attributes
    ----------
    name : str
    kind : str
        number, integer, boolean, category, datetime; or a kind that is never a feature: text, identifier, constant,
        missing (no value at all), nested (lists, records, bytes).
    role : str
        feature, target, time, group, weight or ignored.
    reason : str
        Why the column is ignored; "" for others.
    dtype : str
        The Polars type of the training column.
    format : str or None
        Format of its text: a number format of ``tables.numerals`` or a layout of ``tables.dates``; None for the default.
        "text" where the user gave that type.
    missing_words : tuple of str
        Words that training read as missing besides those of ``tables.cells``.
    missing : float
        Share of training rows without a value, 0 to 1.
    n_unique : int
        Number of different values, missing ones not counted.
    minimum, maximum : number, str or None
        Range of numbers; of datetimes in ISO 8601.
    quantiles : tuple of float
        Of numbers, at ``QUANTILES``: observed values, not interpolated.
    levels : tuple of Level
        Of categories, booleans and class labels, most frequent first, ties by value.
    levels_complete : bool
        False where there were more than ``MAX_LEVELS``.
    unit : str or None
        Set by the user, or that of its cells: "EUR", "kg".
    """

    name: str
    kind: Kind
    role: Role
    reason: str = ""
    dtype: str = ""
    format: str | None = None
    missing_words: tuple[str, ...] = Field(default=(), exclude_if=lambda words: not words)
    missing: FiniteFloat = Field(default=0.0, ge=0, le=1)
    n_unique: int = Field(default=0, ge=0)
    minimum: FiniteFloat | int | str | None = None
    maximum: FiniteFloat | int | str | None = None
    quantiles: tuple[FiniteFloat, ...] = ()
    levels: tuple[Level, ...] = ()
    levels_complete: bool = True
    unit: str | None = None

    @model_validator(mode="after")
    def _check(self):
        if self.kind in NUMERIC and (isinstance(self.minimum, str) or isinstance(self.maximum, str)):
            raise ValueError(f"column {self.name!r}: the range of numbers must be numbers")
        if self.kind in NUMERIC:
            parse_format(self.format)
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
        """The minimum and maximum of a numeric column; None for others."""
        if self.kind not in NUMERIC or self.minimum is None or self.maximum is None:
            return None
        return float(self.minimum), float(self.maximum)

    @cached_property
    def usual_dates(self) -> tuple[datetime, datetime] | None:
        """The first and the last date without a warning; None for columns without dates.

        Later rows are usually later than those of training, so a date is outside only if its distance from the training
        range exceeds the range's width, a year at most.
        """
        if self.kind != "datetime" or self.minimum is None or self.maximum is None:
            return None
        try:
            low, high = (datetime.fromisoformat(str(end)) for end in (self.minimum, self.maximum))
        except ValueError:
            return None
        margin = min(high - low, MAX_DATE_MARGIN)
        return max(low, datetime.min + margin) - margin, min(high, datetime.max - margin) + margin  # noqa: DTZ901

    @cached_property
    def known(self) -> frozenset[str]:
        """The levels as text; see ``as_level``."""
        return frozenset(as_level(level.value) for level in self.levels)

    @cached_property
    def has_whole_levels(self) -> bool:
        """Whether some levels are whole numbers, which a float column of a file writes as 3.0."""
        return any(
            isinstance(level.value, int) and not isinstance(level.value, bool) for level in self.levels
        )

    @cached_property
    def unseen_share(self) -> float:
        """Expected share of new rows with an unseen level: levels seen once over rows (Good & Turing, 1953)."""
        total = sum(level.count for level in self.levels)
        return sum(level.count == 1 for level in self.levels) / total if total else 0.0

    @property
    def unseen_is_usual(self) -> bool:
        """Whether unseen levels are expected because so many levels are rare: tickets, streets, names."""
        return self.kind == "category" and self.unseen_share > USUAL_UNSEEN


def as_level(value) -> str:
    """Return the text by which a level is matched: 3, 3.0 and "3" are the same level."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def label_named(name, labels: Iterable[Any], target: str | None, what: str):
    """Return the one of `labels` that `name` names, in its own type or as text: "1", 1 and 1.0 are the same label.

    Parameters
    ----------
    target, what : str
        The column, and what the label is for: both are named in the error.

    Raises
    ------
    UsageError
        If there is none; with the nearest one.
    """
    known = {as_level(label): label for label in labels}
    text = as_level(name)
    if text.lower() in ("true", "false") and any(isinstance(label, bool) for label in known.values()):
        text = text.lower()
    if text in known:
        return known[text]
    shown = ", ".join(map(repr, list(known)[:20])) + (", ..." if len(known) > 20 else "")
    raise UsageError(
        f"The target {target!r} has no class {text!r} ({what}).{nearest(text, known)}",
        hint=f"Its classes are: {shown}.",
    )
