"""The beginning of a report: the outcome at a glance, what was asked, the data, the split, the leak audit."""

from __future__ import annotations

from groundup.judge.metrics import metric
from groundup.tables import Contract
from groundup.tables.contract.column import Column
from groundup.tables.contract.rendering import range_of
from groundup.text.numbers import (
    format_bytes,
    format_micros,
    format_number,
    format_percent,
    format_seconds,
    pluralize,
)
from groundup.workbench.display.model import (
    Block,
    Cell,
    Fact,
    Facts,
    Figure,
    Figures,
    Grid,
    Head,
    Line,
    Listing,
    Prose,
    Remark,
    Section,
    Tone,
)
from groundup.workbench.display.pictured import pictured
from groundup.workbench.examination import Examination
from groundup.workbench.result import Result

_TONES: dict[str, Tone] = {
    "good": "good",
    "segments": "plain",
    "slight overfit": "plain",
    "unknown": "plain",
    "underfit": "doubt",
    "overfit": "doubt",
    "unsteady": "doubt",
    "strong overfit": "wrong",
    "memorised": "wrong",
    "nothing": "wrong",
}
_RULES = {
    "random": "at random",
    "stratified": "at random, classes in proportion",
    "grouped": "groups kept whole",
    "time": "by time: the future is held out",
}


def outcome(result: Result, found: Examination) -> Section:
    """Return the outcome at a glance."""
    name = result.best.metric
    blocks: list[Block] = [Figures(items=_figures(result, found))]
    word = {"good": "Sound.", "doubt": "Careful.", "wrong": "Do not use it."}.get(
        tone := _TONES.get(result.regime, "plain"), "Verdict."
    )
    blocks.append(Remark(tone=tone, word=word, texts=[result.verdict]))
    if warned := [told for told in result.warnings if told != result.verdict]:
        blocks.append(Remark(tone="doubt", word="Note.", texts=warned))
    blocks.append(Prose(text=f"{name}: {metric(name).meaning}."))
    return Section(name="outcome", title="The outcome", blocks=blocks)


def _figures(result: Result, found: Examination) -> list[Figure]:
    best, test = result.best, result.metrics["test"]
    value = test.get(best.metric)
    bounds = found.intervals.get("test", {}).get(best.metric)
    base = result.baseline.get("test", {}).get(best.metric)
    way = "greater is better" if best.greater_is_better else "smaller is better"
    items = [
        Figure(
            name=f"{best.metric} on test",
            text=format_number(value),
            beside=f"{way}; 95%: {format_number(bounds[0])} to {format_number(bounds[1])}" if bounds else way,
            value=value,
        )
    ]
    if result.baseline:
        items.append(Figure(name=f"{best.metric} of the baseline", text=format_number(base), value=base))
    if (right := test.get("accuracy")) is not None:
        usual = result.baseline.get("test", {}).get("accuracy")
        told = "" if usual is None else f"the baseline: {format_percent(usual)}"
        items.append(Figure(name="right on test", text=format_percent(right), beside=told, value=right))
    elif (off := test.get("mae")) is not None:
        items.append(Figure(name="off on average", text=format_number(off), beside=_unit(result), value=off))
    row = next((row for row in result.leaderboard if row.chosen), None)
    cost = "" if row is None else f"{format_micros(row.row_us)} a row, {format_bytes(row.bytes)}"
    items.append(Figure(name="chosen", text=best.title, beside=cost, value=best.learner))
    return items


def _unit(result: Result) -> str:
    column = _contract(result).by_name.get(result.target or "")
    return (column.unit or "in the unit of the target") if column is not None else ""


def _contract(result: Result) -> Contract:
    return Contract.model_validate(result.contract, strict=False)


def asked(result: Result) -> Section:
    """Return what was asked."""
    settings = result.settings
    facts = [
        ("predict", result.target or "nothing: segments of similar rows were sought"),
        ("task", result.task),
        ("decided by", f"{result.best.metric}, {metric(result.best.metric).meaning}"),
        ("rows in order of", settings.get("time")),
        ("kept together by", settings.get("group")),
        ("left out on request", ", ".join(settings.get("ignore") or ())),
        ("accepted leaks", ", ".join(settings.get("accept") or ())),
        ("learners", ", ".join(settings.get("learners") or ()) or "all that fit the task"),
        ("limit", _limit(settings)),
        ("seed", str(settings.get("seed", 0))),
        ("groundup", result.groundup),
    ]
    listed = [Fact(name=name, text=str(text)) for name, text in facts if text]
    return Section(name="asked", title="What was asked", blocks=[Facts(items=listed)])


def _limit(settings: dict) -> str:
    budget, fits = settings.get("budget_s"), settings.get("max_fits")
    told = [] if budget is None else [format_seconds(float(budget))]
    told += [] if fits is None else [pluralize(int(fits), "fit") + " of the comparison"]
    return " and ".join(told) or "none"


def data(result: Result, found: Examination) -> Section:
    """Return what was read, and what each column means."""
    contract, table = _contract(result), result.data
    sizes = f"{pluralize(table.rows, 'row')}, {pluralize(table.columns, 'column')}"
    facts = [
        Fact(name="table", text=table.name),
        Fact(name="read from", text=table.source),
        Fact(name="size", text=sizes),
        Fact(name="digest of the cells", text=table.digest),
    ]
    blocks: list[Block] = [Facts(items=facts), *pictured(found, "target")]
    features = [c for c in contract.columns if c.role != "ignored"]
    blocks.append(_columns(features, f"What the {pluralize(len(features), 'column')} in use mean"))
    if ignored := [c for c in contract.columns if c.role == "ignored"]:
        lines = [Line(cells=[Cell(text=c.name), Cell(text=c.kind), Cell(text=c.reason)]) for c in ignored]
        heads = [Head(title="column"), Head(title="holds"), Head(title="left out because")]
        caption = f"{pluralize(len(ignored), 'column is', 'columns are')} left out"
        blocks.append(Grid(caption=caption, heads=heads, lines=lines))
    told = {str(note) for note in contract.notes if note.kind == "ignored"}
    if notes := [note for note in result.notes if note not in told]:
        blocks += [Prose(text="Decided while reading:"), Listing(items=notes)]
    return Section(name="data", title="Data and contract", blocks=blocks)


def _columns(columns: list[Column], caption: str) -> Grid:
    heads = [
        Head(title="column"),
        Head(title="holds"),
        Head(title="role"),
        Head(title="missing", is_number=True),
        Head(title="different", is_number=True),
        Head(title="range, or levels by frequency"),
    ]
    lines = [
        Line(
            cells=[
                Cell(text=c.name, beside=c.unit or ""),
                Cell(text=c.kind),
                Cell(text=c.role),
                Cell(text=_share(c.missing), value=c.missing),
                Cell(text=f"{c.n_unique:,}", value=c.n_unique),
                Cell(text=range_of(c)),
            ],
            weight="strong" if c.role == "target" else "",
        )
        for c in columns
    ]
    return Grid(caption=caption, heads=heads, lines=lines, is_folded=len(columns) > 60)


def _share(share: float) -> str:
    return "" if share == 0 else format_percent(share)


def split(result: Result) -> Section:
    """Return how the rows were dealt."""
    parts = result.split
    n = parts.train + parts.valid + parts.test
    used = {
        "train": f"learners are compared on {parts.folds} folds of it",
        "valid": "checks the choice, says when to stop; then learnt from too",
        "test": "sealed until the end: scores the model that is saved",
    }
    heads = [
        Head(title="part"),
        *(Head(title=t, is_number=True) for t in ("rows", "share")),
        Head(title="what for"),
    ]
    lines = [
        Line(
            cells=[
                Cell(text=part),
                Cell(text=f"{(size := getattr(parts, part)):,}", value=size),
                Cell(text=format_percent(size / max(n, 1), 0), value=size / max(n, 1)),
                Cell(text=what),
            ]
        )
        for part, what in used.items()
    ]
    looks = (
        "Test was opened once."
        if result.test_looks == 1
        else f"Test was opened {result.test_looks} times: what was changed in between makes its scores too good."
    )
    blocks: list[Block] = [
        Grid(caption=f"Dealt {_RULES.get(parts.rule, parts.rule)}", heads=heads, lines=lines),
        Prose(text=looks),
    ]
    return Section(name="split", title="Train, valid and test", blocks=blocks)


def audit(result: Result) -> Section | None:
    """Return what the leak audit found; None where the run had none."""
    made = getattr(result, "audit", None)
    if made is None:
        return None
    looked = f"{pluralize(made.n_columns, 'column')} on {pluralize(made.n_rows, 'row')} of train"
    if not made.findings:
        told = f"Looked at {looked}: no column gives the target away, no row is in two parts."
        return Section(
            name="audit",
            title="Leak audit",
            blocks=[Remark(tone="good", word="Nothing found.", texts=[told])],
        )
    heads = [Head(title="about"), Head(title="found"), Head(title="what to do")]
    lines = [
        Line(
            cells=[
                Cell(text=f.subject, beside=f"{f.kind}{', accepted' if f.accepted else ''}"),
                Cell(text=f.message, value=f.score),
                Cell(text=f.remedy),
            ],
            weight="strong" if f.level == "block" else "quiet" if f.level == "note" else "",
        )
        for f in made.findings
    ]
    found = pluralize(len(made.findings), "finding")
    return Section(
        name="audit",
        title="Leak audit",
        blocks=[Grid(caption=f"{found}; looked at {looked}", heads=heads, lines=lines)],
    )
