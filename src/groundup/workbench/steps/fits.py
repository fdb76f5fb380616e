"""Fits of the comparison, each read from the journal or made now and recorded there: nothing is fitted twice."""

from __future__ import annotations

from collections.abc import Callable

from groundup.judge.metrics import Score
from groundup.judge.validation import FoldResult, Judged
from groundup.models.registry import BASELINES
from groundup.workbench.run.journal import Journal
from groundup.workbench.steps.candidate import Candidate


def journaled_fold(journal: Journal, candidate: Candidate, i: int, make: Callable[[], Judged]) -> Judged:
    """Return the result of fold `i`, and add it to the candidate's validation.

    Parameters
    ----------
    journal : Journal
    candidate : Candidate
    i : int
    make : callable
        Fits and judges; called where the journal has no result. A result from the journal comes without its model.
    """
    key = {"learner": candidate.entry.name, "params": candidate.params, "fold": i}
    entry = journal.replay("fit", **key)
    if entry is None:
        judged = make()
        result = judged.result
        journal.record(
            "fit",
            **key,
            is_baseline=candidate.entry.name in BASELINES,
            fit_s=result.fit_s,
            n_iterations=result.n_iterations,
            scores={name: list(score) for name, score in result.scores.items()},
            warnings=judged.warnings,
        )
    else:
        scores = {name: Score(*score) for name, score in entry["scores"].items()}
        judged = Judged(FoldResult(scores, entry["fit_s"], entry["n_iterations"]), None, entry["warnings"])
    known = candidate.validation.warnings
    known += [warning for warning in judged.warnings if warning not in known]
    candidate.validation.folds.append(judged.result)
    return judged


def record_candidate(journal: Journal, candidate: Candidate, **facts) -> None:
    """Record the scores and costs of a candidate, and why it was stopped or failed."""
    v = candidate.validation
    journal.record(
        "candidate",
        learner=candidate.entry.name,
        params=candidate.params,
        **facts,
        fit_s=[fold.fit_s for fold in v.folds],
        n_iterations=[fold.n_iterations for fold in v.folds],
        stopped=v.stopped,
        n_bytes=candidate.n_bytes,
        row_us=candidate.row_us,
        error=candidate.error,
    )


def restore_candidate(journal: Journal, candidate: Candidate) -> bool:
    """Read the costs and the error of a candidate from the journal; return whether it has them."""
    entry = journal.replay("candidate", learner=candidate.entry.name, params=candidate.params)
    if entry is None:
        return False
    candidate.n_bytes, candidate.row_us = entry["n_bytes"], entry["row_us"]
    candidate.error = entry["error"]
    return True
