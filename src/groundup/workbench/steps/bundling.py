"""Save the model of a run in a bundle: preparer and model as one pipeline, with the contract and the scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from groundup.ship import bundle
from groundup.workbench.problem import Problem
from groundup.workbench.result import Result
from groundup.workbench.run.journal_format import write_error
from groundup.workbench.steps.checkpoints import Fitted
from groundup.workbench.steps.learners import kind_of

REPLAY_ROWS = 32


def save_bundle(path: Path, problem: Problem, model: Fitted, result: Result) -> str:
    """Write the bundle of a run and return its digest; no byte of it depends on the clock.

    Raises
    ------
    ProjectError
        If the file cannot be written.
    GroundupError
        If the file, read back, does not predict what the model predicts.
    """
    target = bundle.Target(
        name=problem.contract.target or "", task=kind_of(problem.task), **_rule(problem, model.learner)
    )
    settings: dict[str, Any] = {
        "params": result.best.params,
        "learner": result.best.learner,
        "split": result.split.rule,
    }
    if result.segments:
        settings["segments"] = {str(segment.number): segment.words for segment in result.segments}
    read = result.settings.get("read") or {}
    if options := {k: v for k, v in read.items() if k != "types"}:  # the contract has the types
        settings["read"] = options
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        saved = bundle.save(
            model.pipeline,
            path,
            problem.frame[_spaced_rows(problem.split.development)],
            target=target,
            contract=problem.contract,
            name=problem.contract.name,
            metrics=result.metrics,
            settings=settings,
            seed=problem.seed,
            learners=[type(model.learner)],
        )
    except OSError as error:
        raise write_error(error, path) from None
    return saved.digest


def _rule(problem: Problem, learner) -> dict[str, Any]:
    """Return the positive class and the decision rule as a bundle's target holds them."""
    out: dict[str, Any] = {"positive": problem.contract.positive}
    decision = problem.scoring.decision
    if decision is not None and decision.costs is not None:
        known = np.searchsorted(
            problem.classes, learner.classes_
        )  # a class without a row cannot be predicted
        out["costs"] = decision.costs[np.ix_(known, known)].tolist()
    elif decision is not None:
        out["threshold"] = decision.threshold
    return out


def _spaced_rows(rows: np.ndarray) -> np.ndarray:
    """Return ``REPLAY_ROWS`` of the rows, evenly spaced."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, REPLAY_ROWS).astype(int))]
