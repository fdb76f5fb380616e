"""Depth and objects told from bytes, against a reader that walks letter by letter."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.ship.serve.json_shape import brackets, is_deeper, n_objects

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('"\\[]{},x', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('"\\[{', max_size=3), inner, max_size=3)
    ),
    max_leaves=25,
)


def depth(value):
    """The oracle."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def objects(value):
    """The oracle."""
    if isinstance(value, dict):
        return 1 + sum(map(objects, value.values()))
    return sum(map(objects, value)) if isinstance(value, list) else 0


@given(JSON, st.integers(1, 6))
@settings(max_examples=500, deadline=None)
def test_agrees_with_a_walk(value, limit):
    found = brackets(json.dumps(value).encode())
    assert is_deeper(found, limit) == (depth(value) > limit)
    assert n_objects(found) == objects(value)


@given(st.binary(max_size=200) | st.text('"\\[]{}', max_size=60).map(str.encode))
@settings(max_examples=500, deadline=None)
def test_takes_any_bytes(text):
    found = brackets(text)
    assert set(found) <= set(b"[]{}")
    assert is_deeper(found, 4) in (True, False)


@pytest.mark.parametrize(
    "hostile",
    [
        b"[" * 2_000_000,
        b"[" * 1_000_000 + b"]" * 1_000_000,
        b"]" * 2_000_000,
        b'"' + b'\\"' * 1_000_000,
        b'"' * 2_000_000,
        b'"\\' * 1_000_000,
        (b"[" * 16 + b"]" * 16) * 60_000,
        b"[[]" * 600_000,
    ],
    ids=["open", "deep", "closed", "escapes", "quotes", "unfinished", "at the limit", "sneaking"],
)
def test_two_megabytes_take_less_than_a_second(hostile):
    began = time.perf_counter()
    is_deeper(brackets(hostile), 16)
    assert time.perf_counter() - began < 1.0
