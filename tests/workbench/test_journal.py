"""The journal of a run: written line by line, replayed, torn, damaged, and on a full disk."""

import errno
import json
import os
import time

import numpy as np
import pytest

from groundup.errors import GroundupError
from groundup.workbench.run import journal_format
from groundup.workbench.run.clock import Clock
from groundup.workbench.run.journal import (
    NAME,
    UNFINISHED,
    Journal,
    ProjectError,
    is_resumable,
    read,
    summarize,
)


def kinds(path):
    return [json.loads(line)["kind"] for line in path.read_text().splitlines()]


def written(folder, n=3, *, close=True, clock=None):
    """A journal with n fits."""
    journal = Journal(clock)
    journal.open(folder)
    for i in range(n):
        journal.record("fit", learner="L", fold=i, score=np.float64(0.1) * i)
    if close:
        journal.close()
    return journal


def test_each_entry_is_in_the_file_at_once_and_is_json(tmp_path):
    journal = written(tmp_path, close=False)
    found = [json.loads(line) for line in (tmp_path / UNFINISHED).read_text().splitlines()]
    assert [entry["kind"] for entry in found] == ["started", "fit", "fit", "fit"]
    assert found[2]["score"] == 0.1
    assert [{k: v for k, v in entry.items() if k != "sum"} for entry in found] == journal.entries
    journal.mark_ended(digest="d")
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert kinds(tmp_path / NAME)[-1] == "ended"


def test_entries_recorded_in_memory_are_written_too(tmp_path):
    journal = Journal()
    journal.record("fit", n=np.int64(3))
    journal.close()  # nothing is open
    assert journal.open(tmp_path / "run") == ""
    journal.record("ended")
    assert kinds(tmp_path / "run" / UNFINISHED) == ["fit", "ended"]


def test_each_line_is_on_disk_before_the_next(tmp_path, monkeypatch):
    calls = []
    fsync, write = os.fsync, os.write
    monkeypatch.setattr(journal_format.os, "write", lambda f, b: (calls.append("write"), write(f, b))[1])
    monkeypatch.setattr(journal_format.os, "fsync", lambda f: (calls.append("fsync"), fsync(f))[1])
    journal = Journal()
    journal.open(tmp_path)
    calls.clear()
    journal.record("fit")
    journal.record("fit")
    assert calls == ["write", "fsync"] * 2


def test_an_interrupted_run_is_replayed_and_resumed(tmp_path):
    written(tmp_path)
    journal = Journal()
    assert journal.open(tmp_path) == (
        "Resuming the interrupted run: 3 fits are in its journal and will not be repeated."
    )
    assert [journal.replay("fit", learner="L", fold=i)["score"] for i in range(3)] == [0.0, 0.1, 0.2]
    assert journal.replay("fit", learner="L", fold=3) is None
    journal.record("fit", learner="L", fold=3)
    assert journal.replay("fit", learner="L", fold=4) is None
    journal.mark_ended()
    assert kinds(tmp_path / NAME) == ["started", "fit", "fit", "fit", "resumed", "fit", "ended"]
    assert Journal().open(tmp_path) == ""  # an ended run is no interrupted one


def test_the_clock_is_asked_only_at_the_end_of_the_journal(tmp_path):
    journal = Journal()
    journal.open(tmp_path)
    assert journal.replay_or_ask(lambda: "") == ""
    journal.record("fit")
    assert journal.replay_or_ask(lambda: "time", about="x") == "time"
    journal.record("compared")
    journal.close()
    again = Journal()
    again.open(tmp_path)

    def never():
        raise AssertionError("asked")

    assert again.replay_or_ask(never) == ""
    assert again.replay("fit")
    assert again.replay_or_ask(never) == "time"
    assert again.replay_or_record("compared")["kind"] == "compared"
    assert again.replay_or_ask(lambda: "fits") == "fits"


def test_the_time_of_an_interrupted_run_counts(tmp_path):
    clock = Clock(started=time.monotonic() - 30.0)
    journal = written(tmp_path, close=False, clock=clock)
    journal.record("fit")
    journal.close()
    clock = Clock()
    again = Journal(clock)
    again.open(tmp_path)
    assert 30.0 <= clock.elapsed_s < 31.0
    assert again.record("interrupted")["at_s"] >= 30.0


def test_another_order_of_steps_is_refused(tmp_path):
    written(tmp_path)
    journal = Journal()
    journal.open(tmp_path)
    with pytest.raises(ProjectError, match="line 2 is fit L 0, but fit M 0 was expected") as caught:
        journal.replay("fit", learner="M", fold=0)
    assert "--fresh" in caught.value.hint
    with pytest.raises(ProjectError, match="does not match the steps"):
        journal.record("compared")


def test_runs_of_other_versions_or_machines_are_not_resumed(tmp_path):
    journal = Journal()
    journal.open(tmp_path, environment={"numpy": "1"})
    journal.record("fit")
    journal.close()
    again = Journal()
    assert "cannot be resumed" in again.open(tmp_path, environment={"numpy": "2"})
    assert kinds(tmp_path / UNFINISHED) == ["started"]
    again.close()
    assert Journal().open(tmp_path, fresh=True, environment={"numpy": "2"}) == ""


def test_a_failed_run_is_not_resumed(tmp_path):
    journal = written(tmp_path, close=False)
    journal.mark_stopped(GroundupError("No model could be fitted."))
    journal.close()
    assert summarize(tmp_path / UNFINISHED).state == "failed"
    assert not is_resumable(tmp_path)
    assert Journal().open(tmp_path) == ""
    for error in (KeyboardInterrupt(), MemoryError(), ProjectError("full")):
        journal = written(tmp_path / type(error).__name__, close=False)
        journal.mark_stopped(error)
        journal.close()
        assert is_resumable(tmp_path / type(error).__name__)


def test_a_last_line_that_is_cut_anywhere_is_dropped(tmp_path):
    written(tmp_path)
    path = tmp_path / UNFINISHED
    whole = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    for length in range(ends[0], len(whole)):
        path.write_bytes(whole[:length])
        assert len(read(path)) == sum(end <= length for end in ends)
    path.write_bytes(whole[:-5])
    journal = Journal()
    journal.open(tmp_path)
    assert [journal.replay("fit", fold=i) is not None for i in range(3)] == [True, True, False]
    journal.record("fit", fold=2)
    journal.close()
    assert kinds(path) == ["started", "fit", "fit", "resumed", "fit"]
    for torn in (b"\0" * 40, b"{}\n", whole[:40] + b"\n"):
        path.write_bytes(whole + torn)
        assert len(read(path)) == 4
    path.write_bytes(whole[: ends[0] - 9])
    assert read(path) == []
    assert not is_resumable(tmp_path)


def test_a_damaged_line_in_the_middle_is_an_error(tmp_path):
    written(tmp_path)
    path = tmp_path / UNFINISHED
    whole = path.read_bytes()
    of_lines = whole.splitlines(keepends=True)
    spoilt = [
        whole.replace(b'"fold": 1', b'"fold": 7'),
        b"".join([of_lines[0], *of_lines[2:]]),  # one is missing
        b"".join([of_lines[0], of_lines[2], of_lines[1], of_lines[3]]),
        b"".join([*of_lines[:2], b"\n", *of_lines[2:]]),
    ]
    for data in spoilt:
        path.write_bytes(data)
        with pytest.raises(ProjectError, match=r"Line [23] of the journal is damaged") as caught:
            Journal().open(tmp_path)
        assert str(path) in str(caught.value)
        assert "--fresh" in caught.value.hint
        assert path.read_bytes() == data
    assert summarize(path).state == "damaged"
    assert Journal().open(tmp_path, fresh=True) == ""


@pytest.mark.parametrize("written_bytes", [0, 7])
def test_a_full_disk_loses_the_last_entry_only(tmp_path, monkeypatch, written_bytes):
    journal = written(tmp_path, close=False)
    before, write = (tmp_path / UNFINISHED).read_bytes(), os.write

    def full(file, data):
        write(file, bytes(data[:written_bytes]))
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as m:
        m.setattr(journal_format.os, "write", full)
        with pytest.raises(ProjectError, match="No space left on device") as caught:
            journal.record("fit", fold=3)
        journal.mark_stopped(caught.value)
    assert "resumes where it stopped" in caught.value.hint
    assert (tmp_path / UNFINISHED).read_bytes() == before
    journal.close()
    assert is_resumable(tmp_path)


def test_a_folder_that_cannot_be_created_is_reported(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ProjectError, match="cannot be written") as caught:
        Journal().open(tmp_path / "file")
    assert "--project" in caught.value.hint


def test_a_journal_in_the_first_format_cannot_be_resumed(tmp_path):
    (tmp_path / UNFINISHED).write_text('{"kind": "begun", "at_s": 0.0, "identity": {}}\n{"kind": "fit"}\n')
    assert not is_resumable(tmp_path)
    assert Journal().open(tmp_path) == ""


def test_a_journal_in_an_older_format_is_refused_with_both_numbers(tmp_path):
    first = {"kind": "begun", "at_s": 0.0, "format": 2, "depends": {}}
    (tmp_path / UNFINISHED).write_bytes(journal_format.encode([first, {"kind": "fit"}])[0])
    journal = Journal()
    message = journal.open(tmp_path)
    assert "has format 2" in message
    assert "reads format 4" in message
    assert kinds(tmp_path / UNFINISHED) == ["started"]


def test_replaying_an_ended_run_writes_nothing(tmp_path):
    journal = written(tmp_path, close=False)
    journal.mark_ended()
    before = (tmp_path / NAME).read_bytes()
    again = Journal()
    again.load_ended(tmp_path)
    assert again.replay("fit", fold=0)
    again.close()
    assert (tmp_path / NAME).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
