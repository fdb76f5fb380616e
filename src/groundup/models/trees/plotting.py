"""Drawing a decision tree: `plot_tree`, named as in scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence

from groundup.charts.branching import Nodes, tree
from groundup.charts.chart import Chart
from groundup.errors import UsageError
from groundup.models.estimator import check_is_fitted, is_classifier
from groundup.models.trees.text_export import feature_names_of, path_of, validated_row


def plot_tree(
    decision_tree,
    *,
    max_depth: int | None = None,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence | None = None,
    precision: int = 3,
    row=None,
) -> Chart:
    """Draw a fitted tree, and the path of one row through it.

    Parameters
    ----------
    decision_tree : DecisionTreeClassifier or DecisionTreeRegressor
    max_depth : int, optional
        Deeper branches are summarised; None: as deep as 63 nodes allow.
    feature_names, class_names : sequence of str, optional
        Default: the names of the fit, or ``feature_0``, ...; the labels of the fit.
    precision : int
        Significant digits of thresholds and values.
    row : array-like of shape (n_features,), optional
        A row whose path is highlighted; `path_in_words` describes it in words.

    Returns
    -------
    Chart
        Displayed in a notebook; export it by ``to_svg()``, ``to_png()`` and ``to_altair()``.

    Examples
    --------
    >>> from groundup.models import DecisionTreeClassifier
    >>> from groundup.models.trees import plot_tree
    >>> model = DecisionTreeClassifier().fit([[1.0], [2.0], [3.0]], ["low", "low", "high"])
    >>> plot_tree(model, feature_names=["size"]).title
    'Decision tree: 2 leaves'
    """
    check_is_fitted(decision_tree)
    if is_classifier(decision_tree) and decision_tree.n_outputs_ > 1:
        raise UsageError("A classification tree with several outputs cannot be drawn: use export_text.")
    classes = None
    if is_classifier(decision_tree):
        classes = list(decision_tree.classes_ if class_names is None else class_names)
    view = decision_tree.tree_
    value = view.value[:, 0] if classes is not None else view.value[:, :, 0]
    nodes = Nodes(
        view.children_left, view.children_right, view.feature, view.threshold, value, view.n_node_samples
    )
    path = [] if row is None else path_of(view, validated_row(decision_tree, row))
    names = feature_names_of(decision_tree, feature_names)
    return tree(nodes, names, classes=classes, max_depth=max_depth, precision=precision, path=path)
