"""Finite numbers at the ends of float64, in X, y and weights of every model: finite results, or one ValueError."""

import numpy as np
import pytest

from groundup.models import DecisionTreeRegressor, DummyRegressor, RidgeCV
from groundup.models.estimator import describe, is_regressor
from groundup.models.registry import MODELS, load_model
from groundup.testing.samples import has_weights, methods, sample

N = 40
CLEAR = ("overflow", "too large for", "too small for", "out of the valid range")


def _one(values: np.ndarray) -> np.ndarray:
    values = values.copy()
    values.flat[3] = 1e308
    return values


def _mixed(values: np.ndarray) -> np.ndarray:
    return values / np.abs(values).max() * np.resize([1e308, 1e-308, 1.0, 5e-324], values.shape)


EXTREMES = {
    "1e308": lambda v: v / np.abs(v).max() * 1e308,
    "1e300": lambda v: v / np.abs(v).max() * 1e300,
    "1e160": lambda v: v * 1e160,
    "1e-160": lambda v: v * 1e-160,
    "1e-308": lambda v: v * 1e-308,
    "5e-324": lambda v: np.where(v > 0, 5e-324, 0.0),
    "all 5e-324": lambda v: np.full_like(v, 5e-324),
    "all 1e308": lambda v: np.full_like(v, 1e308),
    "one 1e308": _one,
    "mixed": _mixed,
}


def outcome(name: str, X, y, weight):
    """Fit and predict; return what is not finite, "" for nothing, or the message of the ValueError."""
    model = load_model(name)(**describe(load_model(name)).quick)
    if "random_state" in model.get_params():
        model.set_params(random_state=0)
    given = {} if weight is None else {"sample_weight": weight}
    try:
        model.fit(X, **given) if y is None else model.fit(X, y, **given)
        found = {
            m: getattr(model, m)(X) for m in methods(model) if m != "predict_log_proba"
        }  # log(0) is -inf
    except ValueError as error:
        return "", str(error)
    found |= {k: v for k, v in vars(model).items() if k.endswith("_") and isinstance(v, (float, np.ndarray))}
    bad = [
        k
        for k, v in found.items()
        if np.asarray(v).dtype.kind == "f" and not np.isfinite(np.asarray(v)).all()
    ]
    return ", ".join(bad), ""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_finite_numbers_never_become_nan_or_infinity(name):
    cls = load_model(name)
    model = cls(**describe(cls).quick)
    X, y, _ = sample(model, N)
    weight = np.arange(1.0, N + 1.0) if has_weights(model) else None
    wrong = []
    for what, extreme in EXTREMES.items():
        column = X.copy()
        column[:, 1] = extreme(X[:, 1])
        cases = {"X": (extreme(X), y, None), "a column": (column, y, None)}
        if is_regressor(model):
            cases["y"] = X, extreme(y), None
        if weight is not None:
            cases["weight"] = X, y, extreme(weight)
        if weight is not None and is_regressor(model):
            cases["y and weight"] = X, extreme(y), extreme(weight)
            cases["y and large weight"] = X, extreme(y), weight * 1e90
        for where, case in cases.items():
            not_finite, message = outcome(name, *case)
            if not_finite:
                wrong.append(f"{where} {what}: {not_finite}")
            if message and not any(word in message for word in CLEAR):
                wrong.append(f"{where} {what}: {message}")
    assert not wrong


def test_the_message_names_the_number_and_what_to_do():
    X = np.arange(6.0)[:, None]
    y = np.array([1.0, 2.0, 1e200, 3.0, 4.0, 5.0])
    with pytest.raises(
        ValueError, match=r"squares of y overflow float64: y\[2\] is 1e\+200. Divide y by .* 1e200"
    ):
        DecisionTreeRegressor().fit(X, y)
    with pytest.raises(ValueError, match=r"too large .* sample_weight\[2\], is 1e\+200. Multiply .* 1e-200"):
        RidgeCV().fit(X, X[:, 0], y)
    with pytest.raises(ValueError, match=r"too small .* sample_weight\[0\], is 1e-300. Multiply .* 1e300"):
        RidgeCV().fit(X, X[:, 0], np.full(6, 1e-300))


def test_advice_can_be_followed():
    X, y = np.arange(6.0)[:, None], np.array([1.0, 2.0, 7.0, 3.0, 4.0, 5.0])
    plain = DecisionTreeRegressor(random_state=0).fit(X, y).predict(X)
    huge = y * 2.0**700
    np.testing.assert_array_equal(
        DecisionTreeRegressor(random_state=0).fit(X, huge / 2.0**700).predict(X), plain
    )


@pytest.mark.parametrize("strategy", ["mean", "median"])
def test_the_baseline_of_huge_targets_is_exact(strategy):
    y, weight = np.array([1.0, 2.0, 4.0, 9.0]), np.array([1.0, 2.0, 1.0, 1.0])
    for given in (None, weight, weight * 2.0**300):
        plain = DummyRegressor(strategy=strategy).fit(y[:, None], y, given).predict([[0]])
        huge = DummyRegressor(strategy=strategy).fit(y[:, None], y * 2.0**1020, given).predict([[0]])
        assert huge == plain * 2.0**1020
