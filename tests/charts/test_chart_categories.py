"""Bars of levels: the frequent ones, the others together, the missing ones apart."""

import pytest

from groundup.charts import category_distribution
from groundup.charts.categories import bars
from groundup.errors import UsageError


def test_levels_are_sorted_and_the_rest_is_summed():
    found = bars({f"L{i:02d}": i + 1 for i in range(20)}, n_missing=4, top=3)
    assert found.labels == ["L19", "L18", "L17", "17 other levels", "missing"]
    assert found.counts == [20, 19, 18, 153, 4]
    assert found.kinds == ["level"] * 3 + ["rest", "missing"]


def test_one_more_level_than_room_keeps_its_name():
    assert bars({"a": 3, "b": 2, "c": 1}, top=2).labels == ["a", "b", "c"]


def test_levels_named_like_ours_stay_apart():
    found = bars([("missing", 5), (None, 4), ("None", 3)], n_missing=2)
    assert found.labels == ["missing", "None", "None (2)", "missing (2)"]


def test_reading():
    chart = category_distribution({"yes": 3, "no": 6}, name="paid", n_missing=1)
    assert (
        chart.reading
        == "“paid” has 2 levels; the most frequent is “no” with 60.0% of 10 rows. 1 rows are missing (10.0%)."
    )
    nothing = category_distribution({}, name="x", n_missing=7)
    assert nothing.reading == "None of the 7 rows of “x” holds a value."
    nothing.to_svg()


def test_bad_counts():
    with pytest.raises(UsageError, match="negative"):
        bars({"a": -1})
    with pytest.raises(UsageError, match="no rows"):
        category_distribution({}, name="x")
