"""Groups on a plane: every group has its name, few rows are drawn, the rest stand behind."""

import numpy as np
import pytest

from groundup.charts import clusters_map
from groundup.errors import UsageError


def drawn(n, n_groups, names=None):
    rng = np.random.default_rng(0)
    group = np.arange(n) % n_groups
    names = names or [str(i) for i in range(n_groups)]
    return clusters_map(rng.normal(size=n), rng.normal(size=n), group, names, shown_share=0.5)


def test_few_groups_have_a_colour_each():
    chart = drawn(90, 3)
    (panel,) = chart.panels
    assert len(panel.rows["points"]) == 90
    assert "rest" not in panel.rows
    assert [row["n"] for row in panel.rows["middles"]] == [30, 30, 30]
    assert "50.0% of the variance" in chart.reading


def test_many_rows_are_sampled_and_many_groups_stand_behind():
    (panel,) = drawn(20_000, 8).panels
    assert len(panel.rows["points"]) + len(panel.rows["rest"]) == 1_500
    assert len(panel.rows["middles"]) == 8


def test_names_are_text_and_positions_are_checked():
    assert "</script>" in drawn(30, 2, ["</script>", "b"]).table["rows"][0][0]
    with pytest.raises(UsageError, match="position"):
        clusters_map([0, 1], [0, 1], [0, 2], ["a", "b"], shown_share=0.5)
