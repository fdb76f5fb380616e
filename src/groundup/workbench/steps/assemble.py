"""Assemble the result of a run from what its steps made: rows of the leaderboard, scores, sentences, warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from groundup._version import __version__
from groundup.judge.metrics import Score, confusion
from groundup.judge.verdict import Parts as Scored
from groundup.judge.verdict import Verdict, give_verdict
from groundup.tables import Contract, Split, Table
from groundup.text.numbers import format_number
from groundup.workbench.result import Best, Data, Parts, Result, Row
from groundup.workbench.steps.candidate import Candidate
from groundup.workbench.steps.choose import Choice, best_of_each
from groundup.workbench.steps.compare import Comparison
from groundup.workbench.steps.finalize import Final
from groundup.workbench.steps.problem import Problem

if TYPE_CHECKING:
    from groundup.workbench.audit import Audit

SUSPICIOUS_AUC = 0.99
# Verdicts that a reader must not overlook.
_GRAVE = {"memorised", "nothing", "strong overfit", "underfit", "unsteady"}


def row_of(candidate: Candidate, name: str, n_settings: int = 1, *, baseline: bool = False) -> Row:
    """Return one line of the leaderboard, by the metric called `name`."""
    v = candidate.validation
    judged = bool(v.folds)
    return Row(
        learner=candidate.entry.name,
        title=candidate.entry.title,
        params=plain_params(candidate.params),
        setting=candidate.setting_text,
        n_settings=n_settings,
        fold_scores=v.values(name) if judged else [],
        mean=v.mean(name) if judged else None,
        spread=v.spread(name) if judged else None,
        scores={m: v.mean(m) for m in v.folds[0].scores} if judged else {},
        valid=candidate.valid_score,
        fit_s=v.fit_s if judged else None,
        row_us=candidate.row_us,
        bytes=candidate.n_bytes,
        baseline=baseline,
        error=candidate.error,
    )


def leaderboard(
    comparison: Comparison, choice: Choice | None = None, chosen: Candidate | None = None
) -> list[Row]:
    """Return the leaderboard: each learner by its best setting, the best first, then the baseline, then failures."""
    tried, name = comparison.tried, comparison.metric.name
    ranked = best_of_each(comparison)
    rows = []
    for candidate in ranked:
        row = row_of(candidate, name, sum(c.entry.name == candidate.entry.name for c in tried))
        row.chosen = candidate is chosen
        if comparison.is_estimated(candidate):
            row.ranked_by = comparison.estimate(candidate)
        if comparison.missing_folds(candidate):
            row.mean = row.spread = None  # means over other folds would not compare
        # Where valid overruled the folds, nobody is as good as the one that was taken.
        row.tied = choice is not None and chosen is choice.candidate and candidate in choice.tied
        rows.append(row)
    rows.append(row_of(comparison.baseline, name, baseline=True))
    listed = {c.entry.name for c in ranked}
    failed = {c.entry.name: c for c in reversed(tried) if c.entry.name not in listed}
    return rows + [row_of(c, name) for c in reversed(failed.values())]


def plain_params(params: dict[str, Any]) -> dict[str, Any]:
    """Return parameters as JSON values."""
    return {
        k: v if v is None or isinstance(v, (bool, int, float, str)) else str(v) for k, v in params.items()
    }


def values_of(parts: dict[str, dict[str, Score]]) -> dict[str, dict[str, float | None]]:
    """Return part -> metric -> value."""
    return {part: {name: score.value for name, score in found.items()} for part, found in parts.items()}


def reasons_of(parts: dict[str, dict[str, Score]]) -> dict[str, str]:
    """Return ``part.metric`` -> why there is no value."""
    return {
        f"{part}.{name}": score.reason
        for part, found in parts.items()
        for name, score in found.items()
        if score.value is None
    }


def verdict_of(comparison: Comparison, final: Final) -> Verdict:
    """Return the verdict on the deciding metric."""
    name = comparison.metric.name

    def on_parts(found) -> Scored:
        return Scored(*(found[part][name].value for part in ("train", "valid", "test")))

    noise = final.candidate.validation.spread(name)
    errors = Scored(**final.errors)
    return give_verdict(comparison.metric, on_parts(final.metrics), on_parts(final.baseline), noise, errors)


def assemble(
    problem: Problem, comparison: Comparison, choice: Choice, final: Final, facts: dict[str, Any]
) -> Result:
    """Return the result of a run with a target; `facts` are the fields that only the project knows."""
    verdict = verdict_of(comparison, final)
    confused = None
    if problem.classes is not None:
        truth = problem.y[problem.split.test]
        confused = confusion(truth, final.said["test"].values, problem.classes).to_dict()
    return Result(
        groundup=__version__,
        task=problem.task,
        target=problem.contract.target,
        split=parts_of(problem),
        best=Best(
            learner=final.candidate.entry.name,
            title=final.candidate.entry.title,
            params=plain_params(final.model.params),
            metric=comparison.metric.name,
            greater_is_better=comparison.metric.greater_is_better,
            reason=choice.reason
            if final.candidate is choice.candidate
            else f"By the folds alone: {choice.reason}",
            check=final.choice_note,
        ),
        leaderboard=leaderboard(comparison, choice, final.candidate),
        metrics=values_of(final.metrics),
        baseline=values_of(final.baseline),
        undefined=reasons_of(final.metrics),
        verdict=verdict.sentence,
        regime=verdict.regime,
        confusion=confused,
        ended=comparison.ended,
        warnings=_warnings(comparison, verdict) + _too_good(comparison, final),
        contract=problem.contract.model_dump(mode="json"),
        **facts,
    )


def data_of(table: Table) -> Data:
    """Return what is told of the table."""
    return Data(
        name=table.name,
        source=table.source,
        rows=table.n_rows,
        columns=len(table.columns),
        digest=table.digest,
    )


def parts_of(problem: Problem) -> Parts:
    """Return the sizes of the parts."""
    s = problem.split
    n_folds = len(s.folds(problem.n_folds))
    return Parts(rule=s.rule, train=len(s.train), valid=len(s.valid), test=len(s.test), folds=n_folds)


def tells_of_copies(audit: Audit) -> bool:
    """Say whether the audit found copies of rows in two parts: then the contract's note on copies is not told beside."""
    return any(found.kind == "duplicates" for found in audit.findings)


def notes_of(table: Table, contract: Contract, split: Split, *, copies: bool = True) -> list[str]:
    """Return every decision that was taken about the data, in words, each once; on copies of rows if `copies`."""
    told = [note for note in contract.notes if copies or note.kind != "copies"]
    notes = [str(note) for note in (*table.notes, *told, *split.notes)]
    if table.rejects and not any(note.kind == "rejects" for note in table.notes):
        first = table.rejects[0]
        n = len(table.rejects)
        records = "1 record is left out" if n == 1 else f"{n:,} records are left out, the first"
        notes.append(f"{records}: line {first.line}, {first.reason}")
    return list(dict.fromkeys(notes))


def _too_good(comparison: Comparison, final: Final) -> list[str]:
    """Warn of a score that is seldom honest: two classes told apart almost without a mistake."""
    value = final.metrics["test"][comparison.metric.name].value
    if comparison.metric.name != "roc_auc" or value is None or value < SUSPICIOUS_AUC:
        return []
    return [
        (
            f"A ROC AUC of {format_number(value)} is seldom honest: make sure that no column is "
            "filled in only after the target "
            "is known, or copies it."
        )
    ]


def _warnings(comparison: Comparison, verdict: Verdict) -> list[str]:
    out = list(comparison.problems)
    out += [f"{c.entry.title} failed: {c.error}" for c in comparison.tried if c.error]
    for candidate in best_of_each(comparison):
        out += [f"{candidate.entry.title}: {told}" for told in candidate.validation.warnings]
    limit = {"time": "the time budget", "fits": "the limit of fits"}.get(comparison.ended, comparison.ended)
    out += [f"{title} was not tried: {limit} was used up before" for title in comparison.skipped]
    if verdict.regime in _GRAVE:
        out.append(verdict.sentence)
    return list(dict.fromkeys(out))
