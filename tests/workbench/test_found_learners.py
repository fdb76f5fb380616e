"""Learners of the house and of installed packages."""

from types import SimpleNamespace

import pytest

from groundup.errors import UsageError
from groundup.models import LogisticRegression, Ridge
from groundup.workbench import learners
from groundup.workbench.learners import baseline_of, learners_of, packages_of


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


def test_ours_come_cheapest_first():
    assert [e.name for e in learners_of("regression").entries][:3] == [
        "LinearRegression",
        "Ridge",
        "HistGradientBoostingRegressor",
    ]
    assert baseline_of("multiclass").name == "DummyClassifier"
    assert baseline_of("regression").name == "DummyRegressor"


def test_strangers_join_and_broken_ones_are_told(declared):
    found = learners_of("binary")
    assert [e.name for e in found.entries] == [
        "LogisticRegression",
        "HistGradientBoostingClassifier",
        "Stranger",
    ]
    assert any("'Broken'" in told and "no such module" in told for told in found.problems)
    assert any("'Stateless'" in told and "state" in told for told in found.problems)
    assert "Stranger" not in [e.name for e in learners_of("regression").entries]


def test_names_choose(declared):
    assert [e.name for e in learners_of("binary", ["Stranger"]).entries] == ["Stranger"]
    with pytest.raises(UsageError, match="Did you mean 'Stranger'"):
        learners_of("binary", ["Straner"])


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
