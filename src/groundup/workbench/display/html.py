"""Write a report as one self-contained page: a template, the style of all pages, the charts with their library.

The page loads nothing, which its Content-Security-Policy enforces. Every chart is embedded as a picture, which needs no
JavaScript; where scripts run, a chart that comes into view is drawn again and becomes interactive.
"""

from __future__ import annotations

import functools
from itertools import groupby
from pathlib import Path

from groundup.charts import Chart, embed
from groundup.charts import page as look
from groundup.text.escaping import printable
from groundup.workbench.display.model import SIGNS, Block, Display, Figure

# Figures that stand side by side where there is room.
_PAIRED = ("dependence", "roc", "precision-recall")
_HALF_PX = 380


def render(report: Display, *, is_static: bool = False) -> str:
    """Return the page; `is_static` leaves out all scripts."""

    def chart(block: Figure) -> str:
        width = _HALF_PX if _is_paired(block) else 560
        return embed.fragment(
            Chart.from_object(block.chart), block.name, is_static=is_static, with_picture=True, width=width
        )

    has_figures = any(isinstance(b, Figure) for section in report.sections for b in section.blocks)
    return _template().render(
        report=report,
        signs=SIGNS,
        chart=chart,
        rows_of=_rows_of,
        style=f"{embed.head()}\n<style>{look.css()}{_source('report.css')}</style>",
        script="" if is_static else f"<script>{_source('report.js')}</script>",
        libraries=embed.script() if has_figures and not is_static else "",
    )


@functools.cache
def _template():
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters["visible"] = lambda value: printable(str(value))
    environment.filters["visible_lines"] = lambda value: printable(str(value), keep_lines=True)
    return environment.from_string(_source("report.html.j2"))


def _rows_of(blocks: list[Block]) -> list[list[Block]]:
    """Return blocks in rows: figures that belong side by side share one."""
    rows: list[list[Block]] = []
    for is_paired, group in groupby(blocks, _is_paired):
        listed = list(group)
        rows += [listed] if is_paired else [[block] for block in listed]
    return rows


def _is_paired(block: Block) -> bool:
    return isinstance(block, Figure) and block.name.startswith(_PAIRED)


def _source(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
