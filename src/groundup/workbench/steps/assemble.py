"""Assemble the result of a run from the results of its steps: leaderboard, scores, sentences, warnings."""

from __future__ import annotations

from typing import Any

from groundup._version import __version__
from groundup.judge.differences import margin
from groundup.judge.metrics import Score, confusion
from groundup.judge.verdict import Parts as PartScores
from groundup.judge.verdict import Verdict, give_verdict
from groundup.tables import Contract, Split, Table
from groundup.text.escaping import printable_name
from groundup.text.numbers import as_sentence, format_number, pluralize
from groundup.workbench.audit import Audit
from groundup.workbench.problem import PARTS, Problem
from groundup.workbench.result import Best, Data, Parts, Result, Row
from groundup.workbench.steps.candidate import Candidate
from groundup.workbench.steps.choose import Choice, beats_baseline, best_of_each
from groundup.workbench.steps.comparison import Comparison
from groundup.workbench.steps.finalize import Final

SUSPICIOUS_AUC = 0.99
# Verdicts that a reader must not overlook.
_SERIOUS = {"memorised", "nothing", "strong overfit", "underfit", "unsteady"}
_LIMITS = {"time": "the time budget", "fits": "the limit of fits"}


def row_of(candidate: Candidate, name: str, n_settings: int = 1, *, baseline: bool = False) -> Row:
    """Return a candidate's row of the leaderboard, by the metric called `name`."""
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
        margin=margin([s for s in v.values(name) if s is not None], v.test_ratio) if judged else None,
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
    """Return the leaderboard: each model with its best settings, the best first, then the baseline, then failures."""
    tried, name = comparison.tried, comparison.metric.name
    ranked = best_of_each(comparison)
    rows = []
    for candidate in ranked:
        n_settings = sum(c.entry.name == candidate.entry.name for c in tried)
        row = row_of(candidate, name, n_settings)
        row.chosen = candidate is chosen
        if comparison.is_estimated(candidate):
            row.ranked_by = comparison.estimate(candidate)
        if comparison.missing_folds(candidate):
            row.mean = row.margin = None  # a mean over other folds is not comparable
        # If the validation set overruled the folds, no other model is tied with the one that was chosen.
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


def values_of(metrics: dict[str, dict[str, Score]]) -> dict[str, dict[str, float | None]]:
    """Return part -> metric -> value."""
    return {part: {name: score.value for name, score in of_part.items()} for part, of_part in metrics.items()}


def undefined_of(metrics: dict[str, dict[str, Score]]) -> dict[str, str]:
    """Return ``part.metric`` -> the reason why there is no value."""
    return {
        f"{part}.{name}": score.reason
        for part, of_part in metrics.items()
        for name, score in of_part.items()
        if score.value is None
    }


def verdict_of(comparison: Comparison, final: Final) -> Verdict:
    """Return the verdict on the deciding metric."""
    name = comparison.metric.name

    def on_parts(metrics) -> PartScores:
        return PartScores(*(metrics[part][name].value for part in PARTS))

    spread = final.checked.candidate.validation.spread(name)
    errors = PartScores(**final.errors)
    return give_verdict(comparison.metric, on_parts(final.metrics), on_parts(final.baseline), spread, errors)


def assemble(
    problem: Problem, comparison: Comparison, choice: Choice, final: Final, facts: dict[str, Any]
) -> Result:
    """Return the result of a run with a target; `facts` are the fields that only the project knows."""
    verdict, candidate = verdict_of(comparison, final), final.checked.candidate
    matrix = None
    if problem.classes is not None:
        matrix = confusion(problem.target("test"), final.predicted["test"].values, problem.classes).to_dict()
    overruled = "" if candidate is choice.candidate else "By the folds alone: "
    return Result(
        groundup=__version__,
        task=problem.task,
        target=problem.contract.target,
        split=parts_of(problem),
        best=Best(
            learner=candidate.entry.name,
            title=candidate.entry.title,
            params=plain_params(final.model.params),
            metric=comparison.metric.name,
            greater_is_better=comparison.metric.greater_is_better,
            reason=f"{overruled}{choice.reason}",
            check=final.checked.note,
        ),
        leaderboard=leaderboard(comparison, choice, candidate),
        metrics=values_of(final.metrics),
        baseline=values_of(final.baseline),
        undefined=undefined_of(final.metrics),
        verdict=verdict.sentence,
        regime=verdict.regime,
        confusion=matrix,
        meanings={m.name: m.meaning for m in problem.scoring.metrics if not m.is_default},
        ended=comparison.ended,
        warnings=_list_warnings(problem.contract, comparison, final, verdict),
        contract=problem.contract.model_dump(mode="json"),
        **facts,
    )


def _left_out(contract: Contract) -> str:
    """Return in a sentence which columns are not used, and why; "" if all are."""
    columns = [f"{printable_name(name)} ({reason})" for name, reason in contract.ignored.items()]
    return f" Columns that are left out: {', '.join(columns)}." if columns else ""


def data_of(table: Table) -> Data:
    """Return the description of the table in a result; the rows are those of its own file, the digest that of all."""
    return Data(
        name=table.name,
        source=table.source,
        rows=table.n_rows - sum(file.n_rows for file in table.part_files),
        columns=len(table.columns),
        digest=table.digest,
    )


def part_files_of(table: Table) -> dict[str, Data]:
    """Return the descriptions of the files that hold a set of their own."""
    n_columns = len(table.columns)
    return {
        file.part: Data(
            name=file.name, source=file.source, rows=file.n_rows, columns=n_columns, digest=file.digest
        )
        for file in table.part_files
    }


def parts_of(problem: Problem) -> Parts:
    """Return the sizes of the parts in a result."""
    s = problem.split
    sizes = {part: len(getattr(s, part)) for part in PARTS}
    return Parts(rule=s.rule, **sizes, folds=len(s.folds(problem.n_folds)), origins=dict(s.origins))


def reports_copies(audit: Audit) -> bool:
    """Return whether the audit reports copies of rows, so that the contract's note on them is redundant."""
    return any(finding.kind == "duplicates" for finding in audit.findings)


def notes_of(table: Table, contract: Contract, split: Split, *, copies: bool = True) -> list[str]:
    """Return every decision about the data in words, each once; the note on copies of rows only if `copies`.

    Those about the target are the first, because a page shows a few only.
    """
    shown = [note for note in contract.notes if copies or note.kind != "copies"]
    ordered = sorted((*table.notes, *shown, *split.notes), key=lambda note: note.column != contract.target)
    notes = [str(note) for note in ordered]
    if table.rejects and not any(note.kind == "rejects" for note in table.notes):
        first = table.rejects[0]
        records = pluralize(len(table.rejects), "record is left out", "records are left out, the first")
        notes.append(f"{records}: line {first.line}, {first.reason}")
    return list(dict.fromkeys(notes))


def describe_limit(ended: str) -> str:
    """Return the limit that ended a comparison in words."""
    return _LIMITS.get(ended, ended)


def _list_warnings(contract: Contract, comparison: Comparison, final: Final, verdict: Verdict) -> list[str]:
    out = [*comparison.problems, *final.warnings]
    if not beats_baseline(comparison, final.checked.candidate) or verdict.regime == "nothing":
        out.insert(0, f"No model is better than the baseline.{_left_out(contract)}")
    out += [f"{c.entry.title} failed: {c.error}" for c in comparison.tried if c.error]
    for candidate in best_of_each(comparison):
        out += [f"{candidate.entry.title}: {text}" for text in candidate.validation.warnings]
    limit = describe_limit(comparison.ended)
    out += [f"{title} was not tried because {limit} was used up" for title in comparison.skipped]
    if verdict.regime in _SERIOUS:
        out.append(verdict.sentence)
    value = final.metrics["test"][comparison.metric.name].value
    if comparison.metric.name == "roc_auc" and value is not None and value >= SUSPICIOUS_AUC:
        out.append(
            f"A ROC AUC of {format_number(value)} is suspiciously high: make sure that no column copies the target or is "
            "filled in only after the target is known."
        )
    return list(dict.fromkeys(map(as_sentence, out)))
