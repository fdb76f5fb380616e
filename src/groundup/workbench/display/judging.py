"""The middle of a report: the leaderboard, the choice, the scores, the curves, the rows that were got wrong."""

from __future__ import annotations

from groundup import charts
from groundup.judge.metrics import metric
from groundup.text.numbers import (
    format_bytes,
    format_micros,
    format_number,
    format_probability,
    format_seconds,
    format_with_error,
    pluralize,
)
from groundup.workbench.display.model import (
    Block,
    Cell,
    Fact,
    Facts,
    Grid,
    Head,
    Line,
    Picture,
    Prose,
    Remark,
    Section,
)
from groundup.workbench.display.pictured import pictured
from groundup.workbench.examination import Examination
from groundup.workbench.result import Result, Row

PARTS = ("train", "valid", "test")
_ENDED = {"time": ", until the time was up", "fits": ", until the limit of fits"}


def leaderboard(result: Result) -> Section:
    """Return who was compared, with the spread over folds."""
    best = result.best
    told = f"Mean {best.metric} over {pluralize(result.split.folds, 'fold')} of train"
    blocks: list[Block] = _spread(result)
    blocks.append(_grid(result, told))
    if any(row.tied for row in result.leaderboard):
        blocks.append(
            Prose(text="= is as good within what chance explains; of those, the smallest is chosen.")
        )
    if failed := [row for row in result.leaderboard if row.error]:
        texts = [f"{row.title}: {row.error}" for row in failed]
        blocks.append(Remark(tone="doubt", word=pluralize(len(failed), "learner") + " failed.", texts=texts))
    return Section(name="leaderboard", title="Leaderboard", blocks=blocks)


def _spread(result: Result) -> list[Block]:
    """Return the picture of the scores, and what it leaves out."""
    scored = [
        {
            "name": row.title,
            "folds": [v for v in row.fold_scores if v is not None],
            "score": row.ranked_by if row.ranked_by is not None else row.mean,
            "is_baseline": row.baseline,
            "is_tied": row.tied,
        }
        for row in result.leaderboard
        if not row.error and (row.mean is not None or row.ranked_by is not None)
    ]
    entries = _in_view(scored)
    if not entries:
        return []
    chosen = next((row.title for row in result.leaderboard if row.chosen), None)
    chart = charts.leaderboard(
        entries, metric=result.best.metric, greater_is_better=result.best.greater_is_better, chosen=chosen
    )
    blocks: list[Block] = [Picture(name="leaderboard-spread", chart=chart.to_object())]
    if left_out := [entry for entry in scored if entry not in entries]:
        told = f"The baseline, {format_number(left_out[0]['score'])}, lies too far off to be drawn beside the others."
        blocks.append(Prose(text=told))
    return blocks


def _in_view(entries: list[dict]) -> list[dict]:
    """Leave the baseline out where it lies so far off that the others could not be told apart."""
    values = [v for e in entries if not e["is_baseline"] for v in [*e["folds"], e["score"]]]
    base = next((e["score"] for e in entries if e["is_baseline"]), None)
    if not values or base is None:
        return entries
    low, high = min(values), max(values)
    far = max(high, base) - min(low, base)
    return entries if high - low >= 0.3 * far else [e for e in entries if not e["is_baseline"]]


def _grid(result: Result, told: str) -> Grid:
    segments = bool(result.segments)
    titles = [result.best.metric, *(() if segments else ("valid", "tried")), "one fit", "one row", "size"]
    heads = [
        Head(title=""),
        Head(title="segments" if segments else "learner"),
        *(Head(title=t, is_number=True) for t in titles),
    ]
    lines = [_line(row, segments) for row in result.leaderboard]
    ended = _ENDED.get(result.ended, "")
    caption = f"{told}; {pluralize(result.n_fits, 'fit')}{ended}"
    return Grid(caption=caption, heads=heads, lines=lines)


def _line(row: Row, segments: bool) -> Line:
    mark = "chosen" if row.chosen else "=" if row.tied else ""
    ranked = row.ranked_by is not None
    score = format_number(row.ranked_by) if ranked else format_with_error(row.mean, row.spread)
    n_judged = sum(v is not None for v in row.fold_scores)
    cells = [
        Cell(text=mark),
        Cell(text=row.title, beside=row.setting),
        Cell(
            text="failed" if row.error else score,
            beside=f"{pluralize(n_judged, 'fold')} only" if ranked else "",
            value=row.ranked_by if ranked else row.mean,
        ),
    ]
    if not segments:
        cells += [
            Cell(text="" if row.valid is None else format_number(row.valid), value=row.valid),
            Cell(text="" if row.baseline else str(row.n_settings), value=row.n_settings),
        ]
    cells += [
        Cell(text="" if row.fit_s is None else format_seconds(row.fit_s), value=row.fit_s),
        Cell(text="" if row.row_us is None else format_micros(row.row_us), value=row.row_us),
        Cell(text="" if row.bytes is None else format_bytes(row.bytes), value=row.bytes),
    ]
    return Line(cells=cells, weight="strong" if row.chosen else "quiet" if row.baseline or row.error else "")


def choice(result: Result) -> Section:
    """Return why it was chosen, and its setting."""
    best = result.best
    hidden = {"random_state", "early_stopping", "n_iter_no_change"}
    params = {k: v for k, v in best.params.items() if k not in hidden}
    setting = ", ".join(f"{k}={v:g}" if isinstance(v, float) else f"{k}={v}" for k, v in params.items())
    facts = [
        ("learner", f"{best.title} ({best.learner})"),
        ("setting", setting or "as it comes"),
        ("taught on", f"train and valid, {pluralize(result.split.train + result.split.valid, 'row')}"),
        ("bundle", result.bundle),
    ]
    blocks: list[Block] = [Prose(text=best.reason)]
    if best.check:
        blocks.append(Prose(text=best.check))
    blocks.append(Facts(items=[Fact(name=name, text=text) for name, text in facts]))
    return Section(name="choice", title="The chosen model", blocks=blocks)


def scores(result: Result, found: Examination) -> Section:
    """Return the scores on the three parts with their intervals."""
    base = result.baseline.get("test", {})
    heads = [Head(title="score"), *(Head(title=part, is_number=True) for part in PARTS)]
    if base:
        heads.append(Head(title="baseline on test", is_number=True))
    lines = []
    for name in result.metrics["test"]:
        cells = [Cell(text=name, beside=metric(name).meaning)]
        for part in PARTS:
            value, bounds = result.metrics[part].get(name), found.intervals.get(part, {}).get(name)
            beside = "" if bounds is None else f"{format_number(bounds[0])} to {format_number(bounds[1])}"
            why = result.undefined.get(f"{part}.{name}", "")
            cells.append(Cell(text=format_number(value), beside=beside or why, value=value))
        if base:
            cells.append(Cell(text=format_number(base.get(name)), value=base.get(name)))
        lines.append(Line(cells=cells, weight="strong" if name == result.best.metric else ""))
    told = (
        "Train and valid are scores of the recipe taught on train alone; test is that of the saved model, taught on "
        "train and valid."
    )
    if found.intervals:
        told += (
            " Small below: where the score of other rows of the same kind is expected in 95 of 100 cases "
            "(delete-a-group jackknife)."
        )
    blocks: list[Block] = [
        Grid(caption="Scores on the three parts", heads=heads, lines=lines),
        Prose(text=told),
    ]
    return Section(name="scores", title="Scores", blocks=blocks)


def curves(found: Examination) -> Section | None:
    """Return the pictures of what the model says on test, and the course of its fit."""
    names = ("confusion", "roc", "precision_recall", "calibration", "residuals", "learning_curve")
    blocks: list[Block] = list(pictured(found, *names))
    return Section(name="curves", title="How it does on unseen rows", blocks=blocks) if blocks else None


def errors(result: Result, found: Examination) -> Section | None:
    """Return the rows of valid that the recipe got wrong most."""
    if not found.wrong:
        return None
    classes = result.confusion is not None
    extra = list(dict.fromkeys(name for wrong in found.wrong for name in wrong.cells))
    titles = ["row", "truth", "said", "probability of the truth" if classes else "off by"]
    heads = [Head(title=t, is_number=i in {0, 3} or not classes) for i, t in enumerate(titles)]
    heads += [Head(title=name) for name in extra]
    lines = []
    for wrong in found.wrong:
        truth, said = (
            v if isinstance(v, str) or classes else format_number(v) for v in (wrong.truth, wrong.said)
        )
        by = (
            format_probability(wrong.by)
            if classes
            else f"{'+' if wrong.by > 0 else ''}{format_number(wrong.by)}"
        )
        cells = [
            Cell(text=f"{wrong.row:,}", value=wrong.row),
            Cell(text=str(truth), value=wrong.truth),
            Cell(text=str(said), value=wrong.said),
            Cell(text=by, value=wrong.by),
        ]
        cells += [Cell(text=wrong.cells.get(name) or "", value=wrong.cells.get(name)) for name in extra]
        lines.append(Line(cells=cells))
    what = "surest of another label" if classes else "farthest off"
    told = (
        f"The rows of valid at which the model was {what}. Look at them: wrong labels, mixed-up units and missing "
        "columns show here first. They are of valid, so that what you learn from them leaves test untouched."
    )
    blocks: list[Block] = [
        Prose(text=told),
        Grid(
            caption=f"{pluralize(len(lines), 'row')}, counted from 1 in the table", heads=heads, lines=lines
        ),
    ]
    return Section(name="errors", title="Errors worth a look", blocks=blocks)
