"""Which learners a run compares: ours, and every one that an installed package declares.

A package joins by an entry point of the group ``groundup.learners``, name -> class:

    [project.entry-points."groundup.learners"]
    MyLearner = "my_package:MyLearner"

Ours stand here in the order of their cost, the cheapest first.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Any, NamedTuple

from groundup.errors import UsageError, nearest

GROUP = "groundup.learners"
OURS = {
    "LinearRegression": "regression",
    "Ridge": "regression",
    "LogisticRegression": "classification",
    "HistGradientBoostingRegressor": "regression",
    "HistGradientBoostingClassifier": "classification",
    "KMeans": "clustering",
}
# In the table of results, in words.
TITLES = {
    "LinearRegression": "Linear regression",
    "Ridge": "Ridge regression",
    "LogisticRegression": "Logistic regression",
    "HistGradientBoostingRegressor": "Gradient boosting",
    "HistGradientBoostingClassifier": "Gradient boosting",
    "KMeans": "k-means",
    "DummyClassifier": "Baseline (shares)",
    "DummyRegressor": "Baseline (mean)",
}


class LearnerEntry(NamedTuple):
    """One learner that can be compared: its name, its class, how it is called in words."""

    name: str
    cls: type
    title: str

    @property
    def spoken(self) -> str:
        """The title within a sentence: ours begin small there, strangers' stay as their authors wrote them."""
        ours = self.title in TITLES.values()
        return self.title[0].lower() + self.title[1:] if ours else self.title

    @property
    def parameters(self) -> frozenset[str]:
        """Names of its constructor's parameters."""
        return frozenset(inspect.signature(self.cls).parameters)

    def make(self, params: dict[str, Any]):
        """Return an unfitted learner."""
        return self.cls(**params)


class Found(NamedTuple):
    """Learners of a task, and why others that were declared are not among them."""

    entries: tuple[LearnerEntry, ...]
    problems: tuple[str, ...]


def kind_of(task: str) -> str:
    """Return what kind of learner a task needs: classification, regression, clustering."""
    return "classification" if task in {"binary", "multiclass"} else task


def baseline_of(task: str) -> LearnerEntry:
    """Return the baseline of a task: class shares, or the mean."""
    from groundup import models

    name = "DummyClassifier" if kind_of(task) == "classification" else "DummyRegressor"
    return LearnerEntry(name, getattr(models, name), TITLES[name])


def learners_of(task: str, names: Sequence[str] | None = None) -> Found:
    """Return the learners of a task: ours first, cheapest first, then those of entry points by name.

    Parameters
    ----------
    names : sequence of str, optional
        Only these.

    Raises
    ------
    UsageError
        If a name is unknown, or none fits the task.
    """
    kind = kind_of(task)
    entries = _ours(kind)
    strangers, problems = _declared(kind, {e.cls for e in entries})
    entries += strangers
    if names is not None:
        known = {e.name: e for e in entries}
        for name in names:
            if name not in known:
                hint = f"Learners for {kind}: {', '.join(known)}."
                raise UsageError(f"There is no learner {name!r} for {kind}.{nearest(name, known)}", hint=hint)
        entries = [e for e in entries if e.name in names]
    if not entries:
        raise UsageError(f"No learner for {kind} is left to compare.")
    return Found(tuple(entries), tuple(problems))


def packages_of(names: Sequence[str] | None = None) -> dict[str, str]:
    """Return name -> "package version" of the learners that installed packages declare; none of them is loaded.

    Parameters
    ----------
    names : sequence of str, optional
        Only these.
    """
    points = [
        p for p in entry_points(group=GROUP) if p.name not in OURS and (names is None or p.name in names)
    ]
    return {
        p.name: f"{p.dist.name} {p.dist.version}" if p.dist is not None else p.value
        for p in sorted(points, key=lambda p: (p.name, p.value))
    }


def _ours(kind: str) -> list[LearnerEntry]:
    models = importlib.import_module("groundup.models")
    return [LearnerEntry(name, getattr(models, name), TITLES[name]) for name, k in OURS.items() if k == kind]


def _declared(kind: str, known: set[type]) -> tuple[list[LearnerEntry], list[str]]:
    found, problems = [], []
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        try:
            cls = point.load()
            if cls in known or point.name in OURS:
                continue
            if _kind(cls) != kind:
                continue
            if not hasattr(cls, "declared_state"):
                problems.append(
                    f"the learner {point.name!r} does not declare its state, so no bundle could hold it"
                )
                continue
            found.append(LearnerEntry(point.name, cls, point.name))
        except Exception as error:  # noqa: BLE001 (a stranger's package may raise anything)
            problems.append(f"the learner {point.name!r} ({point.value}) cannot be loaded: {error}")
    return found, problems


def _kind(cls: type) -> str:
    from groundup.models import estimator

    learner = cls()
    for kind, test in (
        ("classification", estimator.is_classifier),
        ("regression", estimator.is_regressor),
        ("clustering", estimator.is_clusterer),
    ):
        if test(learner):
            return kind
    return "other"
