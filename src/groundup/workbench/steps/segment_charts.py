"""Pictures of segments: the rows of train on the plane of their two largest differences."""

from __future__ import annotations

import numpy as np

from groundup.charts import Chart
from groundup.charts.plane import clusters_map
from groundup.workbench.result import Result
from groundup.workbench.run.checkpoints import Fitted
from groundup.workbench.steps.problem import Problem

MOST_ROWS = 20_000


def segment_map(problem: Problem, model: Fitted, result: Result) -> Chart | None:
    """Return the map of the segments; None where rows differ in one direction only.

    The plane is that of the two first principal components of the prepared rows: the singular vectors of the centred
    rows. Cost: one thin SVD of at most ``MOST_ROWS`` rows.
    """
    rows = problem.split.development
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(problem.seed).choice(rows, MOST_ROWS, replace=False))
    points = np.asarray(model.preparer.transform(problem.frame[rows]), dtype=float)
    number = model.learner.predict(points)
    points -= points.mean(axis=0)
    if points.shape[1] < 2:
        return None
    _, size, directions = np.linalg.svd(points, full_matrices=False)
    turned = (
        directions[:2] * np.where(directions[:2].sum(axis=1) < 0, -1.0, 1.0)[:, None]
    )  # signs are free: fix them
    plane = points @ turned.T
    share = float((size[:2] ** 2).sum() / max((size**2).sum(), 1e-300))
    order = {segment.number: i for i, segment in enumerate(result.segments)}
    group = np.array([order[int(n)] for n in number])
    names = [str(segment.number) for segment in result.segments]
    return clusters_map(plane[:, 0], plane[:, 1], group, names, shown_share=share, seed=problem.seed)
