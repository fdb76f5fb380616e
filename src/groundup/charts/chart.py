"""What every chart module returns: one or more panels, a title, the main finding in words, and a table of the numbers."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

from groundup.charts import theme as themes
from groundup.charts.bundle import VEGA_LITE

SCHEMA = (
    "https://vega.github.io/schema/vega-lite/v6.json"  # a name, not an address: nothing is loaded from it
)
_NO_ADDRESS = ["https://nowhere.invalid/"]  # an empty list would allow every address


class Panel(NamedTuple):
    """One drawing of a chart.

    `drawing` is an Altair chart over the named `rows` (or its stored specification), without size and colours; `label`
    describes it for screen readers, `height` counts pixels, and `share` is the part of the width that it takes where
    panels stand side by side.
    """

    rows: dict[str, list[dict]]
    drawing: Any
    label: str
    height: int = 260
    share: float = 1.0


@dataclass(frozen=True)
class Chart:
    """A chart as a value: drawn in a page, a notebook or a file, or read as words or as a table.

    Attributes
    ----------
    kind : str
        Which chart it is: ``"roc"``, ``"leaderboard"``, ...
    title : str
    reading : str
        The main finding in words: the caption, and the text that replaces the picture.
    panels : tuple of Panel
    table : dict
        ``{"caption", "columns", "rows"}``: the numbers, short enough to be read.
    is_stacked : bool
        Panels share their x axis and stand below each other, else side by side where there is room.
    """

    kind: str
    title: str
    reading: str
    panels: tuple[Panel, ...]
    table: dict
    is_stacked: bool = False

    def as_table(self) -> dict:
        """Return the numbers as ``{"caption", "columns", "rows"}``."""
        return self.table

    def to_object(self) -> dict:
        """Return the chart as plain JSON values, from which `from_object` restores it."""
        panels = [
            {
                "rows": dict(panel.rows),
                "drawing": _plain(panel.drawing),
                "label": panel.label,
                "height": panel.height,
                "share": panel.share,
            }
            for panel in self.panels
        ]
        fields = {"kind": self.kind, "title": self.title, "reading": self.reading, "table": self.table}
        return {**fields, "is_stacked": self.is_stacked, "panels": panels}

    @classmethod
    def from_object(cls, stored: dict) -> Chart:
        """Return the chart of an object that `to_object` returned."""
        return cls(**{**stored, "panels": tuple(Panel(**panel) for panel in stored["panels"])})

    def panel_specs(self) -> list[dict]:
        """Return one Vega-Lite specification a panel, as wide as the element it is drawn in, without colours."""
        return [self._panel(panel, "container") for panel in self.panels]

    def spec(self, theme: str = "light", width: int = 620) -> dict:
        """Return the whole chart as one Vega-Lite specification with title, colours and a width in pixels."""
        shares = sum(panel.share for panel in self.panels)
        widths = [width if self.is_stacked else round(width * p.share / shares) for p in self.panels]
        drawn = [self._panel(panel, w) for panel, w in zip(self.panels, widths, strict=True)]
        if len(drawn) == 1:
            spec = drawn[0]
        else:
            for panel in drawn:
                del panel["$schema"], panel["autosize"], panel["datasets"]
            every = {name: listed for panel in self.panels for name, listed in panel.rows.items()}
            spec = {("vconcat" if self.is_stacked else "hconcat"): drawn, "spacing": 24, "datasets": every}
        return spec | {
            "$schema": SCHEMA,
            "description": self.reading,
            "title": {"text": self.title, "subtitle": textwrap.wrap(self.reading, max(30, width // 6))},
            "config": themes.config(theme),
        }

    def to_altair(self, theme: str = "light", width: int = 620):
        """Return the whole chart as an Altair chart."""
        import altair as alt

        spec = self.spec(theme, width)
        rows = spec.pop("datasets")  # added afterwards: Altair would validate each value
        made = alt.Chart.from_dict(spec)
        made["datasets"] = rows
        return made

    def to_svg(self, theme: str = "light", width: int = 620) -> str:
        """Return the whole chart as SVG; with the theme ``"page"`` its colours follow the page that it is put in."""
        spoken = escape(f"{self.title}. {self.reading}", quote=True)
        svg = _draw_svg(self.spec(theme, width))
        return svg.replace("<svg ", f'<svg role="img" aria-label="{spoken}" ', 1)

    def panel_svg(self, index: int, width: int = 520) -> str:
        """Return one panel as SVG in the colours of the page that it is put in; `width` is that of the whole chart."""
        if not self.is_stacked and len(self.panels) > 1:
            width = round(0.65 * width)  # scaled down to a narrow screen, its text is still legible
        spec = self.panel_specs()[index] | {"width": width, "config": themes.config("page")}
        return _draw_svg(spec).replace("<svg ", '<svg aria-hidden="true" ', 1)  # its element says what it is

    def to_png(self, theme: str = "light", width: int = 620, scale: float = 2.0) -> bytes:
        """Return the whole chart as PNG, `scale` pixels for each of its own."""
        import vl_convert

        if theme == "page":
            raise ValueError("a PNG has no page to take its colours from: 'light' or 'dark'")
        return vl_convert.vegalite_to_png(
            self.spec(theme, width), vl_version=VEGA_LITE, scale=scale, allowed_base_urls=_NO_ADDRESS
        )

    def _repr_html_(self) -> str:
        """Return the chart for a notebook: SVG without scripts, on a light background."""
        return f'<div style="max-width:46rem">{self.to_svg("light")}</div>'

    def _panel(self, panel: Panel, width) -> dict:
        return _plain(panel.drawing) | {
            "$schema": SCHEMA,
            "description": panel.label,
            "datasets": panel.rows,
            "width": width,
            "height": panel.height,
            "autosize": {"type": "fit-x", "contains": "padding"},
        }


def _draw_svg(spec: dict) -> str:
    """Draw a specification with vl-convert, without a browser and without a network."""
    import vl_convert

    return vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, allowed_base_urls=_NO_ADDRESS)


def _plain(drawing) -> dict:
    """Return the specification of a drawing without Altair's default style."""
    # Tests validate: here it would be half of the time.
    spec = dict(drawing) if isinstance(drawing, dict) else drawing.to_dict(validate=False)
    for name in ("config", "usermeta"):
        spec.pop(name, None)
    return spec
