"""Whether the first record of a text table names the columns.

Types decide where they can: a word above numbers is a name, a number above numbers is none. Where every column is text,
it is asked whether the first record could be a row like the others. If it were one, any order of the n records would be
as likely. So in a column where s values stand but once, one of them would come first in s / n of all orders; and where
most do, the first would be shorter or longer than all others in 2 / n at most. These chances are put together by two
bounds that hold however columns hang together (Rüger 1978): k times the smallest of k, and twice their median. Where
either is below 5 %, the first record is no row.
"""

from __future__ import annotations

import re
from collections import Counter
from statistics import median

from groundup.tables import cells
from groundup.tables.dates import LAYOUTS

_KNOWN = re.compile(
    "|".join([*(f"(?:{p})" for p in cells.NUMBER_PATTERNS.values())])
    + r"|^(?i:true|false|yes|no|y|n|na|n/a|nan|null|m|f|male|female)$|^https?://\S+$|^[\w.+-]+@[\w-]+\.[\w.]+$"
    + r"|^[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?$|^[$€£] ?[0-9.,]+$|^[0-9.,]+ ?[%€$£]$"
)
_DATES = [re.compile(re.sub(r"\?P<\w+>", "?:", pattern)) for pattern in LAYOUTS.values()]
_UNLIKELY = 0.05
_ALL_TEXT = "every column is text, as the first record is"


def is_typed(cell: str) -> bool:
    """Say whether `cell` is a number, a date, a truth value, an address: something that a header is not."""
    return _KNOWN.match(cell) is not None or any(p.match(cell) for p in _DATES)


def is_number(cell: str) -> bool:
    """Say whether `cell` is a number in any format."""
    return any(re.match(p, cell) for p in cells.NUMBER_PATTERNS.values())


def names_columns(rows: list[list[str]]) -> tuple[bool, str]:
    """Return whether the first of `rows` names the columns, and why that is not sure ("" if it is)."""
    first, below = [c.strip() for c in rows[0]], rows[1:]
    if not below:
        return not any(is_number(c) for c in first), "there is one record only"
    columns = [
        [row[j].strip() for row in below if j < len(row) and row[j].strip()] for j in range(len(first))
    ]
    pairs = [(name, column) for name, column in zip(first, columns, strict=True) if name and column]
    by_type = sum(_by_type(name, column, first) for name, column in pairs)
    n_again = sum(_by_type(name, column, first) == 0 and name in column for name, column in pairs)
    if by_type > n_again:
        return True, ""
    if by_type < 0:
        return False, ""
    if chance_of_a_row(pairs) < _UNLIKELY:
        return True, "every column is text, but the first record is unlike the rows below"
    if by_type < n_again:
        again = next(name for name, column in pairs if name in column)
        return False, f"every column is text, and {again[:40]!r} stands below again"
    repeated = len(set(first)) < len([c for c in first if c])
    typed = any(is_number(c) and not _is_year(c, first) for c in first if c)
    return not (typed or (repeated and len(first) > 2)), _ALL_TEXT


def _by_type(name: str, column: list[str], first: list[str]) -> int:
    """Return 1 if `name` is of another type than the cells below it, -1 if it is a value as they are, 0 if in doubt."""
    typed = sum(map(is_typed, column)) > 0.5 * len(column)
    if is_number(name):
        return -int(typed and not _is_year(name, first))
    if is_typed(name) and not name.isalpha():  # "n" and "no" may be names
        return -int(typed)
    lengths = {len(c) for c in column}
    codes = len(lengths) == 1 and len(column) >= 5 and len(name) not in lengths
    return int(typed or codes)  # codes of one length below a name of another


def chance_of_a_row(pairs: list[tuple[str, list[str]]]) -> float:
    """Return the lower of two bounds on the chance that a row stands out from its columns as the first record does.

    Parameters
    ----------
    pairs : list of (str, list of str)
        Each column's first cell, and the cells below it.
    """
    chances = []
    for cell, column in pairs:
        n, counts = len(column) + 1, Counter([cell, *column])
        n_single = sum(k == 1 for k in counts.values())
        if n_single <= n / 2:
            chances.append(n_single / n if counts[cell] == 1 else 1.0)
        else:
            lengths = [len(c) for c in column]
            chances.append(1.0 if min(lengths) <= len(cell) <= max(lengths) else 2 / n)
    return min([1.0, len(chances) * min(chances), 2 * median(chances)]) if chances else 1.0


def _is_year(name: str, first: list[str]) -> bool:
    """Say whether `name` is one of several years in a row: then it may well be a heading."""
    years = [c for c in first if re.match(r"^(19|20)[0-9]{2}$", c)]
    return name in years and len(years) >= 3 and len(set(years)) == len(years)
