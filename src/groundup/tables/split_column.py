"""A column that says for each row whether it is for training, validation or testing.

Values are compared without case, blanks and separators, and without a last word such as "set": ``Test_Set`` is ``test``.
Only words that are never used for another set are known: 0 and 1, or ``a`` and ``b``, may mean either.
"""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from groundup.errors import UsageError
from groundup.tables.splitting import Assignment
from groundup.tables.table import Note
from groundup.text.numbers import format_count, pluralize

_WORDS = (
    ("training", {"train", "training", "trn", "tr", "learn", "learning", "fit"}),
    ("validation", {"valid", "validation", "validate", "val", "vld", "dev", "eval", "evaluation", "tune", "tuning"}),
    ("test", {"test", "testing", "tst", "te", "holdout", "heldout", "final", "oot", "outoftime"}),
)  # fmt: skip
_PARTS = ("train", "valid", "test")
_LAST_WORD = re.compile(r"(?:set|split|data|sample|rows)$")


def read_split_column(series: pl.Series) -> Assignment:
    """Return the set of every row.

    Raises
    ------
    UsageError
        If a value is no known word, or all rows are in the training set.
    """
    column = series.name
    text = series.cast(pl.String).str.strip_chars()
    codes = np.full(len(series), -1)
    read: list[tuple[str, str, int]] = []
    for value, count in text.drop_nulls().alias("v").value_counts(sort=True, name="n").iter_rows():
        part = _part_of(value)
        if part is None:
            row = int((text == value).arg_true()[0]) + 1
            raise UsageError(
                f"The split column {column!r} has the value {value!r}, which names no set.",
                hint="Its values are train, valid and test, or words like training, validation, val, dev and holdout.",
                row=row,
            )
        codes[(text == value).fill_null(value=False).to_numpy()] = part
        read.append((value, _WORDS[part][0], count))
    if not (codes > 0).any():
        raise UsageError(
            f"The split column {column!r} puts no row into a validation or a test set.",
            hint="Split without it.",
        )
    if not (codes == 0).any():
        raise UsageError(f"The split column {column!r} puts no row into the training set.")
    words = ", ".join(f"{value!r} ({format_count(n)}) is {name}" for value, name, n in read)
    notes = [Note("split", f"says which set a row is in: {words}", column)]
    if n_missing := int((codes < 0).sum()):
        rows = pluralize(n_missing, "row has", "rows have")
        notes.append(Note("split", f"{rows} no value, and are in no set", column))
    origins = {_PARTS[part]: f"column {column!r}" for part in (1, 2) if (codes == part).any()}
    return Assignment(codes, origins, tuple(notes))


def _part_of(value: str) -> int | None:
    """Return the number of the set that a value names, or None."""
    word = re.sub(r"[\W_]+", "", value).lower()
    words = {word, _LAST_WORD.sub("", word)}
    return next((part for part, (_, known) in enumerate(_WORDS) if words & known), None)
