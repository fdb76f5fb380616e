"""groundup report: the page again, its twins, and what is no project."""

import json
from pathlib import Path


def test_build_leaves_a_report_and_report_writes_it_again(groundup, project, tmp_path):
    shown = groundup("show", project)
    assert "report.html" in shown.out
    page = (
        Path(groundup("show", project, "--json").json["bundle"]).parent / "report.html"
    )  # of the run in use
    before = page.read_text("utf-8")
    page.unlink()
    said = groundup("report", project)
    assert said.code == 0
    assert said.out.strip() == str(page)
    assert page.read_text("utf-8").replace("\n", "")[:2000] == before.replace("\n", "")[:2000]
    said = groundup("report", page.parent, "-o", tmp_path / "again.md")
    assert said.code == 0
    assert (tmp_path / "again.md").read_text("utf-8").startswith("# Predicting left")


def test_twins_on_stdout(groundup, project):
    found = groundup("report", project, "--json").json
    assert found["title"] == "Predicting left"
    assert found["result"]["digest"] == groundup("show", project, "--json").json["digest"]
    text = groundup("report", project, "--markdown").out
    assert all(f"## {section['title']}" in text for section in found["sections"])


def test_what_cannot_be_done_is_said(groundup, project, tmp_path):
    assert groundup("report", tmp_path).code == 1
    assert groundup("report", project, "--json", "--markdown").code == 2
    assert groundup("report", project, "-o", tmp_path / "x.pdf").code == 2
    assert "no such folder" in groundup("report", project, "-o", tmp_path / "none" / "x.html").err
    assert not (tmp_path / "none").exists()
    said = groundup("report", tmp_path / "none", "--json")
    assert "neither a project" in json.loads(said.out)["error"]["problem"]
