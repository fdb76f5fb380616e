"""Promises of every linear model: finite results for finite input or one clear error, weights as repetition, the
objectives that are promised."""

import warnings

import numpy as np
import objectives
import pytest
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import get_tags

import groundup.models
import groundup.models.linear

LINEAR = sorted(groundup.models.linear.__all__)
QUICK = {
    "LassoCV": {"alphas": 5, "cv": 2},
    "ElasticNetCV": {"alphas": 5, "cv": 2},
    "LogisticRegressionCV": {
        "Cs": 3,
        "cv": 2,
        "l1_ratios": (0,),
        "scoring": "neg_log_loss",
        "use_legacy_attributes": False,
    },
    "GammaRegressor": {"max_iter": 10},
    "SGDClassifier": {"max_iter": 20, "random_state": 0},
    "SGDRegressor": {"max_iter": 20, "random_state": 0},
}
N = 24


def make(name: str):
    return getattr(groundup.models, name)(**QUICK.get(name, {}))


def columns() -> dict[str, np.ndarray]:
    """Return absurd but finite X, by what is absurd."""
    rng = np.random.default_rng(0)
    plain = rng.standard_normal((N, 3))
    sign = np.where(plain > 0.0, 1.0, -1.0)
    return {
        "plain": plain,
        "1e308 and -1e308": 1e308 * sign,
        "denormal": 5e-324 * np.round(10.0 * plain),
        "all scales": plain * np.array([1e-308, 1.0, 1e300]),
        "all equal": np.full((N, 3), 7.0),
        "all zero": np.zeros((N, 3)),
        "equal and huge": np.full((N, 3), -1e308),
        "one huge": np.vstack([[1e308, -1e308, 1e308], plain[1:]]),
        "repeated": plain[:, [0, 0, 0]],
        "far": plain + 1e12,
    }


def targets(name: str) -> dict[str, np.ndarray]:
    """Return targets, by what is absurd about them."""
    rng = np.random.default_rng(1)
    model = make(name)
    if hasattr(model, "classes_") or get_tags(model).estimator_type == "classifier":
        return {
            "two classes": np.arange(N) % 2,
            "three classes": np.arange(N) % 3,
            "one class": np.zeros(N, dtype=int),
        }
    y = np.exp(rng.standard_normal(N))
    found = {
        "plain": y,
        "all equal": np.full(N, 3.0),
        "denormal": np.full(N, 5e-324) * (1.0 + np.arange(N) % 2),
    }
    if not get_tags(model).target_tags.positive_only and name != "TweedieRegressor":
        found["1e308 and -1e308"] = np.where(np.arange(N) % 2, 1e308, -1e308)
        found["all zero"] = np.zeros(N)
    found["1e308"] = (
        np.full(N, 1e308) if get_tags(model).target_tags.positive_only else np.where(y > 1.0, 1e308, y)
    )
    return found


def finite(model, X) -> bool:
    numbers = [model.coef_, model.intercept_]
    if hasattr(model, "predict_proba"):
        numbers.append(model.predict_proba(X))
    return all(np.isfinite(np.asarray(part, dtype=np.float64)).all() for part in numbers)


def fitted(name: str, X, y, weight=None):
    """Return the fit, or None where it ends in a clear error: any other one fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence and dependence, as it should
        try:
            return make(name).fit(X, y, sample_weight=weight)
        except np.linalg.LinAlgError:
            raise
        except ValueError:
            return None


@pytest.mark.parametrize("name", LINEAR)
def test_finite_input_gives_finite_answers_or_one_clear_error(name):
    wrong, refused, tried = [], 0, 0
    weight = np.where(np.arange(N) < 6, 0.0, 1.0)
    for what, X in columns().items():
        for about, y in targets(name).items():
            for given in (X, csr_array(X)):
                model = fitted(name, given, y, weight)
                tried += 1
                refused += model is None
                if model is not None and not finite(model, X[:1] * 0.0):
                    wrong.append((what, about, type(given).__name__))
    assert not wrong
    assert refused < 0.7 * tried


@pytest.mark.parametrize("name", LINEAR)
def test_one_row_and_few(name):
    X = columns()["plain"]
    for about, y in targets(name).items():
        for n in (1, 2, 3):
            model = fitted(name, X[:n], y[:n])
            assert model is None or finite(model, X), (about, n)


@pytest.mark.parametrize("name", [n for n in LINEAR if not n.startswith("SGD") and not n.endswith("CV")])
def test_a_weight_is_a_repetition(name):
    """To 1e-7; models that stop by a gap get a tolerance that allows no more."""
    rng = np.random.default_rng(2)
    X = rng.standard_normal((60, 4)) * 10.0 ** np.arange(-2, 2) + 1.0
    weight = rng.integers(0, 4, 60)
    model = getattr(groundup.models, name)()
    if get_tags(model).estimator_type == "classifier":
        y = (X[:, 3] / 10.0 + rng.standard_normal(60) > 0.0).astype(int)
    else:
        y = np.exp(0.1 * (X @ [3.0, 1.0, 0.1, 0.01]) + 0.3 * rng.standard_normal(60))
    if "tol" in model.get_params() and name not in ("LinearRegression", "Ridge", "RidgeClassifier"):
        model.set_params(tol=1e-10)
    again = np.repeat(np.arange(60), weight)
    for A in (X, csr_array(X)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            one = model.fit(A, y, sample_weight=weight.astype(float))
            coef, intercept = one.coef_.copy(), np.copy(one.intercept_)
            other = model.fit(A[again], y[again])
        np.testing.assert_allclose(coef, other.coef_, rtol=1e-7, atol=1e-7 * np.abs(coef).max())
        np.testing.assert_allclose(intercept, other.intercept_, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("family", objectives.FAMILIES)
def test_objectives_are_within_a_millionth_of_a_longer_run_or_a_warning_says_so(family):
    """A few of the problems of ``benchmarks/objectives.py``: plain, scaled with weights, all hardships at once."""
    for seed in (0, 14, 9):
        outcome = objectives.judge(objectives.FAMILIES[family], seed, with_peer=False)
        assert outcome.over_longer <= 1e-6 or outcome.warned, outcome
