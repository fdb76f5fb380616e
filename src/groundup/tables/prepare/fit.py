"""Fit a plan: infer the kind of each column, and fit a node of that kind."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from groundup.engine.rows.threads import run
from groundup.errors import UsageError, nearest
from groundup.tables.prepare.plan import NODES, Plan

KINDS = (*NODES, "text", "identifier", "constant", "missing", "nested")


def fit_plan(
    frame: pl.DataFrame, kinds: Mapping[str, str] | None, weight, preprocessing, n_threads: int = 1
) -> Plan:
    """Return the plan fitted on a table.

    Parameters
    ----------
    frame : polars.DataFrame
        At least one row.
    kinds : mapping of str to str or None
        Column -> kind; None infers.
    weight : ndarray of shape (n_rows,) or None
    preprocessing : Preprocessing

    Raises
    ------
    UsageError
        For an unknown column or kind.
    ValueError
        If no column can be used, or one does not fit its kind.
    """
    columns = frame.get_columns()  # once: a frame builds this list anew on each access
    names = [series.name for series in columns]
    if kinds is not None:
        _check_kinds(kinds, dict.fromkeys(names))

    def fit_one(j: int):
        """Fit one column."""
        kind = kinds.get(names[j], "unnamed") if kinds is not None else None
        return fit_column(columns[j], kind, weight, preprocessing)

    fitted = dict(zip(names, run(fit_one, len(columns), n_threads), strict=True))
    return Plan(
        columns=tuple(node for node in fitted.values() if not isinstance(node, str)),
        ignored={name: reason for name, reason in fitted.items() if isinstance(reason, str)},
    )


def fit_column(series: pl.Series, kind: str | None, weight, preprocessing):
    """Return the node of one column, or the reason (str) why it is not used."""
    if kind is None:
        kind = infer_kind(series)
    elif kind not in NODES:
        return "it is not a feature" if kind == "unnamed" else f"its kind is {kind}"
    if kind not in NODES:
        return kind
    if series.null_count() == len(series) or (series.dtype.is_float() and _all_nan(series)):
        return "no row has a value"
    return NODES[kind].fit(series, "number" if kind == "integer" else kind, weight, preprocessing)


def infer_kind(series: pl.Series) -> str:
    """Return the kind of a column from its type, or the reason why it cannot be used."""
    dtype = series.dtype
    if dtype == pl.Boolean:
        return "boolean"
    if dtype.is_numeric() or isinstance(dtype, pl.Duration):
        return "number"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "category"
    if dtype == pl.Date or isinstance(dtype, pl.Datetime):
        return "datetime"
    if dtype == pl.Null:
        return "no row has a value"
    return f"cells of type {dtype} are not supported"


def _all_nan(series: pl.Series) -> bool:
    """Return whether every cell is NaN or null."""
    return bool(np.isnan(series.cast(pl.Float64).to_numpy()).all())


def _check_kinds(kinds: Mapping[str, str], columns: Mapping[str, object]) -> None:
    """Raise an error for unknown kinds and columns; `columns` is a mapping for quick look-up in order."""
    for name, kind in kinds.items():
        if kind not in KINDS:
            raise UsageError(f"Unknown kind {kind!r}.{nearest(kind, KINDS)}", column=name)
        if name not in columns and kind in NODES:
            raise UsageError(f"There is no column {name!r}.{nearest(name, columns)}")
