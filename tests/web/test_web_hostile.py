"""Two hundred hostile names, as columns, levels, labels, file names and cells: text everywhere, and only text."""

import csv
import io
import subprocess
import sys

import polars as pl
import pytest
from hostile import NAMES
from served import saved, serving

from groundup.web import batch, fields, form
from groundup.web.formats import display_text

N_COLUMNS = 200


@pytest.fixture(scope="module")
def table():
    """Every name is a column; every other column is of levels that are names too; the labels are names."""
    n = 60
    columns = {}
    for j, name in enumerate(NAMES[:N_COLUMNS]):
        if j % 2:
            columns[name] = [NAMES[(j + i) % len(NAMES)] for i in range(n // 20) for _ in range(20)]
        else:
            columns[name] = [float((i * (j % 10 + 1)) % 11) for i in range(n)]
    return pl.DataFrame(columns).with_columns(
        pl.Series("</title><script>alert(2)</script>", [NAMES[0], NAMES[2]] * (n // 2))
    )


@pytest.fixture(scope="module")
def address(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "hostile.groundup"
    model = saved(table, table.columns[-1], path, name="<script>alert(3)</script>")
    assert len(model.contract.features) >= N_COLUMNS
    with serving(model, path) as address:
        address_and_model = (address, model)
        yield address_and_model


@pytest.fixture
def page(browser):
    """A page that fails the test if anything of a name runs, or is asked for from elsewhere."""
    context = browser.new_context()
    page = context.new_page()
    heard = []
    page.on("dialog", lambda dialog: (heard.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("pageerror", lambda error: heard.append(f"error: {error}"))
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: heard.append(request.url) if "127.0.0.1" not in request.url else None)
    yield page
    context.close()
    assert heard == []


def test_there_are_two_hundred():
    assert len(NAMES) >= N_COLUMNS


def looks(texts):
    """Return texts as a browser gives them back: its parser turns a carriage return into a line's end."""
    return [" ".join(text.split()) for text in texts]


@pytest.mark.web
def test_names_levels_and_labels_show_as_text(address, page):
    at, model = address
    page.goto(at)
    page.wait_for_load_state("load")
    columns = model.contract.feature_columns
    labels = {
        field.get_attribute("data-field"): field.query_selector("label bdi").text_content()
        for field in page.query_selector_all("[data-field]")
    }
    assert looks(labels[f"c{i}"] for i in range(len(columns))) == looks(display_text(c.name) for c in columns)
    for i, column in enumerate(columns):
        if fields.choose_control(column) == "choice":
            options = page.query_selector_all(f"#c{i} option")[1:]
            assert looks(o.text_content() for o in options) == looks(
                t for _, t, _ in fields.list_choices(column)
            )
    assert page.query_selector(".headline bdi").text_content() in {
        display_text(label.value) for label in model.contract.labels
    }
    assert page.title() == f"Predict {display_text(model.contract.target)}"
    assert page.locator("script").count() == 1
    foreign = "img, iframe, style, base, meta[http-equiv], form[action*=evil], template, plaintext"
    assert page.locator(foreign).count() == 0


@pytest.mark.web
def test_the_answer_follows_what_is_chosen_among_them(address, page):
    at, model = address
    page.goto(at)
    page.wait_for_load_state("load")
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    levels = [i for i, c in enumerate(model.contract.feature_columns) if fields.choose_control(c) == "choice"]
    for i in levels[:5]:
        with page.expect_response(lambda r: r.request.method == "POST") as asked:
            page.select_option(f"#c{i}", index=2)
        assert asked.value.status == 200
    page.fill("#find", "<script>")
    assert page.locator(".field:visible").count() >= 1


def test_the_request_as_python_means_the_same_row(address, tmp_path):
    import json
    import urllib.request

    at, _ = address
    context = json.load(urllib.request.urlopen(f"{at}/form.json?example=2"))
    script = tmp_path / "ask.py"
    script.write_text(context["snippets"]["python"], encoding="ascii")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shell = tmp_path / "ask.sh"
    shell.write_text(context["snippets"]["curl"], encoding="ascii")
    said = json.loads(subprocess.run(["sh", str(shell)], capture_output=True, check=True).stdout)
    assert display_text(said["answers"][0]["prediction"]) == context["answer"]["headline"]
    assert [n for n in said["answers"][0]["notes"] if n["kind"] == "unseen"] == []


@pytest.mark.web
def test_a_file_of_them_comes_back_whole_and_tame(address, table, page, tmp_path):
    at, model = address
    file = tmp_path / "<img src=x onerror=alert(4)>{{7*7}}.csv"
    table[:, :-1].write_csv(file)
    page.goto(f"{at}/batch")
    page.set_input_files("#file", file)
    page.click("button:has-text('Predict')")
    page.wait_for_selector("#results")
    assert page.query_selector("#results-title bdi").text_content() == display_text(file.name)
    n_columns = page.locator(".rows thead th").count()
    assert n_columns >= batch.MAX_COLUMNS
    answers = page.locator(".rows tbody td strong").all_text_contents()
    assert len(answers) == table.height
    assert set(answers) <= {display_text(label.value) for label in model.contract.labels}
    with page.expect_download() as got:
        page.click("text=Download the predictions")
    rows = list(csv.reader(io.StringIO(got.value.path().read_text(encoding="utf-8"), newline="")))
    assert len(rows) == table.height + 1
    for row in rows:
        assert not any(
            format_value.startswith(("=1+", "=cmd", "=IMPORT", "=HYPER", "@SUM")) for format_value in row
        )


def test_two_hundred_columns_are_grouped(address):
    import json
    import urllib.request

    context = json.load(urllib.request.urlopen(f"{address[0]}/form.json"))
    assert len(context["groups"]) == 2
    assert len(context["groups"][0]["fields"]) == form.N_STRONGEST
