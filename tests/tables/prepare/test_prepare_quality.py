"""What boosting and linear models reach on real tables that were prepared here."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from groundup.models import HistGradientBoostingClassifier, HistGradientBoostingRegressor, Ridge
from groundup.tables import Contract, TablePreparer
from groundup.tables.prepare import flavour_of

pytestmark = pytest.mark.data


def prepared(real_data, path, target, learner):
    """Return (fitted pipeline, test rows, test target)."""
    frame = pl.read_csv(real_data / path, infer_schema_length=None)
    contract = Contract.infer(frame, target=target)
    X, y = contract.conform(frame).frame, contract.target_values(frame)
    train, test = train_test_split(np.arange(len(y)), test_size=0.15, random_state=0)
    kinds = {column.name: column.kind for column in contract.feature_columns}
    pipeline = make_pipeline(TablePreparer(flavour_of(learner), kinds=kinds), learner)
    return pipeline.fit(X[train], y[train]), X[test], y[test]


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
    pipeline, X, y = prepared(real_data, path, target, learner)
    assert np.sqrt(np.mean((pipeline.predict(X) - y) ** 2)) <= most


def test_telco(real_data):
    learner = HistGradientBoostingClassifier(max_iter=60, learning_rate=0.06, random_state=0)
    pipeline, X, y = prepared(real_data, "telco_churn/Telco-Customer-Churn.csv", "Churn", learner)
    assert roc_auc_score(y, pipeline.predict_proba(X)[:, 1]) >= 0.83
