"""Partial dependence: curves, levels, bands, single rows."""

import numpy as np
import pytest

from groundup.charts import partial_dependence
from groundup.charts.dependence import dependence
from groundup.errors import UsageError


def test_a_grid_is_sorted_and_thinned_with_all_that_belongs_to_it():
    x = np.linspace(0, 9, 500)[::-1]
    found = dependence(x, np.sin(x), np.sin(x) - 1, np.sin(x) + 1, np.tile(np.sin(x), (100, 1)))
    assert np.all(np.diff(found.grid) > 0)
    assert len(found.grid) <= 60
    np.testing.assert_allclose(found.mean, np.sin(found.grid))
    np.testing.assert_allclose(found.low, found.mean - 1)
    np.testing.assert_allclose(found.high, found.mean + 1)
    assert found.single.shape == (40, len(found.grid))


def test_levels_keep_their_names_and_are_sorted_by_effect():
    found = dependence(["a", None, "c"], [1.0, 3.0, 2.0])
    assert found.levels == ["missing", "c", "a"]
    assert found.mean.tolist() == [3, 2, 1]
    assert dependence([True, False], [0.1, 0.2]).levels == ["false", "true"]


@pytest.mark.parametrize(
    ("mean", "words"),
    [
        ([0, 1, 2], "rising throughout"),
        ([2, 1, 0], "falling throughout"),
        ([0, 2, 1], "not in one direction"),
        ([1, 1, 1], "does not move"),
    ],
)
def test_direction_in_words(mean, words):
    assert words in partial_dependence([1, 2, 3], mean, name="age").reading


def test_ticks_stand_for_rows_within_the_grid():
    chart = partial_dependence(
        [0, 10], [0, 1], name="x", values=np.concatenate([np.arange(11), [99, np.nan]])
    )
    ticks = [row["x"] for row in chart.panel_specs()[0]["datasets"]["values"]]
    assert (min(ticks), max(ticks)) == (0, 10)


def test_bad_input():
    with pytest.raises(UsageError, match="both low and high"):
        dependence([1, 2], [1, 2], low=[0, 1])
    with pytest.raises(UsageError, match=r"shape \(n_rows, 2\)"):
        dependence([1, 2], [1, 2], individual=[[1, 2, 3]])
    with pytest.raises(UsageError, match="mean has 1 values instead of 2"):
        dependence([1, 2], [1])
