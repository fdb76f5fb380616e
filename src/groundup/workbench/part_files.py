"""Validation and test rows from files of their own, read as the training file was and put below its rows.

Only the training file decides the type of a column; the cells of the other files are then read as those of rows to
predict are. A cell that cannot be read counts as missing, with a note; a target that cannot be read is an error.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from groundup.errors import CheckFailed, GroundupError, nearest_of
from groundup.tables import Contract, Table
from groundup.tables.cells import MISSING_WORDS
from groundup.tables.contract.column import Column, Kind, Level, as_level
from groundup.tables.contract.conform import conform_column, levels_as_text
from groundup.tables.contract.spellings import canonical
from groundup.tables.splitting import Assignment
from groundup.tables.table import Note, PartFile
from groundup.text.numbers import format_count, pluralize
from groundup.workbench.use.prediction_input import read_input

_CODES = {"valid": 1, "test": 2}
_SETS = {"valid": "validation set", "test": "test set"}
_LISTED = 12


def with_part_files(
    table: Table,
    sources: Mapping[str, Any],
    *,
    target: str | None = None,
    not_needed: Collection[str] = (),
    read: Mapping[str, Any] | None = None,
) -> Table:
    """Return `table` with the rows of further files below its own.

    Parameters
    ----------
    table : Table
        The training rows.
    sources : mapping
        "valid", "test" -> path, frame or ``sample:NAME``.
    target : str, optional
        The target column.
    not_needed : collection of str
        Columns that the files may lack.
    read : mapping, optional
        How the training file was read; tried first for the others.

    Raises
    ------
    CheckFailed
        If a file lacks a column of the training file.
    GroundupError
        If a file cannot be read, or a target in it.
    """
    frames, files, notes, start = [table.frame], list(table.part_files), list(table.notes), table.n_rows
    for part in _CODES:
        source = sources.get(part)
        if source is None:
            continue
        needed = [name for name in table.columns if name not in not_needed]
        options = {name: value for name, value in (read or {}).items() if name != "types"}
        found = read_input(source, needed, typed=False, remembered=options).table
        name = _name_of(source, part)
        _check_columns(found, needed, name, target)
        frame, further = _typed(found.frame, table, name, target)
        if frame.height == 0:
            raise GroundupError(f"{name} has no row.", hint="Give a file with rows and their target values.")
        rows = f"the {_SETS[part]} is {name}, {pluralize(frame.height, 'row')}"
        notes += [Note("split", rows), *further]
        digest = replace(found, frame=frame).digest
        files.append(PartFile(part, name, found.source, digest, start, frame.height))
        frames.append(frame)
        start += frame.height
    whole = pl.concat(frames, how="vertical_relaxed")
    return replace(table, frame=whole, notes=tuple(notes), part_files=tuple(files))


def training_rows(table: Table) -> Table:
    """Return the rows that models are fitted on: all but those of a test file."""
    tests = [file.start for file in table.part_files if file.part == "test"]
    return replace(table, frame=table.frame.head(tests[0])) if tests else table


def assignment_of(table: Table) -> Assignment | None:
    """Return the sets of the rows that come from files of their own; None if there are none."""
    if not table.part_files:
        return None
    codes = np.zeros(table.n_rows, dtype=np.int64)
    for file in table.part_files:
        codes[file.start : file.start + file.n_rows] = _CODES[file.part]
    return Assignment(codes, {file.part: file.name for file in table.part_files})


def check_classes(table: Table, contract: Contract) -> None:
    """Raise an error if a row of a file has a class that no row to fit on has."""
    if not contract.n_labels or contract.target is None:
        return
    known = [as_level(label.value) for label in contract.labels]
    for file in table.part_files:
        cells = table.frame[contract.target].slice(file.start, file.n_rows)
        levels = canonical(levels_as_text(cells), contract.spellings)
        unknown = (levels.is_not_null() & ~levels.is_in(known)).arg_true()
        if len(unknown):
            at = int(unknown[0])
            raise GroundupError(
                f"{format_count(len(unknown))} of the rows of {file.name} have a class that no row to fit on has.",
                hint=f"Remove them, or add such rows to the training file; its classes are {', '.join(known[:_LISTED])}.",
                row=at + 1,
                column=contract.target,
                value=cells[at],
            )


def _name_of(source, part: str) -> str:
    """Return how messages name a source."""
    text = isinstance(source, (str, os.PathLike))
    return (
        Path(source).name
        if text and not str(source).startswith("sample:")
        else str(source)
        if text
        else f"the {part} frame"
    )


def _check_columns(found: Table, needed: list[str], name: str, target: str | None) -> None:
    """Raise one error that names every lacking column, the target first."""
    lacking = [column for column in needed if column not in found.columns]
    if not lacking:
        return
    if target in lacking:
        similar = nearest_of(str(target), found.columns)
        rename = f" Rename {similar!r} to {target!r}." if similar else ""
        raise CheckFailed(
            f"{name} has no target column {target!r}, so no model can be tested on its rows.",
            hint=f"Add the actual values.{rename}",
            file=found.source,
        )
    listed = ", ".join(repr(column) for column in lacking[:_LISTED])
    more = f", ... ({len(lacking)} in all)" if len(lacking) > _LISTED else ""
    raise CheckFailed(
        f"{name} has no column {listed}{more}, which the training file has.",
        hint=f"Add it (its cells may be empty), or leave it out with --ignore {lacking[0]}.",
        file=found.source,
    )


def _typed(
    found: pl.DataFrame, table: Table, name: str, target: str | None
) -> tuple[pl.DataFrame, list[Note]]:
    """Return the columns of the training table from another file, in their types, and notes on what was not read."""
    columns, notes = [], []
    for name_of_column, dtype in table.frame.schema.items():
        if name_of_column not in found.columns:
            columns.append(pl.Series(name_of_column, [None], dtype=dtype).new_from_index(0, found.height))
            continue
        raw = found[name_of_column]
        words = table.missing_words.get(name_of_column, ())
        values, unreadable = _read(raw, table.frame[name_of_column], table.formats.get(name_of_column), words)
        columns.append(values)
        if not unreadable.any():
            continue
        at = int(unreadable.argmax())
        if name_of_column == target:
            raise GroundupError(
                f"A target value of {name} cannot be read as one of the training file's type.",
                row=at + 1,
                column=target,
                value=raw[at],
            )
        cells = pluralize(int(unreadable.sum()), "cell", "cells")
        where = f"row {format_count(at + 1)}: {raw[at]!r}"
        notes.append(
            Note("split", f"{cells} of {name} cannot be read and count as missing ({where})", name_of_column)
        )
    if extra := [column for column in found.columns if column not in table.columns]:
        listed = ", ".join(repr(column) for column in extra[:_LISTED])
        notes.append(Note("split", f"{name} has further columns, which are not used: {listed}"))
    return pl.DataFrame(columns), notes


def _read(
    raw: pl.Series, trained: pl.Series, form: str | None, missing_words: tuple[str, ...]
) -> tuple[pl.Series, np.ndarray]:
    """Return cells in the type of the training column, and which of them could not be read."""
    dtype, kind = trained.dtype, _kind_of(trained.dtype)
    nothing = np.zeros(len(raw), dtype=bool)
    if kind is None:  # a type that the contract leaves out
        empty = pl.Series(raw.name, [None], dtype=dtype).new_from_index(0, len(raw))
        return raw if raw.dtype == dtype else empty, nothing
    words = trained.filter(trained.is_in(sorted(MISSING_WORDS))).unique() if kind == "category" else []
    column = Column(
        name=raw.name,
        kind=kind,
        role="feature",
        dtype=str(dtype),
        format=form,
        missing_words=missing_words,
        missing=1.0,
        levels=tuple(Level(value=word, count=1) for word in words),  # "NA" may be a level
        levels_complete=False,
    )
    values, problems = conform_column(raw, column)
    values, unreadable = values.rename(raw.name), problems.get("type", nothing)
    if dtype.is_integer():
        exact = raw if raw.dtype.is_integer() else values.cast(pl.Int64, strict=False)
        if exact.null_count() == values.null_count() and bool((exact.cast(pl.Float64) == values).all()):
            return exact.cast(dtype), unreadable
    return values, unreadable


def _kind_of(dtype: pl.DataType) -> Kind | None:
    """Return the kind whose cells have a type; None for types without a kind."""
    if dtype == pl.Boolean:
        return "boolean"
    if dtype in (pl.Date, pl.Datetime):
        return "datetime"
    if dtype.is_numeric():
        return "number"
    return "category" if dtype == pl.String else None
