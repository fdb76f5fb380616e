"""JSON Schemas (2020-12) of a row, a request, a response and a problem.

Those of a row and a request are made from the contract, not by pydantic: a typed body would convert or refuse values
before the contract sees them. Values that training did not have (a level, a number beyond its range, a number written as
text) are accepted with a note, so ranges and levels are annotations (``x-minimum``, ``x-levels``), not constraints.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from groundup.ship.serve.answers import KINDS, PredictResponse
from groundup.tables.contract import Column, Contract
from groundup.text.numbers import format_percent

MAX_LEVELS = 100
DIALECT = "https://json-schema.org/draft/2020-12/schema"
REF = "#/components/schemas/"
_TYPES = {"boolean": "boolean", "datetime": "string"}
_JSON_TYPES = {bool: "boolean", int: "number", float: "number", str: "string"}


def row_schema(contract: Contract) -> dict[str, Any]:
    """Return the schema of one row."""
    schema: dict[str, Any] = {
        "type": "object",
        "title": f"A row of {contract.name}" if contract.name else "A row",
        "description": "Every field is required; send null if a value is missing.",
        "properties": {c.name: _column(c) for c in contract.feature_columns},
        "required": list(contract.features),
        "additionalProperties": True,
    }
    if contract.example:
        schema["examples"] = [example(contract)]
    return schema


def example(contract: Contract) -> dict[str, Any]:
    """Return a typical case; no training row need equal it."""
    return {name: contract.example.get(name) for name in contract.features}


def _column(column: Column) -> dict[str, Any]:
    if column.kind == "category":
        kinds = sorted({_JSON_TYPES[type(level.value)] for level in column.levels}) or ["string"]
    else:
        kinds = [_TYPES.get(column.kind, "number")]
    schema: dict[str, Any] = {
        "type": [*kinds, "null"],
        "description": _describe(column),
        "x-kind": column.kind,
    }
    for name, value in (("unit", column.unit), ("minimum", column.minimum), ("maximum", column.maximum)):
        if value is not None:
            schema[f"x-{name}"] = value
    if column.levels:
        schema["x-levels"] = [level.value for level in column.levels[:MAX_LEVELS]]
        schema["x-levels-complete"] = column.levels_complete and len(column.levels) <= MAX_LEVELS
    return schema


def _describe(column: Column) -> str:
    """Describe the values of a field in one line."""
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
    row = {"$ref": f"{REF}Row"}
    rows = {"type": "array", "items": row}
    return {
        "oneOf": [
            row,
            rows,
            {
                "type": "object",
                "title": "Rows, with optional reasons",
                "properties": {
                    "rows": {"oneOf": [row, rows]},
                    "explain": {"type": "boolean", "default": False},
                },
                "required": ["rows"],
                "additionalProperties": False,
            },
        ]
    }


def response_schemas(contract: Contract, labels: list[str] | None) -> dict[str, Any]:
    """Return the schemas of a response by name, from the classes that are sent, with the model's own types filled in."""
    schema = TypeAdapter(PredictResponse).json_schema(ref_template=REF + "{model}")
    schemas = schema.pop("$defs") | {"PredictResponse": schema}
    prediction: dict[str, Any] = {"type": [_prediction_type(contract), "null"]}
    if contract.labels:
        prediction["x-levels"] = [label.value for label in contract.labels]
    probabilities: dict[str, Any] = {"type": ["object", "null"]}
    if labels is not None:
        probabilities["properties"] = {
            name: {"type": "number", "minimum": 0, "maximum": 1} for name in labels
        }
    answer, note = schemas["Answer"], schemas["Note"]
    answer["description"] = "The answer to one row. Reasons are present where explain is true."
    answer["properties"] |= {"prediction": prediction, "probabilities": probabilities}
    note["properties"]["kind"] = {"enum": list(KINDS)}
    return schemas


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
    return {
        "type": "object",
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "hint": text,
            "request_id": text,
            "errors": {
                "type": "array",
                "items": {"type": "object", "properties": error, "required": list(error)},
            },
        },
        "required": ["type", "title", "status", "detail", "hint", "request_id"],
    }


def _prediction_type(contract: Contract) -> str:
    if contract.labels:
        return _JSON_TYPES[type(contract.labels[0].value)]
    return "integer" if contract.task == "clustering" else "number"
