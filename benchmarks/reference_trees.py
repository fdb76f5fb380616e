"""Boosting on real tables: is ours as good as scikit-learn's and LightGBM's at equal settings?

python benchmarks/reference_trees.py [--data ../shared/data] [--seeds 10] [--sets adult,diamonds]

Each seed draws another quarter of the rows to be judged, the same for all. Text is given as codes in the order of its
values, what is missing as NaN. AUC, or RMSE in units of the target, is the mean over the seeds; beside it stands the
difference from scikit-learn's (of RMSE in per cent) with its standard error, from seed to seed.
"""

from __future__ import annotations

import argparse
import csv
import importlib
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from cases import HGB

FOLDER = Path(__file__).parents[1].parent / "shared" / "data"
_LGB = {"n_estimators": 100, "num_leaves": 31, "min_child_samples": 20, "verbose": -1}
PEERS = {
    "groundup": ("groundup.models", "HistGradientBoosting", HGB),
    "scikit-learn": ("sklearn.ensemble", "HistGradientBoosting", HGB),
    "lightgbm": ("lightgbm", "LGBM", _LGB),
}


class Table(NamedTuple):
    """Where a set is, what is predicted, which value counts as 1 (None: a number), and what tells it or nothing."""

    file: str
    target: str
    one: str | None = None
    left_out: tuple[str, ...] = ()


TABLES = {
    "adult": Table("adult/adult_train.csv", "income", ">50K"),
    "telco_churn": Table("telco_churn/Telco-Customer-Churn.csv", "Churn", "Yes", ("customerID",)),
    "higgs_7k": Table("higgs_7k/higgs_train.csv", "label", "1"),
    "mammography": Table("mammography/mammography.csv", "label", "1"),
    "elec2": Table("elec2/elec2.csv", "class", "1"),
    "california_housing": Table("california_housing/housing.csv", "median_house_value"),
    "diamonds": Table("diamonds/diamonds.csv", "price"),
    "wine_quality": Table("wine_quality/wine_quality.csv", "quality"),
}


def read(name: str, folder: Path = FOLDER) -> tuple[np.ndarray, np.ndarray]:
    """Return the features as numbers, and the target (0 and 1, or a number), of all rows that have one."""
    table = TABLES[name]
    with (folder / table.file).open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row[table.target].strip()]
    said = [row[table.target].strip() for row in rows]
    y = np.array([float(v) if table.one is None else float(v == table.one) for v in said])
    names = [n for n in rows[0] if n != table.target and n not in table.left_out]
    return np.stack([_numbers([row[n].strip() for row in rows]) for n in names], axis=1), y


def _numbers(cells: list[str]) -> np.ndarray:
    """Return cells as numbers: NaN where nothing stands; codes where anything is no number."""
    empty = {"", "?", "NA"}
    try:
        return np.array([np.nan if c in empty else float(c) for c in cells])
    except ValueError:
        code = {level: float(i) for i, level in enumerate(sorted(set(cells) - empty))}
        return np.array([code.get(c, np.nan) for c in cells])


def score(peer: str, X: np.ndarray, y: np.ndarray, seed: int) -> float:
    """Fit on three quarters of the rows, drawn by the seed; return AUC, or RMSE, of the others."""
    from sklearn.metrics import roc_auc_score

    module, stem, params = PEERS[peer]
    classes = np.isin(y, (0.0, 1.0)).all()
    order = np.random.default_rng(seed).permutation(len(y))
    judged, fitted = order[: len(y) // 4], order[len(y) // 4 :]
    kind = getattr(importlib.import_module(module), stem + ("Classifier" if classes else "Regressor"))
    model = kind(**params, random_state=seed).fit(X[fitted], y[fitted])
    if classes:
        return float(roc_auc_score(y[judged], model.predict_proba(X[judged])[:, 1]))
    return float(np.sqrt(np.mean((model.predict(X[judged]) - y[judged]) ** 2)))


def main() -> None:
    """Read the command line, fit, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=FOLDER)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--sets", default=",".join(TABLES), help="names, separated by commas")
    args = parser.parse_args()
    peers = [p for p, (module, _, _) in PEERS.items() if find_spec(module.partition(".")[0])]
    print(f"| set | score | {' | '.join(peers)} | ours less scikit-learn's |")
    print("|---|---|" + "---|" * len(peers) + "---|")
    for name in args.sets.split(","):
        X, y = read(name, args.data)
        found = {p: np.array([score(p, X, y, seed) for seed in range(args.seeds)]) for p in peers}
        classes = TABLES[name].one is not None
        away = found["groundup"] - found["scikit-learn"]
        away, unit = (away, "") if classes else (100.0 * away / found["scikit-learn"].mean(), " %")
        error = away.std(ddof=1) / np.sqrt(len(away)) if len(away) > 1 else np.nan
        means = " | ".join(f"{found[p].mean():.5g}" for p in peers)
        told = f"{away.mean():+.4f}{unit} (error {error:.4f})"
        print(f"| {name} | {'AUC' if classes else 'RMSE'} | {means} | {told} |", flush=True)


if __name__ == "__main__":
    main()
