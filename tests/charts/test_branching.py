"""The tree: where nodes stand, what they say, how far it is drawn, and the way of a row."""

import numpy as np
import pytest

from groundup.charts import tree
from groundup.charts.branching import MOST_NODES, Nodes
from groundup.errors import UsageError
from groundup.models import DecisionTreeClassifier, DecisionTreeRegressor
from groundup.models.trees import path_in_words, plot_tree


def small(**changed) -> Nodes:
    """Return a root with a question, one leaf on its left."""
    arrays = {
        "left": np.array([1, -1, -1]),
        "right": np.array([2, -1, -1]),
        "feature": np.array([0, -2, -2]),
        "threshold": np.array([1.25, -2.0, -2.0]),
        "value": np.array([[0.5, 0.5], [1.0, 0.0], [0.2, 0.8]]),
        "n_rows": np.array([10, 4, 6]),
    }
    return Nodes(**(arrays | changed))


def data_of(chart) -> dict:
    return chart.panel_specs()[0]["datasets"]


def test_yes_stands_above_its_question_and_no_below():
    chart = tree(small(), ["age"], classes=["no", "yes"])
    data = data_of(chart)
    assert [(row["x"], row["y"], row["text"]) for row in data["questions"]] == [(0, 1, "age ≤ 1.25?")]
    assert [(row["x"], row["y"], row["text"]) for row in data["leaves"]] == [
        (1, 0, "no 100.0%"),
        (1, 2, "yes 80.0%"),
    ]
    assert {row["words"]: row["y"] for row in data["answers"]} == {"yes": 0, "no": 2}
    assert "The largest leaf holds 60.0% of the rows: yes 80.0%." in chart.reading
    assert chart.table["rows"][1] == [1, 1, "yes", "no 100.0%", 4, 0.4]


def test_a_branch_is_as_thick_as_its_rows():
    shares = {row["node"]: row["share"] for row in data_of(tree(small(), ["age"]))["branches"]}
    assert shares == {1: 0.4, 2: 0.6}


def test_every_node_has_a_line_of_its_own():
    rng = np.random.default_rng(0)
    model = DecisionTreeRegressor(max_depth=4).fit(rng.random((200, 3)), rng.random(200))
    data = data_of(plot_tree(model))
    lines = [row["y"] for name in ("questions", "leaves") for row in data[name]]
    assert sorted(lines) == list(range(model.tree_.node_count))


def test_a_large_tree_is_drawn_as_far_as_there_is_room():
    rng = np.random.default_rng(0)
    X, y = rng.random((500, 3)), rng.integers(3, size=500)
    model = DecisionTreeClassifier().fit(X, y)
    chart = plot_tree(model)
    data = data_of(chart)
    assert len(data["questions"]) + len(data["leaves"]) <= MOST_NODES
    assert "drawn to a depth of" in chart.title
    assert any("more leaves, most often" in row["text"] for row in data["leaves"])
    assert len(data_of(plot_tree(model, max_depth=1))["leaves"]) == 2


def test_the_way_of_a_row_is_that_of_its_words():
    X = np.array([[1.0, 5.0], [2.0, np.nan], [3.0, 1.0], [4.0, np.nan], [5.0, 2.0], [6.0, 7.0]])
    y = np.array(["a", "b", "a", "b", "c", "c"])
    model = DecisionTreeClassifier(random_state=0).fit(X, y)
    for row in X:
        way = {found["node"] for found in data_of(plot_tree(model, row=row)).get("path", [])}
        assert {0} | way == set(model.decision_path([row]).indices)
        assert len(path_in_words(model, row)) == len(way) + 1


def test_one_leaf_is_a_tree():
    chart = plot_tree(DecisionTreeRegressor().fit([[1.0], [2.0]], [3.0, 3.0]))
    assert chart.reading == "One leaf and no question: every row gets the prediction 3."
    assert "3" in chart.to_svg()


def test_more_classes_than_colours_are_drawn():
    X = np.arange(24.0)[:, np.newaxis]
    chart = plot_tree(DecisionTreeClassifier().fit(X, np.arange(24) // 2))
    assert "undefined" not in chart.to_svg()


def test_several_numbers_are_answers_too():
    X, Y = np.arange(4.0)[:, np.newaxis], np.array([[0.0, 1.0], [0.0, 1.0], [2.0, 3.0], [2.0, 3.0]])
    assert "2, 3" in [row["text"] for row in data_of(plot_tree(DecisionTreeRegressor().fit(X, Y)))["leaves"]]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: tree(small(left=np.array([0, -1, -1])), ["a"]), "after it"),
        (lambda: tree(small(right=np.array([9, -1, -1])), ["a"]), "nodes of the tree"),
        (lambda: tree(small(), []), "beyond the 0"),
        (lambda: tree(small(), ["a"], classes=["x"]), "1 labels"),
        (lambda: tree(small(), ["a"], path=[7]), "from 0 to 2"),
        (lambda: tree(small(n_rows=np.array([1])), ["a"]), "one length"),
        (
            lambda: plot_tree(DecisionTreeClassifier().fit([[1], [2]], [[0, 1], [1, 0]])),
            "several outputs",
        ),
    ],
)
def test_what_is_no_tree_is_refused(make, words):
    with pytest.raises(UsageError, match=words):
        make()
