"""groundup runs, use and show RUN: every run of a project, and which one it stands for."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import groundup as gu
from groundup.errors import GroundupError, UsageError
from groundup.workbench.run.history import find_run, list_runs
from groundup.workbench.run.journal import Journal

pytestmark = pytest.mark.usefixtures("no_report")


def build(groundup, table, path, *words):
    said = groundup(
        *(
            "build",
            table,
            "--target",
            "left",
            "--learner",
            "LogisticRegression",
            "--project",
            path,
            "--quiet",
            *words,
        )
    )
    assert said.code == 0, said
    return said


@pytest.fixture(scope="module")
def two(tmp_path_factory, groundup, table, without_report):
    """A project of two runs, and what the second build said."""
    path = tmp_path_factory.mktemp("two") / "p"
    with without_report():
        build(groundup, table, path, "--max-fits", "5")
        return path, build(groundup, table, path, "--max-fits", "5", "--seed", "1", "--project", path)


@pytest.fixture
def kept(tmp_path, two):
    """A copy of it, to be changed."""
    shutil.copytree(two[0], tmp_path / "p")
    return tmp_path / "p"


def test_runs_are_listed_with_what_they_differ_in(groundup, kept):
    said = groundup("runs", kept, "--json")
    (project,) = said.json["projects"]
    new, old = project["runs"]
    assert project["project"] == str(kept)
    assert (new["differs"], old["differs"]) == ({"seed": 1}, {"seed": 0})
    assert (new["in_use"], old["in_use"]) == (True, False)
    assert new["state"] == old["state"] == "ended"
    assert new["looks"] == old["looks"] == 2  # of today, not of when it was made
    assert new["learner"] == "LogisticRegression"
    assert 0 < new["test"] <= 1
    assert Path(new["bundle"]).is_file()
    told = " ".join(groundup("runs", kept).out.split())
    for text in (
        new["run"][:6],
        old["run"][:6],
        "seed 1",
        "target left",
        "* used by groundup predict",
        "Logistic",
    ):
        assert text in told, told


def test_a_changed_run_in_use_is_told_and_can_be_chosen(groundup, table, kept, two):
    new, old = (run.id for run in list_runs(two[0]))
    assert "The project now uses this run" in " ".join(two[1].out.split())
    assert f"groundup use {old[:6]} " in " ".join(two[1].out.split())
    said = groundup("use", old[:6], kept)
    assert said.code == 0, said
    assert f"uses run {old} from now on" in said.out
    assert groundup("show", kept, "--json").json["settings"]["seed"] == 0
    said = build(groundup, table, kept, "--max-fits", "5", "--seed", "1")  # stored
    assert f"keeps using run {old[:6]}" in " ".join(said.out.split())
    assert groundup("show", kept, "--json").json["settings"]["seed"] == 0
    assert "chosen by groundup use" in " ".join(groundup("runs", kept).out.split())
    assert groundup("use", kept / "runs" / new, "--json").json["run"] == new
    assert groundup("show", kept, "--json").json["settings"]["seed"] == 1


def test_a_stored_result_that_is_asked_for_is_used(groundup, table, kept):
    said = build(groundup, table, kept, "--max-fits", "5", "--json")
    assert said.json["stored"] is True
    assert said.json["test_looks"] == 2
    assert sum("has been evaluated 2 times" in warning for warning in said.json["warnings"]) == 1
    assert groundup("show", kept, "--json").json["settings"]["seed"] == 0


def test_a_run_is_shown_and_predicts_by_its_id_or_folder(groundup, table, kept, monkeypatch, tmp_path):
    new, old = (run.id for run in list_runs(kept))
    assert groundup("show", kept / "runs" / old, "--json").json["settings"]["seed"] == 0
    monkeypatch.chdir(tmp_path)
    assert groundup("show", old[:5], "--json").json["settings"]["seed"] == 0
    assert len(groundup("runs", "--json").json["projects"]) == 1
    for run in (old[:6], Path("p") / "runs" / new, "p"):
        assert groundup("predict", run, table, "-o", tmp_path / "out.csv").code == 0
    monkeypatch.chdir(kept / "runs" / old)
    assert groundup("show", ".", "--json").json["settings"]["seed"] == 0


def test_wrong_names(groundup, kept, tmp_path, monkeypatch):
    assert groundup("runs", tmp_path / "nix").code == 2
    (tmp_path / "empty").mkdir()
    said = groundup("runs", tmp_path / "empty")
    assert (said.code, "no project in this folder" in said.err) == (2, True)
    assert groundup("use", "zz", kept).code == 2
    for verb in (
        ["show", tmp_path / "nix"],
        ["build", tmp_path / "nix.csv"],
        ["predict", tmp_path / "nix", "x.csv"],
    ):
        assert groundup(*verb).code == 2, verb
    with pytest.raises(UsageError, match="More than one run begins with ''"):
        find_run("", [kept])


def test_interrupted_failed_and_damaged_runs_are_listed(groundup, kept):
    for name, error in (
        ("aaaa", KeyboardInterrupt()),
        ("bbbb", GroundupError("No model could be fitted.")),
    ):
        journal = Journal()
        journal.open(kept / "runs" / name, about={"data": "churn", "settings": {"target": "left", "seed": 7}})
        journal.record("fit")
        journal.mark_stopped(error)
        journal.close()
    (kept / "runs" / "cccc").mkdir()
    (kept / "runs" / "cccc" / "result.json").write_text("{")
    found = {run.id: run for run in list_runs(kept)}
    assert [found[name].state for name in ("aaaa", "bbbb", "cccc")] == ["interrupted", "failed", "damaged"]
    assert (found["aaaa"].n_fits, found["aaaa"].differs) == (1, {"seed": 7})
    told = groundup("runs", kept).out
    for text in (
        "interrupted",
        "failed: No model could be fitted.",
        "damaged: The stored result is damaged",
    ):
        assert text in told, told
    said = groundup("show", kept / "runs" / "aaaa")
    assert (said.code, "This run has not ended" in said.err) == (1, True)


def test_in_python(kept, table):
    project = gu.Project(str(table), target="left", path=kept)
    runs = project.runs()
    assert runs["settings"].to_list() == ["seed=1", "seed=0"]
    assert runs["in_use"].to_list() == [True, False]
    assert gu.Project(str(table), target="left", path=kept / "none").runs().height == 0
    model = gu.load(kept)
    assert (
        model.digest
        == gu.load(runs["folder"][0]).digest
        == gu.load(Path(runs["folder"][0]) / "model.groundup").digest
    )
    assert gu.load(runs["folder"][1]).digest != model.digest
    with pytest.raises(UsageError, match="no such project, run or bundle"):
        gu.load(kept / "nix")
    (kept / "project.json").write_text("{}")
    with pytest.raises(GroundupError, match="no finished run"):
        gu.load(kept)


def test_frames_without_a_path_have_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one, other = (gu.Project({"a": [1.0, 2.0, 3.0 + i], "y": [0, 1, 0]}, target="y") for i in range(2))
    assert one.folder.root != other.folder.root
    assert one.folder.root.name.startswith("table-")
    again = gu.Project({"a": [1.0, 2.0, 3.0], "y": [0, 1, 0]}, target="y")
    assert again.folder.root == one.folder.root
    assert gu.Project("sample:iris").folder.root.name == "iris-groundup"


def test_ctrl_c_says_how_to_go_on(tmp_path):
    command = [
        *(
            sys.executable,
            "-m",
            "groundup",
            "build",
            "sample:churn",
            "--target",
            "churned",
            "--ignore",
            "exit_survey",
        ),
        *("--max-fits", "5000", "--project", str(tmp_path / "p")),
    ]
    env = {**os.environ, "GROUNDUP_WARMING": "off"}
    run = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline and run.poll() is None:
        if any(path.read_bytes().count(b'"fit"') > 8 for path in tmp_path.rglob("unfinished.jsonl")):
            break
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert "fits are saved in" in err
    assert "the same command resumes from there, --fresh starts over." in " ".join(err.split())
    (journal,) = tmp_path.rglob("*.jsonl")
    assert json.loads(journal.read_text().splitlines()[-1])["kind"] == "interrupted"
    assert {path.name for path in (tmp_path / "p").iterdir()} == {".lock", "runs"}
