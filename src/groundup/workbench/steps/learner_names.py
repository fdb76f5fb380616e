"""Which model a name means: the class, its title, a word for its family, in any case and with any separators.

``RandomForest``, ``random forest``, ``random-forest``, ``rf`` and ``RandomForestClassifier`` are the same model of a
classification; of a regression, each of them is ``RandomForestRegressor``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from groundup.errors import nearest_of
from groundup.models.registry import MODELS, declared_models

# Common short names, for what remains of a class name without Classifier, Regressor and Regression.
_SHORT = {
    "ada": "adaboost", "adaptiveboosting": "adaboost",
    "cart": "decisiontree", "dt": "decisiontree", "tree": "decisiontree",
    "et": "extratrees", "extratree": "extratrees", "extremelyrandomizedtrees": "extratrees",
    "forest": "randomforest", "rf": "randomforest", "randomforests": "randomforest",
    "boosting": "histgradientboosting", "gb": "histgradientboosting", "gbdt": "histgradientboosting",
    "gbm": "histgradientboosting", "gbt": "histgradientboosting", "gradientboosting": "histgradientboosting",
    "gradientboostedtrees": "histgradientboosting", "gradientboost": "histgradientboosting",
    "hgb": "histgradientboosting", "histgb": "histgradientboosting",
    "enet": "elasticnet", "lr": "linear", "linearmodel": "linear", "ols": "linear", "leastsquares": "linear",
    "logit": "logistic", "logisticregressioncv": "logisticcv", "poissonglm": "poisson",
    "sgd": "sgd", "stochasticgradientdescent": "sgd",
    "clusters": "kmeans", "clustering": "kmeans",
}  # fmt: skip
# Of a classification, the linear model is the logistic one.
_OF_CLASSES = {"linear": "logistic", "lr": "logistic"}
_KINDS = ("classification", "classifier", "regression", "regressor")


class Meaning(NamedTuple):
    """The class name that a name means for a task, None if none; and a note where it names another kind's class."""

    name: str | None
    note: str = ""


def find_learner(name: str, titles: dict[str, str], *, classification: bool) -> Meaning:
    """Return the model that a name means.

    Parameters
    ----------
    name : str
        What the user wrote.
    titles : dict
        Class name -> title, of the models of the task.
    classification : bool
        Whether the task is one.
    """
    if name in titles:
        return Meaning(name)
    word = _plain(name)
    for same in (_plain, lambda known: _plain(titles[known]), _family):
        found = [known for known in titles if same(known) == word]
        if len(found) == 1:
            return _noted(name, found[0])
    family = _family(name)
    words = [_OF_CLASSES[family]] if classification and family in _OF_CLASSES else []
    words += [family, _SHORT.get(family, family)]
    for wanted in words:
        found = [known for known in titles if wanted in (_family(known), _family(titles[known]))]
        if len(found) == 1:
            return _noted(name, found[0])
    return Meaning(None)


def canonical(names: Iterable[str]) -> list[str]:
    """Return names in the form in which they identify a run, which does not depend on case and separators."""
    listed = [*MODELS, *(point.name for point in declared_models())]
    known = {_family(name): re.sub(r"(?:Classifier|Regressor)$", "", name) for name in listed}
    known |= {_plain(name): name for name in listed}
    words = {name: [_plain(name), _family(name), _SHORT.get(_family(name), "")] for name in names}
    return sorted({next((known[w] for w in of_name if w in known), name) for name, of_name in words.items()})


def of_other_tasks(name: str) -> list[str]:
    """Return our models that a name could mean for another task."""
    families = {_family(name), _SHORT.get(_family(name), "")}
    return [known for known in MODELS if _family(known) in families]


def suggest(name: str, titles: dict[str, str]) -> str:
    """Return " Did you mean 'X'?" for the most similar model, "" if none is similar enough."""
    words = {_plain(known): known for known in titles} | {_family(known): known for known in titles}
    words |= {_plain(title): known for known, title in titles.items()}
    match = nearest_of(_plain(name), words) or nearest_of(_family(name), words)
    return "" if match is None else f" Did you mean {words[match]!r}?"


def short_names(name: str) -> list[str]:
    """Return up to two common short names of a model, for a list of models."""
    return sorted((s for s, meant in _SHORT.items() if meant == _family(name) and len(s) < 6), key=len)[:2]


def _plain(name: str) -> str:
    """Return the letters and digits of a name in lower case."""
    return re.sub(r"[^0-9a-z]+", "", name.lower())


def _family(name: str) -> str:
    """Return a name without the words that say what is predicted."""
    word = _plain(name)
    is_cv = word.endswith("cv")
    word = word.removesuffix("cv")
    for kind in _KINDS:
        if word.endswith(kind) and word != kind:
            word = word.removesuffix(kind)
    return f"{word}cv" if is_cv else word


def _noted(name: str, found: str) -> Meaning:
    """Return what was found, with a note if the name is that of the class for the other kind of target."""
    other = {"Classifier": "classes", "Regressor": "numbers"}
    said = next((what for end, what in other.items() if _plain(name).endswith(end.lower())), None)
    meant = next((what for end, what in other.items() if found.endswith(end)), said)
    if said is None or said == meant:
        return Meaning(found)
    return Meaning(found, f"{name} predicts {said}; {found} of the same family is compared instead")
