"""Charts as SVG and PNG, drawn by vl-convert without a browser and without a network."""

from __future__ import annotations

from html import escape

from groundup.charts import theme as themes
from groundup.charts.bundle import VEGA_LITE
from groundup.charts.chart import Chart

_NO_ADDRESS = ["https://nowhere.invalid/"]  # an empty list would allow every address


def to_svg(chart: Chart, theme: str = "light", width: int = 620) -> str:
    """Return a chart as SVG with its reading as the text in its place."""
    import vl_convert

    svg = vl_convert.vegalite_to_svg(
        chart.spec(theme, width), vl_version=VEGA_LITE, allowed_base_urls=_NO_ADDRESS
    )
    spoken = escape(f"{chart.title}. {chart.reading}", quote=True)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{spoken}" ', 1)


def to_png(chart: Chart, theme: str = "light", width: int = 620, scale: float = 2.0) -> bytes:
    """Return a chart as PNG."""
    import vl_convert

    if theme == "page":
        raise ValueError("a PNG has no page to take its colours from: 'light' or 'dark'")
    return vl_convert.vegalite_to_png(
        chart.spec(theme, width), vl_version=VEGA_LITE, scale=scale, allowed_base_urls=_NO_ADDRESS
    )


def panel_svg(chart: Chart, index: int, width: int = 520) -> str:
    """Return one panel as SVG in the colours of the page that it is put in; `width` is that of the whole chart."""
    import vl_convert

    alone = chart.is_stacked or len(chart.panels) == 1
    width = (
        width if alone else round(0.65 * width)
    )  # scaled down to a narrow screen, its text is still legible
    spec = chart.panel_specs()[index] | {"width": width, "config": themes.config("page")}
    svg = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, allowed_base_urls=_NO_ADDRESS)
    return svg.replace("<svg ", '<svg aria-hidden="true" ', 1)  # its element says what it is
