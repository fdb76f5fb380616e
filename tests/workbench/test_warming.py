"""Kernels compiled beside the run: marks, the side process, and the walk."""

import pytest

from groundup.workbench import warming as room
from groundup.workbench import warmup
from groundup.workbench.events import StepBegun, StepDone
from groundup.workbench.warming import LARGE, Warming


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A kernel folder of the test's own, empty."""
    monkeypatch.setattr(warmup, "folder", lambda: tmp_path)
    monkeypatch.delenv("GROUNDUP_WARMING", raising=False)
    return tmp_path


class Side:
    """A side process that leaves its mark when it is waited for."""

    started: list = []  # noqa: RUF012

    def __init__(self, command, **streams):
        Side.started.append(command)
        self.done = False

    def wait(self):
        self.done = True

    def poll(self):
        return 0 if self.done else None

    def terminate(self):
        self.done = True


def test_nothing_is_started_where_all_is_warm(kept, monkeypatch):
    monkeypatch.setattr(room.subprocess, "Popen", Side)
    Side.started.clear()
    (kept / warmup._mark("binary", LARGE["binary"])).touch()
    heard = []
    work = Warming(heard.append)
    work.begin("binary")
    work.ready(LARGE["binary"])
    work.end()
    assert Side.started == []
    assert heard == []


def test_waits_once_for_the_large_learner(kept, monkeypatch):
    monkeypatch.setattr(room.subprocess, "Popen", Side)
    walked = []
    monkeypatch.setattr(warmup, "warm_up", lambda *words: walked.append(words))
    Side.started.clear()
    heard = []
    work = Warming(heard.append)
    work.begin("regression")
    assert Side.started[0][-6:] == [
        "--task",
        "regression",
        "--learner",
        LARGE["regression"],
        "--dtype",
        "float64",
    ]
    work.ready("Ridge")
    assert heard == []
    work.ready(LARGE["regression"])
    work.ready(LARGE["regression"])
    assert [type(e) for e in heard] == [StepBegun, StepDone]
    assert walked == [(("regression",), [LARGE["regression"]], ("float64",))]  # the side process left no mark
    work.end()


def test_the_walk_leaves_marks_and_tells_failures(kept, monkeypatch):
    from groundup.workbench.learners import Found, LearnerEntry

    class Broken:
        """Cannot be made."""

        def __init__(self):
            raise RuntimeError("no")

    def found(task):
        from groundup.models import Ridge

        return Found((LearnerEntry("Ridge", Ridge, "Ridge"), LearnerEntry("Broken", Broken, "Broken")), ())

    monkeypatch.setattr("groundup.workbench.learners.learners_of", found)
    told = []
    walked = warmup.warm_up(["regression"], tell=told.append)
    assert [(w.learner, bool(w.error)) for w in walked] == [("Ridge", False), ("Broken", True)]
    assert told == walked
    assert warmup.is_warm("regression", "Ridge")
    assert not warmup.is_warm("regression", "Broken")
