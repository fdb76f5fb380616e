"""Checks of rows before they are predicted, and the errors for rows that cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NoReturn, get_args

import polars as pl

from groundup.errors import GroundupError, UsageError, nearest, shorten
from groundup.tables.contract.problems import Conformed, ConformedRow, Problem

if TYPE_CHECKING:
    from groundup.tables import Contract

Errors = Literal["raise", "null"]
MAX_LISTED = 5
_TYPES = {"boolean": pl.Boolean, "category": pl.String, "datetime": pl.Datetime("us")}


def check_rows(rows, contract: Contract | None, errors: Errors):
    """Return rows in the contract's form; rows that ``contract.conform`` returned are taken as they are.

    Raises
    ------
    GroundupError
        With ``errors="raise"``, if a cell cannot be read.
    CheckFailed
        If columns are missing.
    UsageError
        If `rows` is a single row, or `errors` an unknown choice.
    """
    _check_option(errors)
    if isinstance(rows, Conformed):
        return rows
    if isinstance(rows, Mapping) and rows and not any(is_column(v) for v in rows.values()):
        raise UsageError(
            "This mapping is one row: its values are single cells, not columns.",
            hint="Use predict_row(row) for one row, or give a list of rows: predict([row]).",
        )
    if contract is None:
        return rows
    conformed = contract.conform(rows)
    if errors == "raise" and (n_unread := conformed.errors.height):
        first = [Problem(*values) for values in conformed.errors.head(MAX_LISTED).iter_rows()]
        _raise_unreadable(first, n_unread, contract)
    return conformed


def check_row(
    row: Mapping[str, object] | ConformedRow, contract: Contract | None, errors: Errors
) -> Mapping[str, object]:
    """Return the cells of one row in the contract's form; raises as `check_rows`, and for unknown keys."""
    _check_option(errors)
    if isinstance(row, ConformedRow):
        return row.values
    if not isinstance(row, Mapping):
        raise UsageError(
            f"One row is a mapping from column to value, not a {type(row).__name__}.",
            hint="Many rows go to predict(rows).",
        )
    if contract is None:
        return row
    conformed = contract.conform_row(row)
    if errors == "raise":
        if conformed.extra:
            _check_keys(conformed.extra, contract)
        if conformed.status == "refused":
            unread = [p for p in conformed.problems if p.severity == "error"]
            _raise_unreadable(unread, len(unread), contract, with_row=False)
    return conformed.values


def as_frame(rows: Sequence[ConformedRow], contract: Contract) -> Conformed:
    """Return rows that were checked one by one as one frame."""
    columns = [
        pl.Series(c.name, [row.values[c.name] for row in rows], dtype=_TYPES.get(c.kind, pl.Float64))
        for c in contract.feature_columns
    ]
    return Conformed(pl.DataFrame(columns))


def is_column(value) -> bool:
    """Tell whether a value of a mapping is a column of cells, not a single cell."""
    return not isinstance(value, (str, bytes)) and hasattr(value, "__len__")


def _check_option(errors: str) -> None:
    if errors not in get_args(Errors):
        raise UsageError(f"errors is 'raise' or 'null', not {shorten(errors)}.")


def _check_keys(extra: Sequence[str], contract: Contract) -> None:
    """Raise UsageError if keys of a row are no columns of the contract, features or others."""
    unknown = [name for name in extra if name not in contract.by_name]
    if unknown:
        listed = ", ".join(shorten(name) for name in unknown[:MAX_LISTED])
        listed += f", ... ({len(unknown)} in all)" if len(unknown) > MAX_LISTED else ""
        noun = "key" if len(unknown) == 1 else "keys"
        raise UsageError(
            f"The row has the {noun} {listed}, which the model does not know.{nearest(unknown[0], contract.by_name)}",
            hint="Remove keys that are no columns of the contract, or ignore them with errors='null'.",
        )


def _raise_unreadable(
    first: Sequence[Problem], n_unread: int, contract: Contract, *, with_row: bool = True
) -> NoReturn:
    """Raise GroundupError for `n_unread` cells that cannot be read; `first` are the first of them, one at least."""
    one = first[0]
    if one.kind == "infinite":
        message = "This is not a finite number"
    else:
        message = f"This cell cannot be read as its column's kind, {contract.by_name[one.column].kind}"
    lines = []
    if n_unread > 1:
        message += f", and {n_unread - 1} more cannot be read"
        lines = [str(p) if with_row else str(p).split(", ", 1)[1] for p in first[1:MAX_LISTED]]
        lines += ["..."] if n_unread > MAX_LISTED else []
    lines.append("Correct the data, or treat such cells as missing with errors='null'.")
    raise GroundupError(
        f"{message}.",
        hint="\n  ".join(lines),
        row=one.row if with_row else None,
        column=one.column,
        value=one.value,
    )
