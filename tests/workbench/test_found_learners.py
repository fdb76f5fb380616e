"""Which models are compared: ours, and those of installed packages."""

from types import SimpleNamespace

import polars as pl
import pytest

from groundup import models
from groundup.errors import UsageError
from groundup.models import LogisticRegression, Ridge, registry
from groundup.models.estimator import CLASSIFICATION, ModelDescription, describe, tasks_of
from groundup.workbench.project import Project
from groundup.workbench.steps.learners import baseline_of, learners_of, packages_of


class Point:
    """An entry point."""

    def __init__(self, name, found, dist=None):
        self.name, self.value, self._found, self.dist = name, f"pack:{name}", found, dist

    def load(self):
        if isinstance(self._found, Exception):
            raise self._found
        return self._found


class ThirdParty(LogisticRegression):
    """A classifier of another package."""


class First(LogisticRegression):
    """A classifier of another package that is compared first."""

    description = ModelDescription(title="First of all", tasks=CLASSIFICATION, priority=100)


class Stateless:
    """A classifier that declares no state."""

    def __sklearn_tags__(self):
        return LogisticRegression().__sklearn_tags__()


@pytest.fixture
def declared(monkeypatch):
    points = [
        Point("ThirdParty", ThirdParty),
        Point("Ridge", Ridge),
        Point("Broken", ImportError("no such module")),
        Point("Stateless", Stateless),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)


def test_ours_are_compared_by_priority():
    assert [e.title for e in learners_of("regression").entries] == [
        "Linear regression",
        "Ridge regression",
        "Gradient boosting",
        "Lasso (cross-validated)",
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


def test_declared_models_are_compared_and_broken_ones_reported(declared):
    found = learners_of("binary")
    ours = [e.name for e in found.entries[:-1]]
    assert ours == [e.name for e in learners_of("multiclass").entries[:-1]]
    assert "LogisticRegression" in ours
    assert found.entries[-1].name == "ThirdParty"
    assert any("'Broken'" in text and "no such module" in text for text in found.problems)
    assert any("'Stateless'" in text and "state" in text for text in found.problems)
    assert "ThirdParty" not in [e.name for e in learners_of("regression").entries]


def test_priority_places_a_declared_model_among_ours(monkeypatch):
    monkeypatch.setattr(registry, "entry_points", lambda group: [Point("First", First)])
    entries = learners_of("binary").entries
    assert [(e.name, e.title) for e in entries[:2]] == [
        ("First", "First of all"),
        ("LogisticRegression", "Logistic regression"),
    ]
    assert learners_of("binary", ["LogisticRegression", "First"]).entries == entries[:2]


def test_names_choose(declared):
    assert [e.name for e in learners_of("binary", ["ThirdParty"]).entries] == ["ThirdParty"]
    with pytest.raises(UsageError, match="Did you mean 'ThirdParty'"):
        learners_of("binary", ["ThirdPart"])


@pytest.mark.parametrize("task", ["binary", "regression", "clustering"])
def test_every_model_of_the_task_can_be_named(task):
    fits = [
        name
        for name in models.__all__
        if task in tasks_of(getattr(models, name))
        and describe(getattr(models, name)).comparison != "baseline"
    ]
    assert sorted(e.name for e in learners_of(task, fits).entries) == sorted(fits)
    with pytest.raises(UsageError, match="no model 'IsolationForest'"):
        learners_of(task, ["IsolationForest"])


def test_counts_have_a_model_of_their_own(tmp_path):
    def compared(target):
        frame = pl.DataFrame({"a": [i % 7 for i in range(300)], "y": target})
        project = Project(frame, target="y", task="regression", path=tmp_path)
        return [e.name for e in project._select_learners().entries]

    assert "PoissonRegressor" in compared([i % 40 for i in range(300)])
    assert "PoissonRegressor" not in compared([i % 40 + 7 for i in range(300)])
    assert "PoissonRegressor" not in compared([i % 40 + 0.5 for i in range(300)])


def test_packages_are_listed_without_loading_them(monkeypatch):
    pack = SimpleNamespace(name="pack", version="1.2")
    points = [
        Point("Zebra", ImportError("never loaded"), pack),
        Point("Ridge", Ridge, pack),
        Point("Bell", ThirdParty),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    assert packages_of() == {"Bell": "pack:Bell", "Zebra": "pack 1.2"}
    assert packages_of(["Zebra", "Ridge"]) == {"Zebra": "pack 1.2"}
    assert packages_of(["Ridge"]) == {}
