"""Describe what distinguishes a segment, in numbers and in words.

A number column is mentioned if the segment's mean is at least ``MIN_DISTANCE`` standard deviations of the whole table
from the table's mean; a category if a level is ``MIN_RATIO`` times as frequent as in the table and makes up at least half
of the segment.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from groundup.tables import Contract
from groundup.tables.contract.column import NUMERIC
from groundup.text.numbers import format_number
from groundup.workbench.result import Segment

MIN_DISTANCE = 0.5
MIN_RATIO = 1.25
MAX_PHRASES = 4


def profile(frame: pl.DataFrame, labels: np.ndarray, contract: Contract) -> list[Segment]:
    """Return each segment of the rows of `frame`, the largest first; `labels` numbers them from 0."""
    out = []
    for number in np.unique(labels):
        rows = frame[np.flatnonzero(labels == number)]
        phrases: list[tuple[float, str]] = []
        values: dict[str, float | str | None] = {}
        for column in contract.feature_columns:
            if column.kind in NUMERIC:
                describe = _describe_number
            elif column.kind in ("category", "boolean"):
                describe = _describe_level
            else:
                continue
            values[column.name], found = describe(rows[column.name], frame[column.name], column.name)
            phrases += found
        phrases.sort(key=lambda pair: -pair[0])
        words = ", ".join(text for _, text in phrases[:MAX_PHRASES]) or "near the average in every column"
        share = rows.height / frame.height
        out.append(Segment(number=int(number), rows=rows.height, share=share, words=words, values=values))
    return sorted(out, key=lambda s: (-s.rows, s.number))


def _describe_number(segment: pl.Series, table: pl.Series, name: str):
    """Return the segment's mean of a number column, and [(distance, phrase)] if it is far from the table's."""
    segment, table = segment.drop_nulls(), table.drop_nulls()
    if segment.is_empty():
        return None, []
    mean, overall = float(np.mean(segment.to_numpy())), float(np.mean(table.to_numpy()))
    spread = float(np.std(table.to_numpy()))
    if spread == 0 or abs(distance := (mean - overall) / spread) < MIN_DISTANCE:
        return mean, []
    phrase = (
        f"{'high' if distance > 0 else 'low'} {name} ({format_number(mean)}, all {format_number(overall)})"
    )
    return mean, [(abs(distance), phrase)]


def _describe_level(segment: pl.Series, table: pl.Series, name: str):
    """Return the segment's most frequent level of a category, and [(excess, phrase)] if it is typical of the segment."""
    present = segment.drop_nulls().cast(pl.String)
    if present.is_empty():
        return None, []
    counts = present.alias("level").value_counts(name="n").sort(["n", "level"], descending=[True, False])
    level = counts["level"][0]
    share = counts["n"][0] / len(segment)
    overall = (table.cast(pl.String) == level).sum() / len(table)
    if share < 0.5 or share < MIN_RATIO * overall:
        return level, []
    return level, [
        (share / max(overall, 1e-9) - 1, f"mostly {name} {level} ({share:.0%}, all {overall:.0%})")
    ]
