"""A contract as text (``print(contract)``) and as HTML (notebooks)."""

from __future__ import annotations

from groundup.tables.contract.column import NUMERIC, Column
from groundup.text.escaping import value_text
from groundup.text.notebook import facts, grid, titled
from groundup.text.numbers import format_amount, format_count, format_datetime, format_percent, pluralize

_MAX_COLUMNS = 40
_MAX_LEVELS_TEXT, _MAX_LEVELS_HTML = 4, 5


def render_text(contract) -> str:
    """Return `contract` as text: a line for the task, then one line per column."""
    target = f", target {contract.target!r}" if contract.target is not None else ""
    features = f"{len(contract.features)} of {len(contract.columns)} columns are features"
    lines = [
        f"Contract of {contract.name!r}: {contract.task}{target}; {pluralize(contract.n_rows, 'row')}; {features}"
    ]
    columns = contract.columns[:_MAX_COLUMNS]
    width = min(max(len(c.name) for c in columns), 30)
    for column in columns:
        name = column.name if len(column.name) <= 30 else column.name[:29] + "…"
        lines.append(f"  {name:<{width}}  {column.kind:<10}  {_summarise(column)}".rstrip())
    if len(contract.columns) > len(columns):
        lines.append(f"  ... and {len(contract.columns) - len(columns)} more columns")
    return "\n".join(lines)


def _summarise(column: Column) -> str:
    """Return the role, values and missing share of a column in one line."""
    if column.role == "ignored":
        return f"ignored: {column.reason}"
    parts = [] if column.role == "feature" else [column.role]
    if column.levels:
        values = ", ".join(value_text(level.value) for level in column.levels[:_MAX_LEVELS_TEXT])
        more = ", ..." if column.n_unique > _MAX_LEVELS_TEXT else ""
        parts.append(f"{format_count(column.n_unique)} levels: {values}{more}")
    elif column.kind in NUMERIC and column.bounds is not None:
        low, high = column.bounds
        parts.append(f"{low:,.10g} to {high:,.10g}" + (f" {column.unit}" if column.unit else ""))
    elif column.minimum is not None:
        parts.append(" to ".join(_format_bound(end, column.kind) for end in (column.minimum, column.maximum)))
    if column.missing:
        parts.append(f"{format_percent(column.missing)} missing")
    return "; ".join(parts)


def range_of(column: Column) -> str:
    """Return the range of a column's values, or its most frequent levels; "" where neither is known."""
    if column.levels:
        levels = ", ".join(value_text(level.value) for level in column.levels[:_MAX_LEVELS_HTML])
        more = len(column.levels) - _MAX_LEVELS_HTML
        return f"{levels} and {format_count(more)} more" if more > 0 else levels
    if column.minimum is None:
        return ""
    low, high = (_format_bound(value, column.kind) for value in (column.minimum, column.maximum))
    if column.n_unique == 2:
        return f"{low} or {high}"
    median = f", median {_format_bound(column.quantiles[4], column.kind)}" if column.quantiles else ""
    return f"{low} to {high}{median}"


def _format_bound(value, kind: str) -> str:
    """Return the end of a range as text."""
    if isinstance(value, str):
        return format_datetime(value)
    return format_count(int(value)) if kind == "integer" else format_amount(float(value), digits=3)


def render_html(contract) -> str:
    """Return `contract` as an HTML table with one row per column that is used."""
    used = [c for c in contract.columns if c.role != "ignored"]
    about = facts(
        [
            ("task", contract.task),
            ("rows", format_count(contract.n_rows)),
            *(("ignored", f"{name}: {reason}") for name, reason in contract.ignored.items()),
        ]
    )
    numeric = {"missing", "different"}
    heads = [(h, h in numeric) for h in ("column", "kind", "role", "missing", "different", "range")]
    rows = [
        [
            f"{c.name} ({c.unit})" if c.unit else c.name,
            c.kind,
            c.role,
            format_percent(c.missing) if c.missing else "",
            format_count(c.n_unique),
            range_of(c),
        ]
        for c in used
    ]
    strong = [c.role == "target" for c in used]
    return titled(f"Contract of {contract.name}", about + grid(heads, rows, strong=strong))
