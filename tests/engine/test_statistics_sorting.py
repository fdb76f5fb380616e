"""Sorting floats against numpy.sort."""

import numpy as np
import pytest

from groundup.engine.statistics.sorting import sorted_floats


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [0, 1, 4095, 50_000])
def test_any_floats(dtype, n):
    """All bit patterns that are not NaN: of both signs, tiny, huge, infinite."""
    bits = np.random.default_rng(n).integers(0, 2**63, n, np.uint64) * np.uint64(2) + np.uint64(n % 2)
    values = (
        bits.view(np.float64)
        if dtype == np.float64
        else (bits >> np.uint64(32)).astype(np.uint32).view(dtype)
    )
    values = np.where(np.isnan(values), dtype(0), values)
    values[: n // 10] = np.random.default_rng(0).choice(
        np.array([-np.inf, -1, -0.0, 0.0, 1, np.inf], dtype), n // 10
    )
    kept = values.copy()
    found = sorted_floats(values)
    assert found.dtype == dtype
    assert (found == np.sort(values)).all()
    assert values.tobytes() == kept.tobytes()
    if n > 4095:  # fewer are numpy's, who takes -0.0 and 0.0 for one
        signs = np.signbit(found[found == 0])
        assert signs.any()
        assert (signs == np.sort(np.signbit(values[values == 0]))[::-1]).all()


def test_a_column_of_a_matrix():
    X = np.random.default_rng(0).normal(size=(5000, 3))
    assert (sorted_floats(X[:, 1]) == np.sort(X[:, 1])).all()
