"""Put the model of a run into its bundle: preparer and learner as one pipeline, with the contract and the scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from groundup.workbench.result import Result
from groundup.workbench.run.journal_format import unwritable
from groundup.workbench.steps.finalize import Fitted
from groundup.workbench.steps.learners import kind_of
from groundup.workbench.steps.problem import Problem

REPLAY_ROWS = 32


def save_bundle(path: Path, problem: Problem, model: Fitted, result: Result) -> str:
    """Write the bundle of a run, and return its digest; nothing in it depends on the clock.

    Raises
    ------
    ProjectError
        If the file cannot be written.
    GroundupError
        If the file, read back, does not say what the model says.
    """
    from sklearn.pipeline import Pipeline

    from groundup.ship import bundle

    pipeline = Pipeline([("prepare", model.preparer), ("learn", model.learner)])
    target = bundle.Target(name=problem.contract.target or "", task=kind_of(problem.task))
    told: dict[str, Any] = {
        "params": result.best.params,
        "learner": result.best.learner,
        "split": result.split.rule,
    }
    stated = result.settings.get("read") or {}
    if reading := {k: v for k, v in stated.items() if k != "types"}:  # the contract knows the types
        told["read"] = reading
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        saved = bundle.save(
            pipeline,
            path,
            problem.frame[_spread(problem.split.development)],
            target=target,
            contract=problem.contract,
            name=problem.contract.name,
            metrics=result.metrics,
            settings=told,
            seed=problem.seed,
            learners=[type(model.learner)],
        )
    except OSError as error:
        raise unwritable(error, path) from None
    return saved.digest


def _spread(rows: np.ndarray) -> np.ndarray:
    """Return some of the rows, evenly spaced."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, REPLAY_ROWS).astype(int))]
