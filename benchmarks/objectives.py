"""How near the linear models come to their optimum: hard random problems against longer runs and scikit-learn.

    python benchmarks/objectives.py [--problems 50] [--families Lasso,...]

Each family fits the same kinds of problems (`KINDS`): plain, with columns that repeat or nearly repeat others, constant
ones, columns whose scales lie between 1e-8 and 1e8, columns far from zero, classes that a plane separates (targets
without noise), more columns than rows, and all of it at once; every other problem has weights, some of them zero. The
objective is computed here, from the coefficients, and set beside the least that is known: that of a run with
tol = 1e-10 and max_iter = 10,000, and that of scikit-learn at a tight tolerance.

    excess = (objective - least) / max(least, 1e-9 of the objective at zero)

(The floor is for targets that a plane meets exactly: nothing is left but rounding.) Where a plane separates the classes
and nothing is penalised there is no optimum: the excess is then a share of the loss at zero.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import sklearn.linear_model as peer
from scipy.optimize import linprog
from scipy.special import logsumexp, xlogy

from groundup import models as ours

KINDS = (
    "plain",
    "repeated",
    "nearly repeated",
    "constant",
    "scaled",
    "far",
    "noiseless",
    "wide",
    "rare",
    "all",
)
_LONG = {"tol": 1e-10, "max_iter": 10_000}


class Problem(NamedTuple):
    """One problem: the rows, and the parameters both sides are given."""

    kind: str
    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    params: dict[str, Any]


def columns(seed: int) -> tuple[str, np.ndarray, np.ndarray, np.ndarray, np.random.Generator]:
    """Return (kind, X, true scores, weights, generator) of a seed."""
    rng = np.random.default_rng(1000 + seed)
    kind = KINDS[seed % len(KINDS)]
    n, d = int(rng.integers(40, 300)), int(rng.integers(3, 20))
    if kind == "wide":
        n, d = int(rng.integers(8, 30)), int(rng.integers(30, 60))
    X = rng.standard_normal((n, d))
    z = X @ (rng.standard_normal(d) / np.sqrt(d))
    if kind in ("repeated", "all"):
        X[:, 1] = 2.0 * X[:, 0]
    if kind == "nearly repeated":
        X[:, 1] = X[:, 0] * (1.0 + 1e-9 * rng.standard_normal(n))
    if kind in ("constant", "all"):
        X[:, 2] = 3.0
    if kind in ("scaled", "all"):
        X *= 10.0 ** rng.uniform(-8, 8, d)
    if kind == "far":
        X += 1e4
    weight = rng.integers(0, 3, n).astype(float) if seed // len(KINDS) % 2 else np.ones(n)
    weight[:4] = 1.0  # of every class some row counts
    return kind, X, z, weight, rng


def _regression(seed: int, price: float = 1.0, **params) -> Problem:
    kind, X, z, weight, rng = columns(seed)
    y = z if kind == "noiseless" else z + 0.5 * rng.standard_normal(len(z))
    if kind == "rare":
        y = np.where(rng.random(len(y)) < 0.05, 100.0 * y, y)
    fit_intercept = bool(seed % 3)
    if "alpha" in params:
        params["alpha"] *= price * float(10.0 ** rng.uniform(-2, 0))
    return Problem(kind, X, y, weight, {**params, "fit_intercept": fit_intercept})


def _sparse(seed: int, **params) -> Problem:
    """Give a price between a hundredth of the largest that counts and all of it."""
    p = _regression(seed)
    v = p.weight / p.weight.sum()
    centred = p.X - v @ p.X * p.params["fit_intercept"]
    top = float(np.abs((v * p.y) @ centred).max())
    alpha = top * float(10.0 ** np.random.default_rng(seed).uniform(-2, -0.05))
    return p._replace(params={**p.params, **params, "alpha": alpha})


def _classes(seed: int, **params) -> Problem:
    kind, X, z, weight, rng = columns(seed)
    n_classes = 2 + seed // len(KINDS) % 3
    Z = np.column_stack([np.zeros(len(z)), 2.0 * z, *(rng.standard_normal((n_classes - 2, len(z))))])
    y = (Z if kind == "noiseless" else Z + rng.gumbel(size=Z.shape)).argmax(axis=1)
    if kind == "rare":
        y[rng.random(len(y)) < 0.95] = 0
    y[:n_classes] = range(n_classes)
    C = np.inf if params.pop("free", False) else float(10.0 ** rng.uniform(-2, 2))
    return Problem(kind, X, y, weight, {"C": C, **params, "fit_intercept": bool(seed % 3)})


def _counts(seed: int, spread: float, **params) -> Problem:
    kind, X, z, weight, rng = columns(seed)
    mean = np.exp(z)
    if spread == 1.0:
        y = rng.poisson(mean).astype(float)
    elif spread == 2.0:
        y = rng.gamma(2.0, mean / 2.0) + 1e-6
    else:
        y = rng.poisson(mean) * rng.gamma(1.0, 1.0, len(z))
    y = mean if kind == "noiseless" else y
    alpha = float(10.0 ** rng.uniform(-4, 0))
    return Problem(kind, X, y, weight, {"alpha": alpha, **params, "fit_intercept": bool(seed % 3)})


def _quantile(seed: int) -> Problem:
    """Give a quantile, and a price of nothing to a tenth."""
    quantile, alpha = [0.5, 0.05, 0.3, 0.9][seed % 4], [0.0, 1e-4, 1e-3, 0.1][seed // 3 % 4]
    p = _regression(seed)
    return p._replace(params={**p.params, "quantile": quantile, "alpha": alpha})


def squared_objective(model, p: Problem) -> float:
    """Half the mean squared error, and the penalty of the (elastic net) fit; of `Ridge`, whose unit is the sum."""
    v, w = p.weight, np.ravel(model.coef_)
    r = p.y - (p.X @ w + model.intercept_)
    alpha, ratio = p.params.get("alpha", 0.0), p.params.get("l1_ratio", 1.0)
    if isinstance(model, (ours.Ridge, peer.Ridge)):
        return float(v @ r**2 + alpha * w @ w)
    return float(0.5 * (v @ r**2) / v.sum() + alpha * (ratio * np.abs(w).sum() + 0.5 * (1.0 - ratio) * w @ w))


def logistic_objective(model, p: Problem) -> float:
    """The log loss, and the penalty."""
    W, C, ratio = model.coef_, p.params["C"], p.params.get("l1_ratio", 0.0)
    Z = p.X @ W.T + model.intercept_
    Z = np.hstack([np.zeros_like(Z), Z]) if Z.shape[1] == 1 else Z
    loss = p.weight @ (logsumexp(Z - Z[np.arange(len(Z)), p.y][:, None], axis=1))
    return float(loss + (ratio * np.abs(W).sum() + 0.5 * (1.0 - ratio) * (W * W).sum()) / C)


def deviance_objective(power: float) -> Callable:
    """Return half the mean deviance with the penalty, as a function."""

    def objective(model, p: Problem) -> float:
        y, z = p.y, p.X @ model.coef_ + model.intercept_
        if power == 1.0:
            half = np.exp(z) - y * z + xlogy(y, y) - y
        elif power == 2.0:
            half = z - np.log(y) + y * np.exp(-z) - 1.0
        else:
            a, b = 2.0 - power, 1.0 - power
            half = np.exp(a * z) / a - y * np.exp(b * z) / b + y**a / (a * b)
        return float(p.weight @ half / p.weight.sum() + 0.5 * p.params["alpha"] * model.coef_ @ model.coef_)

    return objective


def huber_objective(model, p: Problem) -> float:
    """Huber's loss with its scale, and the penalty."""
    t = np.abs(p.y - p.X @ model.coef_ - model.intercept_) / model.scale_
    h = np.where(t < 1.35, t * t, 2.7 * t - 1.35**2)
    return float(p.weight @ (model.scale_ * (1.0 + h)) + p.params["alpha"] * model.coef_ @ model.coef_)


def quantile_objective(model, p: Problem) -> float:
    """The mean pinball loss, and the penalty."""
    r, q = p.y - p.X @ model.coef_ - model.intercept_, p.params["quantile"]
    loss = float(p.weight @ np.maximum(q * r, (q - 1.0) * r) / p.weight.sum())
    return loss + p.params["alpha"] * float(np.abs(model.coef_).sum())


class Plane(NamedTuple):
    """A least squares fit by LAPACK, its columns brought to one length."""

    coef_: np.ndarray
    intercept_: float

    @classmethod
    def of(cls, p: Problem) -> Plane:
        """Fit."""
        v = p.weight / p.weight.sum()
        x_mean, y_mean = (v @ p.X, v @ p.y) if p.params["fit_intercept"] else (np.zeros(p.X.shape[1]), 0.0)
        Z = np.sqrt(v)[:, None] * (p.X - x_mean)
        length = np.linalg.norm(Z, axis=0)
        length[length <= 1e-14 * np.abs(x_mean)] = np.inf
        w = np.linalg.lstsq(Z / length, np.sqrt(v) * (p.y - y_mean), rcond=None)[0] / length
        return cls(w, float(y_mean - x_mean @ w))


def corner(p: Problem) -> Plane:
    """A quantile fit by HiGHS, its columns brought to one length: scikit-learn's class fails where they are not."""
    n, v, q = len(p.y), p.weight / p.weight.sum(), p.params["quantile"]
    mean = v @ p.X * p.params["fit_intercept"]
    length = np.sqrt(v @ (p.X - mean) ** 2)
    length[length <= 1e-14 * np.abs(mean)] = np.inf
    Z, price = (p.X - mean) / length, np.where(length < np.inf, p.params["alpha"] / length, 1e9)
    ones, reach = np.ones((n, 1)) * p.params["fit_intercept"], np.eye(n)
    A = np.hstack([ones, -ones, Z, -Z, reach, -reach])
    c = np.concatenate([[0.0, 0.0], price, price, q * v, (1.0 - q) * v])
    x = linprog(c, A_eq=A, b_eq=p.y, method="highs").x
    d = len(mean)
    w = (x[2 : 2 + d] - x[2 + d : 2 + 2 * d]) / length
    return Plane(w, float(x[0] - x[1] - mean @ w))


@dataclass(frozen=True)
class Family:
    """A learner, its problems and objective, and scikit-learn's settings that find the optimum where it can."""

    make: Callable[[int], Problem]
    learner: Any
    objective: Callable[[Any, Problem], float]
    settings: dict[str, Any] = field(default_factory=dict)
    long: dict[str, Any] = field(default_factory=lambda: _LONG)

    def rival(self, p: Problem):
        """Return the other's fit."""
        if self.learner is ours.LinearRegression:
            return Plane.of(p)
        if self.learner is ours.QuantileRegressor:
            return corner(p)
        theirs = getattr(peer, self.learner.__name__)(**{**p.params, **self.settings})
        return theirs.fit(p.X, p.y, sample_weight=p.weight)


_LOGIT = (ours.LogisticRegression, logistic_objective)
_CHOLESKY = {"solver": "newton-cholesky", "tol": 1e-10, "max_iter": 1000}
_SAGA = {"solver": "saga", "tol": 1e-8, "max_iter": 2000, "random_state": 0}
_DESCENT = {"tol": 1e-12, "max_iter": 20_000}
FAMILIES = {
    "LinearRegression": Family(_regression, ours.LinearRegression, squared_objective, long={}),
    "Ridge": Family(
        lambda s: _regression(s, alpha=1.0),
        ours.Ridge,
        squared_objective,
        {"solver": "svd"},
        long={"solver": "svd"},
    ),
    "Lasso": Family(_sparse, ours.Lasso, squared_objective, _DESCENT),
    "ElasticNet": Family(
        lambda s: _sparse(s, l1_ratio=[0.9, 0.5, 0.1][s % 3]), ours.ElasticNet, squared_objective, _DESCENT
    ),
    "Logistic, none": Family(lambda s: _classes(s, free=True), *_LOGIT, settings=_CHOLESKY),
    "Logistic, L2": Family(_classes, *_LOGIT, settings=_CHOLESKY),
    "Logistic, L1": Family(lambda s: _classes(s, l1_ratio=1.0), *_LOGIT, settings=_SAGA),
    "Logistic, elastic net": Family(
        lambda s: _classes(s, l1_ratio=[0.3, 0.7][s % 2]), *_LOGIT, settings=_SAGA
    ),
    "Poisson": Family(lambda s: _counts(s, 1.0), ours.PoissonRegressor, deviance_objective(1.0), _CHOLESKY),
    "Gamma": Family(lambda s: _counts(s, 2.0), ours.GammaRegressor, deviance_objective(2.0), _CHOLESKY),
    "Tweedie": Family(
        lambda s: _counts(s, 1.5, power=1.5), ours.TweedieRegressor, deviance_objective(1.5), _CHOLESKY
    ),
    "Huber": Family(
        lambda s: _regression(s, alpha=1.0),
        ours.HuberRegressor,
        huber_objective,
        {"tol": 1e-9, "max_iter": 5000},
    ),
    "Quantile": Family(_quantile, ours.QuantileRegressor, quantile_objective, long={}),
}


class Outcome(NamedTuple):
    """One problem's excess over a longer run's objective and over the peer's, and whether a warning was given."""

    kind: str
    over_longer: float
    over_peer: float
    warned: bool


class _Zero(NamedTuple):
    coef_: Any
    intercept_: Any
    scale_: float = 1.0


def judge(family: Family, seed: int, *, with_peer: bool = True) -> Outcome:
    """Fit one problem both ways."""
    p = family.make(seed)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = family.objective(family.learner(**p.params).fit(p.X, p.y, sample_weight=p.weight), p)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        longer = family.learner(**{**p.params, **family.long}).fit(p.X, p.y, sample_weight=p.weight)
        rival = family.rival(p) if with_peer else longer
        least, other = family.objective(longer, p), family.objective(rival, p)
        at_zero = family.objective(_zero(p, longer), p)
    least_known = min(v for v in (value, least, other) if np.isfinite(v))
    floor = at_zero if p.params.get("C") == np.inf and least_known <= 1e-6 * at_zero else 1e-9 * at_zero
    scale = max(least_known, floor, 1e-300)
    return Outcome(p.kind, (value - least) / scale, (value - other) / scale, bool(caught))


def _zero(p: Problem, model) -> Any:
    if "C" in p.params:
        return _Zero(np.zeros_like(model.coef_), np.zeros_like(model.intercept_))
    return _Zero(np.zeros(p.X.shape[1]), 0.0)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=50, help="of each family")
    parser.add_argument("--families", default=";".join(FAMILIES), help="names, separated by semicolons")
    parser.add_argument("--each", action="store_true", help="print every problem that misses 1e-6")
    args = parser.parse_args()
    print(
        "| family | problems | over a longer run, worst | over scikit-learn, worst | beyond 1e-6 | warned |"
    )
    print("|---|---|---|---|---|---|")
    for name in args.families.split(";"):
        found = [judge(FAMILIES[name], seed) for seed in range(args.problems)]
        worst = [max(o.over_longer for o in found), max(o.over_peer for o in found)]
        bad = [(s, o) for s, o in enumerate(found) if not max(o.over_longer, o.over_peer) <= 1e-6]
        cells = [name, str(len(found)), *(f"{w:.1e}" for w in worst), str(len(bad))]
        print("| " + " | ".join([*cells, str(sum(o.warned for o in found))]) + " |", flush=True)
        for seed, outcome in bad if args.each else []:
            print("   ", seed, outcome, flush=True)


if __name__ == "__main__":
    main()
