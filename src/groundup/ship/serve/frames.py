"""Judged rows side by side in one frame: the form in which a model takes many at once."""

from __future__ import annotations

import polars as pl

from groundup.tables import Contract
from groundup.tables.contract.problems import Conformed, ConformedRow

_TYPES = {"boolean": pl.Boolean, "category": pl.String, "datetime": pl.Datetime("us")}


def conformed(rows: list[ConformedRow], contract: Contract) -> Conformed:
    """Return rows that ``contract.conform_row`` has judged as ``contract.conform`` would return them together."""
    columns = [
        pl.Series(c.name, [row.values[c.name] for row in rows], dtype=_TYPES.get(c.kind, pl.Float64))
        for c in contract.feature_columns
    ]
    return Conformed(pl.DataFrame(columns))
