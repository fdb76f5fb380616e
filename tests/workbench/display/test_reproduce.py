"""The command and the script of a report end with the same bundle."""

import json
import shlex
import subprocess
import sys

import pytest

import groundup as gu
from groundup.cli import application
from groundup.workbench.display.reproduce import reproduce


@pytest.mark.slow
def test_script_and_command_repeat_the_bundle(tmp_path, monkeypatch):
    project = gu.Project(
        "sample:iris",
        "species",
        path=tmp_path / "first",
        learners=["LogisticRegression"],
        seed=3,
        ignore=["petal_width_cm"],
    )
    result = project.build(budget="60s")
    again = reproduce(result)
    assert "time budget" in again.notes[0]
    ran = subprocess.run(
        [sys.executable, "-c", again.script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["The", "same", "model", "file:", result.digest]
    changed = again.script.replace(result.data.digest, "0" * 64)
    ran = subprocess.run(
        [sys.executable, "-c", changed], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "not the rows" in ran.stderr
    from typer.testing import CliRunner

    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(application(), [*shlex.split(again.command)[1:], "--json"])
    assert json.loads(said.stdout)["digest"] == result.digest


def test_every_option_is_in_the_command(tmp_path):
    source = tmp_path / "a table.csv"
    source.write_text("x\n1\n")
    result = gu.Project("sample:iris", "species", path=tmp_path / "p", learners=["LogisticRegression"]).build(
        max_fits=5
    )
    settings = {
        **result.settings,
        "target": "-y",
        "ignore": ["a b"],
        "accept": ["c:proxy"],
        "read": {"delimiter": "\t", "header": False, "types": {"zip": "text"}},
    }
    data = result.data.model_copy(update={"source": str(source)})
    words = shlex.split(reproduce(result.model_copy(update={"settings": settings, "data": data})).command)
    assert words[:3] == ["groundup", "build", str(source)]
    assert "--target=-y" in words
    for pair in (
        ("--ignore", "a b"),
        ("--accept", "c:proxy"),
        ("--delimiter", "tab"),
        ("--types", "zip=text"),
    ):
        assert words[words.index(pair[0]) + 1] == pair[1]
    assert "--no-header" in words
