"""A decision tree: questions from left to right, "yes" upwards, branches as thick as their share of the rows.

Every node has a line of its own, with the lines of its "yes" above it and those of its "no" below (the order of a walk
that visits the left child, the node, the right child). So texts never overlap, however long the names are, and
the same drawing fits a telephone and a wide screen. A leaf shows its prediction; colour and shape show the class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import altair as alt
import numpy as np

from groundup.charts import theme
from groundup.charts.chart import Chart, Panel
from groundup.charts.data import rows, table
from groundup.charts.drawing import Rows, row_height, tooltips
from groundup.errors import UsageError
from groundup.text.escaping import distinct_labels as as_labels
from groundup.text.escaping import quoted
from groundup.text.numbers import format_count, format_percent, pluralize

#: Nodes drawn, at most: beyond, the deepest branches are summarised by their number of leaves.
MOST_NODES = 63
_STEPS_SHARE = 0.5  # of the width, for the steps; the rest is the last leaves' text


class Nodes(NamedTuple):
    """The arrays of a tree over its nodes; the root is node 0, and -1 is the child of a leaf.

    `value`: shares of the classes (n_nodes, n_classes), or numbers (n_nodes, n_outputs). A threshold of +inf asks whether
    the value is present.
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray
    n_rows: np.ndarray


class _Place(NamedTuple):
    """A node that is drawn: where (depth from the left, line from above), and what it says."""

    node: int
    parent: int  # position among the places, -1 for the root
    depth: int
    line: int
    is_yes: bool
    is_cut: bool
    text: str


def tree(
    nodes: Nodes,
    names: Sequence[str],
    *,
    classes: Sequence | None = None,
    max_depth: int | None = None,
    precision: int = 3,
    path: Sequence[int] = (),
) -> Chart:
    """Draw a decision tree.

    Parameters
    ----------
    nodes : Nodes
    names : sequence of str
        Of the features.
    classes : sequence, optional
        The labels, in the order of the columns of ``nodes.value``; None where these are predicted numbers.
    max_depth : int, optional
        Deeper branches are summarised; if None, as deep as 63 nodes allow.
    precision : int
        Digits of thresholds and answers that count.
    path : sequence of int, optional
        The nodes on the path of one row, which is highlighted.
    """
    _check(nodes, names, classes, path)
    named = as_labels(names, 40)
    words = None if classes is None else as_labels(classes, 30)
    deepest = _deepest(nodes, max_depth)
    places = _laid_out(nodes, named, words, deepest, precision)
    leaf = np.flatnonzero(nodes.left < 0)
    depth = _depths(nodes)
    kind = "numbers" if words is None else "classes"
    return Chart(
        kind="tree",
        title=f"Decision tree: {pluralize(len(leaf), 'leaf', 'leaves')}"
        + (f", drawn to a depth of {deepest}" if deepest < depth.max() else ""),
        reading=_reading(nodes, named, words, depth, path, precision),
        panels=(
            Panel(
                *_draw(nodes, places, words, deepest, set(path)),
                f"A tree of questions with {kind} at its ends",
                row_height(len(places)),
            ),
        ),
        table=_table(nodes, places),
    )


def _check(nodes: Nodes, names: Sequence[str], classes: Sequence | None, path: Sequence[int]) -> None:
    n = len(nodes.left)
    if n == 0 or any(len(values) != n for values in nodes):
        raise UsageError("A tree needs arrays of one length, with a node at least.")
    inner = nodes.left >= 0
    later = (nodes.left[inner] > np.flatnonzero(inner)) & (nodes.right[inner] > np.flatnonzero(inner))
    if not later.all() or max(nodes.left.max(), nodes.right.max()) >= n:
        raise UsageError("A node's children must come after it, and be nodes of the tree.")
    if inner.any() and not 0 <= nodes.feature[inner].min() <= nodes.feature[inner].max() < len(names):
        raise UsageError(f"A node asks for a feature beyond the {len(names)} that have names.")
    if classes is not None and len(classes) != nodes.value.shape[1]:
        raise UsageError(f"{len(classes)} labels, but shares of {nodes.value.shape[1]} classes.")
    if not all(0 <= node < n for node in path):
        raise UsageError(f"The path of a row holds nodes from 0 to {n - 1}.")


def _depths(nodes: Nodes) -> np.ndarray:
    depth = np.zeros(len(nodes.left), np.int64)
    for i in np.flatnonzero(nodes.left >= 0):
        depth[[nodes.left[i], nodes.right[i]]] = depth[i] + 1
    return depth


def _deepest(nodes: Nodes, max_depth: int | None) -> int:
    """Return the depth to draw: all, or as far as it was asked for and there is room."""
    depth = _depths(nodes)
    fits = np.flatnonzero(np.bincount(depth).cumsum() <= MOST_NODES).max()
    return int(min(fits, depth.max() if max_depth is None else max_depth))


def _laid_out(nodes: Nodes, names, classes, deepest: int, precision: int) -> list[_Place]:
    """Return the nodes to draw, from the upmost line to the lowest."""
    visited: list[tuple] = []

    def visit(node: int, parent: int, depth: int, *, is_yes: bool) -> None:
        inner = nodes.left[node] >= 0
        if inner and depth < deepest:
            visit(nodes.left[node], node, depth + 1, is_yes=True)
            visited.append((node, parent, depth, is_yes, False, _question(nodes, node, names, precision)))
            visit(nodes.right[node], node, depth + 1, is_yes=False)
        else:
            text = _answer(nodes, node, classes, precision)
            if inner:
                text = (
                    f"{format_count(_n_leaves(nodes, node))} more leaves, most often {text}"
                    if classes
                    else text
                )
            visited.append((node, parent, depth, is_yes, bool(inner), text))

    visit(0, -1, 0, is_yes=False)
    at = {node: i for i, (node, *_) in enumerate(visited)}
    return [
        _Place(int(node), at.get(parent, -1), depth, line, is_yes, is_cut, text)
        for line, (node, parent, depth, is_yes, is_cut, text) in enumerate(visited)
    ]


def _question(nodes: Nodes, node: int, names: list[str], precision: int) -> str:
    name, cut = names[nodes.feature[node]].rstrip(" "), float(nodes.threshold[node])
    return f"{name} present?" if np.isinf(cut) else f"{name} ≤ {cut:.{precision}g}?"


def _answer(nodes: Nodes, node: int, classes: list[str] | None, precision: int) -> str:
    value = nodes.value[node]
    if classes is None:
        return ", ".join(f"{v:.{precision}g}" for v in value)
    best = int(value.argmax())
    return f"{classes[best].rstrip(' ')} {format_percent(float(value[best]))}"


def _n_leaves(nodes: Nodes, node: int) -> int:
    pending, n = [node], 0
    while pending:
        at = pending.pop()
        if nodes.left[at] < 0:
            n += 1
        else:
            pending += [nodes.left[at], nodes.right[at]]
    return n


def _draw(nodes: Nodes, places: list[_Place], classes: list[str] | None, deepest: int, path: set[int]):
    data = Rows()
    total = float(nodes.n_rows[0])
    x = alt.X(
        "x:Q", axis=None, scale=alt.Scale(domain=[0, max(1, deepest) / _STEPS_SHARE], nice=False, zero=True)
    )
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[len(places) - 0.5, -0.5], nice=False, zero=False))
    layers = []
    for name, style, on_path in (("branches", "branch", False), ("path", "highlight", True)):
        taken = [p for p in places if p.parent >= 0 and (p.node in path) is on_path]
        if not taken:
            continue
        listed = [row for p in taken for row in _branch(places, p, float(nodes.n_rows[p.node]) / total)]
        width = alt.Size("share:Q", scale=alt.Scale(domain=[0, 1], range=[1.5, 12]), legend=None)
        trail = data.chart(name, listed).mark_trail(
            style=style
        )  # a line's width is the theme's, a trail's is data
        layers.append(trail.encode(x=x, y=y, detail="node:N", order=alt.Order("i:Q"), size=width))
    if 0 < deepest <= 4:
        layers += _answers_on_branches(data, places, x, y)
    layers += _ends(data, nodes, places, classes, x, y)
    return data, alt.layer(*layers)


def _branch(places: list[_Place], place: _Place, share: float) -> list[dict]:
    """Return the elbow from a node's parent to it."""
    parent = places[place.parent]
    corners = ((parent.depth, parent.line), (parent.depth, place.line), (place.depth, place.line))
    return rows(
        node=[place.node] * 3,
        i=range(3),
        x=[c[0] for c in corners],
        y=[c[1] for c in corners],
        share=[share] * 3,
    )


def _answers_on_branches(data: Rows, places: list[_Place], x, y) -> list:
    """Return "yes" and "no" above the branches, where there is room."""
    below = [p for p in places if p.parent >= 0]
    listed = rows(
        x=[places[p.parent].depth for p in below], y=[p.line for p in below],
        words=["yes" if p.is_yes else "no" for p in below],
    )  # fmt: skip
    text = data.chart("answers", listed).mark_text(style="note", align="left", baseline="bottom", dx=5, dy=-7)
    return [text.encode(x=x, y=y, text="words:N")]


def _ends(data: Rows, nodes: Nodes, places: list[_Place], classes: list[str] | None, x, y) -> list:
    """Return nodes and leaves with what they say."""
    words = [
        f"{format_count(nodes.n_rows[p.node])} ({format_percent(nodes.n_rows[p.node] / nodes.n_rows[0])})"
        for p in places
    ]
    layers = []
    for name, is_leaf in (("questions", False), ("leaves", True)):
        chosen = [i for i, p in enumerate(places) if (bool(nodes.left[p.node] < 0) or p.is_cut) is is_leaf]
        if not chosen:
            continue
        some = [places[i] for i in chosen]
        best = [None if classes is None else classes[int(nodes.value[p.node].argmax())] for p in some]
        listed = rows(
            x=[p.depth for p in some], y=[p.line for p in some], text=[p.text for p in some],
            n=[words[i] for i in chosen], best=best,
        )  # fmt: skip
        base = data.chart(name, listed).encode(
            x=x, y=y, tooltip=tooltips(text="prediction" if is_leaf else "question", n="training rows")
        )
        room = 1 - _STEPS_SHARE * max(p.depth for p in some) / max(1, *(p.depth for p in places))
        text = base.mark_text(
            style="value",
            align="left",
            baseline="middle",
            dx=10,
            limit=alt.ExprRef(f"width * {room:.4g} - 12"),
        ).encode(text="text:N")
        point = base.mark_point(size=90) if is_leaf else base.mark_point(style="ring")
        layers += [_coloured(point, classes, best) if is_leaf and classes else point, text]
    return layers


def _coloured(point, classes: list[str], best: list):
    """Tell the classes apart by colour and shape: the five that most leaves say; the rest are quiet."""
    often = sorted(set(best), key=lambda name: (-best.count(name), classes.index(name)))[: len(theme.SERIES)]
    domain = [name for name in classes if name in often]
    shape = alt.Shape(
        "best:N", scale=alt.Scale(domain=domain, range=list(theme.SHAPES[: len(domain)])), legend=None
    )
    colour = alt.Color("best:N", scale=alt.Scale(domain=domain, range="category"), legend=None)
    return point.encode(color=colour, shape=shape)


def _reading(nodes: Nodes, names, classes, depth: np.ndarray, path: Sequence[int], precision: int) -> str:
    if nodes.left[0] < 0:
        return f"One leaf and no question: every row gets the prediction {_answer(nodes, 0, classes, precision)}."
    leaf = np.flatnonzero(nodes.left < 0)
    largest = int(leaf[nodes.n_rows[leaf].argmax()])
    text = (
        f"At most {pluralize(depth.max(), 'question')} from the left to a prediction; “yes” goes up, “no” goes down; "
        "the thickness of a branch is its share of the training rows. The first question is about "
        f"{quoted(names[nodes.feature[0]])}. The largest leaf holds "
        f"{format_percent(nodes.n_rows[largest] / nodes.n_rows[0])} "
        f"of the rows: {_answer(nodes, largest, classes, precision)}."
    )
    if len(path):
        text += f" The highlighted path is that of your row: {_answer(nodes, path[-1], classes, precision)}."
    return text


def _table(nodes: Nodes, places: list[_Place]) -> dict:
    first = sorted(places, key=lambda p: p.node)
    return table(
        "Nodes from the root on, a question's “yes” first",
        {
            "node": [p.node for p in first],
            "depth": [p.depth for p in first],
            "reached by": ["" if p.parent < 0 else "yes" if p.is_yes else "no" for p in first],
            "text": [p.text for p in first],
            "training rows": [int(nodes.n_rows[p.node]) for p in first],
            "share": [float(nodes.n_rows[p.node] / nodes.n_rows[0]) for p in first],
        },
    )
