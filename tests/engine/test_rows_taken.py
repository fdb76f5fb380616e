"""`Rows.take` and `Rows.scaled`: copies of some rows, and of all rows with other units."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from groundup.engine.rows import Csr, Memory, Rows, dense


def places(X):
    return {"dense": Memory(X), "sparse": Csr(csr_array(X))}


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_take_keeps_rows_and_columns_together(kind):
    X = np.random.default_rng(0).standard_normal((50, 3)).astype(np.float32)
    which = np.array([40, 3, 3, 7])
    part = Rows(places(X)[kind], {"y": X[:, 0], "code": np.arange(50)}).take(which)
    np.testing.assert_array_equal(dense(part.place.load(0, 4)), X[which])
    np.testing.assert_array_equal(part["code"], which)
    np.testing.assert_array_equal(part["y"], X[which, 0])
    assert part.dtype == np.float32


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_scaled_multiplies_each_feature_and_leaves_the_original(kind):
    X = np.random.default_rng(0).standard_normal((9000, 3)).astype(np.float32)
    rows, before = Rows(places(X)[kind], {"y": X[:, 0]}), X.copy()
    scaled = rows.scaled(np.array([2.0, 0.5, 1e40]))
    np.testing.assert_array_equal(dense(scaled.place.load(0, 9000)), X.astype(np.float64) * [2.0, 0.5, 1e40])
    np.testing.assert_array_equal(scaled["y"], X[:, 0])
    np.testing.assert_array_equal(X, before)
    assert scaled.n_blocks > 1
