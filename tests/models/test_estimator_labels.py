"""Labels: any sortable type in, codes and sorted labels out, as NumPy's unique would."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundup.models.estimator import encode_labels


@given(
    values=st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=50)
    | st.lists(st.integers(-5, 5), min_size=1, max_size=50)
    | st.lists(st.booleans(), min_size=1, max_size=50)
    | st.lists(st.sampled_from(["ant", "bee", "", "ö"]), min_size=1, max_size=50)
)
def test_codes_are_those_of_unique(values):
    y = np.array(values)
    classes, codes = encode_labels(y)
    expected, inverse = np.unique(y, return_inverse=True)
    assert classes.dtype == y.dtype
    assert classes.tolist() == expected.tolist()
    assert codes.dtype == np.int64
    assert codes.tolist() == inverse.tolist()


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"])
def test_extremes_of_every_whole_type(dtype):
    limits = np.iinfo(dtype)
    for values in ([limits.max, limits.min, limits.max], [limits.max, limits.max - 1]):
        y = np.array(values, dtype=dtype)
        classes, codes = encode_labels(y)
        assert classes.dtype == dtype
        assert (classes[codes] == y).all()


def test_objects_and_whole_floats_are_labels():
    classes, codes = encode_labels(np.array(["b", "a", "b"], dtype=object))
    assert classes.tolist() == ["a", "b"]
    assert codes.tolist() == [1, 0, 1]
    assert encode_labels([2.0, 1.0])[0].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("y", [[0.5, 1.5], [[1, 2], [3, 4]], [np.inf, 1.0]])
def test_values_that_are_not_labels_are_refused(y):
    with pytest.raises(ValueError, match="."):  # noqa: RUF043 (the words are scikit-learn's)
        encode_labels(np.array(y))
