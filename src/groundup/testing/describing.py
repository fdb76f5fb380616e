"""Descriptions: what a model's description declares fits its class."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from groundup.models.estimator import (
    ModelDescription,
    describe,
    is_classifier,
    is_clusterer,
    is_regressor,
    perturb,
)
from groundup.testing.samples import fitted, sample

_KINDS = {
    "binary": is_classifier,
    "multiclass": is_classifier,
    "regression": is_regressor,
    "clustering": is_clusterer,
}


def checks(learner):
    """Yield the names and functions of the checks that suit `learner`."""
    described = describe(type(learner))
    if described == ModelDescription():
        return
    yield "description_fits_the_class", description_fits_the_class
    if described.exact_explanations:
        yield "explanations_are_exact", explanations_are_exact


def description_fits_the_class(learner):
    """Tasks are those of the scikit-learn type; the constructor accepts the portfolio and the search space."""
    described = describe(type(learner))
    for task in described.tasks:
        assert _KINDS[task](learner), f"it describes the task {task!r}, but is no model for it"
    defaults = {name: p.default for name, p in inspect.signature(type(learner)).parameters.items()}
    unknown = sorted(set(described.search_space) - set(defaults))
    assert not unknown, f"the search space has {unknown[0]!r}, which is no parameter"
    for name in filter(None, (described.iterations, described.categories)):
        assert name in defaults, f"it names {name!r}, which is no parameter"
    _assert_accepted(learner, described.quick, "quick")
    for n_rows in (50, 5_000, 500_000):
        settings = described.settings(n_rows)
        assert settings, f"the portfolio is empty for {n_rows} rows"
        for setting in settings:
            _assert_accepted(learner, setting, "the portfolio")
        for n in range(20):
            setting = perturb(described.search_space, settings[0], defaults, 0, n)
            _assert_accepted(learner, setting, "the search space")


def _assert_accepted(learner, setting: Mapping[str, Any], where: str) -> None:
    """Raise AssertionError unless the constructor accepts a setting."""
    try:
        model = type(learner)(**setting)
        if hasattr(model, "_validate_params"):
            model._validate_params()
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{where} has {dict(setting)}, which is refused: {error}") from error


def explanations_are_exact(learner):
    """Contributions of the features to a prediction are computed, not estimated by sampling."""
    from groundup.judge.explain.contributions import Explainer

    data = sample(learner)
    method = Explainer(fitted(learner, data), data.X).method
    assert method != "sampled", "it describes exact explanations, but they can only be estimated by sampling"
