"""Rows that are there twice: counted, so that a reader knows before a score that rests on them.

Cost: one hash of each row; a chance of 1 in 10^7 that among a million rows two different ones are taken for one.
"""

from __future__ import annotations

import polars as pl

from groundup.tables.table import Note

_SHOWN = 3


def copies(frame: pl.DataFrame) -> list[Note]:
    """Return a note on the rows of `frame` that are exact copies of an earlier row, in every column; none, no note.

    Row numbers count from 1.
    """
    if frame.width == 0 or any(t.is_nested() or t == pl.Object for t in frame.dtypes):
        return []
    again = (~frame.hash_rows().is_first_distinct()).arg_true()
    if not len(again):
        return []
    first = [f"{row + 1:,}" for row in again.head(_SHOWN).to_list()]
    rows = ("row " if len(first) == 1 else "rows ") + ", ".join(first)
    more = ", ..." if len(again) > len(first) else ""
    many = f"{len(again):,} rows are exact copies" if len(again) > 1 else "1 row is an exact copy"
    told = f"{many} of an earlier row ({rows}{more}); if they are no cases of their own, take them out first"
    return [Note("copies", told)]
