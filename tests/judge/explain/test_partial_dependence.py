"""Partial dependence: equal to setting the column by hand; grids, counts and charts of every kind of column."""

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from groundup.errors import UsageError
from groundup.judge.explain import partial_dependence
from groundup.judge.explain.dependence import counts_of, grid_of
from groundup.models import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from groundup.tables import Contract


@pytest.fixture(scope="module")
def model(rows, fitted):
    return fitted(HistGradientBoostingRegressor(max_iter=10), *rows)


@pytest.mark.parametrize("column", ["months", "fee", "plan", "auto", "since"])
def test_equals_setting_the_column_by_hand(rows, model, column):
    frame, z = rows
    contract = Contract.infer(frame.with_columns(z=z), "z")
    for known in (None, contract):
        found = partial_dependence(model, frame, column, contract=known)
        assert len(found.grid) == len(found.mean) == len(found.counts)
        for value, mean in zip(found.grid, found.mean, strict=True):
            by_hand = frame.with_columns(pl.lit(value, dtype=frame.schema[column]).alias(column))
            if not (column == "months" and isinstance(value, float)):
                assert mean == pytest.approx(model.predict(by_hand).mean(), abs=1e-12)
        assert (found.low <= found.mean).all()
        assert found.individual.shape == (40, len(found.grid))
        assert found.counts.sum() == frame[column].drop_nulls().len()
        assert found.chart().kind == "partial_dependence"


def test_probability_of_a_label(rows, fitted):
    frame, z = rows
    y = np.where(z > 0, "yes", "no")
    model = fitted(HistGradientBoostingClassifier(max_iter=5), frame, y)
    yes, no = (partial_dependence(model, frame, "months", label=label) for label in ("yes", "no"))
    np.testing.assert_allclose(yes.mean + no.mean, 1)
    assert yes.answer == "probability of yes"
    assert partial_dependence(model, frame, "months").answer == "probability of yes"
    with pytest.raises(UsageError, match="no label 'yess'"):
        partial_dependence(model, frame, "months", label="yess")


def test_grids():
    assert grid_of([3, 1, 1, None, 2]) == [1, 2, 3]
    assert len(grid_of([float(v) for v in range(1000)])) == 20
    assert grid_of(list(range(1000)))[0] == 10
    assert grid_of(["b", "a", "b", None]) == ["b", "a", None]
    assert grid_of([True, None]) == [False, True]
    days = [datetime(2020, 1, d) for d in (1, 23)]  # noqa: DTZ001
    assert (grid_of(days)[0], grid_of(days)[-1], len(grid_of(days))) == (*days, 12)
    assert grid_of([None]) == []


def test_counts():
    assert counts_of([1.0, 2.4, 2.6, None, 9.0], [1.0, 2.0, 3.0]).tolist() == [1, 1, 2]
    assert counts_of(["a", None, "a", "c"], ["a", "b", None]).tolist() == [2, 0, 1]


def test_arrays_and_unknown_columns(model):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    bare = HistGradientBoostingRegressor(max_iter=5).fit(X, X[:, 1])
    found = partial_dependence(bare, X, "x1", grid=[-1.0, 0.0, 1.0], max_rows=50)
    assert found.n_rows == 50
    assert found.mean[0] < found.mean[1] < found.mean[2]
    with pytest.raises(UsageError, match="Did you mean 'x1'"):
        partial_dependence(bare, X, "X1")
