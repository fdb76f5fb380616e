"""The pages in Chromium: the answer follows the fields, nobody is shut out, nothing leaves the host."""

import re

import pytest
from playwright.sync_api import expect
from served import customers, serving

pytestmark = pytest.mark.web
SIZES = ((375, 812), (768, 1024), (1440, 900))


@pytest.fixture(scope="module")
def address(model, bundle_file):
    with serving(model, bundle_file) as address:
        yield address


@pytest.fixture
def open_page(browser, address):
    """open_page(path, width=, theme=, js=) -> a page; fails on errors, and on requests to anywhere else."""
    contexts, heard = [], []

    def open_(path="/", *, width=1440, height=900, theme="light", js=True):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, java_script_enabled=js
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: heard.append(f"error: {error}"))
        page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
        page.on(
            "request", lambda r: heard.append(r.url) if not r.url.startswith((address, "data:")) else None
        )
        page.goto(f"{address}{path}")
        page.wait_for_load_state("load")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert heard == []


def upload(page, tmp_path):
    file = tmp_path / "cases.csv"
    frame = customers(30, seed=1).drop("leaves", "value")
    lines = frame.write_csv().splitlines()
    lines[2] = "many" + lines[2][lines[2].index(",") :]
    file.write_text("\n".join(lines), encoding="utf-8")
    page.set_input_files("#file", file)
    page.click("button:has-text('Predict')")
    page.wait_for_selector("#results")


def ask(page, label, text):
    """Type into a field, and wait for the answer that follows."""
    with page.expect_response(lambda r: r.request.method == "POST"):
        page.get_by_label(label, exact=True).fill(text)
    expect(page.locator("#answer")).not_to_have_attribute("aria-busy", "true")


def test_the_answer_follows_what_is_typed(open_page):
    page = open_page()
    before = page.locator("#as-python").text_content()
    ask(page, "months", "61")
    assert '"months": 61' in page.locator("#as-curl").text_content()
    assert page.locator("#as-python").text_content() != before
    assert page.locator("#announcement").text_content().startswith(page.locator(".headline").text_content())
    ask(page, "months", "900")
    assert "Outside the range" in page.locator("[data-field]:has(#c0) .message").text_content()
    assert page.locator("#c0").get_attribute("aria-describedby") == "c0-help c0-message"
    ask(page, "months", "soon")
    assert page.locator(".headline").text_content() == "No prediction yet"
    assert page.locator("#c0").get_attribute("aria-invalid") == "true"
    page.click(".summary a")
    assert page.evaluate("document.activeElement.id") == "c0"
    ask(page, "months", "12")
    assert page.locator(".message").count() == 0
    assert page.locator("#c0").get_attribute("aria-invalid") is None


def test_it_answers_the_same_without_javascript(open_page):
    with_js, without = open_page(), open_page(js=False)
    ask(with_js, "months", "61")
    without.get_by_label("months", exact=True).fill("61")
    without.click("button:has-text('Predict')")
    without.wait_for_load_state("networkidle")
    assert without.url.endswith("/#answer")
    for part in (".headline", ".words", "#as-curl", ".shares"):
        assert without.locator(part).text_content() == with_js.locator(part).text_content()
    assert without.get_by_label("months", exact=True).input_value() == "61"
    assert without.locator("#find").count() == 0


def test_the_keyboard_is_enough(open_page):
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "gu-skip"
    page.keyboard.press("Enter")
    page.get_by_label("months", exact=True).focus()
    value = int(page.locator("#c0").input_value())
    with page.expect_response(lambda r: r.request.method == "POST"):
        page.keyboard.press("ArrowUp")
    assert page.locator("#c0").input_value() == str(value + 1)
    with page.expect_response(lambda r: r.request.method == "POST"):
        page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_be_focused()
    reached = set()
    page.locator("body").focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
    assert {f"c{i}" for i in range(8)} <= reached


def test_levels_are_suggested_as_they_are_typed(open_page):
    page = open_page()
    assert page.locator("#c4-list option").count() > 20


def test_a_server_that_is_gone_takes_nothing_away(open_page):
    page = open_page()
    page.route("**/*", lambda route: route.fulfill(status=200, body="not the page"))
    page.get_by_label("months", exact=True).fill("61")
    expect(page.locator("#announcement")).to_contain_text("No prediction")
    assert page.locator("#c0").input_value() == "61"
    page.unroute("**/*")
    ask(page, "months", "62")
    assert '"months": 62' in page.locator("#as-curl").text_content()


# A theme changes colours, a size the layout: the narrowest has both, the others one each.
@pytest.mark.parametrize(
    ("width", "height", "theme"),
    [
        pytest.param(*SIZES[0], "light", marks=pytest.mark.slow),
        (*SIZES[0], "dark"),
        pytest.param(*SIZES[1], "light", marks=pytest.mark.slow),
        (*SIZES[2], "dark"),
    ],
)
def test_nobody_is_shut_out(open_page, tmp_path, width, height, theme):
    from axe_playwright_python.sync_playwright import Axe

    found = {}

    def check(page, name):
        violations = Axe().run(page).response["violations"]
        for v in violations:
            if v["impact"] in ("serious", "critical"):
                found[f"{name}: {v['id']}"] = [node["html"] for node in v["nodes"]][:3]
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is {wide} px wide"

    page = open_page(width=width, height=height, theme=theme)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    check(page, "the example")
    ask(page, "months", "900")
    check(page, "with a doubt")
    ask(page, "months", "soon")
    check(page, "refused")
    page.goto(re.sub(r"#.*", "", page.url) + "?start=empty")
    check(page, "empty")
    page = open_page("/batch", width=width, height=height, theme=theme)
    check(page, "many")
    upload(page, tmp_path)
    check(page, "answers")


def test_dark_and_light_differ_and_print_is_light(open_page):
    grounds = {}
    for theme in ("light", "dark"):
        page = open_page(theme=theme)
        grounds[theme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.emulate_media(media="print")
        grounds[f"{theme} print"] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert page.locator(".actions").is_hidden()
        assert page.locator(".headline").is_visible()
    assert grounds["light"] != grounds["dark"]
    assert grounds["light"] == grounds["light print"] == grounds["dark print"]


def test_a_remark_is_read_whole_on_a_narrow_screen(open_page, tmp_path):
    page = open_page("/batch", width=375, height=812)
    upload(page, tmp_path)
    message = page.locator(".rows .problem p").first
    scrolled = page.locator("#results .gu-scroll")
    assert scrolled.evaluate("e => e.scrollWidth > e.clientWidth")
    for left in (0, 200):  # and stays where the cells are scrolled
        scrolled.evaluate(f"e => {{ e.scrollLeft = {left}; }}")
        box = message.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 375
    assert "local" in scrolled.evaluate("e => getComputedStyle(e).backgroundAttachment"), (
        "the shadow at its side"
    )


def test_a_missing_file_is_told_in_the_page(open_page, tmp_path):
    page = open_page("/batch")
    page.click("button:has-text('Predict')")
    expect(page.locator("#file-message")).to_have_text("No file was chosen. Choose one first.")
    expect(page.locator("#file")).to_be_focused()
    upload(page, tmp_path)


def test_copy_gives_the_request(open_page, address):
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    page.click("text=Use this from a program")
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("#announcement")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#as-curl").text_content()
