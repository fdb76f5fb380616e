"""The report: one display, a page that loads nothing, and twins with the same content."""

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

import groundup as gu
from groundup.errors import GroundupError, UsageError
from groundup.tables.contract.rendering import range_of
from groundup.text.numbers import format_number, format_with_error
from groundup.workbench.display import Display, Report
from groundup.workbench.examination import read_examination
from groundup.workbench.stored_reports import stored_report

TASKS = ("binary", "multiclass", "regression", "clustering")


class Page(HTMLParser):
    """Elements, and the text outside scripts and styles."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.text, self._silent = [], [], False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._silent = tag in {"script", "style"}

    def handle_endtag(self, tag):
        self._silent = False

    def handle_data(self, data):
        if not self._silent:
            self.text.append(data)


@pytest.mark.parametrize("task", TASKS)
def test_a_build_leaves_a_whole_page(task, built):
    page_file = Path(built(task).result.bundle).with_name("report.html")
    html = page_file.read_text("utf-8")
    assert len(html.encode()) < 2_000_000
    page = Page(html)
    loads = {"src", "srcset", "data", "action", "poster", "background"}
    for tag, attrs in page.elements:
        assert not loads & set(attrs), tag
        assert not attrs.get("href", "#").startswith(("http", "//", "file", "data")), tag
    assert "url(" not in "".join(re.findall("<style>(.*?)</style>", html, re.DOTALL))
    sections = [attrs["id"] for tag, attrs in page.elements if tag == "section"]
    wanted = [
        "outcome",
        "request",
        "data",
        "split",
        "audit",
        "leaderboard",
        "choice",
        "scores",
        "next",
        "repeat",
    ]
    assert [name for name in sections if name in wanted] == wanted
    links = [
        attrs["href"][1:] for tag, attrs in page.elements if tag == "a" and attrs.get("href", "")[:1] == "#"
    ]
    assert set(links) <= set(sections)
    assert links[1:] == sections


@pytest.mark.parametrize(
    ("task", "figures"),
    [
        (
            "binary",
            {"target", "confusion", "roc", "precision-recall", "calibration", "importance", "dependence-1"},
        ),
        ("multiclass", {"target", "confusion", "roc", "precision-recall", "calibration", "importance"}),
        ("regression", {"target", "residuals", "importance", "dependence-1"}),
        ("clustering", {"map"}),
    ],
)
def test_each_task_has_its_figures(task, figures, built):
    display = built(task).report.display
    found = {
        block.name for section in display.sections for block in section.blocks if block.block == "figure"
    }
    assert figures | {"leaderboard-spread"} <= found
    stored = read_examination(Path(built(task).result.bundle).parent)
    assert stored is not None
    assert stored.omitted == []


def test_the_page_says_what_the_result_says(built):
    result, report = built("binary").result, built("binary").report
    text = " ".join(" ".join(Page(report.html(is_static=True)).text).split())
    assert result.verdict in text
    assert result.best.reason in text
    assert result.digest in text
    for row in result.leaderboard:
        assert row.title in text


def test_a_score_is_written_in_one_way(built):
    result, report = built("binary").result, built("binary").report
    rivals = [
        row for row in result.leaderboard if row.mean is not None and row.margin and row.ranked_by is None
    ]
    assert rivals
    for told in (report.markdown(), " ".join(Page(report.html(is_static=True)).text)):
        for row in rivals:
            assert format_with_error(row.mean, row.margin) in told
            digits = re.findall(rf"(?<![0-9.]){format_number(row.mean)[:4]}[0-9]*", told)
            assert all(len(number) == 6 for number in digits), (row.title, digits)


def test_a_baseline_that_is_not_drawn_is_told(built):
    result = built("binary").result
    near, far = ([0.860, 0.861], [0.5, 0.5]), ([0.860, 0.861], [0.858, 0.859])
    for folds, is_told in ((near, True), (far, False)):
        rows = [
            row.model_copy(
                update={"fold_scores": folds[row.baseline], "mean": folds[row.baseline][0], "ranked_by": None}
            )
            for row in result.leaderboard
        ]
        found = Report.of(result.model_copy(update={"leaderboard": rows})).markdown()
        assert ("The baseline, 0.5000, is too far from the other scores to be drawn" in found) is is_told


def test_which_way_is_better_stands_beside_the_score_and_settings_are_tried(built):
    for task, way in (("binary", "higher is better"), ("regression", "lower is better")):
        report = built(task).report
        figures = report.display.sections[0].blocks[0]
        assert figures.items[0].detail.startswith(way)
        columns = next(
            b
            for s in report.display.sections
            if s.name == "leaderboard"
            for b in s.blocks
            if b.block == "table"
        ).columns
        assert [column.title for column in columns][2:4] == ["Validation", "Settings"]


def test_the_range_of_two_values_has_no_median():
    whole = pl.DataFrame({"old": [0, 1] * 20, "age": [*range(20, 40)] * 2, "y": ["a", "b"] * 20})
    contract = gu.Project(whole, "y").contract
    assert [range_of(contract.by_name[name]) for name in ("old", "age")] == ["0 or 1", "20 to 39, median 30"]


def test_intervals_hold_their_scores_and_columns_are_ranked(built):
    display = built("binary").report.display
    for part, found in display.intervals.items():
        for name, (low, high) in found.items():
            assert low <= built("binary").result.metrics[part][name] <= high
    assert {one["column"] for one in display.importance[:3]} == {"a", "b", "c"}
    assert display.importance[0]["column"] == "a"


def test_the_worst_rows_are_wrong_and_of_valid(built):
    project = built("binary")
    found = read_examination(Path(project.result.bundle).parent)
    valid = set((project.split.valid + 1).tolist())
    assert found.worst_rows
    for worst in found.worst_rows:
        assert worst.row in valid
        assert worst.actual == project.table.frame["y"][worst.row - 1] != worst.predicted
        assert worst.cells["id"] == project.table.frame["id"][worst.row - 1]
    assert [w.error for w in found.worst_rows] == sorted(w.error for w in found.worst_rows)


def test_the_json_twin_is_the_display(built):
    report = built("regression").report
    found = json.loads(report.text("json"))
    assert Display.model_validate(found) == report.display
    assert found["result"]["digest"] == built("regression").result.digest


def test_hostile_text_is_text_everywhere(hostile):
    report = hostile.report
    html = report.html()
    page = Page(html)
    tags = {tag for tag, _ in page.elements}
    assert "img" not in tags
    assert not any(key.startswith("on") for _, attrs in page.elements for key in attrs)
    assert html.count("<script>alert(1)") == 0
    text = "".join(page.text)
    assert "</script><script>alert(1)</script>" in text
    assert "{{7*7}}" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
    notebook = hostile._repr_html_() + hostile.contract._repr_html_()
    assert {tag for tag, _ in Page(notebook).elements} <= {"div", "table", "thead", "tbody", "tr", "th", "td"}
    assert "\x1b" not in notebook


def test_hostile_text_is_text_in_markdown(hostile):
    text = hostile.report.markdown()
    outside = re.sub(r"^(`{3,})\w+\n.*?\n\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not re.search(r"(?<!\\)<script", outside)
    assert not re.search(r"(?<!\\)\]\(http", outside)
    for line in outside.splitlines():
        if line.startswith("|") and "alert" in line:
            assert len(re.findall(r"(?<!\\)\|", line)) >= 3


def test_a_stored_run_is_reported_again(built, tmp_path):
    project = built("binary")
    run = Path(project.result.bundle).parent
    for path in (run, run.parent.parent):
        assert stored_report(path).display.sections[1:-1] == project.report.display.sections[1:-1]
    for name in ("r.html", "r.md", "r.json"):
        assert project.report.save(tmp_path / name).stat().st_size > 1000
    with pytest.raises(UsageError, match="suffix"):
        project.report.save(tmp_path / "r.pdf")
    with pytest.raises(GroundupError, match="neither a project nor"):
        stored_report(tmp_path)


def test_a_run_that_was_not_examined_says_so(built):
    report = Report.of(built("binary").result)
    assert "was not examined" in report.markdown()


def test_examining_leaves_the_bundle_as_it_was(built):
    result = built("binary").result
    assert hashlib.sha256(Path(result.bundle).read_bytes()).hexdigest() == result.digest


def test_a_learner_that_failed_is_told_and_advised_on(built):
    result = built("binary").result
    rows = [result.leaderboard[0], result.leaderboard[-1]]
    broken = rows[0].model_copy(
        update={
            "title": "Mine",
            "error": "ValueError: <b>no</b>",
            "chosen": False,
            "mean": None,
            "fold_scores": [],
        }
    )
    report = Report.of(result.model_copy(update={"leaderboard": [*rows, broken]}))
    page = " ".join(Page(report.html(is_static=True)).text)
    assert "1 model failed." in page
    assert "ValueError: <b>no</b>" in page
    assert "Fix what failed: Mine" in report.markdown()
