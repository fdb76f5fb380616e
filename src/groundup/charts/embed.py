r"""Charts in an HTML page that loads nothing: `head` once, `fragment` for each chart, `script` once at the end.

Specifications stand as JSON in script elements that are no code; `<`, `>`, `&` and the line separators of JavaScript
are escaped (``\u003c``), so that no name of a column can end the element. Vega evaluates expressions with its
interpreter, so that a page may forbid ``eval`` (Content-Security-Policy); its loader refuses every address. Without
JavaScript a page still has title, reading and the table of each chart, and the picture where it was asked for.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

from groundup.charts import bundle, theme
from groundup.charts.chart import Chart
from groundup.text.escaping import printable
from groundup.text.numbers import format_table_number


def head() -> str:
    """Return the style element that a page with charts needs once."""
    return f"<style>\n{theme.css()}{_source('embed.css')}</style>"


def script() -> str:
    """Return the script elements that a page with interactive charts needs once."""
    config = json_in_html(theme.config("page"))
    return (
        f'<script type="application/json" id="gu-theme">{config}</script>\n'
        f"<script>{bundle.javascript()}</script>\n<script>\n{_source('embed.js')}</script>"
    )


def fragment(
    chart: Chart, name: str, *, is_static: bool = False, with_picture: bool = False, width: int = 520
) -> str:
    """Return a chart as a figure: caption, picture and table.

    Parameters
    ----------
    chart : Chart
    name : str
        The id of the figure, unique in its page: letters, digits and hyphens.
    is_static : bool
        Put the picture in as SVG, which needs no JavaScript (and has no tooltips), in place of its specification.
    with_picture : bool
        Embed both: the picture works at once, on paper and without JavaScript; an interactive chart replaces it in view.
    width : int
        Of a picture, in pixels; the page scales it to its place.
    """
    if not name or not all(ch.isascii() and (ch.isalnum() or ch in "-_") for ch in name):
        raise ValueError(f"an id holds letters, digits and hyphens, not {name!r}")
    specs = chart.panel_specs()
    if is_static or with_picture:
        panels = "".join(_panel(p.label, chart.panel_svg(i, width)) for i, p in enumerate(chart.panels))
    else:
        panels = "".join(_panel(panel.label) for panel in chart.panels)
    if is_static:
        live, spec = "", ""
    else:
        live, spec = " data-live", f'<script type="application/json">{json_in_html(specs)}</script>'
    stacked = " gu-stacked" if chart.is_stacked else ""
    return (
        f'<figure class="gu-chart" id="{name}" data-kind="{escape(chart.kind)}"{live}>'
        f'<figcaption><div class="gu-chart-title" dir="auto">{escape(chart.title)}</div>'
        f'<p class="gu-chart-reading">{escape(chart.reading)}</p></figcaption>'
        f'<div class="gu-panels{stacked}">{panels}</div>{table_html(chart.as_table())}{spec}</figure>'
    )


def page(charts: dict[str, Chart], title: str, *, is_static: bool = False) -> str:
    """Return a whole page of charts, id -> chart."""
    figures = "\n".join(fragment(chart, name, is_static=is_static) for name, chart in charts.items())
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"{head()}\n<style>body{{margin:0;padding:1.5rem 1rem;background:var(--gu-ground);color:var(--gu-ink)}}</style>\n"
        "</head>"
        f"<body><main>\n{figures}\n</main>\n{'' if is_static else script()}\n</body></html>\n"
    )


def json_in_html(value) -> str:
    r"""Return JSON that can stand inside a script element: nothing in it can end the element or begin a comment.

    >>> json_in_html({"a": "</script>"})
    '{"a":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def table_html(table: dict) -> str:
    """Return a chart's table, folded."""
    heads = "".join(f'<th scope="col">{_text(c)}</th>' for c in table["columns"])
    lines = "".join(f"<tr>{''.join(_cell(v) for v in row)}</tr>" for row in table["rows"])
    return (
        '<details><summary>The numbers</summary><div class="gu-scroll" tabindex="0">'
        f"<table><caption>{_text(table['caption'])}</caption><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"
        "</div></details>"
    )


def _cell(value) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        text = {None: "", True: "yes", False: "no"}.get(value, value) if not isinstance(value, str) else value
        return f"<td>{_text(text)}</td>"
    return f'<td class="gu-number">{format_table_number(value)}</td>'


def _text(value) -> str:
    """Return a value as escaped text whose hidden characters are visible."""
    return escape(printable(str(value)))


def _source(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _panel(label: str, inside: str = "") -> str:
    return f'<div class="gu-panel" role="img" aria-label="{escape(label, quote=True)}">{inside}</div>'
