"""The sections of a result: what every face displays, made once from the record and the examination.

To add a column to the leaderboard, measure it into `record.Row` and add a line to `_leaderboard_columns`; scores,
findings and segments likewise have one declaration each. A section without content is None.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np

from groundup.tables import Contract
from groundup.text.escaping import value_text
from groundup.text.numbers import (
    format_bytes,
    format_micros,
    format_number,
    format_percent,
    format_seconds,
    format_with_error,
    pluralize,
)
from groundup.workbench.display import model as m
from groundup.workbench.display.data_sections import PARTS, audit, data, figures, split
from groundup.workbench.display.decision import decision, meaning_of, positive_in_words
from groundup.workbench.display.measures import Measure, count_column, make_table, text_column
from groundup.workbench.record import Examination, Record, Row, Segment

_TONES: dict[str, m.Tone] = {
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
_LEGEND: dict[m.Mark, str] = {
    "chosen": "chosen",
    "tied": "not significantly different from the best",
    "failed": "failed",
}
_HIDDEN_PARAMS = {"random_state", "early_stopping", "n_iter_no_change"}
_SHORT_MATRIX = 8
_FREQUENT_ERRORS = 8
_SEGMENT_COLUMNS = 12


def title_of(record: Record) -> str:
    """Return the title of a result."""
    return f"Predicting {record.target}" if record.target else f"Segments of {record.data.name}"


def contract_of(record: Record) -> Contract:
    """Return the contract that is stored in a record."""
    return Contract.model_validate(record.contract, strict=False)


# ---------------------------------------------------------------------- at a glance


def outcome(record: Record, examination: Examination) -> m.Section:
    """Return the result at a glance: key figures, verdict, warnings."""
    name = record.best.metric
    blocks: list[m.Block] = [
        m.KeyFigures(items=_key_figures(record, examination)),
        m.Callout(tone=_TONES.get(record.regime, "plain"), title="Verdict", texts=[record.verdict]),
    ]
    findings = record.audit.findings if record.audit else ()
    audited = {finding.sentence for finding in findings if finding.level == "warn"}
    warnings = [text for text in record.warnings if text != record.verdict and text not in audited]
    if repeated := len(audited & set(record.warnings)):
        warnings.append(f"The leak audit has {pluralize(repeated, 'warning')}, see there.")
    if warnings:
        blocks.append(m.Callout(tone="warning", title="Warnings", texts=warnings))
    blocks.append(m.Paragraph(text=f"{name}: {meaning_of(record, name)}.", full_only=True))
    return m.Section(name="outcome", title="The outcome", label="Verdict", blocks=blocks)


def _key_figures(record: Record, examination: Examination) -> list[m.KeyFigure]:
    best, test, base = record.best, record.metrics["test"], record.baseline.get("test", {})
    bounds = examination.interval_text("test", best.metric)
    direction = _direction_of(record)
    items = [
        m.KeyFigure(
            name=f"{best.metric} on the test set",
            text=format_number(test.get(best.metric)),
            detail=f"{direction}; 95% interval: {bounds}" if bounds else direction,
            value=test.get(best.metric),
        )
    ]
    if base:
        value = base.get(best.metric)
        items.append(
            m.KeyFigure(name=f"{best.metric} of the baseline", text=format_number(value), value=value)
        )
    if (accuracy := test.get("accuracy")) is not None:
        usual = base.get("accuracy")
        detail = "" if usual is None else f"baseline: {format_percent(usual)}"
        text = format_percent(accuracy)
        items.append(
            m.KeyFigure(name="correct predictions on the test set", text=text, detail=detail, value=accuracy)
        )
    elif (error := test.get("mae")) is not None:
        column = contract_of(record).by_name.get(record.target or "")
        unit = (column and column.unit) or "in the unit of the target"
        items.append(
            m.KeyFigure(
                name="mean error on the test set", text=format_number(error), detail=unit, value=error
            )
        )
    row = chosen_row(record)
    cost = "" if row is None else f"{format_micros(row.row_us)} a row, {format_bytes(row.bytes)}"
    items.append(m.KeyFigure(name="chosen model", text=best.title, detail=cost, value=best.learner))
    return items


def _direction_of(record: Record) -> str:
    """Return whether higher or lower is better."""
    return "higher is better" if record.best.greater_is_better else "lower is better"


def chosen_row(record: Record) -> Row | None:
    """Return the row of the chosen model."""
    return next((row for row in record.leaderboard if row.chosen), None)


# ---------------------------------------------------------------------- the comparison


def leaderboard(record: Record) -> m.Section:
    """Return the models that were compared."""
    best, folds = record.best, pluralize(record.split.folds, "training fold")
    rows = record.leaderboard
    fits = f"{pluralize(record.n_fits, 'fit')}{_LIMITS.get(record.ended, '')}"
    caption = f"Mean {best.metric} ± 95% interval over {folds}, {_direction_of(record)}; {fits}"
    blocks = leaderboard_blocks(rows, caption, best.metric, has_target=record.target is not None)
    text = "Fit: median time of one fit. Latency: time to prepare and predict one row. Size: of the fitted model."
    blocks.append(m.Paragraph(text=text, full_only=True))
    if failed := [f"{row.title}: {row.error}" for row in rows if row.error]:
        title = f"{pluralize(len(failed), 'model')} failed"
        blocks.append(m.Callout(tone="warning", title=title, texts=failed, full_only=True))
    return m.Section(name="leaderboard", title="Leaderboard", label="Leaderboard", blocks=blocks)


def leaderboard_blocks(rows: list[Row], caption: str, metric_name: str, *, has_target: bool) -> list[m.Block]:
    """Return the table of the leaderboard with its notes."""
    table = make_table(
        caption,
        _leaderboard_columns(metric_name, has_target=has_target),
        rows,
        mark=lambda r: "failed" if r.error else "chosen" if r.chosen else "tied" if r.tied else "",
        emphasis=lambda r: "strong" if r.chosen else "quiet" if r.baseline or r.error else "",
    )
    marks = {line.mark for line in table.rows}
    table.legend = {mark: text for mark, text in _LEGEND.items() if mark in marks}
    if all(row.ranked_by is None for row in rows):
        return [table]
    text = "(n folds): scored on n folds only, ranked by the expected mean over all folds."
    return [table, m.Paragraph(text=text, tone="muted")]


def _leaderboard_columns(metric_name: str, *, has_target: bool) -> list[Measure[Row]]:
    """Declare the columns of the leaderboard."""
    score: Measure[Row] = Measure(metric_name, ranking_score, text=_score_text)
    measures: list[Measure[Row]] = [
        text_column("Model", lambda row: row.title, detail=lambda row: row.setting),
        score,
        Measure("Validation", lambda row: row.valid, format_number, drop=4),
        count_column("Settings", lambda row: None if row.baseline else row.n_settings, drop=1),
        Measure("Fit", lambda row: row.fit_s, format_seconds, drop=3),
        Measure("Latency", lambda row: row.row_us, format_micros, drop=5),
        Measure("Size", lambda row: row.bytes, format_bytes, drop=2),
    ]
    omitted = set() if has_target else {"Validation", "Settings"}
    return [measure for measure in measures if measure.title not in omitted]


def ranking_score(row: Row) -> float | None:
    """Return the mean score by which a row is ranked."""
    return row.mean if row.ranked_by is None else row.ranked_by


def _score_text(row: Row) -> str:
    """Return the mean that ranks a row, with its margin or the number of folds that it rests on."""
    if row.error:
        return "failed"
    if row.ranked_by is None:
        return format_with_error(row.mean, row.margin)
    n_scored = sum(score is not None for score in row.fold_scores)
    return f"{format_number(row.ranked_by)} ({pluralize(n_scored, 'fold')})"


def choice(record: Record) -> m.Section:
    """Return the reason for the choice, and the setting of the saved model."""
    best, rows = record.best, record.split.train + record.split.valid
    params = {name: value for name, value in best.params.items() if name not in _HIDDEN_PARAMS}
    setting = ", ".join(f"{k}={v:g}" if isinstance(v, float) else f"{k}={v}" for k, v in params.items())
    refit = f"Refitted on the training and validation sets ({pluralize(rows, 'row')})"
    texts = [best.reason, best.check, f"{refit} with {setting or 'default parameters'}."]
    return m.Section(
        name="choice",
        title="The chosen model",
        label="Choice",
        blocks=[m.Paragraph(text=text) for text in texts if text],
    )


def segments(record: Record, examination: Examination) -> m.Section | None:
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
    blocks: list[m.Block] = [
        make_table(pluralize(len(record.segments), "segment"), measures, record.segments),
        *figures(examination, "map"),
        make_table(caption, values + by_segment, names, full_only=True),
    ]
    return m.Section(name="segments", title="The segments", label="Segments", blocks=blocks)


def _value_text(value) -> str:
    return value if isinstance(value, str) else format_number(value)


# ---------------------------------------------------------------------- after it


def scores(record: Record, examination: Examination) -> m.Section:
    """Return the scores on the training, validation and test set with their intervals."""
    names = list(record.metrics["test"])
    measures: list[Measure[str]] = [
        text_column("Score", lambda name: name, detail=lambda name: meaning_of(record, name))
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
    blocks: list[m.Block] = [table]
    notes = [positive_in_words(contract_of(record))]
    if contract_of(record).weight is not None:
        notes.append(
            f"Rows count by their weight, {contract_of(record).weight}; the curves and the confusion matrix count rows."
        )
    if looks == 1:
        notes.append("The test set was opened once.")
    if text := " ".join(note for note in notes if note):
        blocks.append(m.Paragraph(text=text, tone="muted"))
    if looks != 1:
        text = (
            f"The test set was opened {looks} times: changes made in between make its scores too optimistic."
        )
        blocks.append(m.Paragraph(text=text, tone="warning"))
    if examination.intervals:
        text = "Below each score: its 95% interval for other rows of the same kind."
        if any(examination.narrow.values()):
            text += " Likely too narrow: a few rows make so much of the error that the interval is too small."
        blocks.append(m.Paragraph(text=text, tone="muted", full_only=True))
    return m.Section(name="scores", title="Scores", label="Scores", blocks=blocks)


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
    return examination.interval_text(part, name) or record.undefined.get(f"{part}.{name}", "")


def confusion(record: Record) -> m.Section | None:
    """Return the confusion matrix of the test set; of many classes, the most frequent errors."""
    found = record.confusion
    if found is None:
        return None
    if len(found["labels"]) > _SHORT_MATRIX:
        return _frequent_errors(found)
    labels, counts = [value_text(label) for label in found["labels"]], found["counts"]
    positions = range(len(labels))
    measures: list[Measure[int]] = [text_column("actual \\ predicted", lambda i: labels[i])]
    for j, label in enumerate(labels):
        tone: Any = lambda i, j=j: "good" if i == j else "plain"  # noqa: E731
        measures.append(count_column(label, lambda i, j=j: counts[i][j], tone=tone))
    caption = "Rows of the test set by actual and predicted class"
    table = make_table(caption, measures, positions, is_matrix=True)
    return m.Section(name="confusion", title="Confusion matrix", label="Confusion", blocks=[table])


def _frequent_errors(found: dict[str, Any]) -> m.Section | None:
    """Return the pairs of classes that are most often confused."""
    counts = np.array(found["counts"])
    totals = counts.sum(axis=1)
    errors = [(i, j) for i, j in zip(*np.nonzero(counts), strict=True) if i != j]
    if not errors:
        return None
    errors.sort(key=lambda pair: (-counts[pair], pair))
    name = [value_text(label) for label in found["labels"]]
    measures: list[Measure[tuple]] = [
        text_column("Actual", lambda pair: name[pair[0]]),
        text_column("Predicted", lambda pair: name[pair[1]]),
        count_column("Rows", lambda pair: int(counts[pair])),
        Measure("Of the class", lambda pair: float(counts[pair] / totals[pair[0]]), format_percent),
    ]
    shown, wrong = errors[:_FREQUENT_ERRORS], int(sum(counts[pair] for pair in errors))
    caption = f"The most frequent of {pluralize(wrong, 'error')} on the test set"
    table = make_table(caption, measures, shown)
    return m.Section(name="confusion", title="Most frequent errors", label="Errors", blocks=[table])


def files(record: Record, *, just_built: bool = False, with_report: bool = True) -> m.Section:
    """Return where the model is; `just_built` if the command that displays it has built it."""
    is_stored = just_built and record.stored
    how = "stored result, nothing was run" if is_stored else f"in {format_seconds(record.seconds)}"
    items = [m.Fact(name="Model", text=f"{record.bundle} ({how})", is_literal=True)]
    page = Path(record.bundle).with_name("report.html")
    if with_report and page.is_file():
        items.append(m.Fact(name="Report", text=str(page), is_literal=True))
    return m.Section(name="files", title="Files", label="Model", blocks=[m.Facts(items=items)])


def commands(record: Record, *, just_built: bool = False) -> m.Section:
    """Return the commands that come next."""
    project = shlex.quote(record.project)
    lines = [
        f"groundup predict {project} NEW.csv -o predictions.csv",
        f"groundup explain {project} NEW.csv --row 1",
        f"groundup serve {project}",
    ]
    blocks: list[m.Block] = [m.Code(language="console", caption="Next", text="\n".join(lines))]
    if just_built and record.stored:
        blocks.append(m.Paragraph(text="The same command with --fresh runs again."))
    return m.Section(name="commands", title="Next", label="Next", blocks=blocks)


# ---------------------------------------------------------------------- the sections of each face


def opening_sections(record: Record) -> list[m.Section]:
    """Return what a build displays before its comparison: the data, the split, the audit."""
    contract = contract_of(record)
    sections = [data(contract, record.data, record.notes, Examination()), split(record.split, contract)]
    return sections + ([audit(record.audit)] if record.audit else [])


def outcome_sections(record: Record, *, just_built: bool = False) -> list[m.Section]:
    """Return what a build displays after its comparison."""
    none = Examination()
    sections = [
        leaderboard(record),
        choice(record),
        segments(record, none),
        decision(record),
        scores(record, none),
        confusion(record),
        outcome(record, none),
        files(record, just_built=just_built),
    ]
    return [section for section in sections if section is not None]


def summary_sections(record: Record, *omitted: str) -> list[m.Section]:
    """Return the sections of ``print(result)`` and of a notebook cell, except the omitted ones."""
    omitted = ("split", "confusion", "files", *omitted)
    sections = [*opening_sections(record), *outcome_sections(record)]
    return [*(s for s in sections if s.name not in omitted), files(record, with_report=False)]
