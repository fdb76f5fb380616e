"""The page of many cases: a table is brought as a file, and every row of it is answered or says why not.

The work is ``workbench.predicting``'s, the same as ``groundup predict``: the input's columns come back as they came,
with the answers beside them; lines that are no rows are listed, none is lost; a formula in a cell gets an apostrophe.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from groundup.errors import GroundupError
from groundup.ship.bundle import Model
from groundup.text.numbers import format_bytes, format_percent, format_probability
from groundup.web.card import Card
from groundup.web.kept import MAX_AGE_S, Kept
from groundup.web.plain import MAX_SHOWN, Plain, cell, shown

#: Rows and columns of the input that the page itself shows; the file has them all.
MAX_PREVIEW, MAX_COLUMNS = 100, 8
MAX_LISTED = 50
ENDINGS = (".csv", ".tsv", ".txt")
#: Cells of one record: each column costs its own work, so that megabytes of names would hold a thread for minutes.
MAX_CELLS = 5_000


class Verdict(Plain):
    """One row as the page shows it: its number, its cells, the answer and its probability, and what is wrong with it."""

    row: int
    status: Literal["ok", "doubtful", "refused"]
    prediction: str
    probability: str
    problem: str
    cells: list[str]


class Answered(Plain):
    """What became of a file.

    `counts` says how many rows got which answer, most frequent first (classes only), and what share of all rows they
    are; `refused_share` is that of the rows without an answer. `tallies` say which columns have another's name, and count
    the problems by column; `problems` are the first of them by row. `more_columns` are the input's columns that the page
    leaves out, `extra` those that the model does not use. `token` fetches the predictions; "" where the file is too
    large to be kept.
    """

    file: str
    n_rows: int
    n_ok: int
    n_doubtful: int
    n_refused: int
    n_escaped: int
    counts: list[tuple[str, int, str]]
    refused_share: str
    columns: list[str]
    more_columns: int
    extra: list[str]
    verdicts: list[Verdict]
    tallies: list[str]
    problems: list[str]
    download: str
    token: str


class ManyContext(Plain):
    """All that the page of many cases shows.

    Attributes
    ----------
    card : Card
    answered : Answered or None
        None until a file was brought.
    refusal : str
        Why a file could not be taken at all; "" where it could.
    hint : str
        What to do about it.
    columns : list of str
        The columns that a file must have.
    max_rows, max_bytes : int
        Limits of one file.
    max_size : str
        The same in words.
    minutes_kept : int
        How long predictions wait to be fetched.
    """

    card: Card
    answered: Answered | None
    refusal: str
    hint: str
    columns: list[str]
    max_rows: int
    max_bytes: int
    max_size: str
    minutes_kept: int


def many_context(model: Model, card: Card, *, max_rows: int, max_bytes: int) -> ManyContext:
    """Return the page before a file was brought."""
    assert model.contract is not None
    return ManyContext(
        card=card,
        answered=None,
        refusal="",
        hint="",
        columns=[shown(name) for name in model.contract.features],
        max_rows=max_rows,
        max_bytes=max_bytes,
        max_size=format_bytes(max_bytes),
        minutes_kept=MAX_AGE_S // 60,
    )


def answered(model: Model, name: str, data: bytes, kept: Kept, max_rows: int) -> Answered:
    """Return what becomes of a file that was brought, and keep its predictions.

    Raises
    ------
    GroundupError
        If it is no table, has not the model's columns, or has too many rows.
    """
    from groundup.workbench.use import predict, prediction_input, write

    assert model.contract is not None
    stem, ending = Path(name).stem, Path(name).suffix.lower()
    if ending not in ENDINGS:
        raise GroundupError(
            "Only text tables are taken here.", hint=f"Save it as one of {', '.join(ENDINGS)}."
        )
    if not data.strip():
        raise GroundupError("The file is empty.", hint="It needs a line of names, and a line per row.")
    most = max(MAX_CELLS, 2 * len(model.contract.features))
    stated = model.settings.get("read")
    with tempfile.TemporaryDirectory(prefix="groundup-") as folder:
        file = Path(folder) / f"table{ending}"
        file.write_bytes(data)
        try:
            given = prediction_input.take(
                str(file),
                model.contract.features,
                typed=True,
                # The header is asked for on the page: where every cell is text, no reader can tell.
                read={"header": True, "max_cells": most},
                remembered=stated if isinstance(stated, Mapping) else {},
            )
        except GroundupError as error:
            error.file = None  # the name of a temporary file tells nobody anything
            raise
    n_rows = given.table.n_rows + len(given.table.rejects)
    if n_rows > max_rows:
        raise GroundupError(
            f"The file has {n_rows:,} rows, and at most {max_rows:,} are taken here.",
            hint="Cut it in pieces, or use the command `groundup predict`, which has no such limit.",
        )
    said = predict.answer(model, given)
    written = write.rendered(said.frame, "csv", labels=said.labels)
    token = kept.put(f"{_plain_name(stem)}-predictions.csv", written.data)
    return _told(model, name, said, written.n_escaped, token)


def _plain_name(stem: str) -> str:
    """Return a stranger's file name as letters, digits and hyphens, to be named in a header."""
    plain = "".join(ch if ch.isascii() and ch.isalnum() else "-" for ch in stem[:60])
    return "-".join(part for part in plain.split("-") if part) or "table"


def _told(model: Model, name: str, said, n_escaped: int, token: str) -> Answered:
    from groundup.workbench.use.predict import PROBABILITY, PROBLEM

    frame = said.frame
    n_inputs = _n_inputs(frame)
    inputs = frame.columns[:n_inputs]
    first = frame.columns[n_inputs]
    n_refused = said.n_failed
    counts = []
    if model.classes is not None:
        found = frame[first].drop_nulls().value_counts(sort=True, name="n").rows()
        counts = [(cell(v), n, format_percent(n / max(1, frame.height))) for v, n in found[:20]]
    shares = {c.removeprefix(PROBABILITY): c for c in frame.columns[n_inputs + 1 :] if c != PROBLEM}
    verdicts = [
        _verdict(i, row, inputs[:MAX_COLUMNS], first, shares)
        for i, row in enumerate(frame.head(MAX_PREVIEW).iter_rows(named=True), 1)
    ]
    return Answered(
        file=shown(name),
        n_rows=frame.height,
        n_ok=frame.height - n_refused - said.n_doubted,
        n_doubtful=said.n_doubted,
        n_refused=n_refused,
        n_escaped=n_escaped,
        counts=counts,
        refused_share=format_percent(n_refused / max(1, frame.height)),
        columns=[shown(c, 60) for c in inputs[:MAX_COLUMNS]],
        more_columns=max(0, len(inputs) - MAX_COLUMNS),
        extra=[shown(c, 60) for c in said.extra],
        verdicts=verdicts,
        tallies=[shown(told, MAX_SHOWN) for told in [*said.renamed, *said.tallies][:MAX_LISTED]],
        problems=[shown(problem, MAX_SHOWN) for problem in said.listed[:MAX_LISTED]],
        download=f"{_plain_name(Path(name).stem)}-predictions.csv",
        token=token,
    )


def _n_inputs(frame) -> int:
    """Return how many columns of a frame of predictions are the input's: the answers stand at its end."""
    from groundup.workbench.use.predict import PREDICTION

    return len(frame.columns) - 1 - frame.columns[::-1].index(PREDICTION)


def _verdict(number: int, row: dict, inputs: list[str], first: str, shares: dict[str, str]) -> Verdict:
    from groundup.tables.contract.column import as_level
    from groundup.workbench.use.predict import PROBLEM

    said, problem = row[first], row[PROBLEM] or ""
    column = shares.get(as_level(said), shares.get(str(said))) if said is not None else None
    share = row[column] if column is not None else None
    return Verdict(
        row=number,
        status="refused" if said is None else "doubtful" if problem else "ok",
        prediction="" if said is None else cell(said),
        probability="" if share is None else format_probability(share),
        problem=shown(problem) if problem else "",
        cells=["" if row[c] is None else shown(row[c], 60) for c in inputs],
    )
