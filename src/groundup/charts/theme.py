"""The one look: every colour, font and size of every chart.

A chart's specification holds no colour. It names a *style* (``"quiet"``, ``"rule"``) or a *range* (``"category"``),
and `config` says what they are: in a page the colours are CSS variables, so that light, dark and print need no second
drawing; elsewhere (PNG, a notebook) they are the numbers of one theme.

Palette: the hues of Okabe & Ito ("Color universal design", 2008), each moved in lightness until it stands at least
3:1 against its ground (WCAG 2.2, 1.4.11; text at least 4.5:1, 1.4.3) and until any two of a theme stay apart under
protanopia, deuteranopia and tritanopia (Machado, Oliveira & Fernandes 2009): ``tests/charts/test_theme.py`` measures
it. Colour is never the only sign: series differ by dash or shape too, or are named where they stand.
"""

from __future__ import annotations

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif'
TEXT_PX = 12
PADDING_PX = 4

#: Role -> colour. `series` 1 to 5: blue, vermilion, green, plum, ink. `ground` is the page that charts stand on.
LIGHT = {
    "ground": "#ffffff",
    "ink": "#1b1f27",
    "muted": "#596170",
    "line": "#858d9b",
    "grid": "#e4e7ec",
    "quiet": "#8b93a1",
    "series-1": "#0b5ea8",
    "series-2": "#d9590b",
    "series-3": "#12947a",
    "series-4": "#7a2e67",
    "series-5": "#20222b",
}
DARK = {
    "ground": "#14171c",
    "ink": "#e8eaee",
    "muted": "#a5adba",
    "line": "#737c8b",
    "grid": "#2b3038",
    "quiet": "#7d8695",
    "series-1": "#56a8f5",
    "series-2": "#f58a3c",
    "series-3": "#79d6b2",
    "series-4": "#c75fae",
    "series-5": "#f2f3f5",
}
THEMES = {"light": LIGHT, "dark": DARK}

SERIES = tuple(f"series-{i}" for i in range(1, 6))
DASHES = ([1, 0], [7, 3], [2, 3], [10, 3, 2, 3], [5, 2])
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross")
#: The strongest fill of a cell that has text on it: ink stays legible on it (4.5:1) in both themes.
CELL_OPACITY = 0.58


def colours(theme: str) -> dict[str, str]:
    """Return role -> colour: of ``"light"``, of ``"dark"``, or as CSS variables for ``"page"`` (light where unset)."""
    if theme == "page":
        return {role: f"var(--gu-{role}, {colour})" for role, colour in LIGHT.items()}
    return THEMES[theme]


def css() -> str:
    """Return the variables of both themes: the reader's system decides, ``data-theme`` overrules, print is light."""
    light, dark = (";".join(f"--gu-{role}:{colour}" for role, colour in t.items()) for t in (LIGHT, DARK))
    return (
        f":root{{--gu-font:{FONT};{light};color-scheme:light}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark};color-scheme:dark}}}}\n"
        f"@media screen{{:root[data-theme=dark]{{{dark};color-scheme:dark}}}}\n"
    )


def config(theme: str = "light") -> dict:
    """Return the Vega-Lite configuration of a theme: ``"light"``, ``"dark"`` or ``"page"``."""
    c = colours(theme)
    return {
        "aria": False,  # the figure has a label: a thousand spoken marks would not help
        "background": "transparent" if theme == "page" else c["ground"],
        "font": FONT,
        "padding": PADDING_PX,
        "view": {"stroke": None},
        "range": {"category": [c[s] for s in SERIES]},
        **_guides(c),
        **_marks(c),
        "style": _styles(c),
    }


def _guides(c: dict[str, str]) -> dict:
    """Axes, legends and titles."""
    return {
        "axis": {
            "labelColor": c["muted"],
            "titleColor": c["muted"],
            "domainColor": c["line"],
            "tickColor": c["line"],
            "gridColor": c["grid"],
            "labelFontSize": TEXT_PX,
            "titleFontSize": TEXT_PX,
            "titleFontWeight": "normal",
            "titlePadding": 8,
            "labelPadding": 5,
            "labelLimit": 150,
            "titleLimit": 260,
            "labelOverlap": True,
            "tickSize": 4,
        },
        "axisQuantitative": {"tickCount": 5},
        "axisXQuantitative": {"grid": False},
        "axisYQuantitative": {"domain": False, "ticks": False},
        "axisBand": {"grid": False, "domain": False, "ticks": False, "labelColor": c["ink"]},
        "legend": {
            "orient": "top",
            "title": None,
            "labelColor": c["ink"],
            "labelFontSize": TEXT_PX,
            "labelLimit": 220,
            "columnPadding": 18,
            "symbolStrokeWidth": 2.5,
            "symbolSize": 140,
            "offset": 28,  # above the title of the vertical axis
            "padding": 0,
        },
        "title": {
            "anchor": "start",
            "color": c["ink"],
            "fontSize": 15,
            "fontWeight": 600,
            "subtitleColor": c["muted"],
            "subtitleFontSize": TEXT_PX,
            "subtitlePadding": 5,
            "offset": 14,
            "frame": "group",
        },
    }


def _marks(c: dict[str, str]) -> dict:
    """Marks that name no style."""
    return {
        "bar": {"color": c["series-1"], "cornerRadiusEnd": 2},
        "line": {"color": c["series-1"], "strokeWidth": 2.25, "strokeJoin": "round", "strokeCap": "round"},
        "area": {"color": c["series-1"], "opacity": 0.18, "line": False},
        "point": {"color": c["series-1"], "filled": True, "size": 64, "opacity": 1},
        "rule": {"color": c["line"]},
        "text": {"color": c["ink"], "fontSize": TEXT_PX},
        "tick": {"color": c["series-1"]},
    }


def _styles(c: dict[str, str]) -> dict:
    """The named styles that charts use; none may have the name of a mark, which would style every such mark."""
    return {
        "quiet": {"color": c["quiet"]},
        "second": {"color": c["series-2"]},
        "missing": {
            "color": c["quiet"],
            "fillOpacity": 0.25,
            "stroke": c["quiet"],
            "strokeDash": [3, 2],
            "cornerRadiusEnd": 2,
        },
        "reference": {"color": c["line"], "strokeDash": [4, 3], "strokeWidth": 1.25},
        "interval": {"color": c["series-1"], "strokeWidth": 2},
        "interval-quiet": {"color": c["quiet"], "strokeWidth": 2},
        "whisker": {"color": c["ink"], "strokeWidth": 1.5},
        "track": {"color": c["grid"], "strokeWidth": 1},
        "ring": {"color": c["ground"], "stroke": c["ink"], "strokeWidth": 2, "size": 70, "opacity": 1},
        "rug": {"color": c["muted"], "opacity": 0.8},
        "note": {"color": c["muted"], "fontSize": TEXT_PX},
        "value": {"color": c["ink"], "fontSize": TEXT_PX},
        "fold": {"color": c["series-1"], "fillOpacity": 0.35, "strokeOpacity": 0, "size": 36},
        "fold-quiet": {"color": c["quiet"], "fillOpacity": 0.45, "strokeOpacity": 0, "size": 36},
        "dot": {"color": c["series-1"], "stroke": c["ground"], "strokeWidth": 1.5, "size": 110, "opacity": 1},
        "dot-quiet": {
            "color": c["quiet"],
            "stroke": c["ground"],
            "strokeWidth": 1.5,
            "size": 110,
            "opacity": 1,
        },
        "cloud": {"color": c["series-1"], "fillOpacity": 0.4, "strokeOpacity": 0, "size": 22},
        "density": {"color": c["series-1"], "stroke": None},
        "matrix": {"stroke": c["line"], "strokeWidth": 1, "cornerRadius": 3},
        "branch": {"color": c["quiet"], "opacity": 0.45},
        "highlight": {"color": c["ink"]},
        "single": {"color": c["quiet"], "strokeWidth": 1, "opacity": 0.3},
    }
