"""NIST's Statistical Reference Datasets for linear regression: right digits (LRE) with defaults.

The sets that are not in the folder follow from those that are, or are certified in exact fractions: see
``benchmarks/nist.py``. What a fit loses on them a QR decomposition loses as well.
"""

import json
import warnings

import nist
import numpy as np
import pytest
from scipy.special import betainc

from groundup.models import LinearRegression

HARDER = ("NoInt2", "Wampler4", "Wampler5", "Decic")
EXACT = ("Wampler1", "Wampler2")  # no noise: the certified errors are zero


def problem(name):
    if name in HARDER:
        return next(s for s in nist.harder(nist.FOLDER) if s.name == name)
    return nist.read(nist.FOLDER, name)


def summary(s):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that columns are nearly dependent
        return LinearRegression(fit_intercept=s.intercept).fit(s.X, s.y).summary(s.X, s.y)


def within_reach(s):
    """Return the digits that LAPACK's QR gets right, but for the luck of rounding; nine where it has more."""
    return min(9.0, *(digits - 0.5 for digits in nist.plain_qr(s)))


@pytest.mark.data
@pytest.mark.parametrize("name", nist.REQUIRED)
def test_nine_digits_are_right(name):
    s = problem(name)
    found = summary(s)
    assert nist.digits(found.coef, s.coef) >= 9.0
    assert nist.digits(found.std_error, s.errors) >= 9.0
    facts = json.loads((nist.FOLDER / f"{name}.certified.json").read_text())
    assert found.degrees == facts["residual_df"]
    assert nist.digits(np.array([found.sigma]), np.array([float(facts["residual_sd"])])) >= 9.0
    assert nist.digits(np.array([found.r2]), np.array([float(facts["r_squared"])])) >= 9.0


@pytest.mark.data
@pytest.mark.parametrize("name", HARDER)
def test_on_harder_sets_as_many_digits_are_right_as_with_qr(name):
    s = problem(name)
    found, reached = summary(s), within_reach(s)
    assert nist.digits(found.coef, s.coef) >= reached
    assert nist.digits(found.std_error, s.errors) >= reached


@pytest.mark.data
@pytest.mark.parametrize("name", [*nist.REQUIRED, *HARDER])
def test_t_and_p_follow_from_the_certified_values(name):
    """p by the incomplete beta function, a formula of its own: x = n / (n + t^2), p = I_x(n / 2, 1 / 2)."""
    s = problem(name)
    found = summary(s)
    if name in EXACT:
        assert (found.p < 1e-100).all()
        return
    t, n = s.coef / s.errors, len(s.y) - len(s.coef)
    p = betainc(0.5 * n, 0.5, n / (n + t * t))
    right = within_reach(s) - np.log10(2.0)  # a quotient has both errors
    assert nist.digits(found.t, t) >= right
    assert nist.digits(found.p, p) >= right - np.log10(n)  # far out p falls like t^-n
