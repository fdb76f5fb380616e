"""The contract as JSON Schema (2020-12): what a row, a request and an answer look like, with real examples.

A schema says what is best sent. More is taken, with a note in the answer: a level that training did not have, a number
beyond its range, a number written as text. So ranges and levels stand as annotations (``x-minimum``, ``x-levels``), not
as constraints.
"""

from __future__ import annotations

import json
from typing import Any

from groundup.ship.serve.answers import KINDS
from groundup.tables.contract import Column, Contract
from groundup.text.numbers import format_percent

MAX_LEVELS = 100
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPES = {"boolean": "boolean", "datetime": "string"}
_JSON_TYPES = {bool: "boolean", int: "number", float: "number", str: "string"}


def row_schema(contract: Contract) -> dict[str, Any]:
    """Return the schema of one row."""
    made: dict[str, Any] = {
        "type": "object",
        "title": f"A row of {contract.name}" if contract.name else "A row",
        "description": "Every field must be there; null says that its value is missing.",
        "properties": {c.name: _column(c) for c in contract.feature_columns},
        "required": list(contract.features),
        "additionalProperties": True,
    }
    if contract.example:
        made["examples"] = [example(contract)]
    return made


def example(contract: Contract) -> dict[str, Any]:
    """Return a row that the model was taught on."""
    return {name: contract.example.get(name) for name in contract.features}


def _column(column: Column) -> dict[str, Any]:
    if column.kind == "category":
        kinds = sorted({_JSON_TYPES[type(level.value)] for level in column.levels}) or ["string"]
    else:
        kinds = [_TYPES.get(column.kind, "number")]
    made: dict[str, Any] = {"type": [*kinds, "null"], "description": _told(column), "x-kind": column.kind}
    for name, value in (("unit", column.unit), ("minimum", column.minimum), ("maximum", column.maximum)):
        if value is not None:
            made[f"x-{name}"] = value
    if column.levels:
        made["x-levels"] = [level.value for level in column.levels[:MAX_LEVELS]]
        made["x-levels-complete"] = column.levels_complete and len(column.levels) <= MAX_LEVELS
    return made


def _told(column: Column) -> str:
    """Return what a person must know to fill in a field, in one line."""
    unit = f", in {column.unit}" if column.unit else ""
    missing = "never missing" if column.missing == 0 else f"missing in {format_percent(column.missing)}"
    if column.kind == "boolean":
        return f"true or false; in training {missing}."
    if column.bounds is not None:
        seen = f"{column.minimum:g} to {column.maximum:g}"
    elif column.kind == "datetime" and column.minimum is not None:
        seen = f"{column.minimum} to {column.maximum}"
    elif column.levels:
        shown = ", ".join(json.dumps(level.value, ensure_ascii=False) for level in column.levels[:5])
        seen = shown + (f" and {len(column.levels) - 5:,} more" if len(column.levels) > 5 else "")
    else:
        seen = "any value"
    kind = {"integer": "whole number", "datetime": "date, ISO 8601"}.get(column.kind, column.kind)
    return f"A {kind}{unit}; in training {seen}, {missing}."


def request_schema() -> dict[str, Any]:
    """Return the schema of the body of ``POST /predict``."""
    row = {"$ref": "#/components/schemas/Row"}
    rows = {"type": "array", "items": row}
    return {
        "oneOf": [
            row,
            rows,
            {
                "type": "object",
                "title": "Rows, with reasons on request",
                "properties": {
                    "rows": {"oneOf": [row, rows]},
                    "explain": {"type": "boolean", "default": False},
                },
                "required": ["rows"],
                "additionalProperties": False,
            },
        ]
    }


def answer_schema(contract: Contract, labels: list[str] | None) -> dict[str, Any]:
    """Return the schema of the answer to one row."""
    text, number = {"type": ["string", "null"]}, {"type": "number"}
    prediction: dict[str, Any] = {"type": [_prediction_type(contract), "null"]}
    if contract.labels:
        prediction["x-levels"] = [label.value for label in contract.labels]
    shares: dict[str, Any] = {"type": ["object", "null"]}
    if labels is not None:
        shares["properties"] = {name: {**number, "minimum": 0, "maximum": 1} for name in labels}
    note = {
        "field": text,
        "kind": {"enum": list(KINDS)},
        "severity": {"enum": ["warn", "error"]},
        "value": text,
        "message": {"type": "string"},
    }
    word = {"type": "string"}
    reason = {"field": word, "value": {}, "usual": {}, "effect": number, "unit": word}
    reason |= dict.fromkeys(("doubt", "does", "words"), word)
    return _object(
        {
            "row": {
                "type": "integer",
                "minimum": 1,
                "description": "The row's place in the request, from 1.",
            },
            "id": {"type": "string", "description": "Of this prediction."},
            "status": {
                "enum": ["ok", "doubtful", "refused"],
                "description": "doubtful: answered, see notes. refused: not answered, an error is among the notes.",
            },
            "prediction": prediction,
            "probabilities": shares,
            "notes": {"type": "array", "items": _object(note)},
            "reasons": {
                "type": ["array", "null"],
                "items": _object(reason),
                "description": "Only where explain is true: the strongest first; null where the model gives none.",
            },
        },
        optional=("reasons",),
    )


def answers_schema() -> dict[str, Any]:
    """Return the schema of the whole answer."""
    return _object(
        {
            "request_id": {"type": "string"},
            "model": _object({"name": {"type": "string"}, "version": {"type": "string"}}),
            "answers": {"type": "array", "items": {"$ref": "#/components/schemas/Answer"}},
        }
    )


def problem_schema() -> dict[str, Any]:
    """Return the schema of a problem (RFC 9457)."""
    text = {"type": "string"}
    error = {
        "row": {"type": ["integer", "null"]},
        "field": {"type": ["string", "null"]},
        "kind": text,
        "detail": text,
        "pointer": {"type": "string", "description": "RFC 6901, into the body."},
    }
    return _object(
        {
            "type": {"type": "string", "format": "uri-reference"},
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "hint": text,
            "request_id": text,
            "errors": {"type": "array", "items": _object(error)},
        },
        optional=("errors",),
    )


def _prediction_type(contract: Contract) -> str:
    if contract.labels:
        return _JSON_TYPES[type(contract.labels[0].value)]
    return "integer" if contract.task == "clustering" else "number"


def _object(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }
