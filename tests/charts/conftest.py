"""One example of every chart, of any size and with any names."""

import numpy as np
import pytest

from groundup import charts
from groundup.charts.branching import Nodes

#: Text that has broken pages, expressions, field names, terminals or readers.
HOSTILE = [
    "a.b",
    "a[0]",
    "a\\.b",
    "it's",
    'say "hi"',
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "<img src=x onerror=alert(1)>",
    "&lt;b&gt; &amp;",
    "datum.x); alert(1); (",
    "{{7*7}} ${7*7} %s %(x)s {0}",
    "__proto__",
    "constructor",
    "\u202egnp.exe",
    "\u2066\u2067isolate",
    "שלום עולם",
    "مرحبا",
    "line\nbreak\ttab",
    "nul\x00 bell\x07 esc\x1b[31m",
    "\u2028 \u2029",
    "👩‍👩‍👧‍👦",
    "",
    "   ",
    "x" * 5_000,
    "=cmd|' /C calc'!A0",
    "null",
    "undefined",
    "NaN",
    "true",
    "\ud800",
]


def every_chart(name: str, n: int = 400, seed: int = 0) -> dict:
    """Return kind -> chart, each of `n` rows and with `name` wherever a stranger's text can stand."""
    rng = np.random.default_rng(seed)
    y = np.tile([0, 1, 1, 0], n // 4)
    p = 1 / (1 + np.exp(-rng.normal(2.0 * y - 1, 1.0)))
    three = np.arange(len(y)) % 3
    votes = rng.random((len(y), 3)) + 0.3 * np.eye(3)[three]
    with_gaps = np.where(rng.random(n) < 0.1, np.nan, rng.gamma(2.0, 10.0, n))
    grid = np.linspace(0, 5, 50)
    lines = rng.normal(grid, 0.1, (min(n, 300), 50))
    scores = np.exp(-np.arange(n) / 50) + 0.2
    names = [name, "plain", name]
    return {
        "numeric_distribution": charts.numeric_distribution(with_gaps, name=name, unit=name),
        "category_distribution": charts.category_distribution(
            [*((level, 10 + i) for i, level in enumerate(names)), *((f"{name}{i}", 1) for i in range(n))],
            name=name,
            n_missing=3,
        ),
        "leaderboard": charts.leaderboard(
            [{"name": name, "folds": [0.8, 0.9, 0.85]}, {"name": name, "folds": [0.7, 0.72]}]
            + [{"name": f"m{i}", "folds": list(rng.random(5))} for i in range(min(n, 60))]
            + [{"name": "b", "score": 0.5, "is_baseline": True}],
            metric=name,
        ),
        "clusters_map": charts.clusters_map(p, y + p, three, names, shown_share=0.4),
        "confusion_matrix": charts.confusion_matrix(rng.integers(0, 9, (3, 3)) + 1, names),
        "roc": charts.roc(y, p, labels=["no", name], threshold=0.5),
        "roc_many": charts.roc(three, votes, labels=names),
        "precision_recall": charts.precision_recall(y, p, labels=["no", name]),
        "precision_recall_many": charts.precision_recall(three, votes, labels=names),
        "threshold_curve": charts.threshold_curve(y, p, threshold=0.4, label=name, part=name),
        "calibration": charts.calibration(y, p, label=name),
        "residuals": charts.residuals(y + p, p, target=name, unit=name),
        "importance": charts.importance(
            names, [0.2, 0.1, 0.0], [0.1, 0.0, -0.1], [0.3, 0.2, 0.1], metric=name
        ),
        "learning_curve": charts.learning_curve({f"{name}1": scores, name: scores * 1.1}, metric=name),
        "partial_dependence": charts.partial_dependence(
            grid,
            lines.mean(0),
            low=lines.min(0),
            high=lines.max(0),
            individual=lines,
            values=grid,
            name=name,
            target=name,
        ),
        "tree": charts.tree(
            Nodes(
                np.array([1, 2, -1, -1, -1]),
                np.array([4, 3, -1, -1, -1]),
                np.array([0, 1, -2, -2, -2]),
                np.array([0.5, np.inf, -2.0, -2.0, -2.0]),
                np.array(
                    [[0.4, 0.3, 0.3], [0.6, 0.2, 0.2], [1.0, 0.0, 0.0], [0.2, 0.6, 0.2], [0.1, 0.4, 0.5]]
                ),
                np.array([100, 60, 30, 30, 40]),
            ),
            [name, name],
            classes=names,
            path=[0, 1, 3],
        ),
        "partial_dependence_of_names": charts.partial_dependence(
            names, [0.1, 0.3, 0.2], name=name, target=name
        ),
    }


@pytest.fixture(scope="session")
def plain_charts() -> dict:
    """Return every chart with names that do no harm."""
    return every_chart("tenure")


@pytest.fixture(scope="session")
def make_charts():
    """Return the function that makes every chart."""
    return every_chart


@pytest.fixture(params=HOSTILE[::2], ids=[ascii(text)[:24] for text in HOSTILE[::2]])
def hostile(request) -> str:
    """Return every second hostile text, one after the other: all of them stand in `hostile_names`."""
    return request.param


@pytest.fixture
def hostile_names() -> list[str]:
    """Return all hostile texts."""
    return HOSTILE
