"""The page for many cases: predictions for every row of an uploaded file, or the reason why there is none.

``workbench.use.predict`` does the work, as for ``groundup predict``: the input's columns are returned unchanged, with the
predictions beside them; lines that cannot be read as rows are listed; a formula in a cell gets an apostrophe.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from groundup.errors import GroundupError
from groundup.ship.bundle import Model
from groundup.tables.contract.column import as_level
from groundup.tables.contract.problems import Status
from groundup.text.numbers import format_bytes, format_count, format_percent, format_probability, pluralize
from groundup.web.card import Card
from groundup.web.formats import MAX_SHOWN, ContextModel, display_text, format_value
from groundup.web.saved_predictions import MAX_AGE_S, SavedPredictions
from groundup.workbench.use import predict, prediction_input, write
from groundup.workbench.use.predict import PREDICTION, PROBABILITY, PROBLEM

#: Rows and columns of the input that the page shows; the download has all.
MAX_PREVIEW, MAX_COLUMNS = 100, 8
MAX_LISTED = 50
ENDINGS = (".csv", ".tsv", ".txt")
#: Cells of one record: each column costs time, so a header of megabytes would occupy a thread for minutes.
MAX_CELLS = 5_000


class RowResult(ContextModel):
    """One row as the page shows it: its number, its cells, the prediction and its probability, and its problem."""

    row: int
    status: Status
    prediction: str
    probability: str
    problem: str
    cells: list[str]


class BatchResult(ContextModel):
    """The predictions for a file.

    `counts` lists each predicted class with its number and share of rows, most frequent first; `refused_share` is that of
    the rows without a prediction. `tallies` list how rows were aligned and columns renamed, and count the problems by
    column; `problems` are the first of them by row. `more_columns` is the number of the input's columns that the page
    omits, `extra` lists those that the model does not use. `token` is for the download; "" where the file is too large to
    be saved.
    """

    file: str
    n_rows: int
    n_ok: int
    n_warned: int
    n_refused: int
    n_escaped: int
    counts: list[tuple[str, int, str]]
    refused_share: str
    columns: list[str]
    more_columns: int
    extra: list[str]
    rows: list[RowResult]
    tallies: list[str]
    problems: list[str]
    download: str
    token: str


class BatchContext(ContextModel):
    """Everything that the page for many cases shows.

    Attributes
    ----------
    card : Card
    result : BatchResult or None
        None before a file was uploaded.
    error : str
        Why the file could not be used; "" where it could.
    hint : str
        The remedy.
    columns : list of str
        The columns that a file must have.
    max_rows, max_bytes : int
        Limits of one file.
    max_size : str
        The same in words.
    minutes_saved : int
        How long predictions can be downloaded.
    """

    card: Card
    result: BatchResult | None
    error: str
    hint: str
    columns: list[str]
    max_rows: int
    max_bytes: int
    max_size: str
    minutes_saved: int


def empty_batch(model: Model, card: Card, *, max_rows: int, max_bytes: int) -> BatchContext:
    """Return the page before a file was uploaded."""
    assert model.contract is not None
    return BatchContext(
        card=card,
        result=None,
        error="",
        hint="",
        columns=[display_text(name) for name in model.contract.features],
        max_rows=max_rows,
        max_bytes=max_bytes,
        max_size=format_bytes(max_bytes),
        minutes_saved=MAX_AGE_S // 60,
    )


def predict_file(model: Model, name: str, data: bytes, saved: SavedPredictions, max_rows: int) -> BatchResult:
    """Predict the rows of an uploaded file, and save the predictions for download.

    Raises
    ------
    GroundupError
        If it is not a table, lacks columns of the model, or has too many rows.
    """
    assert model.contract is not None
    stem, ending = Path(name).stem, Path(name).suffix.lower()
    if ending not in ENDINGS:
        raise GroundupError("The file must be a text table.", hint=f"Save it as one of {', '.join(ENDINGS)}.")
    if not data.strip():
        raise GroundupError("The file is empty.", hint="It needs a header line, and a line per row.")
    most = max(MAX_CELLS, 2 * len(model.contract.features))
    stated = model.settings.get("read")
    with tempfile.TemporaryDirectory(prefix="groundup-") as folder:
        file = Path(folder) / f"table{ending}"
        file.write_bytes(data)
        try:
            given = prediction_input.read_input(
                str(file),
                model.contract.features,
                typed=True,
                # The page requires a header: where every cell is text, none can be detected.
                read={"header": True, "max_cells": most},
                remembered=stated if isinstance(stated, Mapping) else {},
            )
        except GroundupError as error:
            error.file = None  # a temporary file
            raise
    n_rows = given.table.n_rows + len(given.table.rejects)
    if n_rows > max_rows:
        raise GroundupError(
            f"The file has {pluralize(n_rows, 'row')}; at most {format_count(max_rows)} are allowed here.",
            hint="Split the file, or use the command `groundup predict`, which has no such limit.",
        )
    predictions = predict.predict_input(model, given)
    written = write.rendered(predictions.frame, "csv", labels=predictions.labels)
    token = saved.add(f"{_plain_name(stem)}-predictions.csv", written.data)
    return _batch_result(model, name, predictions, written.n_escaped, token)


def _plain_name(stem: str) -> str:
    """Return an untrusted file name as letters, digits and hyphens, for use in a header."""
    plain = "".join(ch if ch.isascii() and ch.isalnum() else "-" for ch in stem[:60])
    return "-".join(part for part in plain.split("-") if part) or "table"


def _batch_result(model: Model, name: str, predictions, n_escaped: int, token: str) -> BatchResult:
    frame = predictions.frame
    n_inputs = _n_inputs(frame)
    inputs = frame.columns[:n_inputs]
    first = frame.columns[n_inputs]
    n_refused = predictions.n_failed
    counts = []
    if model.classes is not None:
        found = frame[first].drop_nulls().value_counts(sort=True, name="n").rows()
        counts = [(format_value(v), n, format_percent(n / max(1, frame.height))) for v, n in found[:20]]
    shares = {c.removeprefix(PROBABILITY): c for c in frame.columns[n_inputs + 1 :] if c != PROBLEM}
    rows = [
        _row_result(i, row, inputs[:MAX_COLUMNS], first, shares, predictions.statuses[i - 1])
        for i, row in enumerate(frame.head(MAX_PREVIEW).iter_rows(named=True), 1)
    ]
    return BatchResult(
        file=display_text(name),
        n_rows=frame.height,
        n_ok=frame.height - n_refused - predictions.n_warned,
        n_warned=predictions.n_warned,
        n_refused=n_refused,
        n_escaped=n_escaped,
        counts=counts,
        refused_share=format_percent(n_refused / max(1, frame.height)),
        columns=[display_text(c, 60) for c in inputs[:MAX_COLUMNS]],
        more_columns=max(0, len(inputs) - MAX_COLUMNS),
        extra=[display_text(c, 60) for c in predictions.extra],
        rows=rows,
        tallies=[
            display_text(tally, MAX_SHOWN)
            for tally in [*predictions.reading, *predictions.renamed, *predictions.tallies][:MAX_LISTED]
        ],
        problems=[display_text(problem, MAX_SHOWN) for problem in predictions.listed[:MAX_LISTED]],
        download=f"{_plain_name(Path(name).stem)}-predictions.csv",
        token=token,
    )


def _n_inputs(frame) -> int:
    """Return how many columns of a frame of predictions are the input's: the answers come last."""
    return len(frame.columns) - 1 - frame.columns[::-1].index(PREDICTION)


def _row_result(
    number: int, row: dict, inputs: list[str], first: str, shares: dict[str, str], status: Status
) -> RowResult:
    prediction, problem = row[first], row[PROBLEM] or ""
    column = shares.get(as_level(prediction), shares.get(str(prediction))) if prediction is not None else None
    share = row[column] if column is not None else None
    return RowResult(
        row=number,
        status=status,
        prediction="" if prediction is None else format_value(prediction),
        probability="" if share is None else format_probability(share),
        problem=display_text(problem) if problem else "",
        cells=["" if row[c] is None else display_text(row[c], 60) for c in inputs],
    )
