"""The API reference page, made of the public names of the packages and of what the models say about themselves."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from groundup.models.estimator import describe
from groundup.models.registry import MODELS, load_model

_COMPARED = {
    "always": "yes",
    "counts": "if the target is a count",
    "on request": "if named",
    "baseline": "as the baseline",
}
_EXPLAIN = ("tree_shapley", "permutation_importance", "partial_dependence")
_DESCRIBE = ("ModelDescription", "LogUniform", "Uniform", "Integer", "Choice")


def page() -> str:
    """Return the page as reStructuredText."""
    trees = [name for name in _public("groundup.models.trees") if name not in MODELS]
    return "\n".join(
        [
            *_heading("API reference", "="),
            "The differences from scikit-learn are listed in :doc:`guide/deviations`.",
            "",
            *_section("The workbench", "groundup", _public("groundup")),
            *_models(),
            *_section("Text and pictures of trees", "groundup.models.trees", trees),
            *_section("Charts", "groundup.charts", _public("groundup.charts")),
            *_section("Explanations", "groundup.judge.explain", _EXPLAIN),
            *_section("Checks of your own model", "groundup.testing", ("check_learner", "learner_checks")),
            *_section("Description of your own model", "groundup.models.estimator", _DESCRIBE),
            *_section("Your own linear model", "groundup.models.linear.composed", ("ComposedRegressor",)),
        ]
    )


def _public(package: str) -> list[str]:
    """Return the public names of a package."""
    return [name for name in importlib.import_module(package).__all__ if not name.startswith("_")]


def _heading(title: str, line: str) -> list[str]:
    """Return a heading."""
    return [title, line * len(title), ""]


def _section(title: str, module: str, names: Sequence[str], line: str = "-") -> list[str]:
    """Return a section that lists names of a module."""
    listed = [f"   {name}" for name in names]
    return [
        *_heading(title, line),
        f".. currentmodule:: {module}",
        "",
        ".. autosummary::",
        "   :toctree: api",
        "",
        *listed,
        "",
    ]


def _models() -> list[str]:
    """Return the section of the models: what they say about themselves, then each family."""
    families: dict[str, list[str]] = {}
    rows = []
    for name in sorted(MODELS):
        about = describe(load_model(name))
        families.setdefault(about.family, []).append(name)
        tasks = ", ".join(about.tasks) or "outlier detection"
        cells = (f"`{name}`", about.title, tasks, _COMPARED[about.comparison] if about.tasks else "no")
        rows += [f"   * - {cells[0]}", *(f"     - {cell}" for cell in cells[1:])]
        rows.append(f"     - {'exact' if about.exact_explanations else 'estimated'}")
    table = [
        ".. list-table::",
        "   :header-rows: 1",
        "",
        "   * - Class",
        "     - Title",
        "     - Tasks",
        "     - Compared by a build",
        "     - Explanations",
        *rows,
        "",
    ]
    lists = [
        line
        for family in sorted(families)
        for line in _section(family, "groundup.models", families[family], "~")
    ]
    return [*_heading("Models", "-"), ".. currentmodule:: groundup.models", "", *table, *lists]
