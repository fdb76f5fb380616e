"""The journal of a run: in memory, then in a file of its own, which takes its place at the end."""

import json

import numpy as np
import pytest

from groundup.errors import GroundupError
from groundup.workbench.journal import NAME, UNFINISHED, Journal


def kinds(path):
    return [json.loads(line)["kind"] for line in path.read_text().splitlines()]


def test_entries_recorded_before_the_file_are_in_it_too(tmp_path):
    journal = Journal()
    journal.record("begun", n=np.int64(3))
    journal.close()  # nothing is open
    journal.open(tmp_path / "run")
    journal.record("ended", score=np.float64(0.5))
    (running,) = tmp_path.rglob(NAME)
    assert running.parent.name.startswith("running-")
    assert kinds(running) == ["begun", "ended"]  # as it goes on
    journal.close()
    lines = [json.loads(line) for line in (tmp_path / "run" / NAME).read_text().splitlines()]
    assert [line["n"] for line in lines[:1]] == [3]
    assert lines[1]["score"] == 0.5
    assert [path.name for path in (tmp_path / "run").iterdir()] == [NAME]
    journal.close(ended=False)  # closed already
    assert [path.name for path in (tmp_path / "run").iterdir()] == [NAME]


def test_a_run_that_fails_leaves_the_older_journal(tmp_path):
    for kind, ended in (("old", True), ("failed", False), ("failed again", False)):
        journal = Journal()
        journal.open(tmp_path)
        journal.record(kind)
        assert kinds(tmp_path / NAME) == ["old"] if kind != "old" else not (tmp_path / NAME).exists()
        journal.close(ended=ended)
    assert kinds(tmp_path / NAME) == ["old"]
    assert kinds(tmp_path / UNFINISHED) == ["failed again"]
    assert len(list(tmp_path.iterdir())) == 2


def test_two_at_once_do_not_mix(tmp_path):
    one, other = Journal(), Journal()
    one.open(tmp_path)
    other.open(tmp_path)
    for _ in range(3):
        one.record("one")
        other.record("other")
    one.close()
    assert kinds(tmp_path / NAME) == ["one"] * 3
    other.record("other")
    other.close()
    assert kinds(tmp_path / NAME) == ["other"] * 4


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(GroundupError, match="cannot be written") as caught:
        Journal().open(tmp_path / "file")
    assert "--project" in caught.value.hint
