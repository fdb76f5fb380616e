"""Charts in a page: one bundle, no address, nothing that a name can break."""

import json
import re
from html.parser import HTMLParser

import pytest

from groundup import charts
from groundup.charts import embed, theme


class Page(HTMLParser):
    """What a browser's parser makes of a page: elements, their attributes, and the text of scripts."""

    def __init__(self, html: str):
        super().__init__()
        self.elements, self.scripts, self.text, self._open = [], [], [], None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self._open = (dict(attrs), "")

    def handle_data(self, data):
        if self._open:
            self._open = (self._open[0], self._open[1] + data)
        else:
            self.text.append(data)

    def handle_endtag(self, tag):
        if tag == "script":
            self.scripts.append(self._open)
            self._open = None


def test_a_page_holds_one_bundle_and_every_specification(plain_charts):
    html = embed.page({kind.replace("_", "-"): chart for kind, chart in plain_charts.items()}, "All <charts>")
    assert len(html.encode()) < 2_000_000
    page = Page(html)
    code = [text for attrs, text in page.scripts if attrs.get("type") != "application/json"]
    assert len(code) == 2
    specs = [json.loads(text) for attrs, text in page.scripts if attrs.get("type") == "application/json"]
    assert specs[:-1] == [chart.panel_specs() for chart in plain_charts.values()]
    assert specs[-1] == theme.config("page")
    figures = [attrs for tag, attrs in page.elements if tag == "figure"]
    assert len({attrs["id"] for attrs in figures}) == len(plain_charts)


def test_no_element_loads_anything(plain_charts):
    html = embed.page({"roc": plain_charts["roc"]}, "x")
    for _, attrs in Page(html).elements:
        assert not {"src", "href", "srcset", "data", "action", "poster", "background"} & set(attrs)
    styles = re.findall("<style>(.*?)</style>", html, re.DOTALL)
    assert not any("url(" in style or "@import" in style for style in styles)


@pytest.mark.parametrize("is_static", [False, True])
def test_hostile_names_cannot_leave_their_place(is_static, make_charts):
    for name in ("</script><script>alert(1)</script><!--<script>", '"><img src=x onerror=alert(1)>'):
        made = make_charts(name, n=20)
        drawn = {kind: made[kind] for kind in ("confusion_matrix", "leaderboard")} if is_static else made
        for kind, chart in drawn.items():
            page = Page(embed.fragment(chart, "c", is_static=is_static))
            tags = {tag for tag, _ in page.elements}
            assert "img" not in tags, kind
            assert len(page.scripts) == (0 if is_static else 1), kind
            assert not any(key.startswith("on") for _, attrs in page.elements for key in attrs), kind
            if not is_static:
                assert json.loads(page.scripts[0][1]) == chart.panel_specs()


def test_static_pictures_follow_the_page(plain_charts):
    html = embed.fragment(plain_charts["residuals"], "r", is_static=True)
    assert html.count("<svg") == 2
    assert "var(--gu-series-1" in html
    assert "data-live" not in html


def test_a_living_chart_may_show_its_picture_first(plain_charts):
    html = embed.fragment(plain_charts["residuals"], "r", with_picture=True)
    assert html.count("<svg") == 2
    assert " data-live" in html
    assert json.loads(Page(html).scripts[0][1]) == plain_charts["residuals"].panel_specs()


def test_a_screen_reader_finds_name_words_and_numbers(plain_charts):
    for chart in plain_charts.values():
        page = Page(embed.fragment(chart, "c"))
        pictures = [attrs for _, attrs in page.elements if attrs.get("role") == "img"]
        assert [attrs["aria-label"] for attrs in pictures] == [panel.label for panel in chart.panels]
        text = "".join(page.text)
        assert chart.reading in text
        assert chart.table["caption"] in text
        n_heads = sum(tag == "th" for tag, _ in page.elements)
        assert n_heads == len(chart.table["columns"])


def test_json_in_html_comes_back():
    value = {"a": "</script><!-- & \u2028\u2029 é 😀", "b": [1, None, True]}
    text = embed.json_in_html(value)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == value
    with pytest.raises(ValueError, match="not JSON compliant"):
        embed.json_in_html(float("nan"))


@pytest.mark.parametrize("name", ["", "a b", 'a"b', "é"])
def test_ids_are_plain(name, plain_charts):
    with pytest.raises(ValueError, match="an id holds"):
        embed.fragment(plain_charts["roc"], name)


def test_cells_of_the_table():
    html = embed.table_html(
        {"caption": "<c>", "columns": ["<a>"], "rows": [["<b>"], [None], [True], [1234], [0.5]]}
    )
    assert "<td>&lt;b&gt;</td>" in html
    assert "<td></td>" in html
    assert "<td>yes</td>" in html
    assert '<td class="gu-number">1234</td>' in html


def test_pictures_without_a_browser(plain_charts):
    chart = plain_charts["calibration"]
    assert chart.to_png(scale=1)[:8] == b"\x89PNG\r\n\x1a\n"
    assert f'aria-label="{chart.title}. ' in chart.to_svg("dark")
    with pytest.raises(ValueError, match="'light' or 'dark'"):
        chart.to_png("page")
    assert isinstance(chart, charts.Chart)
