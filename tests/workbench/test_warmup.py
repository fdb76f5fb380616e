"""Kernels compiled ahead of a run: markers, the side process, and failures."""

import pytest

from groundup.workbench import warmup
from groundup.workbench.run.events import StepDone, StepStarted
from groundup.workbench.warmup import LARGE, BackgroundWarmup


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A kernel folder of the test's own, empty."""
    monkeypatch.setattr(warmup, "cache_folder", lambda: tmp_path)
    monkeypatch.delenv("GROUNDUP_WARMING", raising=False)
    return tmp_path


class Side:
    """A side process that ends when it is polled, and leaves no marker."""

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


def test_nothing_is_started_if_all_kernels_are_compiled(kept, monkeypatch):
    monkeypatch.setattr(warmup.subprocess, "Popen", Side)
    Side.started.clear()
    for name in LARGE["binary"]:
        (kept / warmup._marker("binary", name)).touch()
    heard = []
    with BackgroundWarmup(heard.append) as work:
        work.start("binary", LARGE["binary"])
        for name in LARGE["binary"]:
            work.wait_for(name)
    assert Side.started == []
    assert heard == []


def test_only_models_of_the_run_are_compiled(kept, monkeypatch):
    monkeypatch.setattr(warmup.subprocess, "Popen", Side)
    Side.started.clear()
    boosting, tree = LARGE["binary"]
    with BackgroundWarmup(lambda event: None) as work:
        work.start("binary", ["LogisticRegression"])
        assert Side.started == []
        work.start("binary", ["LogisticRegression", tree])
        assert Side.started[0][-2:] == ["--learner", tree]
        assert boosting not in Side.started[0]


def test_each_large_model_is_awaited_once(kept, monkeypatch):
    monkeypatch.setattr(warmup.subprocess, "Popen", Side)
    walked = []
    monkeypatch.setattr(warmup, "warm_up", lambda *words: walked.append(words))
    Side.started.clear()
    heard = []
    with BackgroundWarmup(heard.append) as work:
        work.start("regression", [*LARGE["regression"], "Ridge"])
        first, second = LARGE["regression"]
        assert Side.started[0][-4:] == ["--learner", first, "--learner", second]
        work.wait_for("Ridge")
        assert heard == []
        work.wait_for(first)
        work.wait_for(first)
        assert [type(e) for e in heard] == [StepStarted, StepDone]
        assert walked == [(("regression",), [first], ("float64",))]  # the side process left no marker
        (kept / warmup._marker("regression", second)).touch()
        work.wait_for(second)
        assert len(heard) == 2


def test_markers_are_left_and_failures_reported(kept, monkeypatch):
    from groundup.workbench.steps.learners import LearnerEntry, Learners

    class Broken:
        """Cannot be made."""

        def __init__(self):
            raise RuntimeError("no")

    def found(task):
        from groundup.models import Ridge

        return Learners((LearnerEntry("Ridge", Ridge), LearnerEntry("Broken", Broken)), ())

    monkeypatch.setattr(warmup, "learners_of", found)
    told = []
    walked = warmup.warm_up(["regression"], tell=told.append)
    assert [(w.learner, bool(w.error)) for w in walked] == [("Ridge", False), ("Broken", True)]
    assert told == walked
    assert warmup.is_warm("regression", "Ridge")
    assert not warmup.is_warm("regression", "Broken")
