# ruff: noqa: RUF012 (learners are shown here as a user writes them)
"""The base class of all models: validation, undoing a failed fit, and the fast path for plain arrays."""

import contextlib
import threading
from numbers import Integral

import numpy as np
import pandas as pd
import polars as pl
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from groundup.engine.kernels import kernel
from groundup.engine.rows import INLINE_ROWS, Memmap, Memory
from groundup.models.estimator import (
    Array,
    Interval,
    Learner,
    NotFittedError,
    RegressorMixin,
    TransformerMixin,
    fitting,
)


@kernel
def _sum(X, out):
    for i in range(len(X)):
        out[i] = 0.0
        for j in range(X.shape[1]):
            out[i] += X[i, j]


class Summing(RegressorMixin, Learner):
    """Predicts the sum of the features; `fit` does what a test needs."""

    _parameter_constraints = {"size": [Interval(Integral, 1, None, closed="left")]}
    _state = {"seen_": Array("f8", "n_features")}

    def __init__(self, size=1, during=None, n_jobs=None):
        self.size = size
        self.during = during
        self.n_jobs = n_jobs

    @fitting
    def fit(self, X, y, sample_weight=None):
        self.rows = self._rows(X, y, sample_weight, y_numeric=True)
        self.seen_ = np.asarray(self.rows.place.load(0, 1)[0], dtype=float)
        if self.during is not None:
            self.during()
        return self

    def predict(self, X):
        return self._fill(_sum, self._features(X))


X = np.random.default_rng(0).normal(size=(50, 3))
Y = X.sum(axis=1)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("f8", "f8"),
        ("f4", "f4"),
        ("i4", "f8"),
        ("u1", "f8"),
        ("?", "f8"),
        ("f2", "f8"),
        (">f8", "f8"),
        (">f4", "f8"),
    ],
)
def test_float32_and_float64_stay_and_all_else_becomes_float64(given, kept):
    values = (X * 3).astype(given)
    model = Summing().fit(values, Y)
    assert model.rows.dtype == kept
    assert model._dtype_in == kept
    np.testing.assert_array_equal(model.rows.place.load(0, 50), values.astype(kept))


def test_tables_become_float64_and_names_are_stored():
    for frame in (pd.DataFrame(X, columns=list("abc")), pl.DataFrame(X, schema=list("abc"))):
        model = Summing().fit(frame, Y)
        assert model.rows.dtype == np.float64
        assert model.feature_names_in_.tolist() == ["a", "b", "c"]
        np.testing.assert_array_equal(model.predict(frame), model.predict(frame.to_numpy()))
        model.fit(X, Y)
        assert not hasattr(model, "feature_names_in_")


def test_a_float_array_is_not_copied():
    model = Summing().fit(X, Y)
    assert np.shares_memory(model.rows.place.X, X)
    assert np.shares_memory(model._features(X), X)


def test_missing_weights_are_ones():
    assert Summing().fit(X, Y).rows["weight"].tolist() == [1.0] * 50
    assert Summing().fit(X, Y, 2.0).rows["weight"].tolist() == [2.0] * 50
    assert Summing().fit(X, Y, list(range(50))).rows["weight"].dtype == np.float64


def test_a_failed_fit_is_undone():
    def fail():
        raise MemoryError

    model = Summing(during=fail)
    with pytest.raises(MemoryError):
        model.fit(X, Y)
    assert vars(model) == {"size": 1, "during": fail, "n_jobs": None}
    model.during = None
    model.fit(X, Y)
    before = dict(vars(model))
    model.during = fail
    with pytest.raises(MemoryError):
        model.fit(X[:, :2], Y)
    assert vars(model) == {**before, "during": fail}
    assert model.n_features_in_ == 3


def test_a_fit_changes_the_model_at_its_end_only():
    model = Summing()
    assert model.fit(X, Y) is model
    before, seen = dict(vars(model)), []
    model.during = lambda: seen.append((dict(vars(model)), model.predict(X[:2]).tolist()))
    model.fit(X[:, :2], Y)
    expected = X[:2].sum(axis=1).tolist()
    assert seen[0][1] == pytest.approx(expected)
    assert seen[0][0] == {**before, "during": model.during}
    assert model.n_features_in_ == len(model.seen_) == 2


def test_bad_parameters_are_refused_before_the_fit():
    with pytest.raises(ValueError, match="'size' parameter of Summing must be an int"):
        Summing(size=0).fit(None, None)


def test_blas_has_one_thread_during_a_fit_in_any_thread():
    seen = []

    def look():
        seen.extend(lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas")

    with threadpool_limits(2, user_api="blas"):
        Summing(during=look).fit(X, Y)
        other = threading.Thread(target=lambda: Summing(during=look).fit(X, Y))
        other.start()
        other.join()
    assert set(seen) == {1}


def test_threads_are_those_of_n_jobs_or_the_budget(monkeypatch):
    monkeypatch.setenv("GROUNDUP_NUM_THREADS", "3")
    assert Summing()._n_threads() == 3
    assert Summing(n_jobs=2)._n_threads() == 2
    del monkeypatch


@pytest.mark.parametrize("n_rows", [1, 7, INLINE_ROWS - 1, INLINE_ROWS, INLINE_ROWS + 5000])
def test_fill_predicts_every_row(n_rows):
    values = np.random.default_rng(1).normal(size=(n_rows, 3))
    model = Summing(n_jobs=3).fit(X, Y)
    expected = values[:, 0] + values[:, 1] + values[:, 2]
    np.testing.assert_array_equal(model.predict(values), expected)
    values[n_rows // 2, 1] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        model.predict(values)


def test_plain_arrays_skip_validation_and_nothing_else_does(monkeypatch):
    from groundup.models.estimator import base

    validated = []
    original = base.validate_data
    monkeypatch.setattr(base, "validate_data", lambda *a, **k: validated.append(1) or original(*a, **k))
    model = Summing().fit(X, Y)
    named = Summing().fit(pd.DataFrame(X, columns=list("abc")), Y)
    validated.clear()
    for plain in (X, X[3:4], X[5:9]):
        model.predict(plain)
    assert not validated
    locked = X.copy()
    locked.flags.writeable = False
    for other in (X[:, ::-1], X[::2], X.tolist(), X.astype("f4"), X.astype(">f8"), locked, X[:0], X[0]):
        validated.clear()
        with contextlib.suppress(ValueError):  # no rows, one dimension
            model.predict(other)
        assert validated
    validated.clear()
    with pytest.warns(UserWarning, match="feature names"):
        named.predict(X)
    assert validated


def test_an_unfitted_model_raises():
    with pytest.raises(NotFittedError, match="This Summing instance is not fitted yet"):
        Summing().predict(X)


def test_a_huge_prediction_of_finite_values_is_no_error():
    model = Summing().fit(X, Y)
    assert model.predict(np.full((1, 3), 1e308)).tolist() == [np.inf]


class Memoryless(Summing):
    places = frozenset({"memory"})


def test_places_are_checked(tmp_path):
    place = Memmap.write(tmp_path / "X.npy", [X], 50, 3, "f8")
    model = Summing().fit(place, Y)
    assert model.n_features_in_ == 3
    with pytest.raises(ValueError, match="Memoryless accepts rows in memory, not in memmap: load them"):
        Memoryless().fit(place, Y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        Summing().fit(place, Y[:-1])
    bad = X.copy()
    bad[-1, -1] = np.inf
    with pytest.raises(ValueError, match="Input X contains infinity"):
        Summing().fit(Memmap.write(tmp_path / "bad.npy", [bad], 50, 3, "f8"), Y)


def test_a_place_holds_floats_and_features():
    assert Summing().fit(Memory(X), Y).n_features_in_ == 3
    for values in (np.ones((50, 3), np.int64), np.ones((50, 3), np.float16), X.astype(">f8")):
        with pytest.raises(ValueError, match="float32 or float64, these are"):
            Summing().fit(Memory(values), Y)
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        Summing().fit(Memory(np.ones((50, 0))), Y)


def test_a_row_source_is_predicted_a_part_at_a_time():
    model = Summing().fit(X, Y)
    with pytest.raises(TypeError, match=r"X is a Memory, which is for fitting: .* X.load\(first, stop\)"):
        model.predict(Memory(X))
    np.testing.assert_array_equal(model.predict(Memory(X).load(0, 9)), model.predict(X)[:9])


class Later(TransformerMixin, Learner):
    """Leaves the check for NaN to a statistic, and accepts NaN on request."""

    _state = {}

    def __init__(self, finite="later"):
        self.finite = finite

    @fitting
    def fit(self, X, y=None):
        rows = self._rows(X, finite=self.finite)
        if self.finite == "later" and not np.isfinite(rows.place.load(0, rows.n_rows).sum()):
            self._refuse_nonfinite(X)
        return self

    def transform(self, X):
        return self._features(X)


def test_finiteness_may_be_checked_later(tmp_path):
    bad = X.copy()
    bad[3, 1] = np.nan
    for given in (bad, bad.tolist(), pd.DataFrame(bad), Memmap.write(tmp_path / "X.npy", [bad], 50, 3, "f8")):
        with pytest.raises(ValueError, match="Input X contains NaN"):
            Later().fit(given)
    huge = np.full((50, 3), 1e308)  # the sum overflows, the values are right
    Later().fit(huge)
    Later("allow-nan").fit(bad)
    bad[0, 0] = np.inf
    with pytest.raises(ValueError, match="Input X contains infinity"):
        Later("allow-nan").fit(bad)


def test_no_rows_are_refused():
    for none in (X[:0], Memory(X[:0])):
        with pytest.raises(ValueError, match=r"Found .*0 sample\(s\).* a minimum of 1 is required"):
            Later().fit(none)


def test_a_lazy_frame_is_refused():
    frame = pl.DataFrame(X, schema=["a", "b", "c"])
    with pytest.raises(TypeError, match=r"X is a LazyFrame.* call \.collect\(\)"):
        Summing().fit(frame.lazy(), Y)
    with pytest.raises(TypeError, match=r"call \.collect\(\)"):
        Summing().fit(frame, Y).predict(frame.lazy())


def test_masked_cells_are_refused_wherever_they_are_given():
    mask = np.zeros(X.shape, dtype=bool)
    mask[1, 0] = True
    masked, plain = np.ma.array(X, mask=mask), np.ma.array(X)
    with pytest.raises(ValueError, match=r"has 1 masked cell: .*filled\(numpy\.nan\)"):
        Summing().fit(masked, Y)
    with pytest.raises(ValueError, match=r"masked cell"):
        Summing().fit(X, np.ma.array(Y, mask=mask[:, 0]))
    fitted = Summing().fit(plain, Y)
    with pytest.raises(ValueError, match=r"masked cell"):
        fitted.predict(masked)
    assert np.array_equal(fitted.predict(plain), fitted.predict(X))
