"""Metrics against scikit-learn's, and what they say of rows that cannot answer."""

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.errors import UsageError
from groundup.judge import Predicted, confusion, metric, metrics_of, scores
from groundup.judge.metrics import METRICS, aligned


def _classes(rng, n_classes, n=200):
    classes = np.array([f"c{k}" for k in range(n_classes)])
    p = rng.dirichlet(np.ones(n_classes), n)
    y = classes[[rng.choice(n_classes, p=q) for q in p]]
    return y, Predicted(classes[p.argmax(1)], p, classes)


@pytest.mark.parametrize("seed", range(5))
def test_two_classes_equal_sklearn(seed):
    y, said = _classes(np.random.default_rng(seed), 2)
    found = {name: score.value for name, score in scores("binary", y, said).items()}
    v = said.values
    assert found == pytest.approx(
        {
            "accuracy": sk.accuracy_score(y, v),
            "balanced_accuracy": sk.balanced_accuracy_score(y, v),
            "precision": sk.precision_score(y, v, pos_label="c1"),
            "recall": sk.recall_score(y, v, pos_label="c1"),
            "f1": sk.f1_score(y, v, pos_label="c1"),
            "roc_auc": sk.roc_auc_score(y, said.probabilities[:, 1]),
            "log_loss": sk.log_loss(y, said.probabilities),
        },
        rel=1e-12,
    )


@pytest.mark.parametrize("seed", range(5))
def test_more_classes_equal_sklearn(seed):
    y, said = _classes(np.random.default_rng(seed), 4)
    found = {name: score.value for name, score in scores("multiclass", y, said).items()}
    v, p = said.values, said.probabilities
    assert found == pytest.approx(
        {
            "accuracy": sk.accuracy_score(y, v),
            "balanced_accuracy": sk.balanced_accuracy_score(y, v),
            "precision": sk.precision_score(y, v, average="macro"),
            "recall": sk.recall_score(y, v, average="macro"),
            "f1": sk.f1_score(y, v, average="macro"),
            "roc_auc": sk.roc_auc_score(y, p, multi_class="ovr", average="macro"),
            "log_loss": sk.log_loss(y, p),
        },
        rel=1e-12,
    )


@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=3, max_size=40).filter(
        lambda rows: np.ptp([a for a, _ in rows]) > 1e-3
    )
)
@settings(max_examples=100, deadline=None)
def test_regression_equals_sklearn(rows):
    y, v = np.array(rows).T
    found = {name: score.value for name, score in scores("regression", y, Predicted(v)).items()}
    assert found == pytest.approx(
        {
            "rmse": sk.root_mean_squared_error(y, v),
            "mae": sk.mean_absolute_error(y, v),
            "mse": sk.mean_squared_error(y, v),
            "r2": sk.r2_score(y, v),
        },
        rel=1e-9,
        abs=1e-9,
    )


def test_clusters_equal_sklearn():
    rng = np.random.default_rng(0)
    centers = np.array([[0.0, 0], [5, 0], [0, 5]])
    labels = rng.integers(0, 3, 300)
    points = centers[labels] + rng.normal(size=(300, 2))
    found = scores("clustering", None, Predicted(labels, points=points, centers=centers))
    assert found["silhouette"].value == pytest.approx(sk.silhouette_score(points, labels))
    assert found["davies_bouldin"].value == pytest.approx(sk.davies_bouldin_score(points, labels))
    assert found["calinski_harabasz"].value == pytest.approx(sk.calinski_harabasz_score(points, labels))
    assert found["inertia"].value == pytest.approx(((points - centers[labels]) ** 2).sum())


def test_silhouette_of_many_rows_is_a_seeded_sample():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 12_000)
    points = labels[:, None] * 4.0 + rng.normal(size=(12_000, 2))
    said = Predicted(labels, points=points)
    first, again = (metric("silhouette").score(None, said).value for _ in range(2))
    assert first == again
    assert first == pytest.approx(sk.silhouette_score(points, labels), abs=0.01)


@pytest.mark.parametrize(
    ("task", "y", "said", "without"),
    [
        (
            "binary",
            np.array(["a", "a"]),
            Predicted(np.array(["a", "b"]), np.array([[0.9, 0.1], [0.4, 0.6]]), np.array(["a", "b"])),
            {"roc_auc", "recall", "f1"},
        ),
        (
            "binary",
            np.array(["a", "b"]),
            Predicted(np.array(["a", "b"]), None, np.array(["a", "b"])),
            {"roc_auc", "log_loss"},
        ),
        (
            "binary",
            np.array(["a", "b"]),
            Predicted(np.array(["a", "a"]), np.array([[0.9, 0.1], [0.6, 0.4]]), np.array(["a", "b"])),
            {"precision"},
        ),
        ("regression", np.array([3.0]), Predicted(np.array([2.0])), {"r2"}),
        ("regression", np.array([3.0, 3.0]), Predicted(np.array([2.0, 3.0])), {"r2"}),
        ("regression", np.array([0.0, 1.0]), Predicted(np.array([1e300, -1e300])), {"mse", "r2"}),
        (
            "clustering",
            None,
            Predicted(np.zeros(5, int), points=np.ones((5, 2)), centers=np.ones((1, 2))),
            {"silhouette", "davies_bouldin", "calinski_harabasz"},
        ),
        ("regression", np.array([]), Predicted(np.array([])), {"rmse", "mae", "mse", "r2"}),
    ],
)
def test_rows_that_cannot_answer_give_a_reason(task, y, said, without):
    found = scores(task, y, said)
    assert {name for name, score in found.items() if score.value is None} == without
    assert all(score.reason for score in found.values() if score.value is None)


def test_classes_that_a_part_lacks():
    classes = np.array(["a", "b", "c"])
    p = aligned(np.array([[0.8, 0.2], [0.3, 0.7], [0.5, 0.5]]), np.array(["a", "b"]), classes)
    assert p.tolist() == [[0.8, 0.2, 0], [0.3, 0.7, 0], [0.5, 0.5, 0]]
    found = scores("multiclass", np.array(["a", "b", "c"]), Predicted(np.array(["a", "b", "a"]), p, classes))
    assert found["log_loss"].value == pytest.approx(-(np.log(0.8) + np.log(0.7) + np.log(2.0**-52)) / 3)
    assert found["roc_auc"].value is not None
    missing_two = scores("multiclass", np.array(["a", "a"]), Predicted(np.array(["a", "a"]), p[:2], classes))
    assert missing_two["roc_auc"].value is None


def test_confusion_has_names():
    classes = np.array(["no", "yes"])
    found = confusion(np.array(["no", "no", "yes"]), np.array(["no", "yes", "yes"]), classes)
    assert found.to_dict() == {"labels": ["no", "yes"], "counts": [[1, 1], [0, 1]]}
    assert found.worst() == ("no", "yes", 1)
    assert confusion(classes, classes, classes).worst() is None


def test_metrics_of_a_task_begin_with_the_primary_one():
    assert metrics_of("binary")[0].name == "roc_auc"
    with pytest.raises(UsageError, match="Did you mean 'roc_auc'"):
        metric("rocauc")
    assert all(m.meaning and m.tasks for m in METRICS.values())
