"""NIST's Statistical Reference Datasets for linear regression: right digits (LRE) with defaults."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from groundup.models import LinearRegression

FOLDER = Path(__file__).parents[3].parent / "shared" / "data" / "nist_strd" / "linear"


@pytest.mark.data
@pytest.mark.parametrize(
    "name", ["Norris", "Pontius", "NoInt1", "Longley", "Wampler1", "Wampler2", "Wampler3"]
)
def test_nine_digits_are_right(name):
    facts = json.loads((FOLDER / f"{name}.certified.json").read_text())
    with (FOLDER / f"{name}.csv").open() as file:
        rows = list(csv.DictReader(file))
    y = np.array([float(row["y"]) for row in rows])
    X = np.array([[float(row[key]) for key in row if key != "y"] for row in rows])
    certified = np.array([float(value) for value in facts["certified_coefficients"].values()])
    n_powers = len(certified) - facts["intercept"]
    if X.shape[1] == 1:
        X = np.column_stack([X[:, 0] ** k for k in range(1, n_powers + 1)])
    model = LinearRegression(fit_intercept=facts["intercept"]).fit(X, y)
    found = np.append(model.intercept_, model.coef_) if facts["intercept"] else model.coef_
    error = np.abs(found - certified) / np.where(certified == 0.0, 1.0, np.abs(certified))
    assert -np.log10(error.max() + 1e-16) >= 9.0
