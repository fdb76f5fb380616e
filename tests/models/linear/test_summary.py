"""Standard errors, t, p and intervals: against statsmodels."""

import numpy as np
import pytest
import statsmodels.api as sm

from groundup.models import LinearRegression


def problem(n=60, d=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) * [1.0, 1e3, 1e-3, 1.0] + [0.0, 1e4, 0.0, 5.0]
    return X, X @ [1.0, 1e-3, 500.0, 0.0] + rng.standard_normal(n), rng.integers(1, 4, n)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_as_statsmodels(fit_intercept, level):
    X, y, _ = problem()
    ours = LinearRegression(fit_intercept=fit_intercept).fit(X, y).summary(X, y, level=level)
    theirs = sm.OLS(y, sm.add_constant(X) if fit_intercept else X).fit()
    np.testing.assert_allclose(ours.coef, theirs.params, rtol=1e-7)
    np.testing.assert_allclose(ours.std_error, theirs.bse, rtol=1e-7)
    np.testing.assert_allclose(ours.t, theirs.tvalues, rtol=1e-7)
    np.testing.assert_allclose(ours.p, theirs.pvalues, rtol=1e-6, atol=1e-300)
    np.testing.assert_allclose(np.column_stack([ours.low, ours.high]), theirs.conf_int(1 - level), rtol=1e-6)
    assert ours.sigma == pytest.approx(np.sqrt(theirs.mse_resid))
    assert ours.degrees == theirs.df_resid
    assert ours.r2 == pytest.approx(theirs.rsquared)
    assert ours.adjusted_r2 == pytest.approx(theirs.rsquared_adj)


def test_weights_are_repetitions():
    X, y, weight = problem()
    model = LinearRegression().fit(X, y, weight)
    one = model.summary(X, y, weight)
    other = model.summary(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(one.std_error, other.std_error, rtol=1e-9)
    assert one.degrees == other.degrees


def test_dependent_columns_are_named():
    import pandas as pd

    X, y, _ = problem()
    table = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    table["e"] = 2.0 * table["a"] - table["d"]
    model = LinearRegression().fit(table, y)
    with pytest.warns(UserWarning, match="columns e are linearly dependent on others"):
        found = model.summary(table, y)
    assert found.dependent == ["e"]
    assert np.isnan(found.std_error[-1])
    assert np.isfinite(found.std_error[:-1]).all()
    shown = str(found)
    assert "(intercept)" in shown
    assert "95% interval" in shown


def test_errors():
    X, y, _ = problem()
    with pytest.raises(ValueError, match="one output"):
        LinearRegression().fit(X, np.stack([y, y], axis=1)).summary(X, y)
    with pytest.raises(ValueError, match="the fit had 4"):
        LinearRegression().fit(X, y).summary(X[:, :2], y)
