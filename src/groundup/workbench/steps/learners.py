"""Which learners a run compares: ours, and every one that an installed package declares.

A package joins by an entry point of the group ``groundup.learners``, name -> class:

    [project.entry-points."groundup.learners"]
    MyLearner = "my_package:MyLearner"

Ours stand here in the order in which they are tried: what says most for its time comes first. Every other learner of
``groundup.models`` can be named.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, NamedTuple

from groundup.errors import UsageError, nearest

if TYPE_CHECKING:
    from groundup.tables import Contract

GROUP = "groundup.learners"
OURS = {
    "LinearRegression": "regression",
    "Ridge": "regression",
    "LogisticRegression": "classification",
    "HistGradientBoostingRegressor": "regression",
    "HistGradientBoostingClassifier": "classification",
    "LassoCV": "regression",
    "DecisionTreeRegressor": "regression",
    "DecisionTreeClassifier": "classification",
    "RandomForestRegressor": "regression",
    "RandomForestClassifier": "classification",
    "ExtraTreesRegressor": "regression",
    "ExtraTreesClassifier": "classification",
    "KMeans": "clustering",
}
# Compared besides those where the target counts something; right behind the linear ones, as it is one.
OF_COUNTS = "PoissonRegressor"
BASELINES = {"classification": "DummyClassifier", "regression": "DummyRegressor"}
# In the table of results, in words; a learner without a title is called by its class.
TITLES = {
    "AdaBoostClassifier": "AdaBoost",
    "AdaBoostRegressor": "AdaBoost",
    "DecisionTreeClassifier": "Decision tree",
    "DecisionTreeRegressor": "Decision tree",
    "DummyClassifier": "Baseline (shares)",
    "DummyRegressor": "Baseline (mean)",
    "ElasticNet": "Elastic net",
    "ElasticNetCV": "Elastic net (own folds)",
    "ExtraTreesClassifier": "Extra trees",
    "ExtraTreesRegressor": "Extra trees",
    "GammaRegressor": "Gamma regression",
    "HistGradientBoostingClassifier": "Gradient boosting",
    "HistGradientBoostingRegressor": "Gradient boosting",
    "HuberRegressor": "Huber regression",
    "KMeans": "k-means",
    "Lasso": "Lasso",
    "LassoCV": "Lasso (own folds)",
    "LinearRegression": "Linear regression",
    "LogisticRegression": "Logistic regression",
    "LogisticRegressionCV": "Logistic regression (own folds)",
    "PoissonRegressor": "Poisson regression",
    "QuantileRegressor": "Quantile regression",
    "RandomForestClassifier": "Random forest",
    "RandomForestRegressor": "Random forest",
    "Ridge": "Ridge regression",
    "RidgeCV": "Ridge regression (leave-one-out)",
    "RidgeClassifier": "Ridge classifier",
    "SGDClassifier": "Linear model by gradient descent",
    "SGDRegressor": "Linear model by gradient descent",
    "TweedieRegressor": "Tweedie regression",
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
    return _entry(BASELINES[kind_of(task)])


def counts_something(contract: Contract) -> bool:
    """Tell whether a target is a count: whole numbers from 0 or 1 on."""
    if contract.target is None or contract.task != "regression":
        return False
    column = contract.by_name[contract.target]
    return column.kind == "integer" and column.minimum in (0, 1)


def learners_of(task: str, names: Sequence[str] | None = None, *, counts: bool = False) -> Found:
    """Return the learners of a task: ours first, as they are tried, then those of entry points by name.

    Parameters
    ----------
    names : sequence of str, optional
        Only these; any learner of ``groundup.models`` may be named.
    counts : bool
        Whether the target counts something.

    Raises
    ------
    UsageError
        If a name is unknown, or none fits the task.
    """
    kind = kind_of(task)
    entries = _ours(kind, counts=counts)
    strangers, problems = _declared(kind, {e.cls for e in entries})
    entries += strangers
    if names is not None:
        known = {e.name: e for e in entries}
        if not set(names) <= set(known):
            known |= {e.name: e for e in further(kind) if e.name not in known}
        for name in names:
            if name not in known:
                hint = f"Learners for {kind}: {', '.join(known)}."
                raise UsageError(f"There is no learner {name!r} for {kind}.{nearest(name, known)}", hint=hint)
        entries = [e for e in known.values() if e.name in names]
    if not entries:
        raise UsageError(f"No learner for {kind} is left to compare.")
    return Found(tuple(entries), tuple(problems))


def further(kind: str) -> list[LearnerEntry]:
    """Return the learners of ``groundup.models`` that are compared only where they are named, by name."""
    models = importlib.import_module("groundup.models")
    names = [n for n in models.__all__ if n not in OURS and not n.startswith("Dummy")]
    return [_entry(name) for name in sorted(names) if _kind(getattr(models, name)) == kind]


def packages_of(names: Sequence[str] | None = None) -> dict[str, str]:
    """Return name -> "package version" of the learners that installed packages declare; none of them is loaded.

    Parameters
    ----------
    names : sequence of str, optional
        Only these.
    """
    points = [
        p for p in entry_points(group=GROUP) if not _is_ours(p.name) and (names is None or p.name in names)
    ]
    return {
        p.name: f"{p.dist.name} {p.dist.version}" if p.dist is not None else p.value
        for p in sorted(points, key=lambda p: (p.name, p.value))
    }


def _ours(kind: str, *, counts: bool) -> list[LearnerEntry]:
    names = [name for name, k in OURS.items() if k == kind]
    if counts:
        names.insert(names.index("LassoCV") + 1, OF_COUNTS)
    return [_entry(name) for name in names]


def _is_ours(name: str) -> bool:
    return name in importlib.import_module("groundup.models").__all__


def _entry(name: str) -> LearnerEntry:
    cls = getattr(importlib.import_module("groundup.models"), name)
    return LearnerEntry(name, cls, TITLES.get(name, name))


def _declared(kind: str, known: set[type]) -> tuple[list[LearnerEntry], list[str]]:
    found, problems = [], []
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        try:
            cls = point.load()
            if cls in known or _is_ours(point.name):
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
