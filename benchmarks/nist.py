"""Right digits of least squares on NIST's reference data, beside scikit-learn's and those of a plain QR.

    python benchmarks/nist.py [--folder ../shared/data/nist_strd/linear]

A set's figure is the least LRE of its numbers, LRE = -log10(|found - certified| / |certified|), capped at 15 (where 0 is
certified, of the absolute error). All learners run with their defaults. Beside the sets in the folder stand three that
follow from them or are printed in a line (NoInt2; Wampler4 and 5, whose noise is 100 and 10,000 times Wampler3's), and
"Decic", a polynomial of degree 10 on 82 points as in NIST's Filip, certified here in exact fractions.
"""

from __future__ import annotations

import argparse
import csv
import json
import warnings
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
import sklearn.linear_model
from scipy.linalg import qr, solve_triangular

from groundup.models import LinearRegression

FOLDER = Path(__file__).parents[1].parent / "shared" / "data" / "nist_strd" / "linear"
REQUIRED = ("Norris", "Pontius", "NoInt1", "Longley", "Wampler1", "Wampler2", "Wampler3")


class Set(NamedTuple):
    """A certified problem; `coef` and `errors` have the intercept first, where there is one."""

    name: str
    X: np.ndarray
    y: np.ndarray
    intercept: bool
    coef: np.ndarray
    errors: np.ndarray


def read(folder: Path, name: str) -> Set:
    """Return a set of the folder; of one x the powers that its model has."""
    facts = json.loads((folder / f"{name}.certified.json").read_text())
    with (folder / f"{name}.csv").open() as file:
        rows = list(csv.DictReader(file))
    y = np.array([float(row["y"]) for row in rows])
    X = np.array([[float(row[key]) for key in row if key != "y"] for row in rows])
    coef, errors = (
        np.array([float(v) for v in facts[key].values()])
        for key in ("certified_coefficients", "certified_std_errors")
    )
    if X.shape[1] == 1:
        X = X ** np.arange(1.0, len(coef) - facts["intercept"] + 1)
    return Set(name, X, y, bool(facts["intercept"]), coef, errors)


def harder(folder: Path) -> list[Set]:
    """Return the sets that are not in the folder."""
    small = np.array([[4.0], [5.0], [6.0]])
    sets = [
        Set(
            "NoInt2",
            small,
            np.array([3.0, 4.0, 4.0]),
            False,
            np.array([56 / 77]),
            np.array([0.420827318078432e-01]),
        )
    ]
    exact, noisy = read(folder, "Wampler1"), read(folder, "Wampler3")
    for name, factor in (("Wampler4", 100.0), ("Wampler5", 10_000.0)):
        y = exact.y + factor * (noisy.y - exact.y)
        sets.append(noisy._replace(name=name, y=y, errors=noisy.errors * factor))
    return [*sets, decic()]


def decic() -> Set:
    """Return a polynomial of degree 10 at 82 points between -8.8 and -3.1, solved in fractions."""
    rng = np.random.default_rng(0)
    x = np.round(np.sort(rng.uniform(-8.8, -3.1, 82)), 6)
    y = np.round(0.85 + 0.07 * np.sin(1.7 * x) + 0.003 * rng.standard_normal(82), 4)
    X = x[:, None] ** np.arange(1, 11)
    columns = [[Fraction(1)] * 82, *([Fraction(v) for v in column] for column in X.T)]
    k = len(columns)
    target = [Fraction(v) for v in y]
    system = [
        [sum(a * b for a, b in zip(columns[i], other, strict=True)) for other in [*columns, target]]
        + [Fraction(int(i == j)) for j in range(k)]
        for i in range(k)
    ]
    for i in range(k):  # Gauss and Jordan; positive definite, so no pivots are sought
        pivot = system[i][i]
        system[i] = [v / pivot for v in system[i]]
        for j in range(k):
            if j != i and system[j][i]:
                factor = system[j][i]
                system[j] = [a - factor * b for a, b in zip(system[j], system[i], strict=True)]
    w = [row[k] for row in system]
    fitted = [sum(a * c[n] for a, c in zip(w, columns, strict=True)) for n in range(82)]
    variance = sum((a - b) ** 2 for a, b in zip(target, fitted, strict=True)) / (82 - k)
    errors = np.sqrt([float(variance * system[i][k + 1 + i]) for i in range(k)])
    return Set("Decic", X, y, True, np.array([float(v) for v in w]), errors)


def digits(found: np.ndarray, certified: np.ndarray) -> float:
    """Return the least LRE."""
    error = np.abs(found - certified) / np.where(certified == 0.0, 1.0, np.abs(certified))
    worst = float(np.nan_to_num(error, nan=np.inf).max())
    return min(15.0, max(0.0, -np.log10(max(worst, 1e-300))))


def ours(s: Set) -> tuple[float, float]:
    """Return the digits of coefficients and of standard errors."""
    model = LinearRegression(fit_intercept=s.intercept).fit(s.X, s.y)
    found = np.append(model.intercept_, model.coef_) if s.intercept else model.coef_
    return digits(found, s.coef), digits(model.summary(s.X, s.y).std_error, s.errors)


def scikit_learn(s: Set) -> float:
    """Return the digits of coefficients."""
    model = sklearn.linear_model.LinearRegression(fit_intercept=s.intercept).fit(s.X, s.y)
    return digits(np.append(model.intercept_, model.coef_) if s.intercept else model.coef_, s.coef)


def plain_qr(s: Set) -> tuple[float, float]:
    """Return the digits of coefficients and of standard errors, by LAPACK's QR of [1, X] as it is."""
    Z = np.column_stack([np.ones(len(s.X)), s.X]) if s.intercept else s.X
    Q, R = qr(Z, mode="economic")
    w = solve_triangular(R, Q.T @ s.y)
    r = s.y - Z @ w
    sigma = np.sqrt(r @ r / (len(Z) - Z.shape[1]))
    errors = np.linalg.norm(solve_triangular(R, np.eye(len(R))), axis=1) * sigma
    return digits(w, s.coef), digits(errors, s.errors)


def lstsq(s: Set) -> float:
    """Return the digits of coefficients by numpy's singular values."""
    Z = np.column_stack([np.ones(len(s.X)), s.X]) if s.intercept else s.X
    return digits(np.linalg.lstsq(Z, s.y, rcond=None)[0], s.coef)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    folder = parser.parse_args().folder
    warnings.simplefilter("ignore")
    print("| set | coefficients: ours | scikit-learn | QR | lstsq | standard errors: ours | QR |")
    print("|---|---|---|---|---|---|---|")
    for s in [*(read(folder, name) for name in REQUIRED), *harder(folder)]:
        mine, rival = ours(s), plain_qr(s)
        cells = [mine[0], scikit_learn(s), rival[0], lstsq(s), mine[1], rival[1]]
        print("| " + " | ".join([s.name, *(f"{c:.1f}" for c in cells)]) + " |")


if __name__ == "__main__":
    main()
