"""Estimators that a user gives to be compared: their parameters are the first setting, and are not overwritten.

A bundle holds plain data and no code, so it can hold groundup's models and classes that declare their state, not other
estimators. That is said when a project is made, not when its model is saved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sklearn import clone
from sklearn.pipeline import Pipeline

from groundup.errors import UsageError
from groundup.models.estimator.state import Declared
from groundup.models.registry import MODELS
from groundup.workbench.written import stated_params, write

_PLAIN = (bool, int, float, str, type(None))


class Given(NamedTuple):
    """An estimator, and whether the parameters that it does not state are tuned."""

    estimator: Any
    is_tuned: bool = False

    @property
    def stated(self) -> dict[str, Any]:
        """The parameters that differ from their defaults and are plain values."""
        return {name: v for name, v in stated_params(self.estimator).items() if isinstance(v, _PLAIN)}

    @property
    def label(self) -> str:
        """The parameters that differ from their defaults, as a title shows them."""
        stated = {name: v for name, v in stated_params(self.estimator).items() if name != "random_state"}
        return f" ({', '.join(f'{name}={write(v).code}' for name, v in stated.items())})" if stated else ""

    def make(self, params: Mapping[str, Any]):
        """Return an unfitted copy with these parameters."""
        return clone(self.estimator).set_params(**params)


def check_learners(learners: Any) -> list[Any] | None:
    """Return the models that a user asks for as a list; None for all.

    Raises
    ------
    UsageError
        As in `given_models`.
    """
    if learners is None:
        return None
    listed: list[Any] = (
        [learners] if isinstance(learners, (str, type)) or hasattr(learners, "fit") else list(learners)
    )
    given_models(one for one in listed if not isinstance(one, str))
    return listed


def given_models(given: Iterable[Any], *, tune: bool = False) -> list[Given]:
    """Return classes and estimators as they are compared.

    Raises
    ------
    UsageError
        If one is no estimator, or a bundle could not hold it.
    """
    return [Given(_checked(one() if isinstance(one, type) else one), tune) for one in given]


def _checked(estimator: Any) -> Any:
    """Return an estimator that a bundle can hold."""
    if not hasattr(estimator, "fit") or not hasattr(estimator, "get_params"):
        raise UsageError(
            f"A model is a name or an estimator with fit and get_params, not {estimator!r:.80}.",
            hint='For example: learners=["random forest", RandomForestClassifier(max_features=0.3)].',
        )
    if isinstance(estimator, Declared):
        return estimator
    name = type(estimator).__name__
    if type(estimator) is Pipeline:
        hint = "Give its last step as the model: groundup prepares the columns itself, inside each fold."
    elif type(estimator).__module__.startswith("sklearn.") and name in MODELS:
        hint = f"Give {name} of groundup.models, whose parameters have the same names."
    elif f"Hist{name}" in MODELS:
        hint = f"Give Hist{name} of groundup.models, whose number of trees is max_iter."
    else:
        hint = (
            "Derive it from groundup.models.estimator.Learner, which declares its state, or use it outside of groundup "
            "with joblib."
        )
    package = type(estimator).__module__.partition(".")[0]
    raise UsageError(
        f"{name} of {package} cannot be compared: the bundle of a model holds no code, and this class does not say what "
        "would have to be stored.",
        hint=hint,
    )
