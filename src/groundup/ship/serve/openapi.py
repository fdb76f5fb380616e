"""The OpenAPI 3.1 document, made from the contract and the model: what ``/openapi.json`` gives and ``/docs`` shows."""

from __future__ import annotations

from typing import Any

from groundup._version import __version__
from groundup.ship.serve import schemas
from groundup.ship.serve.predictor import Predictor
from groundup.ship.serve.problems import KINDS
from groundup.ship.serve.settings import Settings

_PROBLEMS_OF_PREDICT = (
    "malformed",
    "too-deep",
    "timeout",
    "too-large",
    "too-many-rows",
    "media-type",
    "not-rows",
    "refused",
    "warming-up",
    "busy",
)


def document(predictor: Predictor, settings: Settings, identity: dict[str, str]) -> dict[str, Any]:
    """Return the document.

    Parameters
    ----------
    predictor : Predictor
    settings : Settings
    identity : dict
        Name and version of the model, as every answer has them.
    """
    contract = predictor.contract
    made: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": f"{identity['name']}: predictions" if identity["name"] else "Predictions",
            "version": identity["version"],
            "description": _description(predictor),
            "x-groundup": __version__,
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/predict": {"post": _predict(predictor, settings, identity)},
            "/schema": _look("The JSON Schema of a row", "application/schema+json"),
            "/model": _look("The model's card: task, metrics, where it was made", "application/json"),
            "/healthz": _look("Whether the server runs", "application/json"),
            "/readyz": _look(
                "Whether the model is warm: 503 before, 200 after", "application/json", unready=True
            ),
        },
        "components": {
            "schemas": {
                "Row": schemas.row_schema(contract),
                "Request": schemas.request_schema(),
                "Answer": schemas.answer_schema(contract, predictor.labels),
                "Answers": schemas.answers_schema(),
                "Problem": schemas.problem_schema(),
            }
        },
    }
    if settings.token is not None:
        made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"token": []}]
    return made


def _description(predictor: Predictor) -> str:
    contract, target = predictor.contract, predictor.model.target
    what = {"binary": "one of two classes", "multiclass": "a class", "regression": "a number"}
    said = what.get(contract.task, "the number of a cluster")
    of = f" for {target.name!r}" if target.name else ""
    learner, n_fields = type(predictor.model.learner).__name__, len(contract.features)
    return f"{learner} answers each row with {said}{of}, from {n_fields} fields."


def _predict(predictor: Predictor, settings: Settings, identity: dict[str, str]) -> dict[str, Any]:
    row = schemas.example(predictor.contract)
    one = {
        "request_id": "5f0c6f0e0f6c4f6db3a9f3f0c0a8c1d2",
        "model": identity,
        "answers": [a.to_json(i + 1) for i, a in enumerate(predictor.predict_rows([row]))],
    }
    statuses: dict[str, list[str]] = {}
    for name in _PROBLEMS_OF_PREDICT:
        statuses.setdefault(str(KINDS[name].status), []).append(name)
    return {
        "operationId": "predict",
        "summary": "Predict one row or many",
        "description": (
            "One row is an object, many are a list. Rows of a list are judged each by itself: a refused one is told in "
            "its own answer, and the status is 200. A row given alone that is refused is the problem 422. At most "
            f"{settings.max_rows:,} rows and {settings.max_body_bytes:,} bytes at once."
        ),
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/Request"},
                    "examples": {
                        "one": {"summary": "One row", "value": row},
                        "many": {"summary": "Many rows", "value": [row, row]},
                        "explained": {"summary": "With reasons", "value": {"rows": row, "explain": True}},
                    },
                }
            },
        },
        "responses": {
            "200": {
                "description": "One answer per row, in the rows' order",
                "headers": {
                    name: {"schema": {"type": "string"}}
                    for name in ("X-Request-ID", "X-Model-Name", "X-Model-Version")
                },
                "content": {
                    "application/json": {
                        "schema": {"$ref": "#/components/schemas/Answers"},
                        "examples": {"one": {"summary": "One row", "value": one}},
                    }
                },
            },
            **{status: _problem(names) for status, names in statuses.items()},
        },
    }


def _problem(names: list[str]) -> dict[str, Any]:
    return {
        "description": "; ".join(KINDS[name].title for name in names),
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _look(summary: str, media: str, *, unready: bool = False) -> dict[str, Any]:
    answers: dict[str, Any] = {
        "200": {"description": summary, "content": {media: {"schema": {"type": "object"}}}}
    }
    if unready:
        answers["503"] = _problem(["warming-up"])
    return {"get": {"summary": summary, "responses": answers}}
