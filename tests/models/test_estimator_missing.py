"""The place of a missing value or mask is named, whatever holds it; text and wide numbers are examined after the cast."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from groundup.models import DummyClassifier, LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from groundup.models.estimator import refuse_missing

X = np.arange(8.0)[:, None]


@pytest.mark.parametrize(
    ("y", "place"),
    [
        ([1.0, None, 3.0], r"y\[1\] is None"),
        (["a", float("nan"), "b"], r"y\[1\] is nan"),
        (np.array([1.0, 2.0, np.nan]), r"y\[2\] is nan"),
        (np.array([[1.0, 2.0], [3.0, -np.inf]]), r"infinity or a value .*y\[1, 1\] is -inf"),
        ([[1, 2], [3, None]], r"y\[1, 1\] is None"),
        (np.array(["2020-01-01", "NaT"], "M8[s]"), r"y\[1\] is NaT"),
        (pd.Series([1, None], dtype="Int64"), r"y\[1\] is"),
        (pd.Series(["a", None], dtype="string"), r"y\[1\] is"),
        (pd.Series(["a", None], dtype="category"), r"y\[1\] is nan"),
        (pd.Series([True, None], dtype="boolean"), r"y\[1\] is <NA>"),
        (pd.Series([pd.Timestamp(0), pd.NaT]), r"y\[1\] is NaT"),
        (pl.Series([1, None]), r"y\[1\] is nan"),
        (pl.Series(["a", None]), r"y\[1\] is None"),
        (pl.Series([True, None]), r"y\[1\] is None"),
        ([Decimal(1), Decimal("NaN")], r"y\[1\] is NaN"),
        ([1.0, np.ma.masked], r"y\[1\] is --"),
    ],
    ids=lambda v: f"{type(v).__module__.partition('.')[0]} {v!r:.30}" if not isinstance(v, str) else "",
)
def test_the_first_missing_value_is_named(y, place):
    with pytest.raises(ValueError, match=rf"Input y contains .*{place}"):
        refuse_missing(y, "y")


@pytest.mark.parametrize(
    "y",
    [
        [1, 2],
        ["a", "nan"],
        [True, False],
        np.array([1e308, 1e308]),
        [Decimal(1), 2],
        None,
        3.0,
        [[1], [2, 3]],
        [],
    ],
    ids=repr,
)
def test_values_that_are_present_are_accepted(y):
    refuse_missing(y, "y")


@pytest.mark.parametrize("value", ["nan", "inf", "1e999", "-1e400"])
def test_text_that_is_no_finite_number_is_refused_as_target(value):
    with pytest.raises(ValueError, match=r"Input y contains .* y\[3\] is"):
        Ridge().fit(X, np.array(["1"] * 3 + [value] + ["2"] * 4))


def test_numbers_beyond_float64_are_refused_as_target():
    with pytest.raises(ValueError, match="too large for float64"):
        Ridge().fit(X, np.array([10**400] + [1] * 7, dtype=object))
    with pytest.raises(ValueError, match=r"y\[0\] is inf"):
        Ridge().fit(X, np.array([np.longdouble("1e400")] + [1] * 7))


def test_a_missing_label_is_no_class():
    for model in (LogisticRegression(), DummyClassifier()):
        with pytest.raises(ValueError, match=r"y\[7\] is nan"):
            model.fit(X, ["a", "b"] * 3 + ["a", float("nan")])


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1, 1, None, 1, 1, 1, 1, 1], r"sample_weight\[2\] is None"),
        ([1, 1, 1, 1, 1, 1, 1, -0.5], r"Negative values .*sample_weight\[7\] is -0\.5"),
        (pd.Series([1, pd.NA] * 4, dtype="Int64"), r"sample_weight\[1\] is"),
    ],
)
def test_the_weight_that_cannot_be_used_is_named(weight, message):
    with pytest.raises(ValueError, match=message):
        LinearRegression().fit(X, X[:, 0], weight)
    with pytest.raises(ValueError, match=message):
        PoissonRegressor().fit(X, X[:, 0]).score(X, X[:, 0], weight)
