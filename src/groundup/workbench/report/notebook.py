"""How a project and a result show themselves in a notebook: small HTML without scripts, in the notebook's own colours.

Every text is escaped; lines and quiet text are made of the surrounding colour, so that light and dark need no second
style. The leaderboard is a Polars frame, which shows itself; a report is a whole page in a frame.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from groundup.charts.notebook import facts, grid, titled
from groundup.judge.numbers import (
    counted,
    shown,
    shown_bytes,
    shown_micros,
    shown_seconds,
    shown_with_error,
)

if TYPE_CHECKING:
    from groundup.workbench.report.report import Report
    from groundup.workbench.result import Result

PARTS = ("train", "valid", "test")


class ShowsItself:
    """What a project shows of itself in a notebook."""

    source: Any
    target: str | None
    _result: Any
    _comparison: Any

    @property
    def report(self) -> Report:
        """The report of the result: in a notebook it shows itself; ``report.save("report.html")`` writes it."""
        from groundup.workbench.report.report import stored_report

        return stored_report(Path(self.result.bundle).parent)  # type: ignore[attr-defined]

    def _repr_html_(self) -> str:
        if self._result is not None:
            return self._result._repr_html_()
        name = self.source if isinstance(self.source, (str, Path)) else type(self.source).__name__
        told = [("table", name), ("target", self.target or "none: segments are sought")]
        if self._comparison is None:
            return titled("A new project", facts([*told, ("next", "compare(), or build()")]))
        board = self.leaderboard  # type: ignore[attr-defined]
        rows = [
            [r["learner"], shown_with_error(r["mean"], r["spread"]), r["error"]]
            for r in board.iter_rows(named=True)
        ]
        head = [("learner", False), (self._comparison.metric.name, True), ("", False)]
        return titled("Compared", facts([*told, ("next", "finalize()")]) + grid(head, rows))


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
                "failed" if row.error else shown_with_error(row.mean, row.spread),
                "" if row.fit_s is None else shown_seconds(row.fit_s),
                "" if row.row_us is None else shown_micros(row.row_us),
                "" if row.bytes is None else shown_bytes(row.bytes),
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
                *(shown(result.metrics[part].get(name)) for part in PARTS),
                *([shown(base.get(name))] if base else []),
            ]
            for name in result.metrics["test"]
        ],
        strong=[name == best.metric for name in result.metrics["test"]],
    )
    title = f"Predicting {result.target}" if result.target else f"Segments of {result.data.name}"
    return titled(f"{title}: {counted(result.data.rows, 'row')}", about + board + scores)
