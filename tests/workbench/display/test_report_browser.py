"""The report in Chromium: every chart is drawn, nobody is shut out, nothing leaves the host, paper is light."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.web
SIZES = (
    (375, "dark"),
    pytest.param(768, "light", marks=pytest.mark.slow),
    (1440, "light"),
    pytest.param(1440, "dark", marks=pytest.mark.slow),
)


@pytest.fixture
def open_report(browser):
    """open_report(project, width, theme, js) -> a page; fails on errors, and on any request."""
    contexts, heard = [], []

    def open_(project, width=1440, theme="light", js=True):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, java_script_enabled=js
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: heard.append(f"error: {error}"))
        page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
        page.on("request", lambda r: heard.append(r.url) if not r.url.startswith("file:") else None)
        page.on("dialog", lambda dialog: heard.append(dialog.message))
        page.goto(Path(project.result.bundle).with_name("report.html").as_uri())
        page.wait_for_load_state("load")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert heard == []


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression", "clustering"])
def test_every_chart_is_drawn_as_it_comes_into_view(task, built, open_report):
    page = open_report(built(task))
    figures = page.locator("figure.gu-chart")
    assert figures.count() > 0
    for i in range(figures.count()):
        figures.nth(i).scroll_into_view_if_needed()
        page.wait_for_function(
            "i => document.querySelectorAll('figure.gu-chart')[i].dataset.drawn === 'yes'", arg=i
        )
        assert figures.nth(i).locator("svg").count() == figures.nth(i).locator(".gu-panel").count()


@pytest.mark.parametrize("task", ["binary", "clustering"])
@pytest.mark.parametrize(("width", "theme"), SIZES)
def test_nobody_is_shut_out(task, width, theme, built, open_report):
    page = open_report(built(task), width, theme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert Axe().run(page).response["violations"] == []


def test_a_hostile_page_runs_nothing_but_ours(hostile, open_report):
    page = open_report(hostile)
    assert page.locator("main img").count() == 0
    assert "<script>alert(1)</script>" in page.locator("h1").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440


def test_without_javascript_it_is_whole(built, open_report):
    page = open_report(built("binary"), js=False)
    figures = page.locator("figure.gu-chart")
    assert page.locator("figure.gu-chart .gu-panel svg").count() >= figures.count()
    assert page.locator(".gu-copy").count() == 0
    page.locator("text=The numbers").first.click()
    assert page.locator("figure.gu-chart table").first.is_visible()


def test_paper_is_light_and_has_no_buttons(built, open_report):
    page = open_report(built("binary"), theme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".gu-copy").first.is_visible()
    assert not page.locator(".gu-contents").is_visible()
