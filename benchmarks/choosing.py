"""How often the comparison says too much: equal models called different, and 95 % intervals that miss the true score.

    python benchmarks/choosing.py            # both tables of docs/design/0013-choosing.md, in a minute

**Equal models (A/A).** The target is a sum of as many independent columns as there are models, plus noise; model m is
the least-squares line on column m. All models have the same expected error, and their folds share rows as in a build.

**Coverage.** Of ``RUNS`` samples, in how many the interval holds the score of the population.
"""

from __future__ import annotations

import math

import numpy as np

from groundup.judge.differences import differences
from groundup.judge.metrics import Metric, Predicted, Score, metric
from groundup.judge.uncertainty import interval
from groundup.judge.validation import FoldResult, Validation

RUNS = 1_000


def equal_models(n_models: int, n_rows: int, n_folds: int, rng: np.random.Generator) -> list[Validation]:
    """Return the cross-validated RMSE of equally good models."""
    X = rng.normal(size=(n_rows, n_models))
    y = X.sum(axis=1) + rng.normal(size=n_rows)
    fold = rng.permutation(n_rows) % n_folds
    out = [Validation() for _ in range(n_models)]
    for i in range(n_folds):
        train, valid = fold != i, fold == i
        Z, z = X[train] - X[train].mean(axis=0), y[train] - y[train].mean()
        slopes = (Z * z[:, None]).sum(axis=0) / (Z**2).sum(axis=0)
        off = y[valid, None] - y[train].mean() - (X[valid] - X[train].mean(axis=0)) * slopes
        for one, error in zip(out, np.sqrt((off**2).mean(axis=0)), strict=True):
            one.folds.append(FoldResult({"rmse": Score(float(error))}, 0.0, None))
    return out


def share_called_different(n_models: int, n_rows: int, n_folds: int = 5, runs: int = RUNS) -> float:
    """Return in which share of comparisons any of several equal models is called significantly worse than the best."""
    rng, rmse, n_called = np.random.default_rng(0), metric("rmse"), 0
    for _ in range(runs):
        models = equal_models(n_models, n_rows, n_folds, rng)
        models.sort(key=lambda one: one.mean("rmse") or math.inf)
        n_called += any(one.is_significant for one in differences(rmse, models[0], models[1:]))
    return n_called / runs


def coverage(one: Metric, draw, truth: float, runs: int = RUNS) -> tuple[float, float]:
    """Return how often the interval holds the true score, and how often it is marked as too narrow."""
    rng, n_inside, n_marked = np.random.default_rng(0), 0, 0
    for _ in range(runs):
        found = interval(one, *draw(rng))
        n_inside += found is not None and found.low <= truth <= found.high
        n_marked += found is not None and found.is_too_narrow
    return n_inside / runs, n_marked / runs


def errors_like(law: str, n: int):
    """Return a function that draws n targets and predictions whose errors follow a law with mean 0."""
    of = {
        "normal": lambda rng: rng.normal(size=n),
        "t5": lambda rng: rng.standard_t(5, size=n),
        "log-normal": lambda rng: rng.lognormal(0, 1, size=n) - math.exp(0.5),
    }[law]

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, Predicted]:
        x = 1.5 * DEVIATIONS[law] * rng.normal(size=n)
        return x + of(rng), Predicted(x)

    return draw


DEVIATIONS = {"normal": 1.0, "t5": math.sqrt(5 / 3), "log-normal": math.sqrt((math.e - 1) * math.e)}


def two_classes(area: float, share: float, n: int):
    """Return a function that draws n rows of two classes with normal scores and a given area under the ROC curve."""
    from scipy.stats import norm

    away = math.sqrt(2) * float(norm.ppf(area))

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, Predicted]:
        y = (rng.random(n) < share).astype(int)
        p = 1 / (1 + np.exp(-rng.normal(away * y, 1.0)))
        return y, Predicted((p > 0.5).astype(int), np.c_[1 - p, p], np.array([0, 1]))

    return draw


def main() -> None:
    """Print both tables."""
    print("| equal models | rows | called significantly worse |\n| --- | --- | --- |")
    for n_models in (2, 4, 8):
        for n_rows in (100, 1000):
            print(f"| {n_models} | {n_rows} | {share_called_different(n_models, n_rows):.1%} |", flush=True)
    print("\n| score | rows | covered | marked as too narrow |\n| --- | --- | --- | --- |")
    for law, deviation in DEVIATIONS.items():
        truths = {"rmse": deviation, "r2": 1 - 1 / (1 + 1.5**2)}
        for name, truth in truths.items():
            for n in (66, 200, 1000):
                held, marked = coverage(metric(name), errors_like(law, n), truth)
                print(f"| {name}, {law} errors | {n} | {held:.3f} | {marked:.0%} |", flush=True)
    for area, share, n in (
        (0.96, 0.1, 150),
        (0.96, 0.3, 150),
        (0.8, 0.1, 150),
        (0.75, 0.5, 300),
        (0.99, 0.1, 300),
    ):
        held, marked = coverage(metric("roc_auc"), two_classes(area, share, n), area)
        print(f"| roc_auc {area}, {share:.0%} positive | {n} | {held:.3f} | {marked:.0%} |", flush=True)


if __name__ == "__main__":
    main()
