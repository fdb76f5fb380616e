"""Names are a contract: all are scikit-learn's, with the exceptions of ``docs/guide/deviations.md``.

Signatures, defaults, methods, fitted attributes, and the values that a parameter can take.
"""

import ast
import importlib
import inspect
import re
import sys
from pathlib import Path

import pytest
from scipy.sparse import csr_array
from sklearn.utils._param_validation import Interval, Options, StrOptions

import groundup.models
from groundup.models.registry import BASELINES

DOCS = Path(__file__).parents[2] / "docs"
_VALUE = re.compile(r"^\| `(\w+)` \| `(\w+)` \| `([^`]+)` \| (.+?) \|$", re.MULTILINE)
sys.path.insert(0, str(DOCS / "extensions"))
deviations = importlib.import_module("deviations")
SHARED, THEIRS = deviations.SHARED, deviations.THEIRS
TABLE = deviations.PAGE.read_text()


def test_the_tables_are_those_of_the_code():
    hint = "run `python docs/extensions/deviations.py`"
    assert deviations.page() == TABLE, hint
    reasons = {key.rpartition(".")[2] for key in deviations.REASONS}
    assert reasons == {what for name in SHARED for what in deviations.differences(name)}
    assert {key.partition(".")[0] for key in deviations.REASONS if "." in key} <= set(SHARED)
    assert all(len(why) > 10 for why in deviations.REASONS.values())


def _values(cls):
    """Yield (parameter, value) for each word, truth value and None that scikit-learn's class accepts."""
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
        deviations.fitted(cls, **{name: value})
    except (ValueError, TypeError, AttributeError) as e:
        return str(e)
    return ""


def _refused_values() -> list[tuple[str, str, object]]:
    """Return (class, parameter, value) of the table's rows."""
    return [(m[1], m[2], ast.literal_eval(m[3])) for m in _VALUE.finditer(TABLE)]


@pytest.mark.parametrize("name", SHARED)
def test_values_that_only_scikit_learn_accepts_are_in_the_table(name):
    ours, theirs = getattr(groundup.models, name), THEIRS[name]
    listed = {repr((p, v)) for c, p, v in _refused_values() if c == name}
    found = {repr((p, v)) for p, v in _values(theirs) if _refusal(ours, p, v) and not _refusal(theirs, p, v)}
    assert found <= listed


@pytest.mark.parametrize(("name", "parameter", "value"), _refused_values())
def test_a_value_in_the_table_is_refused_with_an_alternative(name, parameter, value):
    message = _refusal(getattr(groundup.models, name), parameter, value)
    assert message, "it is accepted: remove it from the table"
    assert parameter in message or str(value) in message or "penalt" in message


def _takes_sparse(name: str) -> bool:
    return name in BASELINES or getattr(getattr(groundup.models, name), "sparse", False)


@pytest.mark.parametrize("name", [n for n in SHARED if not _takes_sparse(n)])
def test_sparse_matrices_are_refused_with_a_clear_error(name):
    with pytest.raises(TypeError, match="toarray"):
        getattr(groundup.models, name)().fit(csr_array(deviations.X), deviations.Y)


@pytest.mark.parametrize("name", groundup.models.__all__)
def test_no_constructor_takes_arbitrary_parameters(name):
    kinds = {p.kind for p in inspect.signature(getattr(groundup.models, name).__init__).parameters.values()}
    assert inspect.Parameter.VAR_KEYWORD not in kinds
    assert inspect.Parameter.VAR_POSITIONAL not in kinds
