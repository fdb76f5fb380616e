"""The lock of a project: one process at a time, its holder, and no lock left by a killed process."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

import groundup as gu
from groundup.workbench.run.folder import Folder
from groundup.workbench.run.journal_format import ProjectError
from groundup.workbench.run.lock import HOLDER, Lock, find_holder

pytestmark = pytest.mark.usefixtures("no_report")
HOLD = """
import sys, time
from pathlib import Path
from groundup.workbench.run.lock import Lock
with Lock(Path(sys.argv[1]), "3f2a9c"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds the project."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_process_is_refused_with_the_id_of_the_first(tmp_path, other):
    with pytest.raises(
        ProjectError, match=f"Another process is working on this project: process {other.pid} on "
    ) as caught:
        Lock(tmp_path).__enter__()
    assert ", since " in caught.value.problem
    assert str(tmp_path) in str(caught.value)
    assert "--project" in caught.value.hint
    found = find_holder(tmp_path)
    assert (found["pid"], found["run"]) == (other.pid, "3f2a9c")


def test_a_killed_process_leaves_no_lock(tmp_path, other):
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert (tmp_path / HOLDER).exists()  # who it was
    assert find_holder(tmp_path) is None
    with Lock(tmp_path):
        assert json.loads((tmp_path / HOLDER).read_text())["pid"] == os.getpid()
    assert not (tmp_path / HOLDER).exists()


def test_two_locks_in_one_process_exclude_each_other(tmp_path):
    with Lock(tmp_path), pytest.raises(ProjectError, match="Another process is working on"):
        Lock(tmp_path).__enter__()
    with Lock(tmp_path):
        pass


def test_finding_the_holder_does_not_block_others(tmp_path):
    with Lock(tmp_path):
        pass
    ended = threading.Event()

    def ask():
        while not ended.is_set():
            find_holder(tmp_path)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(100):
            with Lock(tmp_path):
                pass
    finally:
        ended.set()
        asking.join()


def test_a_build_is_refused_before_it_does_anything(tmp_path, other, make_frame):
    project = gu.Project(make_frame(), target="y", path=tmp_path, learners=["LogisticRegression"])
    with pytest.raises(ProjectError, match="Another process"):
        project.build(max_fits=5)
    assert not list(tmp_path.rglob("*.jsonl"))
    other.kill()
    other.wait()
    assert project.build(max_fits=5).test_looks == 1


def test_a_stored_result_is_read_while_another_works(tmp_path, make_frame):
    def again():
        return gu.Project(make_frame(), target="y", path=tmp_path, learners=["LogisticRegression"])

    again().build(max_fits=5)
    with Lock(tmp_path):
        assert again().build(max_fits=5).stored
        assert again().compare(max_fits=5).height == 2
        with pytest.raises(ProjectError):
            again().build(max_fits=5, fresh=True)
    again().build(max_fits=6)
    with Lock(tmp_path):
        assert again().build(max_fits=5).stored  # though it cannot be put to use now
    assert Folder(tmp_path).current_result().settings["max_fits"] == 6


def test_one_of_several_concurrent_builds_succeeds(tmp_path):
    """Every look at the test set is counted, and no process damages the files of another."""
    command = [
        *(sys.executable, "-m", "groundup", "build", "sample:iris", "--target", "species", "--max-fits", "5"),
        *("--learner", "LogisticRegression", "--project", str(tmp_path / "p"), "--quiet", "--fresh"),
    ]
    env = {**os.environ, "GROUNDUP_WARMING": "off"}
    running = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env)
        for _ in range(3)
    ]
    try:
        told = [process.communicate(timeout=120)[1] for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
    codes = [process.returncode for process in running]
    assert set(codes) <= {0, 1}
    assert 0 in codes
    assert all(
        "Another process is working on this project" in text
        for text, code in zip(told, codes, strict=True)
        if code
    )
    looks = json.loads((tmp_path / "p" / "project.json").read_text())["looks"]
    assert len(looks) == codes.count(0)


def test_an_unwritable_folder_is_reported(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ProjectError, match="cannot be written"):
        Lock(tmp_path / "file" / "p").__enter__()

    def refuse(*words, **more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    with pytest.raises(ProjectError, match="cannot be written: Permission denied"):
        Lock(tmp_path).__enter__()
