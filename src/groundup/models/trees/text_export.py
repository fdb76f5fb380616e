"""A decision tree as text: all of it, indented, or the path of one row through it in sentences."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from groundup.models.estimator import check_is_fitted, is_classifier
from groundup.models.trees.tree_view import TreeView


def export_text(
    decision_tree,
    *,
    feature_names=None,
    class_names=None,
    max_depth=10,
    spacing=3,
    decimals=2,
    show_weights=False,
) -> str:
    """Return a fitted tree as text, one line for each branch, with scikit-learn's arguments.

    Parameters
    ----------
    decision_tree : DecisionTreeClassifier or DecisionTreeRegressor
    feature_names, class_names : sequence of str, optional
        Default: the names of the fit, or ``feature_0``, ...; the labels of the fit.
    max_depth : int
        Deeper branches are summarised by their depth.
    spacing : int
        Indentation of a level.
    decimals : int
    show_weights : bool
        Show the weight of each class in the leaves.
    """
    check_is_fitted(decision_tree)
    tree, names = decision_tree.tree_, feature_names_of(decision_tree, feature_names)
    labels = None
    if is_classifier(decision_tree) and tree.n_outputs == 1:
        labels = decision_tree.classes_ if class_names is None else class_names
    bar = "|" + " " * spacing
    lines = []
    pending = [(0, 0, "")]
    while pending:
        node, depth, condition = pending.pop()
        if condition:
            lines.append(bar * (depth - 1) + "|" + "-" * spacing + " " + condition)
        edge = bar * depth + "|" + "-" * spacing + " "
        if tree.children_left[node] < 0:
            lines.append(edge + _leaf(tree, node, labels, decimals, show_weights))
        elif depth > max_depth:
            lines.append(edge + f"truncated branch of depth {_depth_below(tree, node)}")
        else:
            left, right = _conditions(tree, node, names, decimals)
            pending.append((tree.children_right[node], depth + 1, right))
            pending.append((tree.children_left[node], depth + 1, left))
    return "\n".join(lines) + "\n"


def path_in_words(decision_tree, row, *, feature_names=None, decimals=4) -> list[str]:
    """Return the path of one row through a fitted tree, in sentences: the condition of each node, then the prediction.

    Parameters
    ----------
    decision_tree : DecisionTreeClassifier or DecisionTreeRegressor
    row : array-like of shape (n_features,)
    feature_names : sequence of str, optional
    decimals : int
        Significant digits of numbers.
    """
    check_is_fitted(decision_tree)
    tree, names = decision_tree.tree_, feature_names_of(decision_tree, feature_names)
    row = validated_row(decision_tree, row)
    nodes, lines = path_of(tree, row), []
    for node, following in pairwise(nodes):
        x, cut, name = row[tree.feature[node]], tree.threshold[node], names[tree.feature[node]]
        left = following == tree.children_left[node]
        if np.isnan(x):
            lines.append(
                f"{name} is missing: treated like values {'up to' if left else 'above'} {cut:.{decimals}g}"
            )
        elif np.isinf(cut):
            lines.append(f"{name} is {x:.{decimals}g}: it is not missing")
        else:
            side = "at most" if left else "more than"
            lines.append(f"{name} is {x:.{decimals}g}: {side} {cut:.{decimals}g}")
    lines.append(_prediction(decision_tree, tree, nodes[-1], decimals))
    return lines


def validated_row(decision_tree, row) -> np.ndarray:
    """Return one row in the dtype of the fit: (n_features,)."""
    row = np.asarray(row, dtype=decision_tree._dtype_in)
    if row.shape != (decision_tree.n_features_in_,):
        raise ValueError(f"row has shape {row.shape}, but this tree needs ({decision_tree.n_features_in_},)")
    return row


def path_of(tree: TreeView, row: np.ndarray) -> list[int]:
    """Return the nodes on the path of a row, from the root to its leaf."""
    nodes = [0]
    while tree.children_left[nodes[-1]] >= 0:
        node = nodes[-1]
        x = row[tree.feature[node]]
        left = tree.missing_go_to_left[node] if np.isnan(x) else x <= tree.threshold[node]
        nodes.append(int(tree.children_left[node] if left else tree.children_right[node]))
    return nodes


def feature_names_of(model, given) -> list[str]:
    """Return the names of the features: those given, or those of the fit, or ``feature_0``, ..."""
    n = model.n_features_in_
    if given is None:
        given = getattr(model, "feature_names_in_", None)
    names = [f"feature_{j}" for j in range(n)] if given is None else [str(name) for name in given]
    if len(names) != n:
        raise ValueError(f"feature_names must contain {n} elements, got {len(names)}")
    return names


def _conditions(tree: TreeView, node: int, names, decimals: int) -> tuple[str, str]:
    name, cut = names[tree.feature[node]], tree.threshold[node]
    if np.isinf(cut):
        return f"{name} is not missing", f"{name} is missing"
    return f"{name} <= {cut:.{decimals}f}", f"{name} >  {cut:.{decimals}f}"


def _leaf(tree: TreeView, node: int, labels, decimals: int, show_weights: bool) -> str:
    value = tree.value[node]
    if labels is None:
        numbers = ", ".join(f"{v:.{decimals}f}" for v in value.reshape(-1))
        return f"value: [{numbers}]"
    weights = ""
    if show_weights:
        own = value[0] * tree.weighted_n_node_samples[node]
        weights = "weights: [" + ", ".join(f"{w:.{decimals}f}" for w in own) + "] "
    return f"{weights}class: {labels[int(value[0].argmax())]}"


def _depth_below(tree: TreeView, node: int) -> int:
    depths = tree.compute_node_depths()
    end, pending = depths[node], [node]
    while pending:
        q = pending.pop()
        end = max(end, depths[q])
        if tree.children_left[q] >= 0:
            pending += [tree.children_left[q], tree.children_right[q]]
    return int(end - depths[node] + 1)


def _prediction(model, tree: TreeView, node: int, decimals: int) -> str:
    n = int(tree.n_node_samples[node])
    rows = f"{n} training rows" if n > 1 else "one training row"
    value = tree.value[node]
    if not is_classifier(model):
        values = ", ".join(f"{v:.{decimals}g}" for v in value.reshape(-1))
        return f"The prediction is {values}, from {rows}."
    sets = model.classes_ if isinstance(model.classes_, list) else [model.classes_]
    best = [(labels[int(v.argmax())], float(v.max())) for labels, v in zip(sets, value, strict=True)]
    labels = " and ".join(f"{label} ({share:.0%})" for label, share in best)
    return f"The prediction is {labels}, from {rows}."
