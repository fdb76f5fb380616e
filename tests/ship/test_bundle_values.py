"""Values survive the way to JSON and back, in type and to the bit; what is no value is refused."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from groundup.errors import CheckFailed, UsageError
from groundup.ship.bundle.values import Reader, Writer

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
ARRAYS = hnp.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.int32, np.uint8, np.bool_, np.uint64]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
VALUES = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers() | st.just("$"), inner, max_size=3)
    ),
    max_leaves=8,
)


def there_and_back(value):
    writer = Writer()
    text = json.dumps(writer.write(value, "v"), allow_nan=False)
    reader = Reader(writer.arrays)
    made = reader.read(json.loads(text))
    reader.all_read()
    return made


def same(a, b):
    if isinstance(a, np.ndarray):
        return (
            isinstance(b, np.ndarray)
            and a.dtype == b.dtype
            and a.shape == b.shape
            and a.tobytes() == b.tobytes()
        )
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return repr(a) == repr(b)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_round_trip(value):
    assert same(value, there_and_back(value))


@pytest.mark.parametrize(
    "value",
    [
        np.array(["b", "a"]),
        np.array(["b", 1, True, 2.5], dtype=object),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([(1, 2.5), (3, 4.5)], dtype=[("left", "i4"), ("value", "f8")]),
        np.array([(1, 2.5)], dtype=np.dtype([("left", "u1"), ("value", "f8")], align=True)),
        np.dtype("float32"),
        {1: "a", "1": "b", 2.5: [np.arange(3)]},
        {1: np.arange(2), "1": np.arange(3)},
    ],
    ids=str,
)
def test_round_trip_of_special_forms(value):
    made = there_and_back(value)
    assert repr(made) == repr(value)
    if isinstance(value, np.ndarray):
        assert made.dtype == value.dtype
        assert made.flags.f_contiguous == value.flags.f_contiguous
        assert made.flags.writeable
        assert made.flags.aligned


def test_scalars_of_numpy_become_plain():
    assert same(
        there_and_back([np.int64(3), np.float64(0.5), np.bool_(True), np.str_("a")]), [3, 0.5, True, "a"]
    )
    assert math.isnan(there_and_back(np.float32("nan")))


@pytest.mark.parametrize(
    "value",
    [print, object(), np.random.RandomState(0), {1, 2}, b"x", np.array([1j]), 1j],
    ids=lambda v: type(v).__name__,
)
def test_what_is_no_value_is_refused(value):
    with pytest.raises(UsageError, match="cannot hold here/a"):
        Writer().write({"a": value}, "here")


@pytest.mark.parametrize(
    "value",
    [
        {"$": "object"},
        {"$": ["array"]},
        {"$": "float", "text": "1"},
        {"$": "float"},
        {"$": "tuple", "items": 3},
        {"$": "array", "at": "none", "order": "C"},
        {"$": "array", "at": ["a"], "order": "C"},
        {"$": "array", "at": "a", "order": "X"},
        {"$": "dtype", "name": "object"},
        {"$": "labels", "dtype": "O", "items": ["a"]},
        {"$": "labels", "dtype": "U1", "items": [1]},
        {"$": "labels", "dtype": "object", "items": [None]},
        {"$": "mapping", "items": [[[], 1]]},
        {"$": "mapping", "items": [[1]]},
        {"$": "record", "packed": True, "fields": []},
        {"$": "record", "packed": True, "fields": [["a", 1]]},
        {"$": "node", "type": "x"},
    ],
    ids=json.dumps,
)
def test_unknown_forms_are_refused(value):
    with pytest.raises(CheckFailed, match="damaged"):
        Reader({"a": np.arange(2)}).read(value)


def test_arrays_are_used_once_and_all():
    reader = Reader({"a": np.arange(2)})
    with pytest.raises(CheckFailed, match="nothing uses its array 'a'"):
        reader.all_read()
    once = {"$": "array", "at": "a", "order": "C"}
    with pytest.raises(CheckFailed, match="twice"):
        reader.read([once, once])
