"""Models in order, with their intervals."""

import pytest

from groundup.charts import leaderboard
from groundup.charts.leaderboards import lines
from groundup.errors import UsageError

ENTRIES = [
    {"name": "tree", "folds": [0.80, 0.82, 0.81]},
    {"name": "boosting", "folds": [0.90, 0.88, 0.92], "margin": 0.05},
    {"name": "guess", "folds": [0.5, 0.5, 0.5], "is_baseline": True},
    {"name": "failed", "folds": [float("nan")]},
]


def test_order_mean_and_margin():
    found = lines(ENTRIES)
    assert [ln.name for ln in found] == ["boosting", "tree", "guess"]
    assert found[0].score == pytest.approx(0.9)
    assert found[0].margin == 0.05
    assert [ln.name for ln in lines(ENTRIES, greater_is_better=False)] == ["guess", "tree", "boosting"]


def test_reading():
    told = leaderboard(ENTRIES, metric="accuracy").reading
    assert told.startswith(
        "“boosting” leads with accuracy 0.9000 ± 0.050 over folds (higher is better). Next comes “tree” with 0.8100."
    )
    assert told.endswith("The baseline has 0.5000.")
    close = [{"name": "a", "folds": [0.8, 0.9]}, {"name": "b", "folds": [0.79, 0.9]}]
    assert (
        "chance" not in leaderboard(close, metric="m").reading
    )  # folds that overlap are no test of a difference
    tied = [close[0], close[1] | {"is_tied": True}]
    assert "“b” with 0.8450, not significantly different." in leaderboard(tied, metric="m").reading
    assert leaderboard(ENTRIES, metric="m", chosen="tree").reading.startswith("“tree” is chosen")


def test_the_chosen_and_the_baseline_are_always_shown():
    many = [{"name": f"m{i}", "score": i} for i in range(100)] + [
        {"name": "b", "score": -1, "is_baseline": True}
    ]
    chart = leaderboard(many, metric="m", chosen="m0", top=5)
    assert [row[0] for row in chart.table["rows"]] == [
        "m99",
        "m98",
        "m97",
        "m96",
        "m95",
        "m0",
        "b (baseline)",
    ]
    drawn = chart.panel_specs()[0]["datasets"]["models"]
    assert [row["label"] for row in drawn if row["chosen"]] == ["m0"]


def test_equal_scores_and_one_model_can_be_drawn():
    leaderboard([{"name": "a", "folds": [0.0, 0.0]}], metric="m").to_svg()
    leaderboard([{"name": "a", "score": 3.0}, {"name": "a", "score": 3.0}], metric="m").to_svg()


def test_no_score_at_all():
    with pytest.raises(UsageError, match="No model has a score"):
        leaderboard([{"name": "a", "folds": []}], metric="m")
