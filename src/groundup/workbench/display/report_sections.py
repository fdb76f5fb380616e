"""The sections of a report: those of all faces, and settings, charts, worst predictions, advice, reproduction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from groundup import charts
from groundup.text.escaping import value_text
from groundup.text.numbers import format_number, format_probability, format_seconds, pluralize
from groundup.workbench.display import model as m
from groundup.workbench.display.advice import advise
from groundup.workbench.display.data_sections import audit, data, figures, split, task_name
from groundup.workbench.display.decision import decision, meaning_of
from groundup.workbench.display.measures import Measure, count_column, make_table, text_column
from groundup.workbench.display.reproduce import reproduce
from groundup.workbench.display.sections import (
    choice,
    chosen_row,
    confusion,
    contract_of,
    files,
    leaderboard,
    outcome,
    ranking_score,
    scores,
    segments,
)
from groundup.workbench.objective import Cost, Objective
from groundup.workbench.record import Examination, Record, WorstRow


def report_sections(record: Record, examination: Examination) -> list[m.Section]:
    """Return the sections of a report."""
    contract, board, charted = contract_of(record), leaderboard(record), curves(examination)
    board.blocks[:0] = fold_scores(record)
    sections = [
        outcome(record, examination),
        request(record),
        data(contract, record.data, record.notes, examination),
        split(record.split, contract),
        audit(record.audit) if record.audit else None,
        board,
        choice(record),
        segments(record, examination),
        decision(record),
        scores(record, examination),
        charted,
        None if "confusion" in examination.figures else confusion(record),
        errors(record, examination),
        reliance(examination),
        next_steps(record, examination),
        files(record),
        reproduction(record, examination),
    ]
    return [section for section in sections if section is not None]


def request(record: Record) -> m.Section:
    """Return the settings of the run."""
    settings, name, contract = record.settings, record.best.metric, contract_of(record)
    limits = [] if settings.get("budget_s") is None else [format_seconds(float(settings["budget_s"]))]
    limits += [] if settings.get("max_fits") is None else [pluralize(int(settings["max_fits"]), "fit")]
    facts = [
        ("Target", record.target or "none: segments of similar rows are sought"),
        ("Task", task_name(record.task)),
        ("Deciding metric", f"{name}, {meaning_of(record, name)}"),
        ("Positive class", contract.positive_class if contract.positive is not None else None),
        ("Threshold", settings.get("threshold")),
        ("Costs", "; ".join(_cost_text(one) for one in Objective.of(cost=settings.get("cost")).cost)),
        ("Class weights", _class_weight_text(settings.get("class_weight"))),
        ("Weight column", settings.get("weight")),
        ("Time column", settings.get("time")),
        ("Group column", settings.get("group")),
        ("Ignored columns", ", ".join(settings.get("ignore") or ())),
        ("Accepted findings", ", ".join(settings.get("accept") or ())),
        ("Models", ", ".join(settings.get("learners") or ()) or "all that suit the task"),
        ("Limit", " and ".join(limits) or "none"),
        ("Random seed", str(settings.get("seed", 0))),
        ("groundup", record.groundup),
    ]
    return m.Section(name="request", title="The request", label="Request", blocks=[_facts(facts)])


def _cost_text(one: Cost) -> str:
    return f"predicting {one.predicted} for an actual {one.actual} costs {one.cost:g}"


def _class_weight_text(weights: Any) -> str:
    if isinstance(weights, dict):
        return ", ".join(f"{label} {weight:g}" for label, weight in weights.items())
    return weights or ""


def _facts(pairs: Iterable[tuple[str, Any]]) -> m.Facts:
    """Return the facts whose text is not empty."""
    return m.Facts(items=[m.Fact(name=name, text=str(text)) for name, text in pairs if text])


def fold_scores(record: Record) -> list[m.Block]:
    """Return the chart of all scores; a baseline far off is left out, with a sentence."""
    entries = [
        {
            "name": row.title,
            "folds": [value for value in row.fold_scores if value is not None],
            "score": ranking_score(row),
            "margin": row.margin,
            "is_baseline": row.baseline,
            "is_tied": row.tied,
        }
        for row in record.leaderboard
        if not row.error and ranking_score(row) is not None
    ]
    drawn = _without_distant_baseline(entries)
    if not drawn:
        return []
    best, row = record.best, chosen_row(record)
    chart = charts.leaderboard(
        drawn,
        metric=best.metric,
        greater_is_better=best.greater_is_better,
        chosen=None if row is None else row.title,
    )
    blocks: list[m.Block] = [m.Figure(name="leaderboard-spread", chart=chart.to_object())]
    if left_out := [entry for entry in entries if entry not in drawn]:
        text = f"The baseline, {format_number(left_out[0]['score'])}, is too far from the other scores to be drawn."
        blocks.append(m.Paragraph(text=text, full_only=True))
    return blocks


def _without_distant_baseline(entries: list[dict]) -> list[dict]:
    """Leave out a baseline so far off that the other scores could not be distinguished."""
    values = [v for e in entries if not e["is_baseline"] for v in [*e["folds"], e["score"]]]
    base = next((e["score"] for e in entries if e["is_baseline"]), None)
    if not values or base is None:
        return entries
    low, high = min(values), max(values)
    span = max(high, base) - min(low, base)
    return entries if high - low >= 0.3 * span else [e for e in entries if not e["is_baseline"]]


def curves(examination: Examination) -> m.Section | None:
    """Return the charts of the predictions on the test set, and of the course of the fit."""
    names = (
        "confusion",
        "roc",
        "precision_recall",
        "threshold",
        "calibration",
        "residuals",
        "learning_curve",
    )
    blocks: list[m.Block] = [*figures(examination, *names)]
    title = "Performance on unseen rows"
    return m.Section(name="curves", title=title, label="Curves", blocks=blocks) if blocks else None


def errors(record: Record, examination: Examination) -> m.Section | None:
    """Return the worst predictions on the validation set."""
    worst = examination.worst_rows
    if not worst:
        return None
    has_classes = record.confusion is not None
    titles = ("Probability of the actual class", "with the highest probability for a wrong class")
    title, kind = titles if has_classes else ("Residual (actual - predicted)", "with the largest errors")

    def text_of(value) -> str:
        return value_text(value) if has_classes or isinstance(value, str) else format_number(value)

    def error_text(row: WorstRow) -> str:
        sign = "+" if row.error > 0 else ""
        return format_probability(row.error) if has_classes else f"{sign}{format_number(row.error)}"

    measures: list[Measure[WorstRow]] = [
        count_column("Row", lambda row: row.row),
        Measure("Actual", lambda row: row.actual, text_of, is_number=not has_classes),
        Measure("Predicted", lambda row: row.predicted, text_of, is_number=not has_classes),
        Measure(title, lambda row: row.error, text=error_text),
    ]
    names = dict.fromkeys(name for row in worst for name in row.cells)
    cells: list[Measure[WorstRow]] = [
        text_column(name, lambda row, name=name: row.cells.get(name)) for name in names
    ]
    text = (
        f"The rows of the validation set {kind}. Inspect them: wrong labels, mixed-up units and missing columns often "
        "show here first. They are not from the test set, so that learning from them leaves it unseen."
    )
    source = record.part_files["valid"].name if "valid" in record.part_files else "the table"
    caption = f"{pluralize(len(worst), 'row')}, numbered from 1 in {source}"
    blocks: list[m.Block] = [m.Paragraph(text=text), make_table(caption, measures + cells, worst)]
    return m.Section(name="errors", title="Errors worth inspecting", label="Errors", blocks=blocks)


def reliance(examination: Examination) -> m.Section | None:
    """Return the importance of the columns, and how the predictions change with the most important ones."""
    blocks: list[m.Block] = [*figures(examination, "importance")]
    if blocks:
        text = (
            "Each column is shuffled in the validation set, which the model has not seen; its importance is the loss of "
            "score. Columns with the same information share their importance. Importance describes the model, not the "
            "causes of the target."
        )
        blocks.append(m.Paragraph(text=text))
    moved = figures(examination, *sorted(n for n in examination.figures if n.startswith("dependence_")))
    if moved:
        text = (
            "The mean prediction as one column changes and all others stay as they are. If columns usually change "
            "together, some of these rows are unlikely."
        )
        blocks += [m.Heading(text="How predictions change with a column"), m.Paragraph(text=text), *moved]
    title = "What the model relies on"
    return m.Section(name="reliance", title=title, label="Reliance", blocks=blocks) if blocks else None


def next_steps(record: Record, examination: Examination) -> m.Section:
    """Return advice on what to try next."""
    advice = advise(record, examination, contract_of(record))
    block: m.Block = m.Paragraph(text="No problem stands out. Use the model, and monitor it on new rows.")
    if advice:
        block = m.Listing(heads=[one.action for one in advice], items=[one.reason for one in advice])
    return m.Section(name="next", title="What to try next", label="Advice", blocks=[block])


def reproduction(record: Record, examination: Examination) -> m.Section:
    """Return how to repeat the run."""
    again = reproduce(record)
    blocks: list[m.Block] = [
        *([m.Code(language="console", caption="Command", text=again.command)] if again.command else []),
        m.Code(
            language="python",
            caption="Python script, which checks the data and the digest",
            text=again.script,
        ),
        m.Code(language="text", caption="SHA-256 of the model file", text=record.digest),
        m.Listing(items=again.notes),
    ]
    if examination.versions:
        versions = ", ".join(f"{name} {version}" for name, version in examination.versions.items())
        blocks.append(m.Paragraph(text=f"Made with {versions}."))
    if examination.omitted:
        blocks.append(m.Callout(title="Omitted from this report", texts=examination.omitted))
    return m.Section(name="repeat", title="Repeat this run", label="Repeat", blocks=blocks)
