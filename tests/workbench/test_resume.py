"""Runs that are killed, interrupted or out of disk space: the same command resumes them, to the same bundle."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

import groundup as gu
from groundup.errors import GroundupError, UsageError
from groundup.ship import bundle
from groundup.workbench.examination import write_examination
from groundup.workbench.record import Examination
from groundup.workbench.run import journal_format
from groundup.workbench.run.events import FitDone, Message
from groundup.workbench.run.folder import BUNDLE
from groundup.workbench.run.journal import ProjectError, read
from groundup.workbench.steps import compare as compare_step
from groundup.workbench.steps import finalize as finalize_step

pytestmark = pytest.mark.usefixtures("no_report")
BOTH = ["LogisticRegression", "HistGradientBoostingClassifier"]


class Killed(BaseException):
    """Stands for a signal: no code may catch it."""


def project(path, frame, **changes):
    return gu.Project(frame, **{"target": "y", "path": path, "learners": BOTH, **changes})


@pytest.fixture(scope="module")
def frame(make_frame):
    return make_frame(1500)  # enough for boosting to stop early


@pytest.fixture(scope="module")
def whole(tmp_path_factory, frame, without_report):
    """A run without interruption."""
    path = tmp_path_factory.mktemp("whole")
    with without_report():
        return project(path, frame).build(max_fits=20), path


@pytest.fixture(scope="module")
def killed_at(tmp_path_factory, frame, without_report):
    """killed_at(n, path): put a run there that was killed at its n-th entry; the same is run only once."""
    made = {}

    def put(n, path):
        if n not in made:
            made[n] = tmp_path_factory.mktemp(f"killed{n}")
            with without_report():
                kill_at(n, made[n], frame)
        shutil.copytree(made[n], path, dirs_exist_ok=True)

    return put


def kill_at(n, path, frame, **changes):
    """Run until the n-th entry is to be written; then nothing more happens, as after SIGKILL."""
    written, write = 0, journal_format.os.write

    def dies(file, data):
        nonlocal written
        if bytes(data[:1]) == b"{" and b'"sum"' in bytes(data):
            written += 1
            if written == n:
                write(file, bytes(data[: len(data) // 2]))  # torn
                raise Killed
            if written > n:
                raise Killed
        return write(file, data)

    with pytest.MonkeyPatch.context() as m:
        m.setattr(journal_format.os, "write", dies)
        with pytest.raises(Killed):
            project(path, frame, **changes).build(max_fits=20)


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "at", [7, 30, 33, 35, *(pytest.param(at, marks=SLOW) for at in (2, 17, 22, 31, 32, 34))]
)
def test_a_run_killed_at_any_entry_ends_with_the_same_bundle(at, whole, killed_at, tmp_path, frame):
    result, path = whole
    (journal,) = path.rglob("journal.jsonl")
    n_entries = len(read(journal))
    at = min(at, n_entries - 1)
    killed_at(at, tmp_path)
    heard = []
    again = project(tmp_path, frame, listen=heard.append).build(max_fits=20)
    assert again.digest == result.digest
    assert again.test_looks == 1
    assert again.metrics == result.metrics
    assert [row.mean for row in again.leaderboard] == [row.mean for row in result.leaderboard]
    (journal,) = tmp_path.rglob("journal.jsonl")
    entries = read(journal)
    fits = Counter(
        json.dumps([e["learner"], e["params"], e.get("fold"), e.get("name")])
        for e in entries
        if e["kind"] in ("fit", "checkpoint", "early_stopping")
    )
    assert set(fits.values()) == {1}
    assert not list(tmp_path.rglob("unfinished.jsonl"))
    assert not list(tmp_path.rglob("fits"))
    assert project(tmp_path, frame).build(max_fits=20).stored


def test_a_run_killed_after_its_threshold_was_found_finds_the_same(tmp_path, frame):
    stated = {"threshold": "auto", "metric": "f1", "learners": ["LogisticRegression"]}
    whole = project(tmp_path / "whole", frame, **stated).build(max_fits=20)
    (journal,) = (tmp_path / "whole").rglob("journal.jsonl")
    at = [entry["kind"] for entry in read(journal)].index("threshold") + 1
    kill_at(at + 1, tmp_path / "p", frame, **stated)
    again = project(tmp_path / "p", frame, **stated).build(max_fits=20)
    assert again.digest == whole.digest
    assert again.decision == whole.decision


def test_no_fit_in_the_journal_is_repeated(tmp_path, frame, monkeypatch):
    done = []
    judge_fold, fit = compare_step.judge_fold, finalize_step.fit
    monkeypatch.setattr(compare_step, "judge_fold", lambda *a: (done.append("fold"), judge_fold(*a))[1])
    monkeypatch.setattr(finalize_step, "fit", lambda *a: (done.append("fit"), fit(*a))[1])
    project(tmp_path / "whole", frame).build(max_fits=20)
    n_whole = Counter(done)
    done.clear()
    kill_at(30, tmp_path / "p", frame)
    n_first = Counter(done)
    done.clear()
    project(tmp_path / "p", frame).build(max_fits=20)
    n_again = Counter(done)
    assert n_first["fold"] + n_again["fold"] <= n_whole["fold"] + 1
    assert n_again["fold"] < n_whole["fold"]


def n_lines(path):
    return sum(len(file.read_bytes().splitlines()) for file in path.rglob("unfinished.jsonl"))


@pytest.mark.slow
def test_a_killed_process_is_resumed(tmp_path):
    """SIGKILL in the middle of a comparison, twice; the third time to the end."""
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
        *("--max-fits", "20", "--learner", "LogisticRegression", "--quiet", "--json", "--project"),
    ]
    env = {**os.environ, "GROUNDUP_WARMING": "off"}
    for moment in (3, 12):
        process = subprocess.Popen([*command, str(tmp_path / "p")], stdout=subprocess.DEVNULL, env=env)
        deadline = time.monotonic() + 100
        try:
            while time.monotonic() < deadline and process.poll() is None:
                if n_lines(tmp_path) >= moment:
                    break
                time.sleep(0.002)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert n_lines(tmp_path) >= moment  # it was killed on its way, not after it
    said = [
        subprocess.run([*command, str(tmp_path / name)], capture_output=True, text=True, env=env, check=False)
        for name in ("p", "whole")
    ]
    assert [s.returncode for s in said] == [0, 0], said
    assert "Resuming the interrupted run" not in said[0].stdout
    one, other = (json.loads(s.stdout) for s in said)
    assert one["digest"] == other["digest"]
    assert one["test_looks"] == 1


@pytest.mark.parametrize("at", [4, pytest.param(20, marks=SLOW), 33])
def test_a_full_disk_loses_at_most_the_current_fit(at, whole, tmp_path, frame, monkeypatch):
    result, _ = whole
    written, write = 0, journal_format.os.write

    def full(file, data):
        nonlocal written
        written += bytes(data[:1]) == b"{"
        if written >= at:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data)

    heard = []
    with monkeypatch.context() as m:
        m.setattr(journal_format.os, "write", full)
        with pytest.raises(ProjectError, match="No space left on device"):
            project(tmp_path, frame, listen=heard.append).build(max_fits=20)
    n_done = sum(isinstance(event, FitDone) for event in heard)
    (path,) = tmp_path.rglob("unfinished.jsonl")
    assert not any(entry["kind"] == "candidate" and entry["error"] for entry in read(path))
    heard.clear()
    again = project(tmp_path, frame, listen=heard.append).build(max_fits=20)
    assert again.digest == result.digest
    told = [event.text for event in heard if isinstance(event, Message)]
    assert told[0].startswith("Resuming the interrupted run")
    assert n_done <= sum(isinstance(event, FitDone) for event in heard)


def test_a_disk_that_is_full_for_the_bundle_loses_no_fit(whole, tmp_path, frame, monkeypatch):
    save = bundle.save

    def full(pipeline, path, *args, **facts):
        if path.name == BUNDLE:
            raise OSError(errno.ENOSPC, "No space left on device")
        return save(pipeline, path, *args, **facts)

    with monkeypatch.context() as m:
        m.setattr(bundle, "save", full)
        with pytest.raises(ProjectError, match="No space left on device"):
            project(tmp_path, frame).build(max_fits=20)
    heard = []
    assert project(tmp_path, frame, listen=heard.append).build(max_fits=20).digest == whole[0].digest
    assert any(isinstance(e, Message) and e.text.startswith("Resuming the interrupted run") for e in heard)


def test_an_examination_that_cannot_be_written_is_an_error_of_the_project(tmp_path):
    with pytest.raises(ProjectError, match="cannot be written"):
        write_examination(Examination(), tmp_path / "gone")


def test_a_resumed_run_keeps_its_budget(tmp_path, frame):
    project(tmp_path, frame, learners=["LogisticRegression"]).compare(budget="30s")
    (path,) = tmp_path.rglob("unfinished.jsonl")
    n_fits = sum(entry["kind"] == "fit" for entry in read(path))
    again = project(tmp_path, frame, learners=["LogisticRegression"])
    result = again.build(budget="30s")
    assert sum(entry["kind"] == "fit" for entry in again.journal.entries) == n_fits
    assert result.seconds >= read(next(tmp_path.rglob("journal.jsonl")))[n_fits]["at_s"]


def test_the_time_between_two_calls_does_not_count(tmp_path, frame, monkeypatch):
    made = project(tmp_path, frame, learners=["LogisticRegression"])
    made.compare(max_fits=5)
    monotonic = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + 3600)
    assert made.finalize().seconds < 3600


def test_decisions_of_the_clock_are_replayed(tmp_path, frame, monkeypatch):
    """A step that was refused for lack of time is refused again, however much time there is now."""
    one = project(tmp_path, frame)
    monkeypatch.setattr(
        compare_step.Clock, "refusal", lambda self, n, s=0.0: "time" if self.n_fits >= 7 else ""
    )
    board = one.compare(budget="60s")
    monkeypatch.undo()
    again = project(tmp_path, frame)
    result = again.build(budget="60s")
    assert result.ended == "time"
    assert result.n_fits == 7
    assert [row.mean for row in result.leaderboard] == board["mean"].to_list()


def test_separate_steps_are_resumed_too(tmp_path, frame):
    one = project(tmp_path, frame)
    board = one.compare(max_fits=10)
    heard = []
    other = project(tmp_path, frame, listen=heard.append)
    assert other.compare(max_fits=10).drop("row_us").equals(board.drop("row_us"))
    assert any("Resuming" in e.text for e in heard if isinstance(e, Message))
    digest = one.finalize().digest
    assert other.finalize().digest == digest
    assert other.result.stored
    third = project(tmp_path, frame)  # of a run that has ended: nothing is fitted, nothing written
    assert third.compare(max_fits=10)["mean"].to_list() == board["mean"].to_list()
    assert third.leaderboard["fit_s"].to_list() == board["fit_s"].to_list()
    assert not list(tmp_path.rglob("unfinished.jsonl"))


def test_segments_are_resumed_too(tmp_path, make_frame, monkeypatch):
    frame = make_frame(200).select("a", "b")
    result = gu.Project(frame, path=tmp_path / "whole").build(max_fits=30)
    written, write = 0, journal_format.os.write

    def dies(file, data):
        nonlocal written
        written += bytes(data[:1]) == b"{"
        if written >= 12:
            raise Killed
        return write(file, data)

    with monkeypatch.context() as m:
        m.setattr(journal_format.os, "write", dies)
        with pytest.raises(Killed):
            gu.Project(frame, path=tmp_path / "p").build(max_fits=30)
    assert gu.Project(frame, path=tmp_path / "p").build(max_fits=30).digest == result.digest


def test_a_failed_model_fails_again_without_a_fit(tmp_path, frame, monkeypatch):
    def fail(self, *words, **more):
        raise RuntimeError("the roof is leaking")

    from groundup.models import HistGradientBoostingClassifier

    monkeypatch.setattr(HistGradientBoostingClassifier, "fit", fail)
    one = project(tmp_path, frame)
    one.compare(max_fits=10)
    monkeypatch.undo()
    result = project(tmp_path, frame).build(max_fits=10)
    assert {row.learner: row.error for row in result.leaderboard}["HistGradientBoostingClassifier"] == (
        "RuntimeError: the roof is leaking"
    )


def test_a_damaged_journal_is_an_error_with_a_hint(whole, killed_at, tmp_path, frame):
    killed_at(12, tmp_path)
    (path,) = tmp_path.rglob("unfinished.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"fold": 1', b'"fold": 3', 1))
    with pytest.raises(GroundupError, match=r"Line \d+ of the journal is damaged") as caught:
        project(tmp_path, frame).build(max_fits=20)
    assert str(path) in str(caught.value)
    assert "--fresh" in caught.value.hint
    assert project(tmp_path, frame).build(max_fits=20, fresh=True).digest == whole[0].digest


@pytest.mark.parametrize("spoil", ["gone", "cut"])
def test_a_damaged_checkpoint_is_fitted_again(spoil, whole, killed_at, tmp_path, frame):
    killed_at(34, tmp_path)
    kept = sorted(tmp_path.rglob("fits/*"))
    for path in kept:
        path.unlink() if spoil == "gone" else path.write_bytes(path.read_bytes()[:-9])
    assert kept
    assert project(tmp_path, frame).build(max_fits=20).digest == whole[0].digest


def test_an_interrupted_fresh_run_is_resumed_without_fresh(whole, tmp_path, frame, monkeypatch):
    shutil.copytree(whole[1], tmp_path, dirs_exist_ok=True)
    assert project(tmp_path, frame).build(max_fits=20).stored
    monkeypatch.setattr(
        compare_step.Comparer, "_measure", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        project(tmp_path, frame).build(max_fits=20, fresh=True)
    monkeypatch.undo()
    result = project(tmp_path, frame).build(max_fits=20)
    assert not result.stored
    assert (result.digest, result.test_looks) == (whole[0].digest, 2)
    assert project(tmp_path, frame).build(max_fits=20).stored


def test_an_invalid_number_of_threads_is_reported_once(tmp_path, frame, monkeypatch):
    monkeypatch.setenv("GROUNDUP_NUM_THREADS", "many")
    with pytest.raises(UsageError, match="GROUNDUP_NUM_THREADS='many'"):
        project(tmp_path / "p", frame).build(max_fits=5)
    assert not (tmp_path / "p").exists()
