"""Fits of the comparison, each from the journal, or made now and then in it: nothing is fitted twice."""

from __future__ import annotations

from collections.abc import Callable

from groundup.judge.metrics import Score
from groundup.judge.validation import FoldResult, Judged
from groundup.workbench.run.journal import Journal
from groundup.workbench.steps.candidate import Candidate
from groundup.workbench.steps.learners import BASELINES


def fold_of(journal: Journal, candidate: Candidate, i: int, make: Callable[[], Judged]) -> Judged:
    """Return what fold `i` said of a candidate, and add it to the candidate's validation.

    Parameters
    ----------
    journal : Journal
    candidate : Candidate
    i : int
    make : callable
        Fits and judges; called where the journal does not have it. A fit from the journal comes without its model.
    """
    key = {"learner": candidate.entry.name, "params": candidate.params, "fold": i}
    entry = journal.replay("fit", **key)
    if entry is None:
        judged = make()
        result = judged.result
        journal.record(
            "fit",
            **key,
            is_baseline=candidate.entry.name in BASELINES.values(),
            fit_s=result.fit_s,
            n_iterations=result.n_iterations,
            scores={name: list(score) for name, score in result.scores.items()},
            warnings=judged.warnings,
        )
    else:
        scores = {name: Score(*score) for name, score in entry["scores"].items()}
        judged = Judged(FoldResult(scores, entry["fit_s"], entry["n_iterations"]), None, entry["warnings"])
    known = candidate.validation.warnings
    known += [told for told in judged.warnings if told not in known]
    candidate.validation.folds.append(judged.result)
    return judged


def candidate_done(journal: Journal, candidate: Candidate, **facts) -> None:
    """Record what was found of a candidate: scores, cost, why it was stopped or failed."""
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


def candidate_known(journal: Journal, candidate: Candidate) -> bool:
    """Take over what the journal has of a candidate's cost and error; return whether it has it."""
    entry = journal.replay("candidate", learner=candidate.entry.name, params=candidate.params)
    if entry is None:
        return False
    candidate.n_bytes, candidate.row_us = entry["n_bytes"], entry["row_us"]
    candidate.error = entry["error"]
    return True
