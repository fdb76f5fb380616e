"""Predict a table with a bundle: every input row gets one output row, in the input's order.

The input's own columns pass through unchanged (``prediction_input``); only columns of answers are added.

A row with a cell that cannot be read (text where a number is due, infinity) gets no prediction and states the reason; a
row with a warning (a level that was not seen in training, a number beyond its range) gets its prediction and the
warning. Where new levels are usual in a column (tickets, streets), an unseen one is reported in the row, but the row does
not count as one with a warning. Records that the file's reader had to set aside come back as rows without a prediction,
in their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from groundup.errors import GroundupError, UsageError, shorten
from groundup.ship.bundle import Model, load
from groundup.ship.bundle.answers import Answers
from groundup.ship.bundle.checks import is_column
from groundup.tables import Reject
from groundup.tables.contract.problems import NOT_FINITE, Problem, Status, Tally
from groundup.tables.sources.alignment import NOTES
from groundup.tables.sources.assemble import TITLE
from groundup.workbench.run.history import find_result
from groundup.workbench.use.prediction_input import PredictionInput, read_input

PREDICTION, PROBABILITY, PROBLEM = "prediction", "probability_", "problem"
_STATUS = "\0status"  # a name that no input has


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions of a model for a table.

    Attributes
    ----------
    frame : polars.DataFrame
        The input's columns as they came, ``prediction``, ``probability_<label>`` for classifiers, and ``problem`` (""
        where there is none). An input column of one of these names gets an underscore.
    n_failed : int
        Rows without a prediction.
    n_warned : int
        Rows with a prediction and a warning.
    statuses : tuple of str
        Per row of `frame`: ok, warning or refused.
    listed : tuple of str
        The first problems, one line each: those of rows without a prediction, then warnings.
    tallies : tuple of Tally
        The problems counted by column and kind.
    recalled : mapping
        Options of reading that were taken from the training file's.
    extra : tuple of str
        Input columns that the model does not use.
    labels : tuple of str
        The model's labels, where they are text.
    renamed : tuple of str
        Columns whose name was missing or repeated, and their new names.
    reading : tuple of str
        How cells and columns of the file were aligned: delimiters at the end of rows, missing last cells, headers inside.
    """

    frame: pl.DataFrame
    n_failed: int
    n_warned: int
    statuses: tuple[Status, ...]
    listed: tuple[str, ...]
    tallies: tuple[Tally, ...]
    recalled: Mapping[str, Any]
    extra: tuple[str, ...]
    labels: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()
    reading: tuple[str, ...] = ()


def bundle_path(path: str | Path) -> Path:
    """Return the bundle that `path` names: a file; a project's folder, which uses one of its runs; a run's folder or id.

    Raises
    ------
    GroundupError
        If there is none.
    """
    path = Path(path)
    if (result := find_result(path)) is not None:
        return Path(result.bundle)
    if path.is_dir():
        raise GroundupError(
            "This folder is not a project.", file=path, hint="Give a bundle, or a project's folder."
        )
    if not path.exists():
        raise UsageError("There is no such project, run or bundle.", file=path)
    return path


def predict(
    bundle: str | Path,
    data,
    *,
    typed: bool = True,
    keep: bool = True,
    read: Mapping[str, Any] | None = None,
) -> Predictions:
    """Return the predictions of a bundle for `data`.

    Parameters
    ----------
    bundle : path
        A bundle, or a project's folder.
    data : path, frame, mapping of columns, list of rows
    typed : bool
        Return columns of a text file that hold only whole numbers as integers; False returns the text as written. All
        other sources state their types, and keep them.
    keep : bool
        Include the input's columns, before the predictions.
    read : mapping, optional
        How to read a text file: delimiter, encoding, header, as in ``groundup.read``; the types are the bundle's. What
        is not given is tried as it was stated for the training file.

    Raises
    ------
    CheckFailed
        If columns are missing, or the bundle is damaged.
    """
    model, given = load_with_input(bundle, data, typed=typed, read=read)
    return predict_input(model, given, keep=keep)


def load_with_input(
    bundle: str | Path, data, *, typed: bool = True, read: Mapping[str, Any] | None = None
) -> tuple[Model, PredictionInput]:
    """Return the model of a bundle, and the rows to predict; parameters and errors as of `predict`."""
    model = load(bundle_path(bundle))
    if model.contract is None:
        raise GroundupError("This bundle has no contract, so it cannot check a table's rows.")
    rows = [data] if isinstance(data, Mapping) and not any(is_column(v) for v in data.values()) else data
    settings = model.settings.get("read")
    remembered = settings if isinstance(settings, Mapping) else {}
    return model, read_input(rows, model.contract.features, typed=typed, read=read, remembered=remembered)


def predict_input(model: Model, given: PredictionInput, *, keep: bool = True) -> Predictions:
    """Return the predictions of a loaded model for a table; see `predict`."""
    table = given.table
    answers = answer_table(model, table)
    checked = answers.checked
    assert checked is not None
    rejects = rejects_of(given)
    listed = [_reject_line(reject) for reject in rejects[:20]]
    listed += [str(Problem(*p)) for p in checked.errors.head(20).iter_rows()]
    not_finite = np.flatnonzero(answers.refused & ~checked.rows_with("refused"))
    listed += [f"row {i + 1}: {NOT_FINITE}" for i in not_finite[:20]]
    listed += [str(Problem(*p)) for p in checked.warnings.head(20).iter_rows()]
    labels = () if model.classes is None else tuple(v for v in model.classes.tolist() if isinstance(v, str))
    status = pl.Series(_STATUS, answers.statuses, dtype=pl.String)
    frame = add_columns(given, [status, *answer_columns(model, answers)], keep=keep)
    return Predictions(
        frame.drop(_STATUS),
        int(answers.refused.sum()) + len(rejects),
        int(answers.warned.sum()),
        tuple(frame[_STATUS].fill_null("refused").to_list()),
        tuple(listed),
        tuple(checked.tallies()),
        given.recalled,
        checked.extra,
        labels,
        tuple(note.message for note in table.notes if note.kind == "header" and note.column is not None),
        tuple(note.message for note in table.notes if note.kind in NOTES),
    )


def answer_table(model: Model, table) -> Answers:
    """Return a model's answers for a table; of a table without rows, empty ones of the usual types."""
    assert model.contract is not None
    checked = model.contract.conform(table)
    if checked.frame.height:
        return model.answer(checked)
    has_proba = model.target.task == "classification" and hasattr(model.learner, "predict_proba")
    n_classes = len(model.classes) if model.classes is not None and has_proba else 0
    return Answers(np.zeros(0), np.zeros((0, n_classes)), checked)


def rejects_of(given: PredictionInput) -> list[Reject]:
    """Return the records of a file that could not be read as rows, without a title above the header."""
    return [reject for reject in given.table.rejects if reject.reason != TITLE]


def add_columns(given: PredictionInput, columns: list[pl.Series], *, keep: bool = True) -> pl.DataFrame:
    """Return the input's columns followed by columns of answers, with the rejected records in their place.

    Parameters
    ----------
    given : PredictionInput
    columns : list of Series
        One value a row; the last is the problems. An input column of one of their names gets an underscore.
    keep : bool
        Include the input's columns.
    """
    inputs = list(given.frame.iter_columns()) if keep else []
    taken = {c.name for c in columns}
    for i, column in enumerate(inputs):
        if column.name in taken:
            inputs[i] = column.rename(free_name(column.name, taken | {c.name for c in inputs}))
    rejects = rejects_of(given)
    first_line = given.first_line + len(given.table.rejects) - len(rejects)
    return _with_rejects(pl.DataFrame(inputs + columns), rejects, first_line)


def answer_columns(model: Model, answers: Answers) -> list[pl.Series]:
    """Return the columns of answers, the last one the problems; their types do not depend on the rows.

    Refused rows have no prediction.
    """
    classes, refused = model.classes, answers.refused
    if classes is not None:
        dtype = pl.Series(classes.tolist(), strict=False).dtype
    else:
        dtype = pl.Int64 if model.target.task == "clustering" else pl.Float64
    kept = [None if r else v for v, r in zip(answers.labels.tolist(), refused, strict=True)]
    out = [pl.Series(PREDICTION, kept, dtype=dtype, strict=False)]
    shares = answers.probabilities
    for k, label in enumerate(
        classes if classes is not None and shares is not None and shares.shape[1] else ()
    ):
        assert shares is not None
        column = pl.Series(f"{PROBABILITY}{label}", shares[:, k], dtype=pl.Float64)
        out.append(column.set(pl.Series(refused), None) if refused.any() else column)
    return [*out, pl.Series(PROBLEM, answers.warnings, dtype=pl.String)]


def free_name(name: str, taken: set[str]) -> str:
    """Return `name` with as many underscores as no name in `taken` has."""
    while name in taken:
        name += "_"
    return name


def _reject_line(reject: Reject) -> str:
    return f"line {reject.line} is not a row: {reject.reason}: {shorten(reject.text, 200)}"


def _with_rejects(frame: pl.DataFrame, rejects, first_line: int) -> pl.DataFrame:
    """Insert the rejected records in their place, as rows without a prediction whose problem is the record's text.

    Exact where every record is a line; a record of several lines before one moves it down, never the rows.
    """
    if not rejects:
        return frame
    pieces, done = [], 0
    for n_before, reject in enumerate(rejects):
        at = min(max(reject.line - first_line - n_before, done), frame.height)
        pieces += [frame[done:at], pl.DataFrame({PROBLEM: [_reject_line(reject)]})]
        done = at
    return pl.concat([*pieces, frame[done:]], how="diagonal").select(frame.columns)
