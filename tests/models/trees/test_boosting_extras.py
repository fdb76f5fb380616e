"""Sparse matrices, leaves of rows, importances."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import make_classification, make_friedman1

from groundup.models import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from groundup.models.trees import densified


def _sparse(n=3000):
    rng = np.random.default_rng(0)
    X = np.where(rng.random((n, 12)) < 0.2, rng.normal(size=(n, 12)).round(1), 0.0)
    X[rng.random(X.shape) < 0.02] = np.nan
    return X, np.nansum(X[:, :4], axis=1) + 0.1 * rng.normal(size=n)


@pytest.mark.parametrize("kind", [scipy.sparse.csr_array, scipy.sparse.csc_matrix])
@pytest.mark.parametrize("piece", [1 << 21, 1])
def test_a_sparse_matrix_is_the_dense_one(monkeypatch, kind, piece):
    monkeypatch.setattr(densified, "_PIECE_VALUES", piece)
    X, y = _sparse()
    params = {"max_iter": 8, "early_stopping": True, "scoring": "r2", "random_state": 0}
    dense = HistGradientBoostingRegressor(**params).fit(X, y)
    sparse = HistGradientBoostingRegressor(**params).fit(kind(X), y)
    for name in ("_threshold", "_value", "_count"):
        assert dense.get_state()[name].tobytes() == sparse.get_state()[name].tobytes()
    assert sparse.predict(kind(X)).tobytes() == dense.predict(X).tobytes()
    assert sparse.validation_score_.tobytes() == dense.validation_score_.tobytes()
    assert [*sparse.staged_predict(kind(X))][-1].tobytes() == dense.predict(X).tobytes()
    given = HistGradientBoostingRegressor(**params).fit(kind(X), y, X_val=kind(X), y_val=y)
    assert given.validation_score_[-1] == pytest.approx(given.score(X, y))
    warm = HistGradientBoostingRegressor(**{**params, "max_iter": 4}, warm_start=True).fit(kind(X), y)
    warm.set_params(max_iter=8).fit(kind(X), y)
    assert warm.predict(X).tobytes() == dense.predict(X).tobytes()


def test_a_sparse_matrix_with_categories():
    X, y = _sparse()
    X = X.round()
    dense = HistGradientBoostingRegressor(max_iter=5, categorical_features=[0, 3]).fit(X, y)
    sparse = HistGradientBoostingRegressor(max_iter=5, categorical_features=[0, 3]).fit(
        scipy.sparse.csr_array(X), y
    )
    assert sparse.predict(scipy.sparse.csr_array(X)).tobytes() == dense.predict(X).tobytes()


def test_an_infinity_in_a_sparse_matrix_is_refused():
    X = scipy.sparse.csr_array([[1.0, np.inf], [0.0, 1.0]])
    with pytest.raises(ValueError, match="infinity"):
        HistGradientBoostingRegressor().fit(X, [1.0, 2.0])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_leaves_make_the_scores(n_classes):
    X, y = make_classification(700, 8, n_informative=6, n_classes=n_classes, random_state=0)
    model = HistGradientBoostingClassifier(max_iter=4).fit(X, y)
    leaves = model.apply(X)
    assert leaves.shape == ((700, 4) if n_classes == 2 else (700, 4, 3))
    arrays = model.tree_arrays()
    k = model.n_trees_per_iteration_
    score = np.tile(arrays.base, (700, 1))
    for t, own in enumerate(leaves.reshape(700, -1).T):
        assert (arrays.left[arrays.starts[t] + own] == 0).all()
        score[:, t % k] += arrays.value[arrays.starts[t] + own, 0]
    np.testing.assert_allclose(score.squeeze(), model.decision_function(X), rtol=1e-12)
    X[0, 0] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        model.apply(X)


def test_importances_are_shares_of_the_gain():
    X, y = make_friedman1(2000, 8, random_state=0)
    model = HistGradientBoostingRegressor(max_iter=20).fit(X, y)
    gain, splits = model.feature_importances_, model.feature_splits_
    assert gain.sum() == pytest.approx(1)
    state = model.get_state()
    assert splits.sum() == (state["_left"] > 0).sum() == (state["_gain"] > 0).sum()
    assert gain[:5].min() > 10 * gain[5:].max()
    nothing = HistGradientBoostingRegressor(max_iter=2).fit(np.ones((50, 3)), np.arange(50.0))
    assert nothing.feature_importances_.tolist() == [0, 0, 0]
