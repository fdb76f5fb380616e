"""The sections of a result: what every face displays, made once from the record and the examination.

To add a column to the leaderboard, measure it into `record.Row` and add a line to `_leaderboard_columns`; scores,
findings and segments likewise have one declaration each. A section without content is None.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from groundup import charts
from groundup.judge.metrics import metric
from groundup.tables import Contract
from groundup.text.numbers import (
    format_bytes,
    format_interval,
    format_micros,
    format_number,
    format_percent,
    format_probability,
    format_seconds,
    format_with_error,
    pluralize,
)
from groundup.workbench.display.advice import advise
from groundup.workbench.display.data_sections import PARTS, audit, data, figures, split, task_name
from groundup.workbench.display.model import (
    Block,
    Callout,
    Code,
    Fact,
    Facts,
    Figure,
    Heading,
    KeyFigure,
    KeyFigures,
    Listing,
    Mark,
    Measure,
    Paragraph,
    Section,
    Tone,
    count_column,
    make_table,
    text_column,
)
from groundup.workbench.display.reproduce import reproduce
from groundup.workbench.record import Examination, Record, Row, Segment, WorstRow

_TONES: dict[str, Tone] = {
    "good": "good",
    "segments": "good",
    "slight overfit": "plain",
    "unknown": "plain",
    "underfit": "warning",
    "overfit": "warning",
    "unsteady": "warning",
    "strong overfit": "bad",
    "memorised": "bad",
    "nothing": "bad",
}
_LIMITS = {"time": " (time limit)", "fits": " (limit)"}
_LEGEND: dict[Mark, str] = {
    "chosen": "chosen",
    "tied": "not significantly different from the best; of these, the smallest model is chosen",
    "failed": "failed",
}
_HIDDEN_PARAMS = {"random_state", "early_stopping", "n_iter_no_change"}
_SHORT_MATRIX = 8
_SEGMENT_COLUMNS = 12


def title_of(record: Record) -> str:
    """Return the title of a result."""
    return f"Predicting {record.target}" if record.target else f"Segments of {record.data.name}"


def contract_of(record: Record) -> Contract:
    """Return the contract that is stored in a record."""
    return Contract.model_validate(record.contract, strict=False)


# ---------------------------------------------------------------------- at a glance


def outcome(record: Record, examination: Examination) -> Section:
    """Return the result at a glance: key figures, verdict, warnings."""
    name = record.best.metric
    blocks: list[Block] = [
        KeyFigures(items=_key_figures(record, examination)),
        Callout(tone=_TONES.get(record.regime, "plain"), title="Verdict", texts=[record.verdict]),
    ]
    findings = record.audit.findings if record.audit else ()
    audited = {finding.told for finding in findings if finding.level == "warn"}
    warnings = [text for text in record.warnings if text != record.verdict and text not in audited]
    if repeated := len(audited & set(record.warnings)):
        warnings.append(f"The leak audit has {pluralize(repeated, 'warning')}, see there.")
    if warnings:
        blocks.append(Callout(tone="warning", title="Warnings", texts=warnings))
    blocks.append(Paragraph(text=f"{name}: {metric(name).meaning}.", full_only=True))
    return Section(name="outcome", title="The outcome", label="Verdict", blocks=blocks)


def _key_figures(record: Record, examination: Examination) -> list[KeyFigure]:
    best, test, base = record.best, record.metrics["test"], record.baseline.get("test", {})
    bounds = examination.intervals.get("test", {}).get(best.metric)
    direction = _direction(record)
    items = [
        KeyFigure(
            name=f"{best.metric} on the test set",
            text=format_number(test.get(best.metric)),
            detail=f"{direction}; 95% interval: {format_interval(bounds)}" if bounds else direction,
            value=test.get(best.metric),
        )
    ]
    if base:
        value = base.get(best.metric)
        items.append(KeyFigure(name=f"{best.metric} of the baseline", text=format_number(value), value=value))
    if (accuracy := test.get("accuracy")) is not None:
        usual = base.get("accuracy")
        detail = "" if usual is None else f"baseline: {format_percent(usual)}"
        text = format_percent(accuracy)
        items.append(
            KeyFigure(name="correct predictions on the test set", text=text, detail=detail, value=accuracy)
        )
    elif (error := test.get("mae")) is not None:
        column = contract_of(record).by_name.get(record.target or "")
        unit = (column and column.unit) or "in the unit of the target"
        items.append(
            KeyFigure(name="mean error on the test set", text=format_number(error), detail=unit, value=error)
        )
    row = _chosen_row(record)
    cost = "" if row is None else f"{format_micros(row.row_us)} a row, {format_bytes(row.bytes)}"
    items.append(KeyFigure(name="chosen model", text=best.title, detail=cost, value=best.learner))
    return items


def _direction(record: Record) -> str:
    return "higher is better" if record.best.greater_is_better else "lower is better"


def _chosen_row(record: Record) -> Row | None:
    return next((row for row in record.leaderboard if row.chosen), None)


def request(record: Record) -> Section:
    """Return the settings of the run."""
    settings, name = record.settings, record.best.metric
    limits = [] if settings.get("budget_s") is None else [format_seconds(float(settings["budget_s"]))]
    limits += [] if settings.get("max_fits") is None else [pluralize(int(settings["max_fits"]), "fit")]
    facts = [
        ("Target", record.target or "none: segments of similar rows are sought"),
        ("Task", task_name(record.task)),
        ("Deciding metric", f"{name}, {metric(name).meaning}"),
        ("Time column", settings.get("time")),
        ("Group column", settings.get("group")),
        ("Ignored columns", ", ".join(settings.get("ignore") or ())),
        ("Accepted findings", ", ".join(settings.get("accept") or ())),
        ("Models", ", ".join(settings.get("learners") or ()) or "all that suit the task"),
        ("Limit", " and ".join(limits) or "none"),
        ("Random seed", str(settings.get("seed", 0))),
        ("groundup", record.groundup),
    ]
    return Section(name="request", title="The request", label="Request", blocks=[_facts(facts)])


def _facts(pairs: Iterable[tuple[str, Any]]) -> Facts:
    """Return the facts whose text is not empty."""
    return Facts(items=[Fact(name=name, text=str(text)) for name, text in pairs if text])


# ---------------------------------------------------------------------- the comparison


def leaderboard(record: Record) -> Section:
    """Return the models that were compared."""
    best, folds = record.best, pluralize(record.split.folds, "fold")
    rows = record.leaderboard
    fits = f"{pluralize(record.n_fits, 'fit')}{_LIMITS.get(record.ended, '')}"
    caption = f"Mean {best.metric} ± SD over {folds} of the training set, {_direction(record)}; {fits}"
    table = make_table(
        caption,
        _leaderboard_columns(record),
        rows,
        mark=lambda r: "failed" if r.error else "chosen" if r.chosen else "tied" if r.tied else "",
        emphasis=lambda r: "strong" if r.chosen else "quiet" if r.baseline or r.error else "",
    )
    marks = {line.mark for line in table.rows}
    table.legend = {mark: text for mark, text in _LEGEND.items() if mark in marks}
    blocks: list[Block] = [table]
    if any(row.ranked_by is not None for row in rows):
        text = "(n folds): scored on n folds only, ranked by the expected mean over all folds."
        blocks.append(Paragraph(text=text, tone="muted"))
    text = "Fit: median time of one fit. Latency: time to prepare and predict one row. Size: of the fitted model."
    blocks.append(Paragraph(text=text, full_only=True))
    if failed := [f"{row.title}: {row.error}" for row in rows if row.error]:
        title = f"{pluralize(len(failed), 'model')} failed"
        blocks.append(Callout(tone="warning", title=title, texts=failed, full_only=True))
    return Section(name="leaderboard", title="Leaderboard", label="Leaderboard", blocks=blocks)


def _leaderboard_columns(record: Record) -> list[Measure[Row]]:
    """Declare the columns of the leaderboard."""
    score: Measure[Row] = Measure(record.best.metric, _ranking_score, text=_score_text)
    measures: list[Measure[Row]] = [
        text_column("Model", lambda row: row.title, detail=lambda row: row.setting),
        score,
        Measure("Validation", lambda row: row.valid, format_number, drop=4),
        count_column("Settings", lambda row: None if row.baseline else row.n_settings, drop=1),
        Measure("Fit", lambda row: row.fit_s, format_seconds, drop=3),
        Measure("Latency", lambda row: row.row_us, format_micros, drop=5),
        Measure("Size", lambda row: row.bytes, format_bytes, drop=2),
    ]
    omitted = {"Validation", "Settings"} if record.segments else set()
    return [measure for measure in measures if measure.title not in omitted]


def _ranking_score(row: Row) -> float | None:
    return row.mean if row.ranked_by is None else row.ranked_by


def _score_text(row: Row) -> str:
    """Return the mean that ranks a row, with its spread or the number of folds that it rests on."""
    if row.error:
        return "failed"
    if row.ranked_by is None:
        return format_with_error(row.mean, row.spread)
    n_scored = sum(score is not None for score in row.fold_scores)
    return f"{format_number(row.ranked_by)} ({pluralize(n_scored, 'fold')})"


def fold_scores(record: Record) -> list[Block]:
    """Return the chart of all scores; a baseline far off is left out, with a sentence."""
    entries = [
        {
            "name": row.title,
            "folds": [value for value in row.fold_scores if value is not None],
            "score": _ranking_score(row),
            "is_baseline": row.baseline,
            "is_tied": row.tied,
        }
        for row in record.leaderboard
        if not row.error and _ranking_score(row) is not None
    ]
    drawn = _without_distant_baseline(entries)
    if not drawn:
        return []
    best, row = record.best, _chosen_row(record)
    chart = charts.leaderboard(
        drawn,
        metric=best.metric,
        greater_is_better=best.greater_is_better,
        chosen=None if row is None else row.title,
    )
    blocks: list[Block] = [Figure(name="leaderboard-spread", chart=chart.to_object())]
    if left_out := [entry for entry in entries if entry not in drawn]:
        text = f"The baseline, {format_number(left_out[0]['score'])}, is too far from the other scores to be drawn."
        blocks.append(Paragraph(text=text, full_only=True))
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


def choice(record: Record) -> Section:
    """Return the reason for the choice, and the setting of the saved model."""
    best, rows = record.best, record.split.train + record.split.valid
    params = {name: value for name, value in best.params.items() if name not in _HIDDEN_PARAMS}
    setting = ", ".join(f"{k}={v:g}" if isinstance(v, float) else f"{k}={v}" for k, v in params.items())
    refit = f"Refitted on the training and validation set ({pluralize(rows, 'row')})"
    texts = [best.reason, best.check, f"{refit} with {setting or 'default parameters'}."]
    return Section(
        name="choice",
        title="The chosen model",
        label="Choice",
        blocks=[Paragraph(text=text) for text in texts if text],
    )


def segments(record: Record, examination: Examination) -> Section | None:
    """Return the segments in words and numbers."""
    if not record.segments:
        return None
    measures: list[Measure[Segment]] = [
        count_column("Segment", lambda s: s.number),
        count_column("Rows", lambda s: s.rows),
        Measure("Share", lambda s: s.share, lambda share: format_percent(share, 0)),
        text_column("Characteristics", lambda s: s.words),
    ]
    values: list[Measure[str]] = [text_column("Column", lambda name: name)]
    by_segment: list[Measure[str]] = [
        Measure(f"Segment {s.number}", lambda name, s=s: s.values.get(name), _value_text)
        for s in record.segments
    ]
    names = list(record.segments[0].values)[:_SEGMENT_COLUMNS]
    caption = "Mean, or most frequent level, of each segment"
    blocks: list[Block] = [
        make_table(pluralize(len(record.segments), "segment"), measures, record.segments),
        *figures(examination, "map"),
        make_table(caption, values + by_segment, names, full_only=True),
    ]
    return Section(name="segments", title="The segments", label="Segments", blocks=blocks)


def _value_text(value) -> str:
    return value if isinstance(value, str) else format_number(value)


# ---------------------------------------------------------------------- after it


def scores(record: Record, examination: Examination) -> Section:
    """Return the scores on the training, validation and test set with their intervals."""
    names = list(record.metrics["test"])
    measures: list[Measure[str]] = [
        text_column("Score", lambda name: name, detail=lambda name: metric(name).meaning)
    ]
    for part, title in PARTS.items():
        details = {name: _score_detail(record, examination, part, name) for name in names}
        measures.append(_part_scores(title, record.metrics[part], details))
    if base := record.baseline.get("test"):
        measures.append(_part_scores("Baseline", base))
    caption = "Training, validation: fitted on the training set alone. Test: the saved model."
    table = make_table(
        caption, measures, names, emphasis=lambda name: "strong" if name == record.best.metric else ""
    )
    looks = record.test_looks
    blocks: list[Block] = [table]
    if looks == 1:
        blocks.append(Paragraph(text="The test set was opened once.", tone="muted"))
    else:
        text = (
            f"The test set was opened {looks} times: changes made in between make its scores too optimistic."
        )
        blocks.append(Paragraph(text=text, tone="warning"))
    if examination.intervals:
        text = (
            "Below each score: its 95% interval for other rows of the same kind (delete-a-group jackknife)."
        )
        blocks.append(Paragraph(text=text, full_only=True))
    return Section(name="scores", title="Scores", label="Scores", blocks=blocks)


def _part_scores(
    title: str, values: dict[str, float | None], details: dict[str, str] | None = None
) -> Measure[str]:
    """Declare the column of one part's scores."""
    return Measure(
        title,
        values.get,
        text=lambda name: format_number(values.get(name)),
        detail=details.__getitem__ if details else None,
    )


def _score_detail(record: Record, examination: Examination, part: str, name: str) -> str:
    """Return the interval of a score, or the reason why there is no score."""
    bounds = examination.intervals.get(part, {}).get(name)
    return format_interval(bounds) if bounds else record.undefined.get(f"{part}.{name}", "")


def confusion(record: Record) -> Section | None:
    """Return the confusion matrix of the test set, unless it has too many classes for a table."""
    found = record.confusion
    if found is None or len(found["labels"]) > _SHORT_MATRIX:
        return None
    labels, counts = [str(label) for label in found["labels"]], found["counts"]
    positions = range(len(labels))
    measures: list[Measure[int]] = [text_column("actual \\ predicted", lambda i: labels[i])]
    for j, label in enumerate(labels):
        tone: Any = lambda i, j=j: "good" if i == j else "plain"  # noqa: E731
        measures.append(count_column(label, lambda i, j=j: counts[i][j], tone=tone))
    caption = "Rows of the test set by actual and predicted class"
    table = make_table(caption, measures, positions, is_matrix=True)
    return Section(name="confusion", title="Confusion matrix", label="Confusion", blocks=[table])


def curves(examination: Examination) -> Section | None:
    """Return the charts of the predictions on the test set, and of the course of the fit."""
    names = ("confusion", "roc", "precision_recall", "calibration", "residuals", "learning_curve")
    blocks: list[Block] = [*figures(examination, *names)]
    title = "Performance on unseen rows"
    return Section(name="curves", title=title, label="Curves", blocks=blocks) if blocks else None


def errors(record: Record, examination: Examination) -> Section | None:
    """Return the worst predictions on the validation set."""
    worst = examination.worst_rows
    if not worst:
        return None
    has_classes = record.confusion is not None
    titles = ("Probability of the actual class", "with the highest probability for a wrong class")
    title, kind = titles if has_classes else ("Error", "with the largest errors")

    def text_of(value) -> str:
        return str(value) if has_classes or isinstance(value, str) else format_number(value)

    def error_text(row: WorstRow) -> str:
        return format_probability(row.error) if has_classes else _signed(row.error)

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
    caption = f"{pluralize(len(worst), 'row')}, numbered from 1 in the table"
    blocks: list[Block] = [Paragraph(text=text), make_table(caption, measures + cells, worst)]
    return Section(name="errors", title="Errors worth inspecting", label="Errors", blocks=blocks)


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{format_number(value)}"


def reliance(examination: Examination) -> Section | None:
    """Return the importance of the columns, and how the predictions change with the most important ones."""
    blocks: list[Block] = [*figures(examination, "importance")]
    if blocks:
        text = (
            "Each column is shuffled in the validation set, which the model has not seen; its importance is the loss of "
            "score. Columns with the same information share their importance. Importance describes the model, not the "
            "causes of the target."
        )
        blocks.append(Paragraph(text=text))
    moved = figures(examination, *sorted(n for n in examination.figures if n.startswith("dependence_")))
    if moved:
        text = (
            "The mean prediction as one column changes and all others stay as they are. If columns usually change "
            "together, some of these rows are unlikely."
        )
        blocks += [Heading(text="How predictions change with a column"), Paragraph(text=text), *moved]
    title = "What the model relies on"
    return Section(name="reliance", title=title, label="Reliance", blocks=blocks) if blocks else None


def next_steps(record: Record, examination: Examination) -> Section:
    """Return advice on what to try next."""
    advice = advise(record, examination, contract_of(record))
    block: Block = Paragraph(text="No problem stands out. Use the model, and monitor it on new rows.")
    if advice:
        block = Listing(heads=[one.action for one in advice], items=[one.reason for one in advice])
    return Section(name="next", title="What to try next", label="Advice", blocks=[block])


def reproduction(record: Record, examination: Examination) -> Section:
    """Return how to repeat the run."""
    again = reproduce(record)
    blocks: list[Block] = [
        Code(language="console", caption="Command", text=again.command),
        Code(
            language="python",
            caption="Python script, which checks the data and the digest",
            text=again.script,
        ),
        Code(language="text", caption="SHA-256 of the model file", text=record.digest),
        Listing(items=again.notes),
    ]
    if examination.versions:
        versions = ", ".join(f"{name} {version}" for name, version in examination.versions.items())
        blocks.append(Paragraph(text=f"Made with {versions}."))
    if examination.omitted:
        blocks.append(Callout(title="Omitted from this report", texts=examination.omitted))
    return Section(name="repeat", title="Repeat this run", label="Repeat", blocks=blocks)


def files(record: Record, *, just_built: bool = False, with_report: bool = True) -> Section:
    """Return where the model is; `just_built` if the command that displays it has built it."""
    is_stored = just_built and record.stored
    how = "stored result, nothing was run" if is_stored else f"in {format_seconds(record.seconds)}"
    items = [Fact(name="Model", text=f"{record.bundle} ({how})", is_literal=True)]
    page = Path(record.bundle).with_name("report.html")
    if with_report and page.is_file():
        items.append(Fact(name="Report", text=str(page), is_literal=True))
    return Section(name="files", title="Files", label="Model", blocks=[Facts(items=items)])


def commands(record: Record, *, just_built: bool = False) -> Section:
    """Return the commands that come next."""
    project = shlex.quote(record.project)
    lines = [
        f"groundup predict {project} NEW.csv -o predictions.csv",
        f"groundup explain {project} NEW.csv --row 1",
        f"groundup serve {project}",
    ]
    blocks: list[Block] = [Code(language="console", caption="Next", text="\n".join(lines))]
    if just_built and record.stored:
        blocks.append(Paragraph(text="The same command with --fresh runs again."))
    return Section(name="commands", title="Next", label="Next", blocks=blocks)


# ---------------------------------------------------------------------- the sections of each face


def opening_sections(record: Record) -> list[Section]:
    """Return what a build displays before its comparison: the data, the split, the audit."""
    contract = contract_of(record)
    sections = [data(contract, record.data, record.notes, Examination()), split(record.split, contract)]
    return sections + ([audit(record.audit)] if record.audit else [])


def outcome_sections(record: Record, *, just_built: bool = False) -> list[Section]:
    """Return what a build displays after its comparison."""
    none = Examination()
    sections = [
        leaderboard(record),
        choice(record),
        segments(record, none),
        scores(record, none),
        confusion(record),
        outcome(record, none),
        files(record, just_built=just_built),
    ]
    return [section for section in sections if section is not None]


def report_sections(record: Record, examination: Examination) -> list[Section]:
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


def summary_sections(record: Record, *omitted: str) -> list[Section]:
    """Return the sections of ``print(result)`` and of a notebook cell, except the omitted ones."""
    omitted = ("split", "confusion", "files", *omitted)
    sections = [*opening_sections(record), *outcome_sections(record)]
    return [*(s for s in sections if s.name not in omitted), files(record, with_report=False)]
