"""Saving and loading: a loaded model has the same bits, and a changed file is refused or harmless."""

from __future__ import annotations

import atexit
import functools
import importlib.machinery
import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np

from groundup.models.estimator import is_classifier, is_clusterer, is_regressor
from groundup.testing.mutations import FORKS, LONGEST_S
from groundup.testing.samples import answers, assert_same, fitted, frames, fresh, sample, state_of

#: Attributes that are not fitted: the callbacks of the user, and settings of scikit-learn.
_NOT_FITTED = {"_skl_callbacks", "_sklearn_output_config", "_metadata_request"}


def checks(learner, save_and_load):
    """Yield the names and functions of the checks that suit `learner`."""
    yield "pickle_keeps_the_bits", pickle_keeps_the_bits
    yield "clone_forgets_the_fit", clone_forgets_the_fit
    if hasattr(learner, "get_state"):
        yield "state_keeps_the_bits", state_keeps_the_bits
        yield "state_is_plain", state_is_plain
        yield "every_attribute_is_declared", every_attribute_is_declared
        yield "changed_state_is_refused_or_harmless", changed_state_is_refused_or_harmless
        yield "changed_pickle_is_refused", changed_pickle_is_refused
        if is_classifier(learner) or is_regressor(learner) or is_clusterer(learner):
            yield "bundle_keeps_the_bits", bundle_keeps_the_bits
    if save_and_load is not None:
        yield "file_keeps_the_bits", functools.partial(file_keeps_the_bits, save_and_load)


def _same_model(back, model, X, what: str) -> None:
    """Raise AssertionError unless two models have the same type and predictions."""
    assert type(back) is type(model), f"{what} is a {type(back).__name__}"
    assert_same(answers(back, X), answers(model, X), f"predictions of {what}")


def pickle_keeps_the_bits(learner):
    """Pickle and unpickle: the same attributes and predictions."""
    data = sample(learner)
    model = fitted(learner, data)
    back = pickle.loads(pickle.dumps(model))  # noqa: S301 (our own bytes)
    _same_model(back, model, data.X, "the unpickled model")
    assert_same(state_of(back), state_of(model), "the unpickled state")


def clone_forgets_the_fit(learner):
    """``clone`` of a fitted model has its parameters, and no fitted attribute."""
    model = fitted(learner, sample(learner))
    twin = fresh(model)
    assert_same(twin.get_params(), model.get_params(), "parameters of the clone")
    assert not state_of(twin), f"the clone has {sorted(state_of(twin))}"


def state_keeps_the_bits(learner):
    """``from_state(params, get_state())``: the same state and predictions, after a fit to an array or a table."""
    for dtype in (np.float64, np.float32):
        data = sample(learner, dtype=dtype)
        tables = frames(data.X, [f"feature {j}" for j in range(data.X.shape[1])])
        for rows in (data, *(data._replace(X=table) for table in tables.values())):
            model = fitted(learner, rows)
            back = type(model).from_state(model.get_params(deep=False), model.get_state())
            assert_same(back.get_state(), model.get_state(), "the state of the loaded model")
            _same_model(back, model, rows.X, "the loaded model")


def state_is_plain(learner):
    """The state holds arrays, numbers, strings, lists, dtypes and None: nothing executable."""
    for name, value in fitted(learner, sample(learner)).get_state().items():
        _assert_plain(name, value)


def _assert_plain(name: str, value) -> None:
    """Raise AssertionError unless a value is plain, at any depth."""
    if isinstance(value, (list, tuple)):
        for item in value:
            _assert_plain(name, item)
    elif isinstance(value, dict):
        for key, item in value.items():
            assert isinstance(key, str), f"{name} has the key {key!r}"
            _assert_plain(name, item)
    elif isinstance(value, np.ndarray):
        plain = value.dtype.kind in "fiubU" or all(isinstance(v, (str, bool, int, float)) for v in value.flat)
        assert plain, f"{name} is an array of {value.dtype}"
    else:
        allowed = (str, bool, int, float, np.generic, np.dtype)
        assert value is None or isinstance(value, allowed), f"{name} is a {type(value).__name__}"


def every_attribute_is_declared(learner):
    """Each attribute of a fitted model is a parameter, declared in ``_state``, or listed in ``_unsaved``."""
    model = fitted(learner, sample(learner))
    back = type(model).from_state(model.get_params(deep=False), model.get_state())
    known = set(model.get_params(deep=False)) | set(vars(back)) | _NOT_FITTED
    known |= set(type(model).declared_state()) | set(getattr(model, "_unsaved", ()))
    unknown = sorted(set(vars(model)) - known)
    assert not unknown, (
        f"{unknown} are not declared in _state (nor derived in _check_state, nor listed in _unsaved)"
    )


def changed_state_is_refused_or_harmless(learner):
    """300 random changes to the state: each raises ValueError, or gives a model that predicts.

    In a child process with bounds checks, which reach every kernel except the register tiles: see `mutations`.
    """
    data = sample(learner, 80)
    model = fitted(learner, data)
    failures = _mutate_in_child(model, data.X)
    assert not failures, "\n".join(failures[:5]) + f"\n({len(failures)} of 300 changes)"


def _mutate_in_child(model, X) -> list[str]:
    """Return the failures of `mutations.mutate_all`, run in a child process."""
    import cloudpickle  # joblib's

    home = type(model).__module__
    if home != "__main__" and not importlib.machinery.PathFinder.find_spec(home.partition(".")[0]):
        cloudpickle.register_pickle_by_value(
            sys.modules[home]
        )  # a file outside the import path, such as a test
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "model.pickle"
        source.write_bytes(cloudpickle.dumps((model, X)))
        code, stderr = _mutator().run(source)
        assert code == 0, f"the process ended with {code} on a changed state:\n{stderr}"
        return json.loads(source.with_suffix(".json").read_text(encoding="utf-8"))


class _Mutator:
    """The process of `mutations`, which runs one model after the other."""

    def __init__(self):
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process)
        environment = {
            **os.environ,
            "NUMBA_BOUNDSCHECK": "1",
            "GROUNDUP_TILES": "portable",  # plain loops: bounds checks do not reach the fast tiles
            "GROUNDUP_QUIET": "1",
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "groundup.testing.mutations"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=environment,
            text=True,
        )
        self._requests: Any = self._process.stdin
        self._codes: Any = self._process.stdout

    @property
    def is_reusable(self) -> bool:
        """Whether it is alive, and can run more than once."""
        return FORKS and self._process.poll() is None

    def run(self, source: Path) -> tuple[int, str]:
        """Return the exit code and the end of the standard error of a run."""
        before = self._stderr.seek(0, os.SEEK_END)
        watch = threading.Timer(LONGEST_S + 60, self._process.kill)  # in case its own timeout fails
        watch.start()
        try:
            self._requests.write(json.dumps([str(source), [*map(os.path.abspath, sys.path)]]) + "\n")
            self._requests.flush()
            code = int(self._codes.readline() or self._process.wait())
        except BaseException:  # a late exit code must not be read as that of the next run
            self._process.kill()
            raise
        finally:
            watch.cancel()
        self._stderr.seek(before)
        return code, self._stderr.read().decode()[-2000:]

    def close(self) -> None:
        """End the process."""
        self._process.communicate()
        self._stderr.close()


_current: _Mutator | None = None


def _mutator() -> _Mutator:
    """Return a process that can run: the current one, or a new one."""
    global _current  # noqa: PLW0603 (one per process)
    if _current is None or not _current.is_reusable:
        _close()
        _current = _Mutator()
    return _current


@atexit.register
def _close() -> None:
    """End the current process."""
    if _current is not None:
        _current.close()


def changed_pickle_is_refused(learner):
    """Unpickling checks the state, as loading does: an array of another dtype raises ValueError."""
    model = fitted(learner, sample(learner))
    for name, value in model.get_state().items():
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
            continue
        changed = fresh(model)
        vars(changed).update({**vars(model), name: value.astype(complex)})
        try:
            pickle.loads(pickle.dumps(changed))  # noqa: S301 (our own bytes)
        except ValueError:
            continue
        raise AssertionError(f"{name} as complex numbers was unpickled without an error")


def bundle_keeps_the_bits(learner):
    """Save to a bundle and load: the same predictions and state, after a fit to an array or a table."""
    from groundup.ship import bundle

    data = sample(learner)
    tables = frames(data.X, [f"feature {j}" for j in range(data.X.shape[1])])
    for rows in (data, *(data._replace(X=table) for table in tables.values())):
        model = fitted(learner, rows)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.groundup"
            bundle.save(model, path, rows.X, learners=[type(model)])
            back = bundle.load(path, learners=[type(model)]).pipeline
        _same_model(back, model, rows.X, "the model from the bundle")
        assert_same(back.get_state(), model.get_state(), "the state from the bundle")


def file_keeps_the_bits(save_and_load, learner):
    """Save to a file and load: the same predictions."""
    data = sample(learner)
    model = fitted(learner, data)
    _same_model(save_and_load(model), model, data.X, "the model from the file")
