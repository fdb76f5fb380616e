"""Every page of the gallery runs, says what it is, and every public name stands in the API reference."""

import importlib
import re
import runpy
from pathlib import Path

import altair as alt
import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "examples" / "gallery").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where no data set lies: a page does without
    runpy.run_path(str(page), run_name="__main__")


def test_a_chart_is_shown_once_and_stays_the_value_of_its_block(tmp_path, monkeypatch):
    """The gallery's builder reads the value after the chart was shown; a block without one finds it again."""
    monkeypatch.syspath_prepend(ROOT / "docs" / "extensions")
    show_charts = importlib.import_module("chart_pages").show_charts
    drawn = alt.Chart(alt.Data(values=[{"a": 1, "b": 2}])).mark_bar().encode(x="a:Q", y="b:Q")
    names = {"___": drawn.properties(title="A title", description="A reading.")}
    block = {"example_globals": names, "image_path_iterator": iter([tmp_path / "shown.png"])}
    assert "A reading." in show_charts(None, block, {})
    assert "___" in names
    assert show_charts(None, block, {}) == ""


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_a_page_begins_with_its_title(page):
    assert re.match(r'r?"""\n(.+)\n=+\n\n', page.read_text())


@pytest.mark.parametrize("name", ["groundup", "groundup.models", "groundup.charts"])
def test_every_public_name_stands_in_the_reference(name, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs" / "extensions")
    page = importlib.import_module("reference").page()
    parts = [part.partition(".. currentmodule")[0] for part in page.split(f".. currentmodule:: {name}\n")[1:]]
    listed = re.findall(r"^   (\w+)$", "\n".join(parts), re.MULTILINE)
    assert sorted(listed) == sorted(n for n in importlib.import_module(name).__all__ if not n.startswith("_"))
