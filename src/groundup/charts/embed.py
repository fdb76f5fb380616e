"""Charts in an HTML page that asks nobody for anything: `head` once, `fragment` for each chart, `script` once at the end.

Specifications stand as JSON in script elements that are no code; `<`, `>`, `&` and the line separators of JavaScript are escaped
(``\\u003c``), so that no name of a column can end the element. Vega evaluates expressions with its interpreter, so that
a page may forbid ``eval`` (Content-Security-Policy); its loader refuses every address. Without JavaScript a page still has title, reading and
the table of each chart, or, with ``is_static=True``, the picture.
"""

from __future__ import annotations

import json
from html import escape

from groundup.charts import bundle, theme
from groundup.charts.chart import Chart

_STYLE = """
.gu-chart{margin:0 0 2rem;color:var(--gu-ink);font:14px/1.5 %(font)s;max-width:46rem;break-inside:avoid}
.gu-chart *{box-sizing:border-box}
.gu-chart figcaption{margin:0 0 .75rem}
.gu-chart-title{font-size:1.0625rem;font-weight:600;line-height:1.3;overflow-wrap:anywhere}
.gu-chart-reading{margin:.25rem 0 0;color:var(--gu-muted);overflow-wrap:anywhere}
.gu-panels{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem}
.gu-panel{min-width:0;flex:1 1 17rem}
.gu-panels.gu-stacked{display:block}
.gu-panel svg{display:block;max-width:100%%;height:auto;overflow:visible}
.gu-chart details{margin:.5rem 0 0;font-size:13px}
.gu-chart summary{color:var(--gu-muted);cursor:pointer;width:max-content;max-width:100%%}
.gu-chart summary:focus-visible{outline:2px solid var(--gu-series-1);outline-offset:2px}
.gu-scroll{overflow-x:auto;margin-top:.5rem}
.gu-chart table{border-collapse:collapse;font-variant-numeric:tabular-nums}
.gu-chart caption{text-align:left;color:var(--gu-muted);padding:0 0 .25rem}
.gu-chart th,.gu-chart td{padding:.2rem .75rem .2rem 0;border-bottom:1px solid var(--gu-grid);text-align:left;font-weight:400;white-space:nowrap;max-width:20rem;overflow:hidden;text-overflow:ellipsis}
.gu-chart thead th{color:var(--gu-muted)}
.gu-chart .gu-number{text-align:right}
#gu-tooltip{position:fixed;z-index:1000;visibility:hidden;pointer-events:none;max-width:20rem;padding:.4rem .6rem;border:1px solid var(--gu-line);border-radius:6px;background:var(--gu-ground);color:var(--gu-ink);font:12px/1.45 %(font)s;overflow-wrap:anywhere}
#gu-tooltip.visible{visibility:visible}
#gu-tooltip td{padding:0 .5rem 0 0;vertical-align:top}
#gu-tooltip td.key{color:var(--gu-muted);white-space:nowrap}
@media print{.gu-chart details:not([open]){display:none}}
"""

_MOUNT = """
(function(){
var config=JSON.parse(document.getElementById("gu-theme").textContent);
function refuse(){return Promise.reject(new Error("charts load nothing"))}
function draw(figure){
  var specs=JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  var places=figure.querySelectorAll(".gu-panel");
  return Promise.all(specs.map(function(spec,i){
    var place=places[i],name=place.getAttribute("aria-label");
    return vegaEmbed(place,spec,{mode:"vega-lite",config:config,renderer:"svg",actions:false,ast:true,defaultStyle:false,
      loader:{load:refuse,sanitize:refuse,http:refuse,file:refuse},tooltip:{id:"gu-tooltip",disableDefaultStyle:true}}).then(function(result){
        place.setAttribute("role","img");place.setAttribute("aria-label",name);
        place.removeAttribute("aria-roledescription");
        var width=place.clientWidth;
        if(window.ResizeObserver)new ResizeObserver(function(){
          if(place.clientWidth&&place.clientWidth!==width){width=place.clientWidth;result.view.signal("width",width).runAsync()}
        }).observe(place);
      });
  })).then(function(){figure.setAttribute("data-drawn","yes")})
   .catch(function(error){figure.setAttribute("data-drawn","no");console.error(error)});
}
function all(){
  var rest=Array.prototype.slice.call(document.querySelectorAll("figure.gu-chart[data-live]:not([data-drawn])"));
  (function next(){var figure=rest.shift();if(figure){figure.setAttribute("data-drawn","now");draw(figure).then(next)}})();
}
if(document.readyState==="loading")document.addEventListener("DOMContentLoaded",all);else all();
})();
"""


def head() -> str:
    """Return the style element that a page with charts needs once."""
    return f"<style>\n{theme.css()}{_STYLE % {'font': theme.FONT}}</style>"


def script() -> str:
    """Return the script elements that a page with living charts needs once: the theme, the libraries, the drawing."""
    config = json_in_html(theme.config("page"))
    return (
        f'<script type="application/json" id="gu-theme">{config}</script>\n'
        f"<script>{bundle.javascript()}</script>\n<script>{_MOUNT}</script>"
    )


def fragment(chart: Chart, name: str, *, is_static: bool = False) -> str:
    """Return a chart as a figure: caption, picture and table.

    Parameters
    ----------
    chart : Chart
    name : str
        The id of the figure, unique in its page: letters, digits and hyphens.
    is_static : bool
        Put the picture in as SVG, which needs no JavaScript (and has no tooltips), in place of its specification.
    """
    if not name or not all(ch.isascii() and (ch.isalnum() or ch in "-_") for ch in name):
        raise ValueError(f"an id holds letters, digits and hyphens, not {name!r}")
    specs = chart.panel_specs()
    if is_static:
        panels = "".join(_panel(label, svg) for label, svg in _pictures(chart))
        live, spec = "", ""
    else:
        panels = "".join(_panel(panel.label) for panel in chart.panels)
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
        f"{head()}\n<style>body{{margin:0;padding:1.5rem 1rem;background:var(--gu-ground);color:var(--gu-ink)}}</style>\n</head>"
        f"<body><main>\n{figures}\n</main>\n{'' if is_static else script()}\n</body></html>\n"
    )


def standing(chart: Chart) -> str:
    """Return a chart that stands alone in a foreign page, as in a notebook: SVG, without script, on a light ground."""
    return f'<div style="max-width:46rem">{chart.to_svg("light")}</div>'


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
    heads = "".join(f'<th scope="col">{escape(str(c))}</th>' for c in table["columns"])
    lines = "".join(f"<tr>{''.join(_cell(v) for v in row)}</tr>" for row in table["rows"])
    return (
        '<details><summary>The numbers</summary><div class="gu-scroll" tabindex="0">'
        f"<table><caption>{escape(table['caption'])}</caption><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"
        "</div></details>"
    )


def _cell(value) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        text = {None: "", True: "yes", False: "no"}.get(value, value) if not isinstance(value, str) else value
        return f"<td>{escape(str(text))}</td>"
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.5g}"
    return f'<td class="gu-number">{text}</td>'


def _panel(label: str, inside: str = "") -> str:
    return f'<div class="gu-panel" role="img" aria-label="{escape(label, quote=True)}">{inside}</div>'


def _pictures(chart: Chart) -> list[tuple[str, str]]:
    """Return label and SVG of each panel, in the colours of the page."""
    from groundup.charts.export import panel_svg

    return [(panel.label, panel_svg(chart, i)) for i, panel in enumerate(chart.panels)]
