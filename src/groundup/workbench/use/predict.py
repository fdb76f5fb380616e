"""Predict a table with a bundle: every input row gets one output row, in the input's order.

The input's own columns pass through as they came (``passing``); only columns of answers are added.

A row with a cell that cannot be read (text where a number is due, infinity) gets no prediction and says why; a doubtful
one (a level that training did not have, a number beyond the range it had) gets its prediction and a remark. Where
training itself had so many rare levels that new ones are to be expected (tickets, streets), an unseen one is remarked
upon in the row, but the row is not counted as doubtful. Records that the file's reader had to set aside come back as rows
without a prediction, where they stood.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from groundup.errors import GroundupError, shorten
from groundup.tables.contract.problems import NOT_FINITE, Problem
from groundup.tables.sources.assemble import TITLE
from groundup.workbench.run.history import find_result
from groundup.workbench.use.prediction_input import Given, take

if TYPE_CHECKING:
    from groundup.ship.bundle import Model
    from groundup.tables import Conformed, Reject
    from groundup.tables.contract.problems import Tally

PREDICTION, PROBABILITY, PROBLEM = "prediction", "probability_", "problem"


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model said about a table.

    Attributes
    ----------
    frame : polars.DataFrame
        The input's columns as they came, ``prediction``, ``probability_<label>`` for classifiers, and ``problem`` (""
        where there is none). An input column of one of these names gets an underscore.
    n_failed : int
        Rows without a prediction.
    n_doubted : int
        Rows with a prediction and a remark that is not usual for its column.
    listed : tuple of str
        The first problems, one line each: those that cost a prediction, then doubts.
    tallies : tuple of Tally
        The problems counted by column and kind.
    recalled : mapping
        Options of reading that were taken from the training file's.
    extra : tuple of str
        Input columns that the model does not use.
    labels : tuple of str
        The model's labels, where they are text.
    renamed : tuple of str
        Columns whose name comes again or is missing, and what they are called.
    """

    frame: pl.DataFrame
    n_failed: int
    n_doubted: int
    listed: tuple[str, ...]
    tallies: tuple[Tally, ...]
    recalled: Mapping[str, Any]
    extra: tuple[str, ...]
    labels: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()


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
            "This folder is no project.", file=path, hint="Name a bundle, or a project's folder."
        )
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
        Give columns of a text file that hold whole numbers only as such; else, and all others, as they are written.
        Every other source states its types, and keeps them.
    keep : bool
        Give the input's columns before the predictions.
    read : mapping, optional
        How a text file is to be read: delimiter, encoding, header, as in ``groundup.read``; the types are the bundle's.
        What is not given is tried as it was stated for the training file.

    Raises
    ------
    CheckFailed
        If columns are missing, or the bundle is damaged.
    """
    model, given = asked(bundle, data, typed=typed, read=read)
    return answer(model, given, keep=keep)


def asked(
    bundle: str | Path, data, *, typed: bool = True, read: Mapping[str, Any] | None = None
) -> tuple[Model, Given]:
    """Return the model of a bundle, and the rows that it is asked about; parameters and errors as of `predict`."""
    from groundup.ship.bundle import load

    model = load(bundle_path(bundle))
    if model.contract is None:
        raise GroundupError("This bundle has no contract, so it cannot judge a table's rows.")
    rows = [data] if isinstance(data, Mapping) and not any(_is_column(v) for v in data.values()) else data
    settings = model.settings.get("read")
    remembered = settings if isinstance(settings, Mapping) else {}
    return model, take(rows, model.contract.features, typed=typed, read=read, remembered=remembered)


def _is_column(value) -> bool:
    return not isinstance(value, str) and hasattr(value, "__len__")


def answer(model: Model, given: Given, *, keep: bool = True) -> Predictions:
    """Return what a loaded model says about a table; see `predict`."""
    table = given.table
    conformed = model.contract.conform(table)
    columns, bad = answers_of(model, conformed)
    warned = conformed.unusual.filter(pl.col("severity") == "warn")
    doubted = np.zeros(table.n_rows, dtype=bool)
    doubted[warned["row"].to_numpy() - 1] = True
    lost = lost_of(given)
    listed = [_told(reject) for reject in lost[:20]]
    listed += [str(Problem(*p)) for p in conformed.errors.head(20).iter_rows()]
    unanswered = np.setdiff1d(np.flatnonzero(bad) + 1, conformed.errors["row"].to_numpy())
    listed += [f"row {i}: {NOT_FINITE}" for i in unanswered[:20]]
    listed += [str(Problem(*p)) for p in warned.head(20).iter_rows()]
    labels = () if model.classes is None else tuple(v for v in model.classes.tolist() if isinstance(v, str))
    return Predictions(
        beside(given, columns, keep=keep),
        int(bad.sum()) + len(lost),
        int((doubted & ~bad).sum()),
        tuple(listed),
        tuple(conformed.tallies()),
        given.recalled,
        conformed.extra,
        labels,
        tuple(note.message for note in table.notes if note.kind == "header" and note.column is not None),
    )


def lost_of(given: Given) -> list[Reject]:
    """Return the records of a file that are no rows, but for a title above the header."""
    return [reject for reject in given.table.rejects if reject.reason != TITLE]


def beside(given: Given, columns: list[pl.Series], *, keep: bool = True) -> pl.DataFrame:
    """Return columns of answers beside the input's own, with the records that are no rows where they stood.

    Parameters
    ----------
    given : Given
    columns : list of Series
        One value a row; the last is the problems. An input column of one of their names gets an underscore.
    keep : bool
        Give the input's columns.
    """
    inputs = list(given.frame.iter_columns()) if keep else []
    taken = {c.name for c in columns}
    for i, column in enumerate(inputs):
        if column.name in taken:
            inputs[i] = column.rename(_free(column.name, taken | {c.name for c in inputs}))
    lost = lost_of(given)
    first_line = given.first_line + len(given.table.rejects) - len(lost)
    return _with_rejects(pl.DataFrame(inputs + columns), lost, first_line)


def answers_of(model: Model, conformed: Conformed) -> tuple[list[pl.Series], np.ndarray]:
    """Return the columns of answers, the last one says the problems; and which rows have no prediction."""
    bad = np.zeros(conformed.frame.height, dtype=bool)
    bad[conformed.errors["row"].to_numpy() - 1] = True
    said, shares = _said(model, conformed, len(bad))
    wrong = ~(_is_finite(said) & np.isfinite(shares).all(axis=1)) & ~bad
    bad |= wrong
    return [*_answers(model, said, shares, bad), _remarks(conformed, wrong)], bad


def _said(model: Model, conformed: Conformed, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what the model says to all rows: answers, and probabilities of shape (n_rows, n_classes)."""
    classes = model.classes
    has_shares = (
        classes is not None
        and model.target.task == "classification"
        and hasattr(model.learner, "predict_proba")
    )
    if n_rows == 0:
        return np.zeros(0), np.zeros((0, len(classes) if classes is not None and has_shares else 0))
    said = np.asarray(model.predict(conformed))
    shares = model.predict_proba(conformed) if has_shares else np.zeros((n_rows, 0))
    return said, np.asarray(shares, dtype=np.float64)


def _is_finite(said: np.ndarray) -> np.ndarray:
    return np.isfinite(said) if said.dtype.kind == "f" else np.ones(len(said), dtype=bool)


def _answers(model: Model, said: np.ndarray, shares: np.ndarray, bad: np.ndarray) -> list[pl.Series]:
    """Return the columns of answers, of the same types however many rows there are; bad rows have none."""
    classes = model.classes
    if classes is not None:
        dtype = pl.Series(classes.tolist(), strict=False).dtype
    else:
        dtype = pl.Int64 if model.target.task == "clustering" else pl.Float64
    kept = [None if b else v for v, b in zip(said.tolist(), bad, strict=True)]
    out = [pl.Series(PREDICTION, kept, dtype=dtype, strict=False)]
    for k, label in enumerate(classes if classes is not None and shares.shape[1] else ()):
        column = pl.Series(f"{PROBABILITY}{label}", shares[:, k], dtype=pl.Float64)
        out.append(column.set(pl.Series(bad), None) if bad.any() else column)
    return out


def _remarks(conformed: Conformed, wrong: np.ndarray) -> pl.Series:
    """Return for each row its problems in words, "" where there are none; `wrong` are those without a sound answer.

    Each different problem is put in words once, however many rows have it.
    """
    keys = ["column", "value", "kind", "severity"]
    different = conformed.problems.select(keys).unique(maintain_order=True)
    told = [str(Problem(1, *row)).split(", ", 1)[1] for row in different.iter_rows()]
    different = different.with_columns(pl.Series(PROBLEM, told, dtype=pl.String))
    each = conformed.problems.join(different, on=keys, nulls_equal=True, how="left", maintain_order="left")
    rows = each.group_by("row", maintain_order=True).agg(pl.col(PROBLEM).str.join("; "))
    out = np.full(len(wrong), "", dtype=object)
    out[rows["row"].to_numpy() - 1] = rows[PROBLEM].to_list()
    out[wrong] = [f"{told}; {NOT_FINITE}" if told else NOT_FINITE for told in out[wrong]]
    return pl.Series(PROBLEM, out.tolist(), dtype=pl.String)


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _told(reject: Reject) -> str:
    return f"line {reject.line} is no row: {reject.reason}: {shorten(reject.text, 200)}"


def _with_rejects(frame: pl.DataFrame, rejects, first_line: int) -> pl.DataFrame:
    """Put the records that are no rows where they stood, as rows without a prediction that tell the record's text.

    Exact where every record is a line; a record of several lines before one moves it down, never the rows.
    """
    if not rejects:
        return frame
    pieces, done = [], 0
    for n_before, reject in enumerate(rejects):
        at = min(max(reject.line - first_line - n_before, done), frame.height)
        pieces += [frame[done:at], pl.DataFrame({PROBLEM: [_told(reject)]})]
        done = at
    return pl.concat([*pieces, frame[done:]], how="diagonal").select(frame.columns)
