"""LogisticRegressionCV: the chosen penalty, against scikit-learn and against separate fits."""

import warnings

import numpy as np
import pytest
import sklearn.linear_model
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

from groundup.models import LogisticRegression, LogisticRegressionCV
from groundup.models.linear import logistic_cv
from groundup.testing.bits import thread_budget
from groundup.testing.samples import assert_same

NEW = {"use_legacy_attributes": False, "l1_ratios": (0,), "scoring": "neg_log_loss"}


def problem(n=300, d=6, n_classes=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + 2.0
    W = rng.standard_normal((d, n_classes))
    y = ((X - 2.0) @ W + rng.gumbel(size=(n, n_classes))).argmax(axis=1)
    return X, np.array(["ant", "bee", "cat"])[y], rng.integers(0, 3, n).astype(float)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"class_weight": "balanced", "cv": 3},
        {"class_weight": {"ant": 3.0, "bee": 0.5}, "fit_intercept": False},
        {"scoring": "accuracy", "cv": KFold(4, shuffle=True, random_state=0)},
        {"scoring": None, "refit": False, "Cs": [10.0, 0.01, 1.0]},
        {"scoring": "neg_brier_score", "Cs": 4},
    ],
)
def test_as_scikit_learn(n_classes, weighted, params):
    X, y, weight = problem(n_classes=n_classes)
    params = NEW | params
    weight = weight if weighted else None
    ours = LogisticRegressionCV(**params).fit(X, y, weight)
    theirs = sklearn.linear_model.LogisticRegressionCV(
        solver="newton-cholesky", tol=1e-12, max_iter=1000, **params
    ).fit(X, y, weight)
    np.testing.assert_allclose(ours.Cs_, theirs.Cs_)
    assert ours.scores_.shape == theirs.scores_.shape
    np.testing.assert_allclose(ours.scores_, theirs.scores_, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(ours.coefs_paths_, theirs.coefs_paths_, rtol=1e-4, atol=1e-5)
    assert pytest.approx(theirs.C_) == ours.C_
    assert ours.l1_ratio_ == theirs.l1_ratio_
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-4, atol=1e-5)
    if params["scoring"] != "neg_brier_score":  # theirs does not know which label is the positive one
        assert ours.score(X, y) == pytest.approx(theirs.score(X, y), rel=1e-5)
    assert ours.n_iter_.shape == theirs.n_iter_.shape


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("l1_ratios", [None, (0, 0.5)])
def test_legacy_shapes_as_scikit_learn(n_classes, l1_ratios):
    X, y, _ = problem(90, n_classes=n_classes)
    params = {"Cs": 3, "cv": 3, "l1_ratios": l1_ratios, "use_legacy_attributes": True, "scoring": None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = LogisticRegressionCV(**params).fit(X, y)
        theirs = sklearn.linear_model.LogisticRegressionCV(
            solver="saga" if l1_ratios else "lbfgs", max_iter=3000, tol=1e-6, **params
        ).fit(X, y)
    for name in ("scores_", "coefs_paths_"):
        a, b = getattr(ours, name), getattr(theirs, name)
        assert a.keys() == b.keys()
        for label in a:
            assert a[label].shape == b[label].shape
            if l1_ratios is None:  # saga creeps
                np.testing.assert_allclose(a[label], b[label], atol=1e-3)
    for name in ("C_", "l1_ratio_", "n_iter_", "Cs_", "l1_ratios_", "coef_", "intercept_"):
        assert getattr(ours, name).shape == np.shape(getattr(theirs, name)), name


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_each_fit_is_the_one_that_is_fitted_alone(kind, n_classes):
    X, y, weight = problem(n_classes=n_classes)
    Cs, ratios, folds = [0.05, 5.0], (0.0, 0.7, 1.0), list(StratifiedKFold(3).split(X, y))
    params = NEW | {"Cs": Cs, "l1_ratios": ratios, "cv": folds}
    model = LogisticRegressionCV(tol=1e-6, **params).fit(kind(X), y, weight)
    scorer = get_scorer("neg_log_loss")
    for k, (train, test) in enumerate(folds):
        for i, ratio in enumerate(ratios):
            for j, C in enumerate(Cs):
                alone = LogisticRegression(C=C, l1_ratio=ratio, tol=1e-6)
                alone.fit(kind(X)[train], y[train], weight[train])
                found = model.coefs_paths_[k, i, j]
                np.testing.assert_allclose(found[:, :-1], alone.coef_, atol=2e-5)
                expected = scorer(alone, X[test], y[test], sample_weight=weight[test])
                assert model.scores_[k, i, j] == pytest.approx(expected, rel=1e-5)
    alone = LogisticRegression(C=model.C_, l1_ratio=model.l1_ratio_, tol=1e-6).fit(kind(X), y, weight)
    np.testing.assert_allclose(model.coef_, alone.coef_, atol=1e-5)
    assert model.objective_ == pytest.approx(alone.objective_, rel=1e-9)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_starting_from_all_rows_saves_steps_and_changes_nothing(n_classes, monkeypatch):
    X, y, _ = problem(5000, n_classes=n_classes)
    near = LogisticRegressionCV(**NEW).fit(X, y)
    monkeypatch.setattr(logistic_cv, "_HESSIAN_NUMBERS", 0)
    far = LogisticRegressionCV(**NEW).fit(X, y)
    np.testing.assert_allclose(near.coefs_paths_, far.coefs_paths_, atol=1e-5)
    np.testing.assert_allclose(near.scores_, far.scores_, rtol=1e-7)
    assert near.n_iter_.mean() < 7


def test_the_order_of_Cs_does_not_matter():
    X, y, _ = problem()
    a = LogisticRegressionCV(**NEW, Cs=[0.1, 1.0, 10.0]).fit(X, y)
    b = LogisticRegressionCV(**NEW, Cs=[10.0, 0.1, 1.0]).fit(X, y)
    assert b.C_ == a.C_
    np.testing.assert_array_equal(b.scores_, a.scores_[:, :, [2, 0, 1]])


def test_groups_go_to_the_splitter_and_a_fold_may_lack_a_class():
    X, y, _ = problem(90, n_classes=3)
    order = np.argsort(y, kind="stable")
    X, y = X[order], y[order]
    groups = np.arange(90) // 30
    model = LogisticRegressionCV(**NEW, Cs=[0.1, 1.0], cv=GroupKFold(3)).fit(X, y, groups=groups)
    assert model.scores_.shape == (3, 1, 2)
    assert np.isfinite(model.scores_).all()
    assert np.isfinite(model.coef_).all()


def test_no_penalty_among_the_Cs():
    X, y, _ = problem()
    model = LogisticRegressionCV(**NEW, Cs=[1.0, np.inf]).fit(X, y)
    assert model.C_ in {1.0, np.inf}
    alone = LogisticRegression(C=model.C_).fit(X, y)
    np.testing.assert_allclose(model.coef_, alone.coef_, atol=1e-4)


@pytest.mark.parametrize("change", [1e300, 1e-300, 1e-8, 1e8])
def test_hard_data_give_finite_answers(change):
    X, y, _ = problem(60)
    X[:, 2] = 7.0
    X[:, 0] *= change
    for ratios in ((0,), (1,)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = LogisticRegressionCV(**NEW | {"l1_ratios": ratios}, Cs=3, cv=3).fit(X, y)
        assert np.isfinite(model.coef_).all()
        assert np.isfinite(model.scores_).all()
        assert np.isfinite([model.objective_, model.gap_]).all()
        assert np.isfinite(model.predict_proba(X)).all()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_threads_do_not_change_a_path_with_l1(n_classes):
    X, y, weight = problem(9_000, n_classes=n_classes)
    found = []
    for n_threads in (1, 2):
        with thread_budget(n_threads):
            model = LogisticRegressionCV(**NEW | {"l1_ratios": (0, 0.5)}, Cs=(1e-3, 1e-2), cv=2)
            found.append(model.fit(X, y, weight).get_state())
    assert_same(found[1], found[0], "2 threads against 1")


def test_errors_and_warnings():
    X, y, weight = problem(60)
    with pytest.raises(ValueError, match="Cs must be positive"):
        LogisticRegressionCV(**NEW, Cs=[1.0, -1.0]).fit(X, y)
    with pytest.raises(ValueError, match="l1_ratios must be an array-like"):
        LogisticRegressionCV(**NEW | {"l1_ratios": (0.5, 2.0)}).fit(X, y)
    with pytest.raises(ValueError, match="lbfgs"):
        LogisticRegressionCV(**NEW, solver="liblinear").fit(X, y)
    with pytest.raises(ValueError, match="2 classes"):
        LogisticRegressionCV(**NEW).fit(X, np.full(60, "ant"))
    with pytest.raises(ValueError, match="non-zero"):
        LogisticRegressionCV(**NEW).fit(X, y, 0.0 * weight)
    with pytest.warns(ConvergenceWarning, match="fits of the folds did not reach"):
        LogisticRegressionCV(**NEW, max_iter=1).fit(X, y)
    with pytest.warns(FutureWarning, match=r"set l1_ratios=\(0,\), scoring='accuracy', use_legacy"):
        LogisticRegressionCV().fit(X, y)
    with pytest.warns(FutureWarning, match="penalty"):
        model = LogisticRegressionCV(penalty="l1", Cs=2, scoring=None, use_legacy_attributes=False).fit(X, y)
    assert model.l1_ratio_ == 1.0
