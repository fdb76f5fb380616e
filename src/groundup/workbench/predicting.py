"""Predict a table with a bundle: every input row gets one output row, in the input's order.

A row with a cell that cannot be read (text where a number is due, infinity) gets no prediction and says why; a doubtful
one (a level that training did not have, a number beyond the range it had) gets its prediction and a remark. Records that
the file's reader had to set aside come back as rows without a prediction, where they stood.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from groundup.errors import GroundupError
from groundup.workbench.folder import Folder, is_project

if TYPE_CHECKING:
    from groundup.ship.bundle import Model
    from groundup.tables import Conformed, Table

PREDICTION, PROBABILITY, PROBLEM = "prediction", "probability_", "problem"


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model said about a table.

    Attributes
    ----------
    frame : polars.DataFrame
        The input's columns, ``prediction``, ``probability_<label>`` for classifiers, and ``problem`` ("" where there is
        none). An input column of one of these names gets an underscore.
    n_failed : int
        Rows without a prediction.
    n_doubted : int
        Rows with a prediction and a remark.
    listed : tuple of str
        The first problems, one line each.
    extra : tuple of str
        Input columns that the model does not use.
    """

    frame: pl.DataFrame
    n_failed: int
    n_doubted: int
    listed: tuple[str, ...]
    extra: tuple[str, ...]


def bundle_path(path: str | Path) -> Path:
    """Return the bundle that `path` names: a file, or the latest of a project's folder.

    Raises
    ------
    GroundupError
        If there is none.
    """
    path = Path(path)
    if path.is_dir():
        if is_project(path):
            return Path(Folder(path).latest_result().bundle)
        raise GroundupError(
            "This folder is no project.", file=path, hint="Name a bundle, or a project's folder."
        )
    return path


def predict(bundle: str | Path, data, *, typed: bool = True, keep: bool = True) -> Predictions:
    """Return the predictions of a bundle for `data`.

    Parameters
    ----------
    bundle : path
        A bundle, or a project's folder.
    data : path, frame, mapping of columns, list of rows
    typed : bool
        Give the columns that the model uses in their types; else as they were written.
    keep : bool
        Give the input's columns before the predictions.

    Raises
    ------
    CheckFailed
        If columns are missing, or the bundle is damaged.
    """
    from groundup.ship.bundle import load
    from groundup.tables.sources.read import read

    model = load(bundle_path(bundle))
    rows = [data] if isinstance(data, Mapping) and not any(_is_column(v) for v in data.values()) else data
    return answer(model, read(rows, types="text"), typed=typed, keep=keep)


def _is_column(value) -> bool:
    return not isinstance(value, str) and hasattr(value, "__len__")


def answer(model: Model, table: Table, *, typed: bool = True, keep: bool = True) -> Predictions:
    """Return what a loaded model says about a table; see `predict`."""
    if model.contract is None:
        raise GroundupError("This bundle has no contract, so it cannot judge a table's rows.")
    conformed = model.contract.conform(table)
    bad = np.zeros(table.n_rows, dtype=bool)
    bad[conformed.errors["row"].to_numpy() - 1] = True
    columns = _answers(model, conformed, bad)
    remarks = _remarks(conformed, table.n_rows)
    columns.append(pl.Series(PROBLEM, remarks, dtype=pl.String))
    inputs = _inputs(table, conformed, typed=typed) if keep else []
    taken = {c.name for c in columns}
    frame = pl.DataFrame([c.rename(_free(c.name, taken)) for c in inputs] + columns)
    lost = [r for r in table.rejects if not r.reason.startswith("a title")]
    frame = _with_rejects(frame, lost, first_line=2 + len(table.rejects) - len(lost))
    listed = [str(problem) for problem in conformed.listed(20)]
    listed += [f"line {r.line}: {r.reason}" for r in lost[:20]]
    doubted = sum(1 for remark, failed in zip(remarks, bad, strict=True) if remark and not failed)
    return Predictions(frame, int(bad.sum()) + len(lost), doubted, tuple(listed), conformed.extra)


def _answers(model: Model, conformed: Conformed, bad: np.ndarray) -> list[pl.Series]:
    out = []
    if len(bad) == 0:
        out.append(pl.Series(PREDICTION, [], dtype=pl.String))
        return out
    said = np.asarray(model.predict(conformed))
    values = said.tolist()
    out.append(
        pl.Series(PREDICTION, [None if b else v for v, b in zip(values, bad, strict=True)], strict=False)
    )
    if model.target.task == "classification" and hasattr(model.learner, "predict_proba"):
        probabilities = model.predict_proba(conformed)
        for k, label in enumerate(model.classes):
            column = pl.Series(f"{PROBABILITY}{label}", probabilities[:, k])
            out.append(column.set(pl.Series(bad), None) if bad.any() else column)
    return out


def _remarks(conformed: Conformed, n_rows: int) -> list[str]:
    """Return for each row its problems in words, "" where there are none."""
    out = [""] * n_rows
    for problem in conformed.listed():
        told = str(problem).split(", ", 1)[1]
        row = problem.row - 1
        out[row] = f"{out[row]}; {told}" if out[row] else told
    return out


def _inputs(table: Table, conformed: Conformed, *, typed: bool) -> list[pl.Series]:
    if not typed:
        return list(table.frame.iter_columns())
    return [
        conformed.frame[c.name] if c.name in conformed.frame.columns else c
        for c in table.frame.iter_columns()
    ]


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _with_rejects(frame: pl.DataFrame, rejects, first_line: int) -> pl.DataFrame:
    """Put the records that are no rows where they stood, as rows without a prediction.

    Exact where every record is a line; a record of several lines before one moves it down, never the rows.
    """
    if not rejects:
        return frame
    pieces, done = [], 0
    for n_before, reject in enumerate(rejects):
        at = min(max(reject.line - first_line - n_before, done), frame.height)
        told = f"line {reject.line} is no row: {reject.reason}"
        pieces += [frame[done:at], pl.DataFrame({PROBLEM: [told]})]
        done = at
    return pl.concat([*pieces, frame[done:]], how="diagonal").select(frame.columns)
