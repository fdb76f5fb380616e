"""A contract in a few readable lines: what is learnt, and each column with its kind and what its cells looked like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundup.tables.contract.column import NUMERIC, Column
from groundup.text.numbers import format_percent

if TYPE_CHECKING:
    from groundup.tables.contract.contract import Contract

_MOST_COLUMNS = 40
_MOST_LEVELS = 4


def told_contract(contract: Contract) -> str:
    """Return `contract` as text: a line for the task, then one for each column."""
    learnt = f", {contract.target} is learnt" if contract.target is not None else ""
    features = f"{len(contract.features)} of {len(contract.columns)} columns are features"
    lines = [
        f"Contract of {contract.name!r}: {contract.task}{learnt}; {contract.n_rows:,} rows, {features}",
    ]
    shown = contract.columns[:_MOST_COLUMNS]
    width = min(max(len(c.name) for c in shown), 30)
    for column in shown:
        name = column.name if len(column.name) <= 30 else column.name[:29] + "…"
        lines.append(f"  {name:<{width}}  {column.kind:<10}  {_told_column(column)}".rstrip())
    if len(contract.columns) > len(shown):
        lines.append(f"  ... and {len(contract.columns) - len(shown)} more columns")
    return "\n".join(lines)


def _told_column(column: Column) -> str:
    if column.role == "ignored":
        return f"left out: {column.reason}"
    parts = [] if column.role == "feature" else [column.role]
    if column.levels:
        values = ", ".join(str(level.value) for level in column.levels[:_MOST_LEVELS])
        more = ", ..." if column.n_unique > _MOST_LEVELS else ""
        parts.append(f"{column.n_unique:,} levels: {values}{more}")
    elif column.kind in NUMERIC and column.bounds is not None:
        low, high = column.bounds
        parts.append(f"{low:,.10g} to {high:,.10g}" + (f" {column.unit}" if column.unit else ""))
    elif column.minimum is not None:
        parts.append(f"{column.minimum} to {column.maximum}")
    if column.missing:
        parts.append(f"{format_percent(column.missing)} missing")
    return "; ".join(parts)
