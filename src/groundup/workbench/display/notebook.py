"""How a project, a result and explanations show themselves in a notebook: small HTML without scripts, in its colours.

Every text is escaped; lines and quiet text are made of the surrounding colour, so that light and dark need no second
style. The leaderboard is a Polars frame, which shows itself; a report is a whole page in a frame.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from groundup.text.notebook import facts, grid, titled
from groundup.text.numbers import (
    format_bytes,
    format_micros,
    format_number,
    format_seconds,
    format_with_error,
    pluralize,
)
from groundup.workbench.display.terminal_summary import MOST_EXPLAINED

if TYPE_CHECKING:
    from groundup.workbench.findings import Findings
    from groundup.workbench.result import Result
    from groundup.workbench.use.explain import Explained

PARTS = ("train", "valid", "test")


def project_html(project: Findings) -> str:
    """Return a project: what is asked, and what it has found so far."""
    if project._result is not None:
        return result_html(project._result)
    source = project.source if isinstance(project.source, (str, Path)) else type(project.source).__name__
    told = [("table", source), ("target", project.target or "none: segments are sought")]
    if project._comparison is None:
        return titled("A new project", facts([*told, ("next", "compare(), or build()")]))
    rows = [
        [row["learner"], format_with_error(row["mean"], row["spread"]), row["error"]]
        for row in project.leaderboard.iter_rows(named=True)
    ]
    heads = [("learner", False), (project._comparison.metric.name, True), ("", False)]
    return titled("Compared", facts([*told, ("next", "finalize()")]) + grid(heads, rows))


def result_html(result: Result) -> str:
    """Return a result: what was learnt, the leaderboard, the scores, the verdict."""
    best = result.best
    about = facts(
        [
            ("chosen", best.title),
            ("why", best.reason),
            ("verdict", result.verdict),
            *(("note", told) for told in result.warnings if told != result.verdict),
            ("bundle", result.bundle),
        ]
    )
    board = grid(
        [("", False), ("learner", False), *((t, True) for t in (best.metric, "one fit", "one row", "size"))],
        [
            [
                "*" if row.chosen else "=" if row.tied else "",
                row.title,
                "failed" if row.error else format_with_error(row.mean, row.spread),
                "" if row.fit_s is None else format_seconds(row.fit_s),
                "" if row.row_us is None else format_micros(row.row_us),
                "" if row.bytes is None else format_bytes(row.bytes),
            ]
            for row in result.leaderboard
        ],
        strong=[row.chosen for row in result.leaderboard],
    )
    base = result.baseline.get("test", {})
    scores = grid(
        [("score", False), *((part, True) for part in PARTS), *([("baseline", True)] if base else [])],
        [
            [
                name,
                *(format_number(result.metrics[part].get(name)) for part in PARTS),
                *([format_number(base.get(name))] if base else []),
            ]
            for name in result.metrics["test"]
        ],
        strong=[name == best.metric for name in result.metrics["test"]],
    )
    title = f"Predicting {result.target}" if result.target else f"Segments of {result.data.name}"
    return titled(f"{title}: {pluralize(result.data.rows, 'row')}", about + board + scores)


def explained_html(explained: Explained) -> str:
    """Return the reasons of the first rows, one a line."""
    told = explained.lines(MOST_EXPLAINED)
    rows = [
        ["" if i else number, "" if i else said, reason]
        for number, said, reasons in told
        for i, reason in enumerate(reasons)
    ]
    left = explained.frame.height - len(told)
    more = [("more", f"{pluralize(left, 'row')}: see frame, or row(NUMBER)")] if left > 0 else []
    table = grid([("row", True), ("answer", False), ("the strongest reasons", False)], rows)
    return titled(
        f"Why, for {pluralize(explained.frame.height, 'row')}",
        table + facts([*more, ("how", explained.note)]),
    )
