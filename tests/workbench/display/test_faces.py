"""Terminal, text, notebook, page and Markdown display the same leaderboard, scores, warnings and audit."""

import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from rich.console import Console

from groundup.workbench.audit.findings import Audit, Finding
from groundup.workbench.display import Report, markdown, notebook, terminal
from groundup.workbench.display import sections as made
from groundup.workbench.display.measures import count_column
from groundup.workbench.display.model import SIGNS

FACES = ("terminal", "text", "notebook", "page", "markdown")


class Cells(HTMLParser):
    """The table rows of a page as lists of texts, and its whole text."""

    def __init__(self, html):
        super().__init__()
        self.rows, self.text, self._cell, self._detail = [], [], None, 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self._cell = []
        elif tag == "span" and dict(attrs).get("class") == "gu-beside":
            self._detail += 1

    def handle_endtag(self, tag):
        if tag in {"td", "th"}:
            self.rows[-1].append("".join(self._cell))
            self._cell = None
        elif tag == "span":
            self._detail = 0

    def handle_data(self, data):
        self.text.append(data)
        if self._cell is not None and not self._detail:
            self._cell.append(data)


@pytest.fixture(scope="module")
def result(built):
    """A result with a row ranked on fewer folds, a tie, a failure, warnings, and findings of every level."""
    result = built("binary").result
    chosen, *others = (row.model_copy(deep=True) for row in result.leaderboard)
    others[0].tied = True
    few = chosen.model_copy(
        update={
            "title": "Short",
            "chosen": False,
            "ranked_by": 0.8123,
            "fold_scores": [0.8, 0.9],
            "mean": None,
        }
    )
    failed = chosen.model_copy(
        update={"title": "Mine", "error": "ValueError: no", "chosen": False, "mean": None, "fit_s": None}
    )
    findings = tuple(
        Finding(
            kind="proxy", level=level, columns=("a",), message=f"a finding to {level}", remedy=f"mend {level}"
        )
        for level in ("block", "warn", "note")
    )
    audit = Audit(target="y", n_rows=168, n_columns=3, findings=findings)
    warnings = ["the first warning", "the second warning", "A finding to warn."]
    rows = [chosen, *others, few, failed]
    return result.model_copy(update={"leaderboard": rows, "audit": audit, "warnings": warnings})


@pytest.fixture(scope="module")
def faces(result):
    """Each face as text, and as rows of a table where it has a markup for them."""
    console = Console(file=io.StringIO(), width=120)
    terminal.write(console, [*made.opening_sections(result), *made.outcome_sections(result)])
    report = Report.of(result)
    page, cell = Cells(report.html(is_static=True)), Cells(result._repr_html_())
    text = {
        "terminal": console.file.getvalue(),
        "text": str(result),
        "notebook": "\n".join(cell.text),
        "page": "\n".join(page.text),
        "markdown": report.markdown(),
    }
    rows = {
        "terminal": [re.split(r"\s{2,}", line.strip()) for line in text["terminal"].splitlines()],
        "text": [re.split(r"\s{2,}", line.strip()) for line in text["text"].splitlines()],
        "notebook": cell.rows,
        "page": page.rows,
        "markdown": [
            [re.sub(r" \([^()]*\)$|\\", "", part.strip()) if i == 1 else part.strip().replace("\\", "") for i, part in
             enumerate(line.split("|")[1:-1])]
            for line in text["markdown"].splitlines()
            if line.startswith("|")
        ],
    }  # fmt: skip
    return text, rows


def table_of(result, name):
    sections = [*made.opening_sections(result), *made.outcome_sections(result)]
    (section,) = [section for section in sections if section.name == name]
    return next(block for block in section.blocks if block.block == "table")


def without_empty(cells):
    return [cell for cell in cells if cell]


@pytest.mark.parametrize("face", FACES)
def test_the_leaderboard_has_all_cells_in_every_face(face, result, faces):
    table, rows = table_of(result, "leaderboard"), [without_empty(row) for row in faces[1][face]]
    assert without_empty(column.title for column in table.columns) in rows
    assert {row.mark for row in table.rows} == {"", "chosen", "tied", "failed"}
    for row in table.rows:
        sign = "chosen" if face == "page" and row.mark == "chosen" else SIGNS[row.mark]
        assert without_empty([sign, *(cell.text for cell in row.cells)]) in rows, row
    assert "0.8123 (2 folds)" in faces[0][face].replace("\\", "")


@pytest.mark.parametrize("face", FACES)
def test_the_scores_are_the_same_in_every_face(face, result, faces):
    table, text = table_of(result, "scores"), faces[0][face].replace("\\", "")
    for row in table.rows:
        texts = [cell.text for cell in row.cells]
        assert re.search(r"[^0-9]*".join(map(re.escape, [texts[0]])), text)
        if face != "markdown":
            assert without_empty(texts) in [without_empty(cells) for cells in faces[1][face]], texts
        else:
            (line,) = [cells for cells in faces[1][face] if cells[0].split(" (")[0] == texts[0]]
            assert [cell.split(" (")[0] for cell in line] == texts


@pytest.mark.parametrize("face", FACES)
def test_warnings_and_findings_are_the_same_in_every_face(face, result, faces):
    text = " ".join(faces[0][face].replace("\\", "").split())
    assert result.verdict in text
    for warning in ("the first warning", "the second warning", "The leak audit has 1 warning, see there."):
        assert text.count(warning) == 1, warning
    for finding in result.audit.findings:
        assert text.count(finding.message) == 1, finding
        assert text.count(finding.remedy) == 1, finding


def test_json_holds_the_values_of_all_cells(result):
    values = result.to_object()
    row = values["leaderboard"][0]
    cells = table_of(result, "leaderboard").rows[0].cells
    assert [cell.value for cell in cells] == [
        row["title"], row["mean"], row["valid"], row["n_settings"], row["fit_s"], row["row_us"], row["bytes"]
    ]  # fmt: skip
    assert [f["message"] for f in values["audit"]["findings"]] == [f.message for f in result.audit.findings]


def test_a_new_column_is_one_line(result, monkeypatch):
    """A declared column appears in every face."""
    declare = made._leaderboard_columns
    more = count_column("Folds", lambda row: len(row.fold_scores))
    monkeypatch.setattr(
        made, "_leaderboard_columns", lambda *args, **options: [*declare(*args, **options), more]
    )
    report = Report.of(result)
    sections = made.outcome_sections(result)
    for text in (
        terminal.plain_text(sections),
        notebook.render("", sections),
        report.html(is_static=True),
        markdown.render(report.display),
    ):
        assert "Folds" in text


def test_of_many_classes_the_most_frequent_errors_are_shown(result):
    labels = [f"c{i}" for i in range(20)]
    counts = np.diag(np.full(20, 30))
    counts[3, 4], counts[7, 1] = 9, 5
    many = result.model_copy(update={"confusion": {"labels": labels, "counts": counts.tolist()}})
    rows = table_of(many, "confusion").rows
    assert [[cell.text for cell in row.cells] for row in rows] == [
        ["c3", "c4", "9", "23.1%"],
        ["c7", "c1", "5", "14.3%"],
    ]
