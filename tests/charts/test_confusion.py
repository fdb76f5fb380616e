"""The confusion matrix: counts, shares of the true label, and many labels."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix

from groundup import charts
from groundup.charts.confusion import matrix
from groundup.errors import UsageError


def test_cells_hold_counts_and_shares():
    chart = charts.confusion_matrix([[8, 2], [1, 9]], ["no", "yes"])
    cells = {(c["actual"], c["predicted"]): c for c in chart.panel_specs()[0]["datasets"]["cells"]}
    assert [(c["n"], c["share"], c["kind"]) for c in cells.values()] == [
        (8, 0.8, "right"),
        (2, 0.2, "error"),
        (1, 0.1, "error"),
        (9, 0.9, "right"),
    ]
    assert chart.table["rows"] == [["no", 8, 2], ["yes", 1, 9]]


def test_reading_names_the_worst_error():
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 3, 300), rng.integers(0, 3, 300)
    counts = confusion_matrix(y, p)
    told = charts.confusion_matrix(counts, ["a", "b", "c"]).reading
    assert told.startswith(f"{100 * accuracy_score(y, p):.1f}" + "% of 300 rows")
    off = counts - np.diag(np.diag(counts))
    i, j = np.unravel_index(off.argmax(), off.shape)
    assert f"“{'abc'[i]}” predicted as “{'abc'[j]}”, {off.max()} rows" in told
    assert "There are no errors." in charts.confusion_matrix([[1, 0], [0, 1]], [0, 1]).reading


def test_rare_labels_share_a_line():
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 5, (200, 200))
    counts[7] += 1000
    found = matrix(counts, [f"L{i}" for i in range(200)])
    assert found.counts.shape == (40, 40)
    assert found.counts.sum() == counts.sum()
    assert "L7" in found.labels
    assert found.labels[-1] == "161 other labels"
    chart = charts.confusion_matrix(counts, [f"L{i}" for i in range(200)])
    assert len(chart.panel_specs()[0]["datasets"]["cells"]) == 1_600


def test_a_label_that_never_occurs_has_no_share():
    chart = charts.confusion_matrix([[3, 0], [0, 0]], ["a", "b"])
    assert [c["share"] for c in chart.panel_specs()[0]["datasets"]["cells"]] == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("counts", "labels"), [([[1]], ["a", "b"]), ([[0, 0], [0, 0]], "ab"), ([[-1, 1], [1, 1]], "ab"), ([], [])]
)
def test_bad_matrices(counts, labels):
    with pytest.raises(UsageError):
        matrix(counts, list(labels))
