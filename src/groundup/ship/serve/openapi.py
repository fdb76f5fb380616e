"""The OpenAPI 3.1 document at ``/openapi.json``: FastAPI's, with the contract's own schemas and examples."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from groundup._version import __version__
from groundup.ship.serve import schemas
from groundup.ship.serve.predictor import Predictor
from groundup.ship.serve.problems import KINDS, MEDIA_TYPE
from groundup.ship.serve.settings import Settings

_PREDICT_PROBLEMS = (
    "malformed", "too-deep", "timeout", "too-large", "too-many-rows", "media-type", "not-rows", "refused",
    "warming-up", "busy",
)  # fmt: skip


def document(
    app: FastAPI, predictor: Predictor, settings: Settings, identity: dict[str, str]
) -> dict[str, Any]:
    """Return the document of an application's API; `identity` is the name and version of its model."""
    contract = predictor.contract
    made = get_openapi(
        title=f"{identity['name']}: predictions" if identity["name"] else "Predictions",
        version=identity["version"],
        openapi_version="3.1.0",
        description=_description(predictor),
        routes=app.routes,
        servers=[{"url": "/"}],
    )
    made["info"]["x-groundup"] = __version__
    made["paths"]["/predict"]["post"] |= _predict(predictor, settings, identity)
    components = made.setdefault("components", {})
    components["schemas"] = {
        **components.get("schemas", {}),
        "Row": schemas.row_schema(contract),
        "PredictRequest": schemas.request_schema(),
        "Problem": schemas.problem_schema(),
        **schemas.response_schemas(contract, predictor.labels),
    }
    if settings.token is not None:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"token": []}]
    return made


def _description(predictor: Predictor) -> str:
    contract, target = predictor.contract, predictor.model.target
    kinds = {"binary": "one of two classes", "multiclass": "a class", "regression": "a number"}
    predicted = kinds.get(contract.task, "the number of a cluster")
    of = f" for {target.name!r}" if target.name else ""
    learner, n_fields = type(predictor.model.learner).__name__, len(contract.features)
    return f"{learner} predicts {predicted}{of} for each row, from {n_fields} fields."


def _predict(predictor: Predictor, settings: Settings, identity: dict[str, str]) -> dict[str, Any]:
    """Return the request and the responses of ``POST /predict``, with examples."""
    row = schemas.example(predictor.contract)
    one = {
        "request_id": "5f0c6f0e0f6c4f6db3a9f3f0c0a8c1d2",
        "model": identity,
        "answers": [answer.to_json() for answer in predictor.predict_rows([row])],
    }
    statuses: dict[str, list[str]] = {}
    for name in _PREDICT_PROBLEMS:
        statuses.setdefault(str(KINDS[name].status), []).append(name)
    return {
        "description": (
            "One row is an object, many are a list. Each row of a list is checked by itself: a refused one has its "
            "errors in its own answer, and the status is 200. A single row that is refused gives the problem 422. "
            f"At most {settings.max_rows:,} rows and {settings.max_body_bytes:,} bytes per request."
        ),
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": f"{schemas.REF}PredictRequest"},
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
                        "schema": {"$ref": f"{schemas.REF}PredictResponse"},
                        "examples": {"one": {"summary": "One row", "value": one}},
                    }
                },
            },
            **{status: problem_response(names) for status, names in statuses.items()},
        },
    }


def problem_response(names: list[str]) -> dict[str, Any]:
    """Return the response of some kinds of problems."""
    return {
        "description": "; ".join(KINDS[name].title for name in names),
        "content": {MEDIA_TYPE.decode(): {"schema": {"$ref": f"{schemas.REF}Problem"}}},
    }
