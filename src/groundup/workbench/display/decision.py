"""What an objective adds to a result: the meaning of its metrics, the positive class, the decision rule."""

from __future__ import annotations

from groundup.judge.decisions import describe_threshold
from groundup.judge.metrics import metric
from groundup.tables import Contract
from groundup.tables.contract.column import as_level
from groundup.text.escaping import quoted
from groundup.text.numbers import format_number
from groundup.workbench.display import model as m
from groundup.workbench.display.measures import Measure, make_table, text_column
from groundup.workbench.record import Record

_SHORT_MATRIX = 8


def meaning_of(record: Record, name: str) -> str:
    """Return the meaning of a score: as the run stored it, where it is no default one."""
    return record.meanings.get(name) or metric(name).meaning


def positive_in_words(contract: Contract) -> str:
    """Return the positive class of two, which precision, recall and F1 are about; "" for other tasks."""
    if contract.positive_class is None:
        return ""
    default = " (--positive changes it)" if contract.positive is None else ""
    return f"Positive class: {quoted(as_level(contract.positive_class))}{default}."


def decision(record: Record) -> m.Section | None:
    """Return the rule from probabilities to labels, where the user stated an objective that needs one."""
    rule = record.decision
    if rule is None:
        return None
    section = {"name": "decision", "title": "The decision rule", "label": "Decision"}
    if rule.costs is None:
        assert rule.threshold is not None
        text = f"{describe_threshold(as_level(rule.positive), rule.threshold)}. {rule.reason}"
        tested = [f"{score} {format_number(record.metrics['test'].get(score))}" for score in rule.scores]
        text += f" On the test set: {', '.join(tested)}." if tested else ""
        return m.Section(
            **section, blocks=[m.Paragraph(text=text, tone="plain" if rule.is_met else "warning")]
        )
    labels, costs, positions = [str(label) for label in rule.labels], rule.costs, range(len(rule.labels))
    measures: list[Measure[int]] = [text_column("actual \\ predicted", lambda i: labels[i])]
    for j, label in enumerate(labels):
        measures.append(Measure(label, lambda i, j=j: costs[i][j], lambda cost: f"{cost:g}"))
    table = make_table(
        "Cost of each prediction", measures, positions, is_matrix=True, full_only=len(labels) > _SHORT_MATRIX
    )
    return m.Section(**section, blocks=[m.Paragraph(text=rule.reason), table])
