"""Kernels compiled beside the run: marks, the side process, and the walk."""

import pytest

from groundup.workbench.run import background_warmup as room
from groundup.workbench.run import warmup
from groundup.workbench.run.background_warmup import LARGE, Warming
from groundup.workbench.run.events import StepBegun, StepDone


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A kernel folder of the test's own, empty."""
    monkeypatch.setattr(warmup, "folder", lambda: tmp_path)
    monkeypatch.delenv("GROUNDUP_WARMING", raising=False)
    return tmp_path


class Side:
    """A side process that ends when it is looked at, and leaves no mark."""

    started: list = []  # noqa: RUF012

    def __init__(self, command, **streams):
        Side.started.append(command)
        self.done = False

    def wait(self):
        self.done = True

    def poll(self):
        self.done, done = True, self.done
        return 0 if done else None

    def terminate(self):
        self.done = True


def test_nothing_is_started_where_all_is_warm(kept, monkeypatch):
    monkeypatch.setattr(room.subprocess, "Popen", Side)
    Side.started.clear()
    for name in LARGE["binary"]:
        (kept / warmup._mark("binary", name)).touch()
    heard = []
    work = Warming(heard.append)
    work.begin("binary")
    for name in LARGE["binary"]:
        work.ready(name)
    work.end()
    assert Side.started == []
    assert heard == []


def test_waits_once_for_each_large_learner(kept, monkeypatch):
    monkeypatch.setattr(room.subprocess, "Popen", Side)
    walked = []
    monkeypatch.setattr(warmup, "warm_up", lambda *words: walked.append(words))
    Side.started.clear()
    heard = []
    work = Warming(heard.append)
    work.begin("regression")
    first, second = LARGE["regression"]
    assert Side.started[0][-4:] == ["--learner", first, "--learner", second]
    work.ready("Ridge")
    assert heard == []
    work.ready(first)
    work.ready(first)
    assert [type(e) for e in heard] == [StepBegun, StepDone]
    assert walked == [(("regression",), [first], ("float64",))]  # the side process left no mark
    (kept / warmup._mark("regression", second)).touch()
    work.ready(second)
    assert len(heard) == 2
    work.end()


def test_the_walk_leaves_marks_and_tells_failures(kept, monkeypatch):
    from groundup.workbench.steps.learners import LearnerEntry, Learners

    class Broken:
        """Cannot be made."""

        def __init__(self):
            raise RuntimeError("no")

    def found(task):
        from groundup.models import Ridge

        return Learners((LearnerEntry("Ridge", Ridge), LearnerEntry("Broken", Broken)), ())

    monkeypatch.setattr("groundup.workbench.steps.learners.learners_of", found)
    told = []
    walked = warmup.warm_up(["regression"], tell=told.append)
    assert [(w.learner, bool(w.error)) for w in walked] == [("Ridge", False), ("Broken", True)]
    assert told == walked
    assert warmup.is_warm("regression", "Ridge")
    assert not warmup.is_warm("regression", "Broken")
