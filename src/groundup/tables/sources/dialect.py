r"""Detect the dialect of a text table: delimiter, quoting, title lines above the table, and the header.

As in CleverCSV (van den Burg, Nazabal & Sutton 2019, Data Mining and Knowledge Discovery 33), a good dialect
gives records of equal width whose cells have known types: score = pattern score x type score over a sample.

Whether the first record is a header is decided by types if possible: a word above numbers is a name, a number above
numbers is a value. Where every column is text, a test decides whether the first record could be a row like the others.
If it were, all orders of the n records would be equally likely. In a column with s values that occur once, one of these
would come first with probability s / n; where most values occur once, the first would be the shortest or longest with
probability 2 / n at most. Two bounds that hold under any dependence between columns (Rüger 1978) combine these
probabilities: k times the smallest of k, and twice their median. If either is below 5%, the first record is a header.
"""

from __future__ import annotations

import re
from collections import Counter
from statistics import median
from typing import NamedTuple

from groundup.tables.dates import DAY_LAYOUTS
from groundup.tables.numerals import NUMBER_PATTERNS
from groundup.tables.sources.records import Dialect, TooWide, parse

DELIMITERS = (",", ";", "\t", "|", ":", "^", "~", " ")
_SAMPLE_CHARS = 1 << 16
_SAMPLE_LINES = 10
_SAMPLE_RECORDS = 200
_SAMPLE_CELLS = 20_000
_WORDS = re.compile(r"^[\w\-.'&()/ ]{1,60}$")
_DATE_PATTERNS = [re.sub(r"\?P<\w+>", "?:", pattern) for pattern in DAY_LAYOUTS.values()]
#: A number, a date, an amount or an address: cells that column names, captions and prose are not.
TYPED_PATTERN = (
    "|".join(f"(?:{pattern})" for pattern in [*NUMBER_PATTERNS.values(), *_DATE_PATTERNS])
    + r"|^https?://\S+$|^[\w.+-]+@[\w-]+\.[\w.]+$"
    + r"|^[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?$|^[$€£] ?[0-9.,]+$|^[0-9.,]+ ?[%€$£]$"
)
_KNOWN = re.compile(TYPED_PATTERN + r"|^(?i:true|false|yes|no|y|n|na|n/a|nan|null|m|f|male|female)$")
_UNLIKELY = 0.05
_ALL_TEXT = "all columns are text, as is the first record"


class Layout(NamedTuple):
    """The layout of a table, detected from its first records.

    ``n_titles``: records above the table; ``has_header``: whether its first record has the column names;
    ``uncertainty``: why this is uncertain ("" if certain); ``width``: cells of most records; ``firsts``: cells of the
    first column.
    """

    n_titles: int
    has_header: bool
    uncertainty: str
    width: int
    firsts: frozenset[str]


def detect_dialect(
    text: str, delimiters: tuple[str, ...] = DELIMITERS, max_cells: int | None = None
) -> tuple[Dialect, str]:
    """Return the dialect of `text`, and another delimiter that fits nearly as well ("" if there is none).

    A record of more than `max_cells` cells is scored by its first cells.
    """
    sample = head_of(text)
    escapes = [None, "\\"] if re.search(r"\\[,;\t|\"]", sample) else [None]
    quotes = ['"', None] if '"' in sample else ['"']
    scores = {}
    for delimiter in delimiters:
        if delimiter not in sample:
            continue
        for quote in quotes:
            for escape in escapes:
                scores[Dialect(delimiter, quote, escape)] = _score(
                    sample, Dialect(delimiter, quote, escape), max_cells
                )
    plain = Dialect("," if "," in delimiters else delimiters[0])
    scores.setdefault(plain, _score(sample, plain, max_cells))
    ranked = sorted(
        scores,
        key=lambda d: (-scores[d], delimiters.index(d.delimiter), d.escape is not None, d.quote is None),
    )
    best = ranked[0]
    rivals = [
        d for d in ranked[1:] if d.delimiter != best.delimiter and scores[d] > 0.9 * scores[best] > 1e-6
    ]
    return best, rivals[0].delimiter if rivals else ""


def sample_records(text: str, dialect: Dialect, max_cells: int | None = None) -> list[list[str]]:
    """Return the cells of the first records that are not blank; raise TooWide if one has more than `max_cells`."""
    records = []
    n_cells = 0
    for record in parse(head_of(text), dialect, max_cells=max_cells):
        if any(cell.strip() for cell in record.cells):
            records.append(record.cells)
            n_cells += len(record.cells)
            if len(records) == _SAMPLE_RECORDS or (n_cells > _SAMPLE_CELLS and len(records) >= 5):
                break
    return records


def head_of(text: str) -> str:
    """Return the first 64 K characters of `text` in whole lines, and at least ten lines."""
    end = _SAMPLE_CHARS
    if len(text) <= end:
        return text
    at = -1
    for _ in range(_SAMPLE_LINES):
        at = text.find("\n", at + 1)
        if at < 0:
            return text
    cut = max(text.rfind("\n", 0, end), at) + 1
    return text[:cut]


def _score(sample: str, dialect: Dialect, max_cells: int | None) -> float:
    """Return how well `dialect` fits, 0 to 1."""
    try:
        rows = sample_records(sample, dialect, max_cells)
    except TooWide as error:  # if this dialect fits best, the caller raises the error
        rows = [list(error.cells)]
    if not rows:
        return 0.0
    shapes = Counter(len(row) for row in rows)
    pattern = sum(n * (width - 1) / width for width, n in shapes.items()) / len(shapes) / len(rows)
    modal = shapes.most_common(1)[0]
    if set(shapes) == {1}:
        pattern = 0.02  # one column is better than a delimiter that occurs in quoted cells only
    # Title lines must not spoil the score of a width that nearly all records have.
    pattern = max(pattern, (modal[0] - 1) / modal[0] * (modal[1] / len(rows)) ** 2)
    known = total = 0.0
    for row in rows:
        for cell in row:
            total += 1
            known += cell_weight(cell.strip())
    opened = sum(cell.startswith('"') for row in rows for cell in row) / total
    quoted = (0.999 if opened < 0.1 else 0.01) if dialect.quote is None else 1.0
    blank = 0.5 if dialect.delimiter in " :" else 1.0  # they occur in prose and in times
    return pattern * known / total * quoted * blank


def cell_weight(cell: str) -> float:
    """Return the score of a cell: 1 for a known type or an empty cell, 0.8 for words, 0.1 for other text."""
    if cell == "" or is_typed(cell):
        return 1.0
    return 0.8 if _WORDS.match(cell) else 0.1


def detect_layout(rows: list[list[str]]) -> Layout:
    """Return the layout of the table in the sample `rows`."""
    n_titles = _count_titles(rows)
    table = rows[n_titles:]
    widths = Counter(len(row) for row in table)
    has_header, uncertainty = detect_header(table)
    firsts = frozenset(row[0] for row in table)
    return Layout(n_titles, has_header, uncertainty, max(widths, key=lambda w: (widths[w], w)), firsts)


def _count_titles(rows: list[list[str]]) -> int:
    """Count the records above the table: those with far fewer filled cells than the following ones."""
    filled = [sum(bool(c.strip()) for c in row) for row in rows]
    widths = Counter(len(row) for row in rows)
    width = max(widths, key=lambda w: (widths[w], w))
    if width < 2:
        return 0
    for i, row in enumerate(rows[:-1]):
        following = sorted(filled[i + 1 : i + 51])
        usual = following[len(following) // 2]
        if len(row) >= min(width, 2) and filled[i] >= max(2, 0.5 * min(usual, width)):
            return i
    return 0


def is_typed(cell: str) -> bool:
    """Return whether `cell` is a number, a date, a word such as true, or an address, which column names are not."""
    return _KNOWN.match(cell) is not None


def is_number(cell: str) -> bool:
    """Return whether `cell` is a number in any format."""
    return any(re.match(p, cell) for p in NUMBER_PATTERNS.values())


def detect_header(rows: list[list[str]]) -> tuple[bool, str]:
    """Return whether the first of `rows` is a header, and why this is uncertain ("" if it is certain)."""
    first = [c.strip() for c in rows[0]]
    below = [row for row in rows[1:] if row != rows[0]] if len(set(first)) > 1 else []
    below = below or rows[1:]  # files put end to end repeat the header, which says nothing about its cells
    if not below:
        return not any(is_number(c) for c in first), "it is the only record"
    columns = [
        [row[j].strip() for row in below if j < len(row) and row[j].strip()] for j in range(len(first))
    ]
    pairs = [(name, column) for name, column in zip(first, columns, strict=True) if name and column]
    by_type = sum(_compare_types(name, column, first) for name, column in pairs)
    n_again = sum(_compare_types(name, column, first) == 0 and name in column for name, column in pairs)
    if by_type > n_again:
        return True, ""
    if by_type < 0:
        return False, ""
    if chance_of_a_row(pairs) < _UNLIKELY:
        return True, "all columns are text, but the first record differs from the rows below"
    if by_type < n_again:
        again = next(name for name, column in pairs if name in column)
        return False, f"all columns are text, and {again[:40]!r} occurs below again"
    repeated = len(set(first)) < len([c for c in first if c])
    typed = any(is_number(c) and not _is_year(c, first) for c in first if c)
    return not (typed or (repeated and len(first) > 2)), _ALL_TEXT


def _compare_types(name: str, column: list[str], first: list[str]) -> int:
    """Return 1 if `name` has another type than the cells below it, -1 if it has the same type, 0 if unclear."""
    typed = sum(map(is_typed, column)) > 0.5 * len(column)
    if is_number(name):
        return -int(typed and not _is_year(name, first))
    if is_typed(name) and not name.isalpha():  # "n" and "no" may be column names
        return -int(typed)
    lengths = {len(c) for c in column}
    codes = len(lengths) == 1 and len(column) >= 5 and len(name) not in lengths
    return int(typed or codes)  # codes of one length below a name of another length


def chance_of_a_row(pairs: list[tuple[str, list[str]]]) -> float:
    """Return an upper bound on the probability that a row differs from the others as the first record does.

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
    """Return whether `name` is one of several years in the first record, which may be column names."""
    years = [c for c in first if re.match(r"^(19|20)[0-9]{2}$", c)]
    return name in years and len(years) >= 3 and len(set(years)) == len(years)
