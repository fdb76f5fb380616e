"""A report as one self-contained page: a template, the look of all pages, the charts with their drawing library.

Nothing is fetched, and the page forbids itself to: its Content-Security-Policy allows what stands in it and nothing else.
Every chart is there as a picture, which needs no JavaScript and no waiting; where scripts run, it is drawn anew when it
comes into view and then answers the pointer.
"""

from __future__ import annotations

import functools
from itertools import groupby
from pathlib import Path

from groundup.charts import Chart, embed
from groundup.charts import page as look
from groundup.text.escaping import printable
from groundup.workbench.display.model import Block, Context, Picture

# Pictures that stand side by side where there is room.
_PAIRED = ("dependence", "roc", "precision-recall")
_HALF_PX = 380


def render(report: Context, *, is_static: bool = False) -> str:
    """Return the page; `is_static` leaves out all scripts."""

    def chart(block: Picture) -> str:
        width = _HALF_PX if _is_paired(block) else 560
        made = Chart.from_object(block.chart)
        return embed.fragment(made, block.name, is_static=is_static, with_picture=True, width=width)

    has_pictures = any(isinstance(b, Picture) for section in report.sections for b in section.blocks)
    return _template().render(
        report=report,
        chart=chart,
        rows_of=_rows_of,
        style=f"{embed.head()}\n<style>{look.css()}{_source('report.css')}</style>",
        script="" if is_static else f"<script>{_source('report.js')}</script>",
        living=embed.script() if has_pictures and not is_static else "",
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
    """Return blocks in rows: pictures that belong side by side share one."""
    out: list[list[Block]] = []
    for paired, found in groupby(blocks, _is_paired):
        listed = list(found)
        out += [listed] if paired else [[block] for block in listed]
    return out


def _is_paired(block: Block) -> bool:
    return isinstance(block, Picture) and block.name.startswith(_PAIRED)


def _source(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
