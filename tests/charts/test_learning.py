"""The learning curve: the best iteration, gaps, and what the words say."""

import numpy as np
import pytest

from groundup.charts import learning_curve
from groundup.errors import UsageError


def test_the_best_iteration_is_found_on_held_out_rows():
    loss = [3.0, 2.0, 1.0, 2.0]
    chart = learning_curve({"train": [3.0, 1.5, 0.5, 0.1], "valid": loss}, metric="log loss")
    assert chart.panel_specs()[0]["datasets"]["best"] == [{"x": 3, "y": 1, "words": "best: 3"}]
    assert "after 3 of 4 iterations: log loss 1.000. There the distance to “train” is 0.5000" in chart.reading
    assert "gets worse, by 1.000 to the end" in chart.reading
    up = learning_curve({"valid": loss}, metric="AUC", greater_is_better=True)
    assert up.panel_specs()[0]["datasets"]["best"][0]["x"] == 1


def test_still_improving():
    assert "more iterations may help" in learning_curve({"valid": [3.0, 2.0, 1.0]}, metric="m").reading


def test_gaps_and_series_of_different_length():
    chart = learning_curve({"train": [3.0, np.nan, 1.0, 0.5, 0.4], "valid": [3.0, 2.0, 2.5]}, metric="m")
    drawn = chart.panel_specs()[0]["datasets"]["rows"]
    assert [row["x"] for row in drawn if row["series"] == "train"] == [1, 3, 4, 5]
    assert chart.table["rows"][-1] == [5, 0.4, None]
    chart.to_svg()


def test_a_hundred_thousand_iterations_are_thinned():
    scores = np.exp(-np.arange(100_000) / 9_000)
    drawn = learning_curve({"train": scores, "valid": scores + 0.1}, metric="m").panel_specs()[0]["datasets"][
        "rows"
    ]
    assert len(drawn) <= 1_200
    assert drawn[-1]["x"] == 100_000


def test_one_iteration_can_be_drawn():
    learning_curve({"valid": [1.0]}, metric="m").to_svg()


@pytest.mark.parametrize(
    ("series", "best", "words"),
    [
        ({}, None, "1 to 5"),
        ({"a": [np.nan]}, None, "finite"),
        ({"a": [1.0]}, 2, "from 1 to 1"),
        ({"a": []}, None, "empty"),
    ],
)
def test_bad_input(series, best, words):
    with pytest.raises(UsageError, match=words):
        learning_curve(series, metric="m", best=best)
