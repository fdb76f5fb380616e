"""What sets a segment apart, in numbers and in words.

A number column is told where the segment's mean is at least ``FAR`` standard deviations of the whole table from the
table's mean; a category where a level is ``MORE`` times as frequent as in the table and holds half of the segment.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from groundup.tables import Contract
from groundup.tables.contract.column import NUMERIC
from groundup.text.numbers import format_number
from groundup.workbench.result import Segment

FAR = 0.5
MORE = 1.25
MOST_TOLD = 4


def profile(frame: pl.DataFrame, labels: np.ndarray, contract: Contract) -> list[Segment]:
    """Return each segment of the rows of `frame`, the largest first; `labels` numbers them from 0."""
    out = []
    for number in np.unique(labels):
        rows = frame[np.flatnonzero(labels == number)]
        told: list[tuple[float, str]] = []
        values: dict[str, float | str | None] = {}
        for column in contract.feature_columns:
            kind, mine, all_rows = column.kind, rows[column.name], frame[column.name]
            describe = _number if kind in NUMERIC else _level if kind in ("category", "boolean") else None
            if describe is not None:
                values[column.name], found = describe(mine, all_rows, column.name)
                told += found
        told.sort(key=lambda pair: -pair[0])
        words = ", ".join(text for _, text in told[:MOST_TOLD]) or "near the average in every column"
        share = rows.height / frame.height
        out.append(Segment(number=int(number), rows=rows.height, share=share, words=words, values=values))
    return sorted(out, key=lambda s: (-s.rows, s.number))


def _number(mine: pl.Series, every: pl.Series, name: str):
    mine, every = mine.drop_nulls(), every.drop_nulls()
    if mine.is_empty():
        return None, []
    mean, overall = float(np.mean(mine.to_numpy())), float(np.mean(every.to_numpy()))
    spread = float(np.std(every.to_numpy()))
    if spread == 0:
        return mean, []
    far = (mean - overall) / spread
    word = "high" if far > 0 else "low"
    told = (
        [(abs(far), f"{word} {name} ({format_number(mean)}, all {format_number(overall)})")]
        if abs(far) >= FAR
        else []
    )
    return mean, told


def _level(mine: pl.Series, every: pl.Series, name: str):
    present = mine.drop_nulls().cast(pl.String)
    if present.is_empty():
        return None, []
    counted = present.alias("level").value_counts(name="n").sort(["n", "level"], descending=[True, False])
    level = counted["level"][0]
    share = counted["n"][0] / len(mine)
    overall = (every.cast(pl.String) == level).sum() / len(every)
    often = share >= 0.5 and share >= MORE * overall
    told = (
        [(share / max(overall, 1e-9) - 1, f"mostly {name} {level} ({share:.0%}, all {overall:.0%})")]
        if often
        else []
    )
    return level, told
