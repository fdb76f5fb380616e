"""A contract as it shows itself in a notebook, and the range of a column in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundup.tables.contract.column import Column
from groundup.text.notebook import facts, grid, titled
from groundup.text.numbers import format_amount, format_percent

if TYPE_CHECKING:
    from groundup.tables.contract.contract import Contract

_LEVELS = 5


def range_of(column: Column) -> str:
    """Return the range of a column's values, or its most frequent levels; "" where neither is known."""
    if column.levels:
        told = ", ".join(str(level.value) for level in column.levels[:_LEVELS])
        more = len(column.levels) - _LEVELS
        return f"{told} and {more:,} more" if more > 0 else told
    if column.minimum is None:
        return ""
    low, high = (_bound(value, column.kind) for value in (column.minimum, column.maximum))
    if column.n_unique == 2:
        return f"{low} or {high}"
    middle = f", median {_bound(column.quantiles[4], column.kind)}" if column.quantiles else ""
    return f"{low} to {high}{middle}"


def _bound(value, kind: str) -> str:
    if isinstance(value, str):
        return value
    return f"{int(value):,}" if kind == "integer" else format_amount(float(value), digits=3)


def contract_html(contract: Contract) -> str:
    """Return what every column means, as a table."""
    used = [c for c in contract.columns if c.role != "ignored"]
    ignored = [c for c in contract.columns if c.role == "ignored"]
    about = facts(
        [
            ("task", contract.task),
            ("rows", f"{contract.n_rows:,}"),
            *(("left out", f"{c.name}: {c.reason}") for c in ignored),
        ]
    )
    heads = [
        ("column", False),
        ("holds", False),
        ("role", False),
        ("missing", True),
        ("different", True),
        ("range", False),
    ]
    rows = [
        [
            f"{c.name} ({c.unit})" if c.unit else c.name,
            c.kind,
            c.role,
            format_percent(c.missing) if c.missing else "",
            f"{c.n_unique:,}",
            range_of(c),
        ]
        for c in used
    ]
    strong = [c.role == "target" for c in used]
    return titled(f"Contract of {contract.name}", about + grid(heads, rows, strong=strong))
