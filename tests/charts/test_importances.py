"""Importance: order, intervals, and columns without significant importance."""

import pytest

from groundup.charts import importance
from groundup.charts.importances import ranked
from groundup.errors import UsageError


def test_order_and_clearness():
    found = ranked(["a", "b", "c"], [0.1, 0.3, -0.2], [0.0, 0.2, -0.3], [0.2, 0.4, -0.1])
    assert found.names == ["b", "a", "c"]
    assert found.is_clear.tolist() == [True, False, True]


def test_reading():
    chart = importance(["a", "b", "c"], [0.1, 0.3, 0.0], [0.05, 0.2, -0.1], [0.2, 0.4, 0.1], metric="AUC")
    assert chart.reading == (
        "The model relies most on “b”: without it AUC is worse by 0.3000. Then comes “a”. "
        "One column has no significant importance."
    )
    assert "No column makes a difference" in importance(["a"], [0.0], metric="AUC").reading


def test_many_columns_show_the_first():
    chart = importance([f"c{i}" for i in range(300)], range(300), metric="AUC", top=20)
    assert "(the first 20 of 300 columns)" in chart.title
    assert chart.panel_specs()[0]["datasets"]["rows"][0]["label"] == "c299"
    assert len(chart.table["rows"]) == 50


def test_an_interval_must_hold_its_mean():
    with pytest.raises(UsageError, match="hold its mean") as caught:
        ranked(["a", "b"], [1.0, 1.0], [0.0, 2.0], [2.0, 3.0])
    assert caught.value.column == "b"
