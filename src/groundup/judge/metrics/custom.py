"""Metrics of the user: a function ``(y_true, y_pred)`` or ``(y_true, y_prob)``, or a scorer of scikit-learn.

A function states whether greater is better in an attribute, since nothing else can tell:

    def profit(y_true, y_pred):
        "Mean profit of a contract, in EUR"
        ...

    profit.greater_is_better = True

Without it, the name decides by scikit-learn's convention: greater is better for ``..._score``, smaller for ``..._loss``,
``..._error``, ``..._deviance`` and ``..._cost``. An object of ``sklearn.metrics.make_scorer`` has its direction.

What the second argument receives follows from its name: probabilities for ``y_prob``, ``y_proba``, ``y_score`` and
``probas_pred`` (of the positive class of two; a column for each class of more), else predicted labels or values.
Arguments called ``sample_weight`` and ``pos_label`` receive the weights of the rows and the positive class.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from groundup.errors import UsageError, nearest
from groundup.judge.metrics.record import CLASSIFICATION, Metric, Predicted, Task, Undefined

PROBABILITY_NAMES = ("y_prob", "y_proba", "y_score", "probas_pred", "y_probs", "proba", "probabilities")
_GREATER, _SMALLER = ("_score",), ("_loss", "_error", "_deviance", "_cost")


def name_of(function) -> str:
    """Return how a function is named in a run: ``package:function``, with the options of a scorer in brackets."""
    scored = getattr(function, "_score_func", function)
    module = getattr(scored, "__module__", None) or "__main__"
    name = getattr(scored, "__qualname__", type(scored).__name__)
    public = module.partition("._")[
        0
    ]  # sklearn.metrics._classification exports its functions from sklearn.metrics
    if getattr(sys.modules.get(public), name, None) is scored:
        module = public
    options = ", ".join(f"{key}={value!r}" for key, value in getattr(function, "_kwargs", {}).items())
    return f"{module}:{name}({options})" if options else f"{module}:{name}"


def is_importable(name: str) -> bool:
    """Return whether the name of a metric that is a function can be given on the command line."""
    return not name.startswith("__main__:") and "(" not in name and "<" not in name


def source_digest(function) -> str:
    """Return the digest of a metric's source, so that a run with another function of the same name is another run."""
    scored = getattr(function, "_score_func", function)
    try:
        text = inspect.getsource(scored)
    except (OSError, TypeError):
        code = getattr(scored, "__code__", None)
        text = repr((code.co_code, code.co_consts)) if code is not None else repr(scored)
    facts = [getattr(function, name, None) for name in ("_sign", "_kwargs", "greater_is_better")]
    return hashlib.sha256(f"{text}{facts}".encode()).hexdigest()[:8]


def load_function(name: str) -> Callable:
    """Return the function named ``package:function``; modules in the current folder are found too.

    Raises
    ------
    UsageError
        If there is no such module or function; with the nearest name.
    """
    module_name, _, path = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise UsageError(
            f"The metric {name!r} cannot be loaded: {error}.",
            hint="Give package:function, of an installed package or of a file in the current folder.",
        ) from None
    except Exception as error:  # noqa: BLE001 (code of the user may raise anything)
        raise UsageError(f"The metric {name!r} cannot be loaded: {type(error).__name__}: {error}.") from None
    found: Any = module
    for part in path.split("."):
        if not hasattr(found, part):
            public = [one for one in dir(found) if not one.startswith("_")]
            raise UsageError(f"{module_name} has no function {part!r}.{nearest(part, public)}")
        found = getattr(found, part)
    if not callable(found) and not hasattr(found, "_score_func"):
        raise UsageError(f"{name} is no function but {type(found).__name__}.")
    return found


def custom_metric(function, task: Task, name: str = "") -> Metric:
    """Return the metric of a function or a scikit-learn scorer for a task.

    Raises
    ------
    UsageError
        If it does not say whether greater is better, or takes other arguments.
    """
    name = name or name_of(function)
    scored, options = getattr(function, "_score_func", function), getattr(function, "_kwargs", {})
    parameters = _parameters(scored, name, options)
    by_probability = _takes_probabilities(function, parameters[1])
    if by_probability and task not in CLASSIFICATION:
        raise UsageError(f"The metric {name} needs probabilities, and the task is {task}.")
    needs = "probabilities" if by_probability else "labels" if task in CLASSIFICATION else "amounts"

    def of(y, predicted: Predicted) -> float:
        given = dict(options)
        if predicted.weight is not None:
            given["sample_weight"] = predicted.weight
        if "pos_label" in parameters and "average" not in given and predicted.classes is not None:
            given["pos_label"] = predicted.classes[predicted.positive_code]
        second = predicted.values
        if by_probability:
            p = predicted.probabilities
            second = p[:, predicted.positive_code] if p.shape[1] == 2 else p
        try:
            return float(scored(y, second, **given))
        except Exception as error:  # noqa: BLE001 (code of the user may raise anything, such as for a single class)
            raise Undefined(f"{type(error).__name__}: {error}") from None

    direction, weighted = _direction(function, scored, name), "sample_weight" in parameters
    return Metric(name, (task,), direction, needs, _meaning(scored), None, of, False, weighted)


def _parameters(scored, name: str, options) -> list[str]:
    """Return the names of a function's parameters, after checking that two arguments are enough."""
    try:
        parameters = inspect.signature(scored).parameters
    except (TypeError, ValueError):
        return ["y_true", "y_pred"]
    needed = [
        p.name
        for p in parameters.values()
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and p.name not in options
    ]
    if len(parameters) < 2 or len(needed) > 2:
        listed = ", ".join(needed) or "none"
        raise UsageError(
            f"The metric {name} must take actual values and predictions; the arguments that it needs are: {listed}.",
            hint="sklearn.metrics.make_scorer sets further arguments of a function.",
        )
    return list(parameters)


def _takes_probabilities(function, second: str) -> bool:
    """Return whether a metric takes probabilities, by its scorer's response method or the name of its argument."""
    method = getattr(function, "_response_method", None)
    if method is None:
        return second in PROBABILITY_NAMES
    return method != "predict"


def _direction(function, scored, name: str) -> bool:
    """Return whether greater is better."""
    sign = getattr(function, "_sign", None)
    if sign is not None:
        return sign > 0
    stated = getattr(scored, "greater_is_better", None)
    if stated is not None:
        return bool(stated)
    if name.endswith(_GREATER):
        return True
    if name.endswith(_SMALLER):
        return False
    short = name.rpartition(":")[2]
    if not short.isidentifier():
        short = "function"
    raise UsageError(
        f"Is a greater value of the metric {name} better? The function does not say so.",
        hint=f"Set its attribute: {short}.greater_is_better = True (or False).",
    )


def _meaning(scored) -> str:
    """Return the first line of a function's docstring, without its full stop."""
    text = inspect.getdoc(scored) or ""
    return text.strip().partition("\n")[0].rstrip(".") or "a function of yours"
