"""Learners of the house and of installed packages."""

from types import SimpleNamespace

import polars as pl
import pytest

from groundup import models
from groundup.errors import UsageError
from groundup.models import LogisticRegression, Ridge
from groundup.workbench.project import Project
from groundup.workbench.steps import learners
from groundup.workbench.steps.learners import baseline_of, learners_of, packages_of


class Point:
    """An entry point."""

    def __init__(self, name, found, dist=None):
        self.name, self.value, self._found, self.dist = name, f"pack:{name}", found, dist

    def load(self):
        if isinstance(self._found, Exception):
            raise self._found
        return self._found


class Stranger(LogisticRegression):
    """A classifier of another package."""


class Stateless:
    """No learner of ours: declares no state."""

    def __sklearn_tags__(self):
        return LogisticRegression().__sklearn_tags__()


@pytest.fixture
def declared(monkeypatch):
    points = [
        Point("Stranger", Stranger),
        Point("Ridge", Ridge),
        Point("Broken", ImportError("no such module")),
        Point("Stateless", Stateless),
    ]
    monkeypatch.setattr(learners, "entry_points", lambda group: points)


def test_ours_come_in_the_order_in_which_they_are_tried():
    assert [e.title for e in learners_of("regression").entries] == [
        "Linear regression",
        "Ridge regression",
        "Gradient boosting",
        "Lasso (own folds)",
        "Decision tree",
        "Random forest",
        "Extra trees",
    ]
    assert [e.title for e in learners_of("multiclass").entries] == [
        "Logistic regression",
        "Gradient boosting",
        "Decision tree",
        "Random forest",
        "Extra trees",
    ]
    assert baseline_of("multiclass").name == "DummyClassifier"
    assert baseline_of("regression").name == "DummyRegressor"


def test_strangers_join_and_broken_ones_are_told(declared):
    found = learners_of("binary")
    ours = [e.name for e in found.entries[:-1]]
    assert ours == [name for name, kind in learners.OURS.items() if kind == "classification"]
    assert found.entries[-1].name == "Stranger"
    assert any("'Broken'" in told and "no such module" in told for told in found.problems)
    assert any("'Stateless'" in told and "state" in told for told in found.problems)
    assert "Stranger" not in [e.name for e in learners_of("regression").entries]


def test_names_choose(declared):
    assert [e.name for e in learners_of("binary", ["Stranger"]).entries] == ["Stranger"]
    with pytest.raises(UsageError, match="Did you mean 'Stranger'"):
        learners_of("binary", ["Straner"])


@pytest.mark.parametrize("task", ["binary", "regression", "clustering"])
def test_every_learner_of_the_task_can_be_named(task):
    kind = learners.kind_of(task)
    fits = [
        name
        for name in models.__all__
        if learners._kind(getattr(models, name)) == kind and not name.startswith("Dummy")
    ]
    assert sorted(e.name for e in learners_of(task, fits).entries) == sorted(fits)
    with pytest.raises(UsageError, match="no learner 'IsolationForest'"):
        learners_of(task, ["IsolationForest"])


def test_counts_have_a_learner_of_their_own(tmp_path):
    def compared(target):
        frame = pl.DataFrame({"a": [i % 7 for i in range(300)], "y": target})
        project = Project(frame, target="y", task="regression", path=tmp_path)
        return [e.name for e in project._select_learners().entries]

    assert "PoissonRegressor" in compared([i % 40 for i in range(300)])
    assert "PoissonRegressor" not in compared([i % 40 + 7 for i in range(300)])
    assert "PoissonRegressor" not in compared([i % 40 + 0.5 for i in range(300)])


def test_packages_are_told_without_loading_them(monkeypatch):
    pack = SimpleNamespace(name="pack", version="1.2")
    points = [
        Point("Zebra", ImportError("never loaded"), pack),
        Point("Ridge", Ridge, pack),
        Point("Bell", Stranger),
    ]
    monkeypatch.setattr(learners, "entry_points", lambda group: points)
    assert packages_of() == {"Bell": "pack:Bell", "Zebra": "pack 1.2"}
    assert packages_of(["Zebra", "Ridge"]) == {"Zebra": "pack 1.2"}
    assert packages_of(["Ridge"]) == {}
