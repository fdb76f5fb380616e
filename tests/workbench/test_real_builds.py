"""The flow on real tables: ../shared/data. The quality goals are shown by benchmarks; these bounds catch breakage."""

from pathlib import Path

import pytest

import groundup as gu

DATA = Path(__file__).parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.data


@pytest.mark.parametrize(
    ("file", "target", "metric", "bound"),
    [
        ("telco_churn/Telco-Customer-Churn.csv", "Churn", "roc_auc", 0.83),
        ("penguins/penguins.csv", "species", "accuracy", 0.94),
        ("auto_mpg/mpg.csv", "mpg", "r2", 0.75),
        ("titanic/titanic_train.csv", "Survived", "roc_auc", 0.80),
    ],
)
def test_scores(tmp_path, file, target, metric, bound):
    result = gu.Project(DATA / file, target=target, path=tmp_path).build(max_fits=20)
    assert result.metrics["test"][metric] >= bound
    assert result.regime not in ("memorised", "nothing")


def test_telco_reads_blanks_as_missing_and_leaves_the_identifier_out(tmp_path):
    project = gu.Project(DATA / "telco_churn" / "Telco-Customer-Churn.csv", target="Churn", path=tmp_path)
    assert "customerID" in project.contract.ignored
    total = project.contract.by_name["TotalCharges"]
    assert project.table.frame["TotalCharges"].null_count() == 11
    described = project.table.frame["TotalCharges"][project.split.development]
    assert (total.kind, total.missing) == ("number", described.null_count() / len(described))


def test_mall_customers_have_segments(tmp_path):
    project = gu.Project(DATA / "mall_customers" / "mall_customers.csv", path=tmp_path)
    result = project.build()
    assert "CustomerID" in project.contract.ignored
    assert 5 <= result.best.params["n_clusters"] <= 7
    assert result.metrics["train"]["silhouette"] > 0.35
    assert sum(s.rows for s in result.segments) == len(project.split.development)
