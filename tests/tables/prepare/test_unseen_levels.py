"""A level that training did not have is neither a missing value nor one of the known levels."""

from pathlib import Path

import pytest
from sklearn.pipeline import Pipeline

from groundup.models import DecisionTreeClassifier, LogisticRegression
from groundup.tables import Contract, TablePreparer, read

CASE = Path(__file__).parents[2] / "inputs" / "missing_is_informative.csv"


@pytest.mark.parametrize(
    ("preprocessing", "learner"),
    [("linear", LogisticRegression()), ("trees", DecisionTreeClassifier(max_depth=3))],
)
def test_where_missing_means_something_an_unseen_level_does_not(preprocessing, learner):
    table = read(CASE)
    contract = Contract.infer(table, "bought")
    pipeline = Pipeline([("prepare", TablePreparer(preprocessing)), ("learn", learner)])
    pipeline.fit(contract.conform(table).frame, contract.target_values(table))

    def chance(city):
        frame = contract.conform([{"city": city, "age": 50}]).frame
        return pipeline.predict_proba(frame)[0, 1]

    assert chance(None) > 0.85
    assert min(chance("a"), chance("b")) - 0.2 < chance("zzz") < max(chance("a"), chance("b")) + 0.2
