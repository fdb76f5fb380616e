"""``read``: one door for every source of rows."""

from __future__ import annotations

from groundup.tables.sources.frames import as_table
from groundup.tables.table import Table


def read(source) -> Table:
    """Read `source`."""
    return as_table(source)
