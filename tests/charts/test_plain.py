"""Numbers checked at the door, names shown as text."""

import doctest
import json
import math

import numpy as np
import pytest

from groundup.charts import plain
from groundup.errors import UsageError


def test_examples_of_the_docstrings():
    assert doctest.testmod(plain).failed == 0


def test_vector_names_what_is_wrong():
    assert plain.vector([1, 2], "x").dtype == np.float64
    for values, words in (
        (["a"], "numbers"),
        ([[1.0]], "one dimension"),
        ([], "empty"),
        ([1.0, math.inf], "finite"),
    ):
        with pytest.raises(UsageError, match=words):
            plain.vector(values, "x")
    with pytest.raises(UsageError, match="3 values where 2"):
        plain.vector([1, 2, 3], "x", n=2)


def test_rows_are_json():
    found = plain.rows(
        a=np.array([1.23456789, np.nan]), b=np.array([1, 2]), c=[True, None], d=np.array(["x", "y"])
    )
    assert found == [{"a": 1.234568, "b": 1, "c": True, "d": "x"}, {"a": None, "b": 2, "c": None, "d": "y"}]
    json.dumps(found, allow_nan=False)
    with pytest.raises(ValueError, match="longer"):
        plain.rows(a=[1], b=[1, 2])


def test_shown_keeps_scripts_and_shows_tricks():
    assert plain.shown("שלום") == "שלום"
    assert plain.shown("\u0645\u200c\u0645") == "\u0645\u200c\u0645"  # Persian needs its joiner
    assert plain.shown("a\u202eb\u0000\n") == "a<202E>b<00><0A>"
    assert plain.shown("") == plain.shown("  ") == "(empty)"
    assert plain.shown("\ud800") == "<D800>"
    assert len(plain.shown("x" * 999)) == 80
    assert plain.shown(3.5) == "3.5"
    assert plain.shown("constructor") == "constructor "


def test_quoted_isolates_what_is_written_from_the_right():
    assert plain.quoted("a") == "“a”"
    assert plain.quoted("שלם") == "“\u2068שלם\u2069”"
    assert plain.quoted("constructor") == "“constructor”"


def test_labels_are_unique_whatever_the_names():
    names = ["a", "a", "a (2)", "a", "x" * 99, "x" * 98, "", " "]
    found = plain.labels(names, 20)
    assert len(set(found)) == len(names)
    assert max(map(len, found)) <= 24


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1, "1"),
        (1234.5, "1,234"),
        (0.5, "0.5"),
        (99.95, "100"),
        (1e12, "1e+12"),
        (3e-7, "3e-07"),
        (math.nan, "unknown"),
    ],
)
def test_number(value, text):
    assert plain.number(value) == text


@pytest.mark.parametrize(
    ("share", "text"), [(1, "100.0%"), (0.999, "99.9%"), (0.0004, "<0.1%"), (0.25, "25.0%")]
)
def test_percent(share, text):
    assert plain.percent(share) == text


@pytest.mark.parametrize(
    ("share", "text"), [(1.0, ">99.9%"), (0.0, "<0.1%"), (0.8, "80.0%"), (0.175, "17.5%")]
)
def test_no_probability_is_certain(share, text):
    assert plain.probability(share) == text
