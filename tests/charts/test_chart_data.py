"""Vectors are checked, rows are plain JSON."""

import json
import math

import numpy as np
import pytest

from groundup.charts import data
from groundup.errors import UsageError


def test_vector_names_what_is_wrong():
    assert data.vector([1, 2], "x").dtype == np.float64
    for values, words in (
        (["a"], "numbers"),
        ([[1.0]], "one dimension"),
        ([], "empty"),
        ([1.0, math.inf], "finite"),
    ):
        with pytest.raises(UsageError, match=words):
            data.vector(values, "x")
    with pytest.raises(UsageError, match="3 values instead of 2"):
        data.vector([1, 2, 3], "x", n=2)


def test_rows_are_json():
    found = data.rows(
        a=np.array([1.23456789, np.nan]), b=np.array([1, 2]), c=[True, None], d=np.array(["x", "y"])
    )
    assert found == [{"a": 1.234568, "b": 1, "c": True, "d": "x"}, {"a": None, "b": 2, "c": None, "d": "y"}]
    json.dumps(found, allow_nan=False)
    with pytest.raises(ValueError, match="longer"):
        data.rows(a=[1], b=[1, 2])
