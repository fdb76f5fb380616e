"""Change the state of a fitted model at random, as a damaged or malicious file would, and check what it does.

This runs in another process, since a kernel that reads out of bounds may crash it. There, ``NUMBA_BOUNDSCHECK=1`` turns a
read out of bounds into an IndexError. The check does not reach the register tiles (`engine.kernels.tiles`), which are
written as machine instructions: so the process runs with ``GROUNDUP_TILES=portable``, the same sums as plain loops. Reads
out of bounds by the fast tiles alone are not detected.

Starting such a process takes seconds of imports. So one process is reused (``python -m groundup.testing.mutations``, see
`main`), and forks for each model: the models cannot affect each other.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import pickle
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np

N_CHANGES = 300
#: Timeout: 300 changes take seconds, most of them for compiling with bounds checks.
LONGEST_S = 480
#: Elsewhere (macOS: Accelerate, the Objective-C runtime) a fork of a process that has loaded libraries may hang or crash.
#: Here it is safe: the process that forks has imported, and neither computed nor started a thread.
FORKS = sys.platform == "linux"
_MOST_BYTES = 4 << 30


def mutate_all(model, X, n_changes: int = N_CHANGES, seed: int = 0) -> list[str]:
    """Return a line for each change that was neither refused by a ValueError nor harmless."""
    rng = np.random.default_rng(seed)
    params, state = model.get_params(deep=False), model.get_state()
    failures = []
    for _ in range(n_changes):
        changed, what = _changed(dict(state), rng)
        error = _try(type(model), params, changed, X)
        if error:
            failures.append(f"{what}: {error}")
    return failures


def _try(cls, params, state, X) -> str:
    """Load a state and predict; return what went wrong, "" if nothing did."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            model = cls.from_state(params, state)
        except ValueError:
            return ""
        except Exception as e:  # noqa: BLE001 (to be reported)
            return f"from_state raised {type(e).__name__}: {e}"
        for name in ("predict", "predict_proba", "decision_function", "transform"):
            method = getattr(model, name, None)
            if not callable(method):
                continue
            for rows in (X[:5], X):  # few rows may be predicted by another kernel than many
                try:
                    method(rows)
                except ValueError:
                    continue
                except Exception as e:  # noqa: BLE001 (as above)
                    return f"accepted, then {name} raised {type(e).__name__}: {e}"
    return ""


def _changed(state: dict, rng) -> tuple[dict, str]:
    """Return the state after one random change, and a description of the change."""
    name = sorted(state)[rng.integers(len(state))]
    kind = rng.integers(12)
    if kind == 0:
        del state[name]
        return state, f"{name} deleted"
    if kind == 1:
        state[f"{name}x"] = state.pop(name)
        return state, f"{name} renamed"
    if kind == 2:
        others = [
            None,
            -1,
            2**40,
            0.5,
            float("nan"),
            "x",
            [],
            {},
            np.array("x"),
            np.arange(3),
            np.array(None),
        ]
        state[name] = others[rng.integers(len(others))]
        return state, f"{name} set to {state[name]!r}"
    old = state[name]
    state[name] = _changed_value(old, rng)
    return state, f"{name} changed from {old!r} to {state[name]!r}"[:400]


def _changed_value(value, rng):
    """Return a value with one random change."""
    if isinstance(value, np.ndarray):
        return _changed_array(value, rng)
    if isinstance(value, (list, tuple)) and len(value):
        items = list(value)
        i = int(rng.integers(len(items)))
        choice = rng.integers(3)
        if choice == 0:
            del items[i]
        elif choice == 1:
            items.append(items[i])
        else:
            items[i] = _changed_value(items[i], rng)
        return type(value)(items) if type(value) in (list, tuple) else items
    if isinstance(value, dict) and value:
        key = sorted(value)[rng.integers(len(value))]
        return {**value, key: _changed_value(value[key], rng)}
    if isinstance(value, (bool, np.bool_)):
        return not value
    if isinstance(value, (int, np.integer)):
        return type(value)(rng.choice([-1, 0, value + 1, max(0, value - 1), 2**31 - 1]))
    if isinstance(value, (float, np.floating)):
        return type(value)(rng.choice([np.nan, np.inf, -np.inf, -value, 1e308]))
    return f"{value}?"


def _changed_array(value: np.ndarray, rng) -> np.ndarray:
    """Return an array with one random change."""
    choice = rng.integers(8)
    if choice == 0:
        return value[:-1] if value.ndim else value[None]
    if choice == 1:
        return np.concatenate([value, value[-1:]]) if value.ndim else value[None]
    if choice == 2:
        return value.T if value.ndim > 1 else value[None]
    if choice == 3:
        return value.reshape(-1)[:0]
    if choice == 4 and value.dtype.kind in "fiub":
        return value.astype(rng.choice(["f4", "f8", "i4", "i8", "u1", "O", "f2"]))
    if not value.size or value.dtype.kind not in "fiub":
        return value[::-1].copy() if value.ndim else value[None]
    value = value.copy()
    at = rng.integers(value.size)
    if value.dtype.kind == "f":
        value.flat[at] = rng.choice([np.nan, np.inf, -np.inf, 1e30, -value.flat[at], 0.0])
    elif value.dtype.kind == "b":
        value.flat[at] ^= True
    else:
        limits = np.iinfo(value.dtype)
        next_value = min(int(value.flat[at]) + 1, int(limits.max))
        value.flat[at] = [limits.min, limits.max, 0, next_value, min(value.size, limits.max)][rng.integers(5)]
    return value


def _limit_memory() -> None:
    """Limit the memory, so that a state that requests too much raises MemoryError, which is reported."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_BYTES, _MOST_BYTES))


def _run(source: str) -> None:
    """Read the pickled (model, X) from `source`, and write the failures beside it, as JSON."""
    faulthandler.dump_traceback_later(LONGEST_S, exit=True)
    _limit_memory()
    model, X = pickle.loads(Path(source).read_bytes())  # noqa: S301 (written by the suite itself)
    Path(source).with_suffix(".json").write_text(json.dumps(mutate_all(model, X)), encoding="utf-8")
    faulthandler.cancel_dump_traceback_later()


def main() -> None:
    """For each line of standard input, [source, import path] as JSON: `_run` in a fork, and print its exit code.

    Where a process cannot fork, it runs once and ends.
    """
    importlib.import_module("groundup.models.estimator")  # every model imports it, and it takes longest

    with os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1) as codes:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a model may print
        for line in sys.stdin:
            source, sys.path[:] = json.loads(line)
            if not FORKS:
                _run(source)
                codes.write("0\n")
                return
            child = os.fork()
            if not child:
                _run_and_exit(source)
            codes.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")


def _run_and_exit(source: str) -> None:
    """Run in a fork, and exit without the cleanup of the parent."""
    code = 1
    try:
        _run(source)
        code = 0
    except BaseException:  # noqa: BLE001 (the parent gets the exit code; the fork must end here)
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
