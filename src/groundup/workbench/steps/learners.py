"""Which models a build compares, and in which order: read from their descriptions, ours and those of installed packages.

What is compared by default comes first, by priority; then what is compared because the user names it.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from groundup.errors import UsageError, nearest
from groundup.judge.weights import takes_weights
from groundup.models.estimator import ModelDescription, describe, perturb, tasks_of
from groundup.models.registry import BASELINES, MODELS, declared_models, load_model

if TYPE_CHECKING:
    from groundup.tables import Contract


class LearnerEntry(NamedTuple):
    """A model that can be compared: its name and its class."""

    name: str
    cls: type

    @property
    def description(self) -> ModelDescription:
        """What the class says about itself."""
        return describe(self.cls)

    @property
    def title(self) -> str:
        """The name in words."""
        return self.description.title or self.name

    @property
    def spoken(self) -> str:
        """The title within a sentence: "linear regression", but "AdaBoost"."""
        title = self.description.title
        return title[0].lower() + title[1:] if title[1:].islower() else self.title

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
        return self.cls(**{name: levels, **params}) if name and levels else self.cls(**params)

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
        return tuple({**base, **setting} for setting in self.description.settings(n_rows))

    def perturb(self, setting: dict[str, Any], seed: int, n: int) -> dict[str, Any]:
        """Return the n-th setting near another one, drawn from the model's search space."""
        defaults = {name: p.default for name, p in inspect.signature(self.cls).parameters.items()}
        return perturb(self.description.search_space, setting, defaults, seed, n)


class Learners(NamedTuple):
    """The models of a task, and why others that packages declare are not among them."""

    entries: tuple[LearnerEntry, ...]
    problems: tuple[str, ...]


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
    names: Sequence[str] | None = None,
    *,
    counts: bool = False,
    weighted: bool = False,
    with_proba: bool = False,
) -> Learners:
    """Return the models of a task in the order in which they are compared.

    Parameters
    ----------
    names : sequence of str, optional
        Only these; without it, those that are compared by default.
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

    def rank(entry: LearnerEntry):
        is_default = entry.description.comparison in default
        return not is_default, -entry.description.priority if is_default else 0, entry.name

    ours = [LearnerEntry(name, load_model(name)) for name in MODELS]
    declared, problems = _declared(task, {entry.cls for entry in ours})
    entries = [entry for entry in ours if task in tasks_of(entry.cls)] + declared
    entries = sorted((e for e in entries if e.description.comparison != "baseline"), key=rank)
    if names is None:
        entries = [e for e in entries if e.description.comparison in default]
    else:
        known = [e.name for e in entries]
        for name in names:
            if name not in known:
                hint = f"Models for {kind_of(task)}: {', '.join(known)}."
                raise UsageError(
                    f"There is no model {name!r} for {kind_of(task)}.{nearest(name, known)}", hint=hint
                )
        entries = [e for e in entries if e.name in names]
    needs = [("takes no weights", takes_weights)] if weighted else []
    needs += [("gives no probabilities, by which labels are decided", _gives_proba)] if with_proba else []
    for lack, has in needs:
        left_out = [e for e in entries if not has(e.cls)]
        problems += [f"{e.title} was left out: it {lack}" for e in left_out]
        entries = [e for e in entries if e not in left_out]
    if not entries:
        raise UsageError(f"There is no model for {kind_of(task)} to compare.", hint=". ".join(problems))
    return Learners(tuple(entries), tuple(problems))


def packages_of(names: Sequence[str] | None = None) -> dict[str, str]:
    """Return name -> "package version" of the models that installed packages declare; none of them is loaded.

    Parameters
    ----------
    names : sequence of str, optional
        Only these.
    """
    points = [point for point in declared_models() if names is None or point.name in names]
    return {p.name: f"{p.dist.name} {p.dist.version}" if p.dist is not None else p.value for p in points}


def _gives_proba(cls: type) -> bool:
    """Return whether a model gives probabilities with the first setting of its portfolio."""
    entry = LearnerEntry(cls.__name__, cls)
    return hasattr(entry.make(dict(next(iter(entry.description.settings(1000)), {}))), "predict_proba")


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
