"""Charts in the documentation's pages: living figures from our own bundle of Vega, as in a report.

`show_charts` is the scraper of sphinx-gallery: where the last line of a block is a `Chart`, or a chart of Altair with
title and description, the page gets the figure (a picture, drawn over by the living chart), and the gallery a thumbnail.
The libraries are one file of the site, loaded by pages with charts only.
"""

from __future__ import annotations

import re
from pathlib import Path

from groundup.charts import Chart, bundle, embed, theme
from groundup.charts.chart import Panel
from groundup.charts.data import table

_SCRIPT = "charts.js"
#: Name, among those of a page's script, of the value that was shown last.
_SHOWN = "___shown"
_MOST_TABLE_ROWS = 60
#: Files of the repository, outside the site.
_OUTSIDE = re.compile(
    r"\[([^\]]+)\]\((?:\.\./)+(?!guide/|design/|mathematics/|reference/|getting_started|api)[^)]*\)"
)


def show_charts(block, block_vars, gallery_conf) -> str:
    """Return the figure of a block's chart, and write its thumbnail."""
    names = block_vars["example_globals"]
    found = names.get("___")
    if found is None or found is names.get(_SHOWN):
        return ""  # a block without a last value finds that of the one before
    names[_SHOWN] = found
    chart = found if isinstance(found, Chart) else _from_altair(found)
    if chart is None:
        return ""
    path = Path(next(block_vars["image_path_iterator"]))
    path.write_bytes(chart.to_png("light", 480, 1.5))
    html = embed.fragment(chart, re.sub("[^a-z0-9]+", "-", path.stem), with_picture=True, width=620)
    lines = "\n".join(f"    {line}" for line in html.splitlines())
    return f".. raw:: html\n\n{lines}\n"


def _from_altair(drawn) -> Chart | None:
    """Return a chart of Altair as one of ours: its description is the reading, its first data the table."""
    if not hasattr(drawn, "to_dict") or not type(drawn).__module__.startswith("altair"):
        return None
    spec, data = drawn.to_dict(), {}
    _lift(spec, data)
    title, reading = spec.pop("title"), spec.pop("description")
    first = next(iter(data.values()))
    step = -(-len(first) // _MOST_TABLE_ROWS)
    columns = {name: [row.get(name) for row in first[::step]] for name in first[0]}
    named = "Some of the numbers" if step > 1 else "The numbers that are drawn"
    panel = Panel(data, spec, title, spec.pop("height", 280))
    return Chart("own", title, reading, (panel,), table(named, columns))


def _lift(spec: dict, out_data: dict) -> None:
    """Put the values that a specification and its layers hold into `out_data`, by a name each: once what is the same."""
    if "values" in spec.get("data", {}):
        values = spec["data"]["values"]
        name = next((name for name, known in out_data.items() if known == values), f"rows{len(out_data)}")
        out_data[name] = values
        spec["data"] = {"name": name}
    for layer in spec.get("layer", []):
        _lift(layer, out_data)


def _add_script(app, pagename, templatename, context, doctree) -> None:
    """Let a page with charts load what draws them."""
    if 'class="gu-chart"' in context.get("body", ""):
        config = embed.json_in_html(theme.config("page"))
        app.add_js_file(None, body=config, type="application/json", id="gu-theme")
        app.add_js_file(_SCRIPT, loading_method="defer")


def _write_files(app, exception) -> None:
    """Write the libraries and the style of charts beside the other static files."""
    if exception is None and app.builder.format == "html":
        static = Path(app.outdir) / "_static"
        drawing = (Path(embed.__file__).parent / "embed.js").read_text(encoding="utf-8")
        libraries = f"(function(){{{bundle.javascript()}\n}})();"  # its names are its own: Sphinx has some of them too
        (static / _SCRIPT).write_text(f"{libraries}\n{drawing}", encoding="utf-8")
        style = (Path(embed.__file__).parent / "embed.css").read_text(encoding="utf-8")
        (static / "charts.css").write_text(theme.css() + style, encoding="utf-8")


def _without_outside(app, docname, source) -> None:
    """Show a link to a file outside the site as its text."""
    source[0] = _OUTSIDE.sub(r"\1", source[0])


def setup(app) -> dict:
    """Tell Sphinx."""
    app.add_css_file("charts.css")
    app.connect("html-page-context", _add_script)
    app.connect("build-finished", _write_files)
    app.connect("source-read", _without_outside)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
