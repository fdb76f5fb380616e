"""Names are a contract: all are scikit-learn's, but for what ``docs/guide/deviations.md`` says.

Signatures, defaults, methods, fitted attributes, and the values that a parameter can take.
"""

import ast
import inspect
import re
import warnings
from pathlib import Path

import pytest
from scipy.sparse import csr_array
from sklearn.datasets import make_blobs
from sklearn.utils import all_estimators, get_tags
from sklearn.utils._param_validation import Interval, Options, StrOptions

import groundup.models

TABLE = Path(__file__).parents[2] / "docs" / "guide" / "deviations.md"
THEIRS = dict(all_estimators())
SHARED = [name for name in groundup.models.__all__ if name in THEIRS]
_ROW = re.compile(r"^\| `(\w+)` \| `([^`]+)` \| (.*?) \| (.*?) \| (.+?) \|$", re.MULTILINE)


_VALUE = re.compile(r"^\| `(\w+)` \| `(\w+)` \| `([^`]+)` \| (.+?) \|$", re.MULTILINE)
_NO_EFFECT = re.compile(r"^\| `(\w+)` \| `(\w+)` \| ([^`|]+?) \|$", re.MULTILINE)
X, Y = make_blobs(80, 3, centers=2, random_state=0)


def declared() -> dict[tuple[str, str], tuple[str, str, str]]:
    """Return (class, name) -> (scikit-learn, groundup, why) of the table's rows."""
    return {(m[1], m[2]): (m[3], m[4], m[5]) for m in _ROW.finditer(TABLE.read_text())}


def _shown(parameter: inspect.Parameter | None) -> str:
    if parameter is None:
        return "absent"
    default = "required" if parameter.default is inspect.Parameter.empty else f"`{parameter.default!r}`"
    return f"{default}, by name only" if parameter.kind is inspect.Parameter.KEYWORD_ONLY else default


def _parameters(function) -> dict[str, inspect.Parameter]:
    return {n: p for n, p in inspect.signature(function).parameters.items() if n != "self"}


def _compared(ours, theirs, prefix: str):
    """Yield (name, theirs, ours) for each parameter that differs; order counts among those given by position."""
    a, b = _parameters(ours), _parameters(theirs)
    for name in {**b, **a}:
        mine, other = _shown(a.get(name)), _shown(b.get(name))
        if mine != other:
            yield f"{prefix}{name}", other, mine
    positional = [
        [n for n, p in x.items() if p.kind is p.POSITIONAL_OR_KEYWORD and n in a and n in b] for x in (a, b)
    ]
    if positional[0] != positional[1]:
        yield f"{prefix}(order)", ", ".join(positional[1]), ", ".join(positional[0])


def _public(cls) -> set[str]:
    return {n for n in dir(cls) if not n.startswith("_")}


def _fitted(cls, **params):
    """Return `cls` fitted on a few rows, in few iterations."""
    quick = {"n_clusters": 2, "max_iter": 5, "Cs": 2, "random_state": 0}
    allowed = inspect.signature(cls).parameters
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = cls(**{k: v for k, v in quick.items() if k in allowed} | params)
        return model.fit(X, Y + 1 if get_tags(model).target_tags.positive_only else Y)


def _attributes(cls) -> set[str]:
    model = _fitted(cls)
    names = {n for n in dir(model) if n.endswith("_") and not n.startswith("_")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {n for n in names if hasattr(model, n)}


def deviations(name: str) -> dict[tuple[str, str], tuple[str, str]]:
    """Return (class, name) -> (scikit-learn, groundup) of all that differs."""
    ours, theirs = getattr(groundup.models, name), THEIRS[name]
    found = {}
    for what, other, mine in _compared(ours.__init__, theirs.__init__, ""):
        found[name, what] = (other, mine)
    for method in sorted(_public(theirs) & _public(ours)):
        a, b = getattr(ours, method), getattr(theirs, method)
        if inspect.isfunction(a) and inspect.isfunction(b) and not method.endswith("_request"):
            for what, other, mine in _compared(a, b, f"{method}: "):
                found[name, what] = (other, mine)
    for method in _public(theirs) - _public(ours):
        if not method.endswith("_request"):
            found[name, method] = ("present", "absent")
    a, b = _attributes(ours), _attributes(theirs)
    for attribute in b - a:
        found[name, attribute] = ("present", "absent")
    for attribute in a - b:
        found[name, attribute] = ("absent", "present")
    return found


@pytest.mark.parametrize("name", SHARED)
def test_what_differs_is_what_the_table_says(name):
    said = {key: row[:2] for key, row in declared().items() if key[0] == name}
    assert said == deviations(name)


def _values(cls):
    """Yield (parameter, value) for each word, truth value and None that scikit-learn's class says it takes."""
    for name in inspect.signature(cls).parameters:
        constraints = cls._parameter_constraints.get(name, [])
        for constraint in constraints if isinstance(constraints, list) else []:
            if isinstance(constraint, Options):
                deprecated = constraint.deprecated if isinstance(constraint, StrOptions) else set()
                yield from ((name, v) for v in sorted(constraint.options - deprecated, key=str))
            elif constraint == "boolean":
                yield from ((name, v) for v in (False, True))
            elif constraint is None:
                yield name, None
            elif isinstance(constraint, Interval) and constraint.closed in {"right", "both"}:
                yield name, constraint.right


def _refusal(cls, name: str, value) -> str:
    try:
        _fitted(cls, **{name: value})
    except (ValueError, TypeError, AttributeError) as e:
        return str(e)
    return ""


def _refused_values() -> list[tuple[str, str, object]]:
    """Return (class, parameter, value) of the table's rows."""
    return [(m[1], m[2], ast.literal_eval(m[3])) for m in _VALUE.finditer(TABLE.read_text())]


@pytest.mark.parametrize("name", SHARED)
def test_values_that_only_scikit_learn_takes_stand_in_the_table(name):
    ours, theirs = getattr(groundup.models, name), THEIRS[name]
    said = {repr((p, v)) for c, p, v in _refused_values() if c == name}
    found = {repr((p, v)) for p, v in _values(theirs) if _refusal(ours, p, v) and not _refusal(theirs, p, v)}
    assert found <= said


@pytest.mark.parametrize(("name", "parameter", "value"), _refused_values())
def test_a_value_in_the_table_is_refused_with_an_alternative(name, parameter, value):
    said = _refusal(getattr(groundup.models, name), parameter, value)
    assert said, "it is accepted: take it off the table"
    assert parameter in said or str(value) in said or "penalt" in said


def _takes_sparse(name: str) -> bool:
    return name.startswith("Dummy") or getattr(getattr(groundup.models, name), "sparse", False)


@pytest.mark.parametrize("name", [n for n in SHARED if not _takes_sparse(n)])
def test_sparse_matrices_are_refused_in_words(name):
    with pytest.raises(TypeError, match="toarray"):
        getattr(groundup.models, name)().fit(csr_array(X), Y)


@pytest.mark.parametrize("name", SHARED)
def test_parameters_without_effect_stand_in_the_table(name):
    doc = inspect.getdoc(getattr(groundup.models, name))
    found = set(re.findall(r"^(\w+) : [^\n]*\n +No effect", doc, re.MULTILINE))
    assert found == {m[2] for m in _NO_EFFECT.finditer(TABLE.read_text()) if m[1] == name}


def test_each_row_of_the_table_is_read_and_reasoned():
    rows = [line for line in TABLE.read_text().splitlines() if line.startswith("| `")]
    values, silent = _refused_values(), _NO_EFFECT.findall(TABLE.read_text())
    assert len(rows) == len(declared()) + len(values) + len(silent)
    for key, (_, _, why) in declared().items():
        assert key[0] in SHARED, key
        assert len(why) > 10, key


@pytest.mark.parametrize("name", groundup.models.__all__)
def test_no_constructor_takes_just_anything(name):
    kinds = {p.kind for p in inspect.signature(getattr(groundup.models, name).__init__).parameters.values()}
    assert inspect.Parameter.VAR_KEYWORD not in kinds
    assert inspect.Parameter.VAR_POSITIONAL not in kinds
