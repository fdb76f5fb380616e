"""The form for one case: its fields, and the prediction with its probability and its strongest reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from groundup.ship.bundle import Model
from groundup.ship.serve import Answer, Note
from groundup.tables import Contract
from groundup.tables.contract.column import as_level
from groundup.tables.contract.problems import Status
from groundup.text.escaping import quoted
from groundup.text.numbers import format_amount, format_count, format_probability
from groundup.web.card import Card, target_unit
from groundup.web.field_messages import field_message
from groundup.web.fields import Field, FieldMessage, make_field
from groundup.web.formats import ContextModel, display_text
from groundup.web.reasons import Reasons, reason_bars
from groundup.web.snippets import Snippets

#: Up to this many fields are one group, in the table's order; of more, the strongest come first.
MAX_UNGROUPED = 28
N_STRONGEST = 16
#: Classes with a bar; the others share one line.
MAX_BARS = 6


class Group(ContextModel):
    """Fields under one heading, and whether they are shown at first; `n_messages` of them have messages."""

    title: str
    hint: str
    is_open: bool
    n_messages: int
    fields: list[Field]


class ClassProbability(ContextModel):
    """The probability of one class: its label, in percent, in words; and whether the class is the prediction."""

    label: str
    percent: float
    words: str
    is_predicted: bool


class AnswerView(ContextModel):
    """The prediction as shown: a headline, a line below it, the probabilities of the classes, the reasons.

    `status` is the server's: ok, warning, refused (no prediction). `messages` are those that belong to no field.
    """

    status: Status
    headline: str
    words: str
    probabilities: list[ClassProbability]
    n_other_classes: int
    reasons: Reasons | None
    messages: list[str]


class Link(ContextModel):
    """One field with a message, for the summary: its key, its title, the heading of the message."""

    key: str
    title: str
    heading: str
    severity: Literal["warn", "error"]


class FormContext(ContextModel):
    """Everything that the form shows.

    Attributes
    ----------
    card : Card
    groups : list of Group
    answer : AnswerView or None
        None before the first prediction.
    summary : list of Link
        Fields with messages, errors first.
    snippets : Snippets
        The case as a request to the API.
    state : "example", "empty" or "typed"
        The source of the values.
    example : int
        The example that is shown, or the last one; from 1, the typical case.
    n_examples : int
    n_fields : int
    """

    card: Card
    groups: list[Group]
    answer: AnswerView | None
    summary: list[Link]
    snippets: Snippets
    state: Literal["example", "empty", "typed"]
    example: int
    n_examples: int
    n_fields: int


def group_fields(
    contract: Contract, form: Mapping[str, str], notes: Sequence[Note], strongest: Sequence[str]
) -> list[Group]:
    """Return the fields of the form in groups: all in one, or the `strongest` columns first where there are many."""
    messages: dict[str, FieldMessage] = {}
    for note in sorted(notes, key=lambda note: note.severity != "error"):
        if note.field in contract.by_name and note.field not in messages:
            messages[note.field] = field_message(contract.by_name[note.field], note)
    fields = {
        c.name: make_field(c, key := f"c{i}", form.get(key, ""), messages.get(c.name))
        for i, c in enumerate(contract.feature_columns)
    }
    if len(fields) <= MAX_UNGROUPED:
        return [_group("The case", "", list(fields.values()), is_open=True)]
    first = [name for name in strongest if name in fields][:N_STRONGEST]
    hint = "The fields with the largest effect on the predictions." if first else ""
    first = first or list(fields)[:N_STRONGEST]
    rest = [field for name, field in fields.items() if name not in first]
    return [
        _group(
            "Most important fields" if hint else "First fields",
            hint,
            [fields[name] for name in first],
            is_open=True,
        ),
        _group(f"{format_count(len(rest))} more fields", "In the table's order.", rest, is_open=False),
    ]


def _group(title: str, hint: str, fields: list[Field], *, is_open: bool) -> Group:
    n_messages = sum(field.message is not None for field in fields)
    return Group(
        title=title, hint=hint, is_open=is_open or n_messages > 0, n_messages=n_messages, fields=fields
    )


def summarize(groups: Sequence[Group]) -> list[Link]:
    """Return the fields with messages, errors first."""
    links = [
        Link(key=field.key, title=field.title, heading=field.message.heading, severity=field.message.severity)
        for group in groups
        for field in group.fields
        if field.message is not None
    ]
    return sorted(links, key=lambda link: link.severity != "error")


# ---------------------------------------------------------------------- the prediction


def answer_view(model: Model, answer: Answer) -> AnswerView:
    """Return the server's answer as the page shows it."""
    contract = model.contract
    assert contract is not None
    messages = [
        display_text(note.message, 500) for note in answer.notes if note.field not in contract.by_name
    ]
    positive = None if model.positive is None else as_level(model.positive)
    probabilities, n_other = _probabilities(answer, positive)
    return AnswerView(
        status=answer.status,
        headline=_headline(model, answer),
        words=_words(model, answer),
        probabilities=probabilities,
        n_other_classes=n_other,
        reasons=_reasons(model, contract, answer, positive),
        messages=messages,
    )


def _headline(model: Model, answer: Answer) -> str:
    if answer.status == "refused":
        return "No prediction yet"
    if model.target.task == "clustering":
        return f"Segment {answer.prediction}"
    if isinstance(answer.prediction, float) and model.target.task == "regression":
        return format_amount(answer.prediction, target_unit(model))
    return display_text(as_level(answer.prediction))


def _words(model: Model, answer: Answer) -> str:
    if answer.status == "refused":
        return "Correct the fields listed below to get a prediction."
    if model.target.task == "clustering":
        described = model.settings.get("segments")
        words = described.get(str(answer.prediction)) if isinstance(described, dict) else None
        return f"Rows of this segment: {display_text(words, 300)}." if isinstance(words, str) else ""
    name = quoted(model.target.name or "the target")
    if answer.probabilities:
        label = as_level(answer.prediction)
        probability = format_probability(answer.probabilities.get(label, 0.0))
        text = f"The predicted probability of {quoted(label)} is {probability}."
        if model.decision_in_words:
            text += f" {model.decision_in_words}."
        return text
    error = model.metrics.get("test", {}).get("mae") if isinstance(model.metrics.get("test"), dict) else None
    if model.target.task == "regression" and isinstance(error, (int, float)):
        off = format_amount(error, target_unit(model))
        return f"The predicted value of {name}. On the test set the predictions were off by {off} on average."
    return f"The predicted value of {name}."


def _probabilities(answer: Answer, positive: str | None) -> tuple[list[ClassProbability], int]:
    found = list((answer.probabilities or {}).items())
    if len(found) > 2:
        found.sort(key=lambda item: -item[1])
    elif len(found) == 2:
        found.sort(key=lambda item: item[0] != positive)
    shown = found if len(found) <= MAX_BARS + 1 else found[:MAX_BARS]
    predicted = as_level(answer.prediction)
    probabilities = [
        ClassProbability(
            label=display_text(label),
            percent=round(100 * p, 2),
            words=format_probability(p),
            is_predicted=label == predicted,
        )
        for label, p in shown
    ]
    return probabilities, len(found) - len(shown)


def _reasons(model: Model, contract: Contract, answer: Answer, positive: str | None) -> Reasons | None:
    if not answer.reasons:
        return None
    label = None
    if answer.probabilities:
        label = positive if positive is not None else as_level(answer.prediction)
    return reason_bars(answer.reasons, contract, label, model.explainer.start)
