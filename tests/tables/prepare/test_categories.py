"""Levels: order, rarity, what becomes of missing and unknown ones."""

import math

import numpy as np
import polars as pl
import pytest

from groundup.tables import TablePreparer
from groundup.tables.prepare.categories import sort_levels


def prepared(values, preprocessing, **params):
    frame = pl.DataFrame({"always": np.arange(float(len(values))), "c": values})
    return TablePreparer(preprocessing, **params).fit(frame)


def cells(preparer, value):
    return preparer.transform_row({"always": 0.0, "c": value})[1:].tolist()


def test_numbers_are_ordered_as_numbers():
    assert sort_levels(["10", "9", "2"]) == ["2", "9", "10"]
    assert sort_levels(["10", "9", "b"]) == ["10", "9", "b"]
    assert sort_levels(["nan", "9", "10"]) == ["10", "9", "nan"]


def test_an_unseen_level_is_not_a_missing_one():
    linear = prepared(["a", "b", None] * 20, "linear")
    assert cells(linear, None) == [0.0, 0.0, 1.0]
    assert cells(linear, "z") == [0.0, 0.0, 0.0]
    trees = prepared(["a", "b", "b", None] * 20, "trees")
    assert cells(trees, "a") == [0.0]
    assert math.isnan(cells(trees, None)[0])
    assert cells(trees, "z") == cells(trees, "b")  # the most frequent level


def test_an_unseen_level_is_missing_for_trees_that_saw_no_missing_value():
    assert math.isnan(cells(prepared(["a", "b"] * 20, "trees"), "z")[0])
    complete = prepared(["a", "b"] * 20, "linear")
    assert cells(complete, "z") == cells(complete, None) == [0.0, 0.0]


def test_an_unknown_level_is_rare_if_training_had_rare_levels():
    values = ["a"] * 1500 + ["b"] * 490 + [f"rare{k}" for k in range(10)]
    linear = prepared(values, "linear")
    assert linear.get_feature_names_out().tolist()[1:] == ["c_a", "c_b", "c_(other)"]
    assert cells(linear, "rare3") == cells(linear, "never") == [0.0, 0.0, 1.0]
    assert cells(linear, None) == [0.0, 0.0, 0.0]
    trees = prepared(values, "trees")
    assert cells(trees, "rare3") == cells(trees, "never") == [2.0]


def test_small_tables_have_no_rare_levels():
    assert prepared(["a", "b", "c", "a"], "linear").plan_.columns[1].levels == ("a", "b", "c")


def test_max_levels_keeps_the_most_frequent():
    values = ["a"] * 5 + ["b"] * 9 + ["c"] * 7
    assert prepared(values, "linear", max_levels=2).plan_.columns[1].levels == ("b", "c")


def test_many_levels_have_codes_by_frequency():
    values = [f"z{k:02}" for k in range(25) for _ in range(30 - k)]
    node = prepared(values, "trees").plan_.columns[1]
    assert node.levels == tuple(f"z{k:02}" for k in range(25))
    few = [f"z{k:02}" for k in range(5) for _ in range(30 + k)]
    assert prepared(few, "trees").plan_.columns[1].levels == tuple(f"z{k:02}" for k in range(5))


def test_a_column_that_identifies_rows_is_ignored():
    frame = pl.DataFrame({"x": np.arange(3000.0), "key": [f"k{i}" for i in range(3000)]})
    assert TablePreparer().fit(frame).ignored_ == {"key": "every value is rare, so it identifies rows"}


@pytest.mark.parametrize("preprocessing", ["linear", "trees"])
def test_levels_match_by_value_across_types(preprocessing):
    frame = pl.DataFrame({"c": [1, 2, 3] * 10})
    preparer = TablePreparer(preprocessing, kinds={"c": "category"}).fit(frame)
    expected = preparer.transform(frame).tobytes()
    for dtype in (pl.Int8, pl.UInt64, pl.Float64, pl.Float32, pl.String):
        same = frame.cast(dtype)
        assert preparer.transform(same).tobytes() == expected
        assert np.stack([preparer.transform_row(row) for row in same.to_dicts()]).tobytes() == expected
    assert (
        preparer.transform_row({"c": np.int32(2)}).tobytes() == preparer.transform_row({"c": "2"}).tobytes()
    )
    truths = TablePreparer(preprocessing, kinds={"c": "category"}).fit(
        pl.DataFrame({"c": [True, False] * 10})
    )
    assert truths.transform_row({"c": True}).tobytes() == truths.transform_row({"c": "true"}).tobytes()


def test_columns_of_few_levels_are_offered_to_models_with_categories_of_their_own():
    assert prepared(["a", "b", "c"] * 20, "trees").level_columns_ == [1]
    assert (
        prepared(["a", "b", "b"] * 20, "trees").level_columns_ == []
    )  # two levels are split alike either way
    assert prepared([f"v{i % 40}" for i in range(800)], "trees").level_columns_ == []
    assert prepared(["a", "b", "c"] * 20, "linear").level_columns_ == []
