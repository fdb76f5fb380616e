"""What a model refuses to answer: cells that its contract cannot read, and rows in a form that is not meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NoReturn, get_args

from groundup.errors import GroundupError, UsageError, nearest, shorten

if TYPE_CHECKING:
    from groundup.tables import Contract
    from groundup.tables.contract.problems import Problem

Errors = Literal["raise", "null"]
SHOWN = 5


def check_choice(errors: str) -> None:
    """Raise UsageError unless `errors` is a known choice."""
    if errors not in get_args(Errors):
        raise UsageError(f"errors is 'raise' or 'null', not {shorten(errors)}.")


def check_rows(rows) -> None:
    """Raise UsageError if `rows` is one row, a mapping from column to a single value."""
    if isinstance(rows, Mapping) and rows and not any(_is_column(v) for v in rows.values()):
        raise UsageError(
            "This mapping is one row: its values are single cells, not columns.",
            hint="Use predict_row(row) for one row, or give a list of rows: predict([row]).",
        )


def check_mapping(row) -> None:
    """Raise UsageError unless `row` is one row, a mapping."""
    if not isinstance(row, Mapping):
        raise UsageError(
            f"One row is a mapping from column to value, not a {type(row).__name__}.",
            hint="Many rows go to predict(rows).",
        )


def check_keys(extra: Sequence[str], contract: Contract) -> None:
    """Raise UsageError if keys of a row that are no features are no columns of the contract either."""
    unknown = [name for name in extra if name not in contract.by_name]
    if unknown:
        told = ", ".join(shorten(name) for name in unknown[:SHOWN])
        more = f", ... ({len(unknown)} in all)" if len(unknown) > SHOWN else ""
        noun = "key" if len(unknown) == 1 else "keys"
        raise UsageError(
            f"The row has the {noun} {told}{more}, which the model does not know.{nearest(unknown[0], contract.by_name)}",
            hint="Leave out what is no column of the contract, or ignore it with errors='null'.",
        )


def refuse(first: Sequence[Problem], n_wrong: int, contract: Contract, *, with_row: bool = True) -> NoReturn:
    """Raise GroundupError for cells that cannot be read.

    Parameters
    ----------
    first : sequence of Problem
        The first of them, one at least.
    n_wrong : int
        How many there are.
    contract : Contract
    with_row : bool
        Name the row: not where there is one only.
    """
    one = first[0]
    if one.kind == "infinite":
        told = "This is not a finite number"
    else:
        told = f"This cell cannot be read as its column's kind, {contract.by_name[one.column].kind}"
    lines = []
    if n_wrong > 1:
        told += f", and {n_wrong - 1} more cannot be read"
        lines = [str(p) if with_row else str(p).split(", ", 1)[1] for p in first[1:SHOWN]]
        lines += ["..."] if n_wrong > SHOWN else []
    lines.append("Mend the data, or take such cells as missing with errors='null'.")
    raise GroundupError(
        f"{told}.",
        hint="\n  ".join(lines),
        row=one.row if with_row else None,
        column=one.column,
        value=one.value,
    )


def _is_column(value) -> bool:
    return not isinstance(value, (str, bytes)) and hasattr(value, "__len__")
