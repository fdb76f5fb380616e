"""The page of one case: its fields, and the answer to them with its probability and its strongest reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from groundup.ship.bundle import Model
from groundup.ship.serve import Answer, Note
from groundup.tables import Contract
from groundup.tables.contract.column import as_level
from groundup.text.escaping import quoted
from groundup.text.numbers import format_amount, format_percent, format_probability
from groundup.web.card import Card
from groundup.web.fields import Field, Remark, field_of
from groundup.web.plain import Plain, shown
from groundup.web.reasons import Reasons, reasons_of
from groundup.web.remarks import remark_of
from groundup.web.snippets import Snippets

#: Up to so many fields all stand in one group, in the table's order; beyond, the strongest stand first.
MAX_UNGROUPED = 28
N_STRONGEST = 16
#: Classes with a bar of their own; the others share one line.
MAX_BARS = 6


class Group(Plain):
    """Fields under one heading, and whether they are shown at once; `n_remarks` of them need attention."""

    title: str
    hint: str
    is_open: bool
    n_remarks: int
    fields: list[Field]


class Share(Plain):
    """The probability of one class: its label, in hundredths, in words; and whether it is the answer."""

    label: str
    percent: float
    words: str
    is_answer: bool


class Said(Plain):
    """The answer: what is said in large letters, a line below it, the classes' shares, the reasons.

    `status` is the server's: ok, doubtful (with remarks to be read first), refused (no answer). `remarks` are those that
    belong to no field.
    """

    status: Literal["ok", "doubtful", "refused"]
    headline: str
    words: str
    shares: list[Share]
    n_other_shares: int
    reasons: Reasons | None
    remarks: list[str]


class Link(Plain):
    """One field that needs attention, for the summary: its key, its title, what is wrong."""

    key: str
    title: str
    heading: str
    severity: Literal["warn", "error"]


class CaseContext(Plain):
    """All that the page of one case shows.

    Attributes
    ----------
    card : Card
    groups : list of Group
    said : Said or None
        None until something was asked.
    summary : list of Link
        Fields with remarks, errors first.
    snippets : Snippets
        The case as a request to the API.
    state : "example", "empty" or "typed"
        Where the values come from.
    example : int
        Which example row is shown, or the last that was; from 1.
    n_examples : int
    n_fields : int
    """

    card: Card
    groups: list[Group]
    said: Said | None
    summary: list[Link]
    snippets: Snippets
    state: Literal["example", "empty", "typed"]
    example: int
    n_examples: int
    n_fields: int


def groups_of(
    contract: Contract, form: Mapping[str, str], notes: Sequence[Note], strongest: Sequence[str]
) -> list[Group]:
    """Return the fields of the form in groups: all in one, or the `strongest` columns first where there are many."""
    remarks: dict[str, Remark] = {}
    for note in sorted(notes, key=lambda note: note.severity != "error"):
        if note.field in contract.by_name and note.field not in remarks:
            remarks[note.field] = remark_of(contract.by_name[note.field], note)
    fields = {
        c.name: field_of(c, key := f"c{i}", form.get(key, ""), remarks.get(c.name))
        for i, c in enumerate(contract.feature_columns)
    }
    if len(fields) <= MAX_UNGROUPED:
        return [_group("The case", "", list(fields.values()), is_open=True)]
    first = [name for name in strongest if name in fields][:N_STRONGEST]
    rest = [field for name, field in fields.items() if name not in first]
    hint = "The fields that move the model's answers most." if first else ""
    if not first:
        first = list(fields)[:N_STRONGEST]
        rest = [field for name, field in fields.items() if name not in first]
    return [
        _group(
            "What matters most" if hint else "First fields",
            hint,
            [fields[name] for name in first],
            is_open=True,
        ),
        _group(f"{len(rest):,} more fields", "In the table's order.", rest, is_open=False),
    ]


def _group(title: str, hint: str, fields: list[Field], *, is_open: bool) -> Group:
    n_remarks = sum(field.remark is not None for field in fields)
    return Group(title=title, hint=hint, is_open=is_open or n_remarks > 0, n_remarks=n_remarks, fields=fields)


def summary_of(groups: Sequence[Group]) -> list[Link]:
    """Return the fields that need attention, errors first."""
    links = [
        Link(key=field.key, title=field.title, heading=field.remark.heading, severity=field.remark.severity)
        for group in groups
        for field in group.fields
        if field.remark is not None
    ]
    return sorted(links, key=lambda link: link.severity != "error")


# ---------------------------------------------------------------------- the answer


def said_of(model: Model, answer: Answer) -> Said:
    """Return the answer of the server as the page shows it."""
    contract = model.contract
    assert contract is not None
    remarks = [shown(note.message, 500) for note in answer.notes if note.field not in contract.by_name]
    shares, n_other = _shares(answer)
    return Said(
        status=answer.status,
        headline=_headline(model, answer),
        words=_words(model, answer),
        shares=shares,
        n_other_shares=n_other,
        reasons=_reasons(model, contract, answer),
        remarks=remarks,
    )


def _unit(model: Model) -> str | None:
    assert model.contract is not None
    column = model.contract.by_name.get(model.target.name)
    return column.unit if column is not None else None


def _headline(model: Model, answer: Answer) -> str:
    if answer.status == "refused":
        return "No answer yet"
    if model.target.task == "clustering":
        return f"Segment {answer.prediction}"
    if isinstance(answer.prediction, float) and model.target.task == "regression":
        return format_amount(answer.prediction, _unit(model))
    return shown(as_level(answer.prediction))


def _words(model: Model, answer: Answer) -> str:
    if answer.status == "refused":
        return "The model cannot answer until the fields named here are corrected."
    name = quoted(model.target.name or "the answer")
    if answer.probabilities:
        label = as_level(answer.prediction)
        probability = format_probability(answer.probabilities.get(label, 0.0))
        told = f"The model gives {quoted(label)} a probability of {probability}."
        if model.target.threshold is not None and model.classes is not None:
            second = as_level(model.classes.tolist()[1])
            told += f" It answers {quoted(second)} from {format_percent(model.target.threshold)} on."
        return told
    error = model.metrics.get("test", {}).get("mae") if isinstance(model.metrics.get("test"), dict) else None
    if model.target.task == "regression" and isinstance(error, (int, float)):
        off = format_amount(error, _unit(model))
        return f"The model's estimate of {name}. On test rows it was off by {off} on average."
    return f"The model's answer for {name}."


def _shares(answer: Answer) -> tuple[list[Share], int]:
    found = list((answer.probabilities or {}).items())
    if len(found) > 2:
        found.sort(key=lambda item: -item[1])
    elif len(found) == 2:
        found.reverse()  # the second of two classes is the one that is asked for
    kept = found if len(found) <= MAX_BARS + 1 else found[:MAX_BARS]
    answered = as_level(answer.prediction)
    shares = [
        Share(
            label=shown(label),
            percent=round(100 * p, 2),
            words=format_probability(p),
            is_answer=label == answered,
        )
        for label, p in kept
    ]
    return shares, len(found) - len(kept)


def _reasons(model: Model, contract: Contract, answer: Answer) -> Reasons | None:
    if not answer.reasons:
        return None
    label = None
    if answer.probabilities:
        classes = list(answer.probabilities)
        label = classes[1] if len(classes) == 2 else as_level(answer.prediction)
    return reasons_of(answer.reasons, contract, label)
