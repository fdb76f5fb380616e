"""Which models a build compares, and in which order: read from their descriptions, ours and those of installed packages.

What is compared by default comes first, by priority; then what is compared because the user names it.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from groundup.errors import UsageError
from groundup.judge.weights import takes_weights
from groundup.models.estimator import ModelDescription, describe, perturb, tasks_of
from groundup.models.estimator.search_space import SearchSpace
from groundup.models.registry import BASELINES, MODELS, declared_models, load_model
from groundup.workbench.steps.given import Given, given_models
from groundup.workbench.steps.learner_names import (
    canonical,
    find_learner,
    of_other_tasks,
    short_names,
    suggest,
)
from groundup.workbench.written import write

if TYPE_CHECKING:
    from groundup.tables import Contract


class LearnerEntry(NamedTuple):
    """A model that can be compared: its name and its class; of an instance given by the user, also what was given."""

    name: str
    cls: type
    given: Given | None = None

    @property
    def description(self) -> ModelDescription:
        """What the class says about itself."""
        return describe(self.cls)

    @property
    def title(self) -> str:
        """The name in words."""
        title = self.description.title or self.cls.__name__
        return self.description.title or self.name if self.given is None else f"{title}{self.given.label}"

    @property
    def spoken(self) -> str:
        """The title within a sentence: "linear regression", but "AdaBoost"."""
        title, own = self.title, self.description.title
        return title[0].lower() + title[1:] if own[1:].islower() else title

    @property
    def parameters(self) -> frozenset[str]:
        """Names of its constructor's parameters."""
        return frozenset(inspect.signature(self.cls).parameters)

    def make(self, params: dict[str, Any], preparer=None):
        """Return an unfitted model; one with categories of its own is told which columns of `preparer` are levels.

        Parameters
        ----------
        params : dict
            Parameters of its constructor; if they say what is a category, that holds.
        preparer : TablePreparer, optional
            The fitted preparer of the rows that the model will be fitted on.
        """
        name = self.description.categories
        levels = getattr(preparer, "level_columns_", None)
        stated = {name: levels, **params} if name and levels else params
        return self.cls(**stated) if self.given is None else self.given.make(stated)

    def configurations(self, n_rows: int, seed: int) -> tuple[dict[str, Any], ...]:
        """Return the settings of its portfolio, in the order in which they are tried.

        Parameters
        ----------
        n_rows : int
            Training rows.
        seed : int
            Becomes ``random_state`` where the constructor has one.
        """
        base = {"random_state": seed} if "random_state" in self.parameters else {}
        if self.given is not None:
            return ({**base, **self.given.stated},)
        return tuple({**base, **setting} for setting in self.description.settings(n_rows))

    def perturb(self, setting: dict[str, Any], seed: int, n: int) -> dict[str, Any]:
        """Return the n-th setting near another one, drawn from the model's search space."""
        defaults = {name: p.default for name, p in inspect.signature(self.cls).parameters.items()}
        found = perturb(self.search_space, setting, defaults, seed, n)
        return found if self.given is None else {**found, **self.given.stated}

    @property
    def search_space(self) -> SearchSpace:
        """The parameters to tune: of an instance none, or, if asked, those that it does not state."""
        space = self.description.search_space
        if self.given is None:
            return space
        stated = self.given.stated
        return {n: prior for n, prior in space.items() if n not in stated} if self.given.is_tuned else {}


class Listed(NamedTuple):
    """A model as lists show it: its class, its name in words, other short names, and when a build compares it."""

    name: str
    title: str
    short: list[str]
    compared: str


class Learners(NamedTuple):
    """The models of a task, why others that packages declare are not among them, and how names were read."""

    entries: tuple[LearnerEntry, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


def kind_of(task: str) -> str:
    """Return the kind of a task: classification, regression or clustering."""
    return "classification" if task in {"binary", "multiclass"} else task


def baseline_of(task: str) -> LearnerEntry:
    """Return the baseline of a task: class frequencies, or the mean."""
    entries = (LearnerEntry(name, load_model(name)) for name in BASELINES)
    return next(entry for entry in entries if task in tasks_of(entry.cls))


def counts_something(contract: Contract) -> bool:
    """Return whether the target is a count: whole numbers from 0 or 1 on."""
    if contract.target is None or contract.task != "regression":
        return False
    column = contract.by_name[contract.target]
    return column.kind == "integer" and column.minimum in (0, 1)


def learners_of(
    task: str,
    names: Sequence[Any] | None = None,
    *,
    tune_given: bool = False,
    counts: bool = False,
    weighted: bool = False,
    with_proba: bool = False,
) -> Learners:
    """Return the models of a task in the order in which they are compared.

    Parameters
    ----------
    names : sequence of str, class or estimator, optional
        Only these; without it, those that are compared by default.
    tune_given : bool
        Whether parameters that an estimator does not state are tuned.
    counts : bool
        Whether the target is a count.
    weighted : bool
        Leave out models whose `fit` takes no weights of rows; the problems name them.
    with_proba : bool
        Leave out models that give no probabilities.

    Raises
    ------
    UsageError
        If a name is unknown, or no model fits the task.
    """
    default = {"always", "counts"} if counts else {"always"}
    entries, problems = _entries(task, default)
    notes: list[str] = []
    if names is None:
        entries = [e for e in entries if e.description.comparison in default]
    else:
        named = _find_named([name for name in names if isinstance(name, str)], entries, task, notes)
        given = entries_of([one for one in names if not isinstance(one, str)], task, tune=tune_given)
        entries = [*named, *given]
    needs = [("takes no weights", lambda entry: takes_weights(entry.cls))] if weighted else []
    needs += [("gives no probabilities, by which labels are decided", _gives_proba)] if with_proba else []
    for lack, has in needs:
        left_out = [e for e in entries if not has(e)]
        problems += [f"{e.title} was left out: it {lack}" for e in left_out]
        entries = [e for e in entries if e not in left_out]
    if not entries:
        raise UsageError(f"There is no model for {kind_of(task)} to compare.", hint=". ".join(problems))
    return Learners(tuple(entries), tuple(problems), tuple(notes))


def _entries(task: str, default: set[str]) -> tuple[list[LearnerEntry], list[str]]:
    """Return all models of a task but the baseline, those compared by default first; and what cannot be used."""

    def rank(entry: LearnerEntry):
        is_default = entry.description.comparison in default
        return not is_default, -entry.description.priority if is_default else 0, entry.name

    ours = [LearnerEntry(name, load_model(name)) for name in MODELS]
    declared, problems = _declared(task, {entry.cls for entry in ours})
    entries = [entry for entry in ours if task in tasks_of(entry.cls)] + declared
    return sorted((e for e in entries if e.description.comparison != "baseline"), key=rank), problems


def list_models(kind: str) -> list[Listed]:
    """Return the models for classification, regression or clustering, those compared by default first."""
    entries, _ = _entries({"classification": "binary"}.get(kind, kind), {"always", "counts"})
    words = {"always": "by default", "counts": "by default, for counts"}
    return [
        Listed(e.name, e.title, short_names(e.name), words.get(e.description.comparison, "when named"))
        for e in entries
    ]


def _find_named(
    names: Sequence[str], entries: list[LearnerEntry], task: str, notes: list[str]
) -> list[LearnerEntry]:
    """Return the entries that names mean, in the order of `entries`; add notes on names of the other kind."""
    titles, wanted = {e.name: e.title for e in entries}, set()
    for name in names:
        found = find_learner(name, titles, classification=kind_of(task) == "classification")
        if found.name is None:
            near = suggest(name, titles)
            if not near and (others := of_other_tasks(name)):
                other = " and ".join(kind_of(t) for t in tasks_of(load_model(others[0]))[-1:])
                near = f" {others[0]} is one for {other}." if other else ""
            raise UsageError(
                f"There is no model {name!r} for {kind_of(task)}.{near}",
                hint=f"Models for {kind_of(task)}: {', '.join(titles)}.",
            )
        wanted.add(found.name)
        notes += [found.note] if found.note else []
    return [e for e in entries if e.name in wanted]


def identity_of(names: Sequence[Any] | None, *, tune_given: bool = False) -> dict[str, Any]:
    """Return what a run depends on of the requested models: names in one spelling, and estimators as code."""
    if names is None:
        return {"learners": None, "estimators": None, "tune_given": None}
    given = [
        write(model.estimator).to_json() for model in given_models(n for n in names if not isinstance(n, str))
    ]
    named = canonical(name for name in names if isinstance(name, str))
    return {
        "learners": named or None,
        "estimators": given or None,
        "tune_given": (tune_given and bool(given)) or None,
    }


def packages_of(names: Sequence[Any] | None = None) -> dict[str, str]:
    """Return name -> "package version" of the models that installed packages declare; none of them is loaded.

    Parameters
    ----------
    names : sequence of str, class or estimator, optional
        Only those with these names.
    """
    wanted = None if names is None else canonical(name for name in names if isinstance(name, str))
    points = [point for point in declared_models() if wanted is None or point.name in wanted]
    return {p.name: f"{p.dist.name} {p.dist.version}" if p.dist is not None else p.value for p in points}


def entries_of(given: Sequence[Any], task: str, *, tune: bool = False) -> list[LearnerEntry]:
    """Return the entries of classes and estimators that the user gives; two of one class get different names.

    Raises
    ------
    UsageError
        If one is no model of the task, or a bundle could not hold it.
    """
    entries: list[LearnerEntry] = []
    for model in given_models(given, tune=tune):
        cls = type(model.estimator)
        if task not in tasks_of(cls):
            raise UsageError(
                f"{cls.__name__} is no model for {kind_of(task)}.",
                hint=f"Its tasks are: {', '.join(tasks_of(cls)) or 'none'}.",
            )
        n_before = sum(entry.cls is cls for entry in entries)
        name = cls.__name__ if n_before == 0 else f"{cls.__name__} {n_before + 1}"
        entries.append(LearnerEntry(name, cls, model))
    return entries


def _gives_proba(entry: LearnerEntry) -> bool:
    """Return whether a model gives probabilities with its first setting."""
    return hasattr(entry.make(dict(next(iter(entry.configurations(1000, 0)), {}))), "predict_proba")


def _declared(task: str, known: set[type]) -> tuple[list[LearnerEntry], list[str]]:
    """Return the models of installed packages for a task, and why others cannot be used."""
    entries, problems = [], []
    for point in declared_models():
        try:
            cls = point.load()
            if cls in known or task not in tasks_of(cls):
                continue
        except Exception as error:  # noqa: BLE001 (code of another package may raise anything)
            problems.append(f"The model {point.name!r} ({point.value}) cannot be loaded: {error}")
            continue
        if hasattr(cls, "declared_state"):
            entries.append(LearnerEntry(point.name, cls))
        else:
            problems.append(
                f"The model {point.name!r} does not declare its state, so no bundle could hold it"
            )
    return entries, problems
