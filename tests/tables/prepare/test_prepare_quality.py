"""What boosting and linear models reach on real tables that were prepared here."""

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from groundup.models import HistGradientBoostingClassifier, HistGradientBoostingRegressor, Ridge
from groundup.tables import Contract, TablePreparer
from groundup.tables.prepare import preprocessing_of

pytestmark = pytest.mark.data


SEEDS = range(5)


def scores(real_data, path, target, learner, score):
    """Return the mean of score(pipeline, test rows, test target) over the split seeds 0-4."""
    frame = pl.read_csv(real_data / path, infer_schema_length=None)
    contract = Contract.infer(frame, target=target)
    X, y = contract.conform(frame).frame, contract.target_values(frame)
    kinds = {column.name: column.kind for column in contract.feature_columns}
    found = []
    for seed in SEEDS:
        labels = None if contract.task == "regression" else y
        train, test = train_test_split(np.arange(len(y)), test_size=0.15, random_state=seed, stratify=labels)
        pipeline = make_pipeline(TablePreparer(preprocessing_of(learner), kinds=kinds), clone(learner))
        found.append(score(pipeline.fit(X[train], y[train]), X[test], y[test]))
    return np.mean(found)


def rmse(pipeline, X, y):
    return np.sqrt(np.mean((pipeline.predict(X) - y) ** 2))


def auc(pipeline, X, y):
    return roc_auc_score(y, pipeline.predict_proba(X)[:, 1])


@pytest.mark.parametrize(
    ("path", "target", "learner", "most"),
    [
        ("diamonds/diamonds.csv", "price", HistGradientBoostingRegressor(random_state=0), 570),
        (
            "california_housing/housing.csv",
            "median_house_value",
            HistGradientBoostingRegressor(random_state=0),
            49_500,
        ),
        ("california_housing/housing.csv", "median_house_value", Ridge(), 72_000),
    ],
    ids=str,
)
def test_error(real_data, path, target, learner, most):
    assert scores(real_data, path, target, learner, rmse) <= most


def test_telco(real_data):
    learner = HistGradientBoostingClassifier(max_iter=60, learning_rate=0.06, random_state=0)
    assert scores(real_data, "telco_churn/Telco-Customer-Churn.csv", "Churn", learner, auc) >= 0.835
