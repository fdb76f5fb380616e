"""``read``: one door for every source of rows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from groundup.errors import GroundupError, UsageError
from groundup.tables.sources.files import find
from groundup.tables.sources.frames import framed, revived
from groundup.tables.sources.lines import read_lines, read_parquet
from groundup.tables.sources.text import read_text
from groundup.tables.table import Table


def read(
    source,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    types: Mapping[str, str] | str | None = None,
    name: str | None = None,
    max_cells: int | None = None,
) -> Table:
    """Read a table, and note every decision that could have been taken otherwise.

    Parameters
    ----------
    source : str, path or frame
        A CSV (or otherwise delimited), Parquet or JSON lines file; ``sample:NAME``; a Polars, pandas, PyArrow or other
        frame that narwhals knows; a mapping of columns, a list of row mappings, a 2-D or record array; a Table.
    delimiter, encoding, header : optional
        Of a text file; detected where None.
    types : mapping or str, optional
        Column -> ``text``, ``number``, ``integer``, ``boolean``, ``datetime``; a number format (``decimal_comma``,
        ``thousands_comma``) or a date layout (``dmy``, ``mdy``, ``iso``, ...) where a column could be read in two ways.
        One word for all columns: ``types="text"`` leaves every cell of a text file as it is written, for rows that a
        contract is to judge.
    name : str, optional
        Short name; the file's stem where None.
    max_cells : int, optional
        Cells that a record of a text file may have: for files of strangers, since each column costs its own work.

    Returns
    -------
    Table

    Raises
    ------
    GroundupError
        If there is no such source, or no table in it; the message says where it fails and what to do.

    Examples
    --------
    >>> from groundup.tables import read
    >>> read("sample:iris")
    <Table 'iris': 150 rows x 5 columns>
    """
    if isinstance(source, Table):
        if any(option is not None for option in (delimiter, encoding, header)):
            raise UsageError(
                "delimiter, encoding and header are options of text files: a Table has been read."
            )
        return source
    if isinstance(source, (str, os.PathLike)):
        text = os.fspath(source)
        if isinstance(text, str) and text.startswith("sample:"):
            from groundup.tables.sources.samples import sample

            if any(option is not None for option in (delimiter, encoding, header)):
                raise UsageError("delimiter, encoding and header are options of text files, not of samples.")
            return sample(text.removeprefix("sample:"))
        return _read_file(
            text,
            name,
            delimiter=delimiter,
            encoding=encoding,
            header=header,
            types=types,
            max_cells=max_cells,
        )
    if any(option is not None for option in (delimiter, encoding, header)):
        raise UsageError("delimiter, encoding and header are options of text files, not of frames.")
    frame, kind, notes = framed(source)
    if frame.width == 0:
        raise GroundupError(f"The {kind} has no columns.")
    if len(set(frame.columns)) < frame.width:
        raise GroundupError(f"The {kind} has two columns of the same name.")
    done = revived(frame, types)
    return Table(done.frame, name or "table", kind, (*notes, *done.notes), (), done.formats)


def _read_file(path, name, *, delimiter, encoding, header, types, max_cells) -> Table:
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if "://" in path:
        raise GroundupError(
            "Addresses are not fetched: nothing here reaches out.", hint="Download the file first.", file=path
        )
    file, kind = find(path)
    name = name or file.stem
    if kind == "parquet" and any(option is not None for option in (delimiter, encoding, header)):
        raise UsageError(
            "delimiter, encoding and header are options of text files, not of Parquet.", file=path
        )
    if kind == "lines" and any(option is not None for option in (delimiter, header)):
        raise UsageError("delimiter and header are options of delimited text, not of JSON lines.", file=path)
    if kind == "parquet":
        return read_parquet(file, name, types=types)
    data = Path(file).read_bytes()
    if kind == "lines":
        return read_lines(data, name, str(file), encoding=encoding, types=types)
    if file.suffix.lower() in (".tsv", ".tab") and delimiter is None:
        delimiter = "\t"
    return read_text(
        data,
        name,
        str(file),
        delimiter=delimiter,
        encoding=encoding,
        header=header,
        types=types,
        max_cells=max_cells,
    )
