"""A result, and why a model said something, in a few lines of plain text: what ``print`` gives, as ``groundup show``."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from groundup.text.escaping import printable
from groundup.text.numbers import format_number, format_seconds, format_with_error, pluralize

if TYPE_CHECKING:
    from groundup.workbench.result import Result
    from groundup.workbench.use.explain import Explained

WIDTH = 100
LABEL = 12
_PARTS = ("train", "valid", "test")
_MOST_WARNINGS = 6
MOST_EXPLAINED = 5


def told_result(result: Result) -> str:
    """Return what a reader needs first: task, best learner, scores by part, verdict, warnings, where the model is."""
    told = f"predict {result.target}" if result.target else "segments of similar rows"
    blocks = [
        _section(
            "Data",
            f"{result.data.name}: {pluralize(result.data.rows, 'row')}, {pluralize(result.data.columns, 'column')}",
        ),
        _section("Task", f"{result.task}: {told}"),
        _section("Best", _best(result)),
        _scores(result),
        _section("Verdict", result.verdict),
    ]
    if result.segments:
        blocks.insert(
            3,
            _section(
                "Segments", *(f"{s.number}  {pluralize(s.rows, 'row')}: {s.words}" for s in result.segments)
            ),
        )
    warnings = [w for w in result.warnings if w != result.verdict]
    if warnings:
        more = len(warnings) - _MOST_WARNINGS
        blocks.append(
            _section("Warnings", *warnings[:_MOST_WARNINGS], *([f"... and {more} more"] if more > 0 else []))
        )
    how = "stored" if result.stored else f"in {format_seconds(result.seconds)}"
    blocks.append(f" {'Model':<{LABEL}} {result.bundle} ({how})")
    return "\n".join(block.rstrip() for block in blocks)


def told_explained(explained: Explained) -> str:
    """Return the reasons of the first rows, and how they were found."""
    blocks = [f"Why, for {pluralize(explained.frame.height, 'row')}: {explained.note}"]
    told = explained.lines(MOST_EXPLAINED)
    for number, said, reasons in told:
        blocks.append(_section(f"Row {number}", said, *(printable(reason) for reason in reasons)))
    left = explained.frame.height - len(told)
    if left > 0:
        blocks.append(_section("", f"and {pluralize(left, 'row')} more: see frame, or row(NUMBER)"))
    return "\n".join(blocks)


def _best(result: Result) -> str:
    best = result.best
    row = next((row for row in result.leaderboard if row.chosen), None)
    mean = (
        ""
        if row is None
        else f": {best.metric} {format_with_error(row.mean, row.spread)} over {pluralize(result.split.folds, 'fold')}"
    )
    rivals = sum(not (row.baseline or row.error) for row in result.leaderboard)
    return f"{best.title}{mean}; chosen among {rivals}" if rivals > 1 else f"{best.title}{mean}"


def _section(label: str, *lines: str) -> str:
    """Return a label and its lines, wrapped beside it."""
    out = []
    for line in lines:
        out += textwrap.wrap(line, WIDTH - LABEL - 2, break_long_words=False) or [""]
    return "\n".join(f" {label if i == 0 else '':<{LABEL}} {line}" for i, line in enumerate(out))


def _scores(result: Result) -> str:
    """Return one line for each metric: train, valid, test, and the baseline on test."""
    baseline = result.baseline.get("test", {})
    rows: list[tuple[str, ...]] = [("", *_PARTS, *(("baseline",) if baseline else ()))]
    for name in result.metrics["test"]:
        values = [format_number(result.metrics[part][name]) for part in _PARTS]
        rows.append((name, *values, *((format_number(baseline.get(name)),) if baseline else ())))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "   ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(f" {'Scores' if i == 0 else '':<{LABEL}} {line}" for i, line in enumerate(lines))
