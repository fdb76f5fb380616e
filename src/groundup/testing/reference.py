"""scikit-learn's own contract: the checks that it runs on all its estimators."""

from __future__ import annotations

import functools
import warnings

from sklearn.utils.estimator_checks import estimator_checks_generator

#: Needs an environment variable that must be set before SciPy is imported, and tests nothing of models on NumPy.
_EXCLUDED = {"check_array_api_input"}


def checks(learner):
    """Yield the names and functions of scikit-learn's checks; checks of several instances are numbered."""
    seen: dict[str, int] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pairs = list(estimator_checks_generator(learner))
    for instance, check in pairs:
        name = _name(check)
        if name in _EXCLUDED:
            continue
        seen[name] = seen.get(name, 0) + 1
        label = name if seen[name] == 1 else f"{name}:{seen[name]}"
        yield label, functools.partial(_run, check, instance)


def _run(check, instance, learner) -> None:
    """Run the check on the instance that scikit-learn chose for it, which it clones, instead of the plain clone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(instance)


def _name(check) -> str:
    """Return the name of the function inside partials and wrappers."""
    while hasattr(check, "__wrapped__") or isinstance(check, functools.partial):
        check = check.func if isinstance(check, functools.partial) else check.__wrapped__
    return check.__name__
