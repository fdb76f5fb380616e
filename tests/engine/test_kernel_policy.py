"""The kernel policy: one decorator, no threads of Numba's own, and no flag that may reorder a sum."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import config
from numba.core import errors

import groundup
from groundup.engine.kernels import kernel
from groundup.engine.kernels.policy import VALUE_PRESERVING, registry

SRC = Path(groundup.__file__).parent
SOURCES = sorted(SRC.rglob("*.py"))
#: `groundup doctor` asks whether Numba itself compiles: no kernel, nothing kept.
ASKS_NUMBA = SRC / "workbench" / "checkup.py"
REORDERING = {"reassoc", "contract", "arcp", "afn", "fast"}


def _name(node) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_true(node) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _offences(tree: ast.AST, *, is_policy: bool):
    """Yield what the policy forbids in one file."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                if alias.name in {"prange", "jitclass", "vectorize", "guvectorize", "stencil"}:
                    yield node.lineno, f"imports {alias.name}"
                if alias.name in {"njit", "jit"} and not is_policy:
                    yield node.lineno, f"imports {alias.name}: use @kernel"
        if (
            isinstance(node, ast.Attribute)
            and _name(node.value) == "numba"
            and node.attr in {"njit", "jit", "prange"}
        ):
            yield node.lineno, f"uses numba.{node.attr}"
        if isinstance(node, ast.keyword) and node.arg == "parallel" and _is_true(node.value):
            yield node.value.lineno, "parallel=True"
        if isinstance(node, ast.keyword) and node.arg == "fastmath":
            if not is_policy:
                yield node.value.lineno, "fastmath: use @kernel(fast=True)"
            elif _is_true(node.value):
                yield node.value.lineno, "fastmath=True"
        if (
            isinstance(node, ast.keyword)
            and node.arg == "flags"
            and any(
                isinstance(part, ast.Constant) and part.value in REORDERING for part in ast.walk(node.value)
            )
        ):
            yield node.value.lineno, "an LLVM flag that reorders or contracts"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(SRC).as_posix())
def test_no_file_breaks_the_policy(path):
    policy = path == SRC / "engine" / "kernels" / "policy.py"
    found = [what for _, what in _offences(ast.parse(path.read_text()), is_policy=policy)]
    assert found == (["uses numba.njit"] if path == ASKS_NUMBA else [])


def test_the_policy_check_detects_violations():
    bad = """
from numba import njit, prange
import numba
@numba.njit(parallel=True, fastmath=True)
def f(): ...
b.fmul(x, y, flags=("reassoc",))
"""
    said = [what for _, what in _offences(ast.parse(bad), is_policy=False)]
    assert len(said) == 6


def _import_all():
    for module in pkgutil.walk_packages(groundup.__path__, "groundup."):
        if module.name.startswith(("groundup.engine", "groundup.models")):
            importlib.import_module(module.name)


def test_every_kernel_is_compiled_by_the_policy():
    _import_all()
    assert len(registry) > 5
    for name, dispatcher in registry.items():
        options = dispatcher.targetoptions
        assert options["nogil"] is True, name
        assert options["error_model"] == "numpy", name
        assert options.get("parallel", False) is False, name
        flags = options["fastmath"]
        assert flags is False or set(flags) <= VALUE_PRESERVING, name
    assert not VALUE_PRESERVING & REORDERING


@kernel
def _plain(x, out):
    total = 0.0
    for i in range(len(x)):
        total += x[i] * 1.1
        out[i] = total


@kernel(fast=True)
def _fast(x, out):
    total = 0.0
    for i in range(len(x)):
        total += x[i] * 1.1
        out[i] = total


@kernel(inline=True)
def _pasted(x, k):
    return x[k] + 1.0


@kernel
def _paster(x):
    return _pasted(x, 2)


def test_fast_keeps_every_bit_of_finite_values():
    x = np.random.default_rng(0).normal(size=10_007) * 10.0 ** np.arange(10_007).__mod__(30)
    a, b = np.empty_like(x), np.empty_like(x)
    _plain(x, a)
    _fast(x, b)
    assert a.tobytes() == b.tobytes() == np.cumsum(x * 1.1).tobytes()


def test_inline_kernels_are_inlined():
    assert _paster(np.arange(5.0)) == 3.0


def test_kernels_release_the_gil_and_divide_as_numpy():
    @kernel
    def divide(a, b):
        return a / b

    assert np.isnan(divide(0.0, 0.0))
    assert divide(1.0, 0.0) == np.inf


def test_registry_knows_kernels_by_full_name():
    assert registry[f"{__name__}._plain"] is _plain


def test_with_the_jit_off_a_kernel_is_the_function():
    code = """
import numpy as np
from groundup.engine.kernels import kernel, prefetch
@kernel(fast=True)
def f(x):
    prefetch(x, 0)
    return x[0]
print(type(f).__name__, f(np.ones(1)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["function", "1.0"]


@kernel
def _doubled(X):
    own = np.empty(X.size)
    for i in range(X.size):
        own[i] = 2.0 * X[i]
    return own[X.size - 1]


@kernel(borrows=True)
def _borrower(X):
    return _doubled(X) + _doubled(X[1:])


@kernel(borrows=True)
def _maker(n):
    return np.empty(n).size


def test_a_borrowing_kernel_may_not_allocate_but_may_call_one_that_does():
    X = np.arange(5.0)
    held = sys.getrefcount(X)
    assert _borrower(X) == 16.0  # compiles its callee, which counts references all the same
    assert _doubled(X) == 8.0
    assert sys.getrefcount(X) == held
    if not config.DISABLE_JIT:
        with pytest.raises(errors.TypingError, match="empty"):
            _maker(3)
