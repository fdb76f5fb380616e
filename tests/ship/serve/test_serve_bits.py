"""Python, ``groundup predict`` and REST say the same, bit by bit, on a thousand rows."""

from datetime import date, datetime
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from serving import serving
from sklearn.pipeline import Pipeline
from typer.testing import CliRunner

from groundup.cli import application
from groundup.models import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    LogisticRegression,
    Ridge,
)
from groundup.ship import bundle
from groundup.tables import Contract, TablePreparer, read
from groundup.tables.prepare import preprocessing_of

N_ROWS = 1000
#: Folder, file, target, learner: classifiers and regressors, trees and linear, categories, blanks, booleans, dates.
REAL = [
    (
        "telco_churn",
        "Telco-Customer-Churn.csv",
        "Churn",
        HistGradientBoostingClassifier(max_iter=10, random_state=0),
    ),
    ("adult", "adult_test.csv", "income", LogisticRegression()),
    ("penguins", "penguins.csv", "species", LogisticRegression()),
    ("california_housing", "housing.csv", "median_house_value", Ridge()),
    ("nyc_taxis", "taxis.csv", "total", HistGradientBoostingRegressor(max_iter=10, random_state=0)),
    ("titanic", "titanic_train.csv", "Survived", HistGradientBoostingClassifier(max_iter=10, random_state=0)),
]


def fit(table, target, learner, folder):
    """Fit and save; return the model and at most N_ROWS rows of its features."""
    contract = Contract.infer(table, target)
    X = table.frame.select(list(contract.features))
    y = contract.target_values(table)
    pipeline = Pipeline([("prepare", TablePreparer(preprocessing_of(learner))), ("learn", learner)])
    pipeline.fit(contract.conform(X).frame, y)
    rows = X[:N_ROWS]
    return bundle.save(pipeline, folder / "model.groundup", rows, contract=contract), rows


def as_json(value):
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def by_rest(model, rows):
    """Ask for all rows at once and, the first of them, one by one."""
    sent = [{name: as_json(v) for name, v in row.items()} for row in rows.to_dicts()]
    with serving(model) as client:
        together = client.predict(sent).json["answers"]
        alone = [client.predict(row).json["answers"][0] for row in sent[:200]]
    for one, among in zip(alone, together[:200], strict=True):
        assert (one["prediction"], one["probabilities"]) == (among["prediction"], among["probabilities"])
    return together


def by_command(model, rows, folder):
    """Write the rows as CSV, and predict them from the command line into Parquet."""
    rows.write_csv(folder / "rows.csv")
    out = folder / "out.parquet"
    words = ["predict", folder / "model.groundup", folder / "rows.csv", "--only", "-q", "-o", out]
    said = CliRunner().invoke(application(), [str(w) for w in words])
    assert said.exit_code == 0, said.output
    return pl.read_parquet(out)


def check_same(model, rows, folder):
    predicted = model.predict(rows).tolist()
    rest, command = by_rest(model, rows), by_command(model, rows, folder)
    assert [a["prediction"] for a in rest] == predicted
    assert command["prediction"].to_list() == predicted
    if model.classes is not None:
        shares = model.predict_proba(rows)
        assert np.array_equal(np.array([list(a["probabilities"].values()) for a in rest]), shares)
        names = [f"probability_{label}" for label in model.classes]
        assert np.array_equal(command.select(names).to_numpy(), shares)
    row = rows.to_dicts()[0]
    assert model.predict_row(row) == predicted[0]


@pytest.mark.data
@pytest.mark.parametrize("case", REAL, ids=[case[0] for case in REAL])
def test_real_sets(case, real_data, tmp_path):
    folder, file, target, learner = case
    model, rows = fit(read(real_data / folder / file), target, learner, tmp_path)
    assert rows.height == N_ROWS or folder in ("penguins", "titanic")
    check_same(model, rows, tmp_path)


@pytest.mark.parametrize("target", ["leaves", "is_gone", "stage", "value"])
def test_made_rows(target, tmp_path):
    from bundled import FEATURES, customers

    frame = customers(N_ROWS).select([*FEATURES, target])
    table = SimpleNamespace(frame=frame)
    learner = (
        HistGradientBoostingRegressor(max_iter=8, random_state=0)
        if target == "value"
        else HistGradientBoostingClassifier(max_iter=8, random_state=0)
    )
    contract = Contract.infer(frame, target)
    X = frame.select(FEATURES)
    pipeline = Pipeline([("prepare", TablePreparer(preprocessing_of(learner))), ("learn", learner)])
    pipeline.fit(X, contract.target_values(table.frame))
    model = bundle.save(pipeline, tmp_path / "model.groundup", X, contract=contract)
    check_same(model, X, tmp_path)
