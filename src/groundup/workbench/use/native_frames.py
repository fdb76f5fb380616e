"""Add columns of answers to a frame of pandas or PyArrow, so that predictions come back in the kind of frame given.

The frame's own columns, types and index stay as they are; nothing is converted to Polars and back.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from groundup.workbench.use.predict import free_name


def is_native(source) -> bool:
    """Return whether `source` is a frame of pandas or a table of PyArrow."""
    return _library(source) in ("pandas", "pyarrow")


def with_answers(source, answers: pl.DataFrame) -> Any:
    """Return the frame `source`, which `is_native`, with the columns of `answers` after its own, one row a row.

    A column of `source` with the name of an answer gets an underscore.
    """
    names = [str(name) for name in (source.column_names if _library(source) == "pyarrow" else source.columns)]
    taken = {*answers.columns, *names}
    renamed = [free_name(name, taken) if name in answers.columns else name for name in names]
    if _library(source) == "pyarrow":
        table = source.rename_columns(renamed)
        for column in answers.iter_columns():
            table = table.append_column(column.name, column.to_arrow())
        return table
    frame = source.copy()
    frame.columns = [
        new if new != old else own for own, old, new in zip(source.columns, names, renamed, strict=True)
    ]
    for column in answers.iter_columns():
        has_plain_array = column.dtype.is_float() or (column.dtype.is_numeric() and not column.null_count())
        frame[column.name] = column.to_numpy() if has_plain_array else column.to_list()
    return frame


def _library(source) -> str:
    """Return the library of a frame, "" for anything else."""
    kind = type(source)
    library = kind.__module__.partition(".")[0]
    return library if (library, kind.__name__) in (("pandas", "DataFrame"), ("pyarrow", "Table")) else ""
