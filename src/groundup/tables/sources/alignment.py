"""Align records with the columns: cells beyond the header or missing at the end, and headers inside the file.

A record has as many cells as the header. Four deviations are common in real files, and each is resolved in one way only,
with a note, so that no cell moves to another column silently:

- Cells beyond the last name that are blank in every row are trailing delimiters; so are cells without a name at the end
  of the header alone. They are ignored. A row with a value there is rejected. A blank cell at the end of the header and
  of the rows is a column without a name and without a value. Where there is no header, blank columns at the end are
  ignored.
- One cell more in nearly all rows, the last one seldom blank, all first cells different: the first are row names, as R
  writes them.
- Fewer cells: the last ones are missing, as some spreadsheets write rows that end in blank cells. A record that is not
  such a row is rejected: a single cell of text (a caption, a footer), a cell unlike its column (text below numbers: the
  rest of a record that was broken in two), a record cut off at the end of the file, and, where fewer than one record in
  ten is short, one without half of its cells.
- A record that repeats the header: files put end to end. It is set aside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from groundup.errors import GroundupError
from groundup.tables import cells
from groundup.tables.sources.dialect import TYPED_PATTERN, Layout
from groundup.tables.sources.names import clean_name, unique_names
from groundup.tables.table import Note
from groundup.text.numbers import pluralize

ROW_NAMES = "row"
#: The kinds of the notes on cells and columns that were moved, added or left out.
NOTES = ("row_names", "repeated", "trailing", "ragged", "short")
_NEARLY_ALL, _MOSTLY_TYPED, _OFTEN = 0.9, 0.9, 0.1
_SAMPLE_ROWS = 200
_MIN_COMPLETE = 10  # complete rows from which on one short record at the end of the file is a damaged one
_MARK = "\ufeff"  # the byte order mark of a second file
# What a cell below numbers or dates may hold besides those.
_BLANKS_OF_NUMBERS = sorted(cells.MISSING_WORDS | cells.MISSING_SIGNS)


class Records(NamedTuple):
    """Records as text.

    frame : one row a record, null or "" where it has no cell.  lines : the first line of each.  n_cells : its number of
    cells.  is_cut_off : whether the file ends without a line end.
    """

    frame: pl.DataFrame
    lines: np.ndarray
    n_cells: np.ndarray
    is_cut_off: bool


class Aligned(NamedTuple):
    """The rows, with names; the numbers of the records that are no rows; notes; the number of columns."""

    frame: pl.DataFrame
    refused: np.ndarray
    notes: list[Note]
    width: int


def count_columns(
    head: Sequence[str],
    start: Layout,
    widths: Counter,
    first_cells: Callable[[int], tuple[pl.Series, pl.Series]],
) -> int:
    """Return the number of cells of a complete row, before blank columns at the end are dropped.

    Parameters
    ----------
    head : sequence of str
        The first record.
    start : Layout
    widths : Counter
        The cell counts of the rows.
    first_cells : callable
        Width -> the first and the last cells of the records of that width.
    """
    common = max(widths, key=lambda w: (widths[w], w)) if widths else len(head)
    if not start.has_header:
        return common
    n_names = len(head)
    if common == n_names + 1 and widths.total() > 1 and widths[common] > _NEARLY_ALL * widths.total():
        first, last = first_cells(common)
        if _is_blank(last).sum() < _NEARLY_ALL * len(last) and first.is_unique().all():
            return common  # row names
    return n_names


def align(records: Records, head: Sequence[str], start: Layout) -> Aligned:
    """Return the rows of `records` with the names in `head`; see the module's docstring.

    Raises
    ------
    GroundupError
        If a header inside the file has the columns in another order.
    """
    frame, width = records.frame, records.frame.width
    names = [clean_name(cell) for cell in head] if start.has_header else [""] * width
    notes = []
    has_row_names = start.has_header and width == len(names) + 1
    repeated = _find_headers(records, names) if start.has_header else np.zeros(frame.height, dtype=bool)
    if has_row_names:
        names = [ROW_NAMES, *names]
        notes.append(
            Note(
                "row_names",
                f"rows have one cell more than the header: the first column is called {ROW_NAMES!r}",
            )
        )
    if repeated.any():
        n = int(repeated.sum())
        repeats = pluralize(n, "record repeats the header and is", "records repeat the header and are")
        notes.append(
            Note(
                "repeated",
                f"{repeats} set aside, as of files put end to end ({list_lines(records.lines[repeated])})",
            )
        )
    is_row = ~repeated
    n_trailing = _count_unnamed(names, records.n_cells[is_row]) if start.has_header else _count_blank(frame)
    width -= n_trailing
    frame, names = frame[:, :width], names[:width]
    surplus = is_row & (records.n_cells > width)
    if n_trailing or surplus.any():
        notes.append(
            _trailing_note(records, surplus, is_row, in_header=start.has_header and len(head) > width)
        )
    short = is_row & (records.n_cells < width)
    refused = np.zeros(len(short), dtype=bool)
    if short.any():
        refused = _find_fragments(records, frame, short, is_row)
        is_row &= ~refused
        if (filled := short & ~refused).any():
            n = int(filled.sum())
            message = (
                f"{pluralize(n, 'row has', 'rows have')} fewer than {width} cells: the last ones are missing"
            )
            notes.append(Note("short", f"{message} ({list_lines(records.lines[filled])})"))
    if not start.has_header:
        unique, changes = [f"column_{j + 1}" for j in range(width)], []
    else:
        unique, changes = unique_names(names)
    frame = frame.rename(dict(zip(frame.columns, unique, strict=True)))
    if not is_row.all():
        frame = frame.filter(pl.Series(is_row))
    return Aligned(frame, np.flatnonzero(refused), [*notes, *changes], width)


def list_lines(numbers: Sequence[int] | np.ndarray) -> str:
    """Return the first line numbers as text."""
    return f"line {', '.join(str(n) for n in numbers[:5])}{', ...' if len(numbers) > 5 else ''}"


def has_blank_tail(frame: pl.DataFrame, width: int) -> np.ndarray:
    """Return which rows have nothing but blanks beyond the first `width` cells."""
    blank = np.ones(frame.height, dtype=bool)
    for column in frame[:, width:].iter_columns():
        blank &= _is_blank(column).to_numpy()
    return blank


def _is_blank(column: pl.Series) -> pl.Series:
    """Return which cells hold blanks only."""
    return column.fill_null("").str.strip_chars() == ""


# ---------------------------------------------------------------------- headers inside the file


def _find_headers(records: Records, names: list[str]) -> np.ndarray:
    """Return which records repeat the header; raise an error if one has its names in another order."""
    frame, n = records.frame, max((j + 1 for j, name in enumerate(names) if name), default=0)
    found = np.zeros(frame.height, dtype=bool)
    known = [name.casefold() for name in names[:n]]
    if len(set(known)) < min(n, 2) or not any(known):
        return found  # where all names are equal, a row of that level is not told apart from the header
    likely = np.ones(frame.height, dtype=bool)
    for j in range(min(n, 3)):  # enough to leave few records
        cell = frame.to_series(j).fill_null("").str.strip_chars(f" \t{_MARK}").str.to_lowercase()
        likely &= cell.is_in([name.lower() for name in names[:n]]).to_numpy()
        if not likely.any():
            return found
    for i in np.flatnonzero(likely).tolist():
        cell_names = [clean_name(cell or "").casefold() for cell in frame.row(i)]
        if any(cell_names[n:]):
            continue
        found[i] = cell_names[:n] == known
        if not found[i] and len(set(known)) == n and sorted(cell_names[:n]) == sorted(known):
            raise GroundupError(
                "A header inside the file has the columns in another order.",
                row=f"line {records.lines[i]}",
                hint="Read the files one by one, and put them together by column names.",
            )
    return found if not found.all() else np.zeros(frame.height, dtype=bool)


# ---------------------------------------------------------------------- cells beyond the last name


def _count_blank(frame: pl.DataFrame) -> int:
    """Return how many columns at the end have no value in any row."""
    values = (not _is_blank(frame.to_series(j)).all() for j in reversed(range(1, frame.width)))
    return next((n for n, has_value in enumerate(values) if has_value), frame.width - 1)


def _count_unnamed(names: list[str], n_cells: np.ndarray) -> int:
    """Return how many cells at the end of the header have no name, and stand above no cell of any row."""
    widest = max(int(n_cells.max(initial=0)), 1)
    n_named = max((i + 1 for i, name in enumerate(names) if name), default=0)
    return max(0, len(names) - max(widest, n_named))


def _trailing_note(records: Records, surplus: np.ndarray, is_row: np.ndarray, *, in_header: bool) -> Note:
    """Return the note on delimiters at the end of records."""
    n = int(surplus.sum())
    if n <= 0.5 * is_row.sum() and not in_header:
        rows = pluralize(n, "row has empty cells", "rows have empty cells")
        return Note(
            "ragged",
            f"{rows} beyond the last column, which are ignored ({list_lines(records.lines[surplus])})",
        )
    where = ["the header"] if in_header else []
    where += [pluralize(n, "row")] if n else []
    return Note(
        "trailing", f"the delimiter at the end of {' and of '.join(where)} is ignored: no value follows it"
    )


# ---------------------------------------------------------------------- cells missing at the end


def _find_fragments(
    records: Records, frame: pl.DataFrame, short: np.ndarray, is_row: np.ndarray
) -> np.ndarray:
    """Return which of the `short` records are not rows whose last cells are missing."""
    complete = is_row & ~short
    typed = _typed_columns(frame.filter(pl.Series(complete if complete.any() else is_row)))
    numbers = np.flatnonzero(short)
    some = frame.filter(pl.Series(short))
    fits = np.ones(len(numbers), dtype=bool)
    for j in typed:
        cell = some.to_series(j).fill_null("").str.strip_chars()
        fits &= (cell.str.contains(TYPED_PATTERN) | cell.is_in(_BLANKS_OF_NUMBERS)).to_numpy()
    n_cells = records.n_cells[numbers]
    fits &= (n_cells > 1) | (0 in typed)
    if fits.sum() < _OFTEN * is_row.sum():
        fits &= 2 * n_cells >= frame.width
    # One record broken in two by a line end: the first half looks like a row, the second does not.
    for k in np.flatnonzero(~fits).tolist():
        follows = k > 0 and numbers[k] == numbers[k - 1] + 1
        if follows and n_cells[k] + n_cells[k - 1] == frame.width + 1:
            fits[k - 1] = False
    if records.is_cut_off and len(numbers) == 1 and numbers[0] == len(short) - 1:
        fits &= complete.sum() < _MIN_COMPLETE
    if fits.sum() > complete.sum() and not typed and (bool((n_cells == 1).any()) or not complete.any()):
        fits[:] = False  # text of any kind has lines with a few commas
    refused = np.zeros(len(short), dtype=bool)
    refused[numbers[~fits]] = True
    return refused


def _typed_columns(frame: pl.DataFrame) -> list[int]:
    """Return the columns whose first cells are nearly all numbers, dates or the like."""
    typed = []
    for j, column in enumerate(frame.head(_SAMPLE_ROWS).iter_columns()):
        cell = column.fill_null("").str.strip_chars()
        cell = cell.filter(~cell.is_in(_BLANKS_OF_NUMBERS))
        if len(cell) and cell.str.contains(TYPED_PATTERN).sum() >= _MOSTLY_TYPED * len(cell):
            typed.append(j)
    return typed
