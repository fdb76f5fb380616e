"""The application: its pages, and the guards below them."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from groundup.ship.serve import manual, openapi, reading, schemas
from groundup.ship.serve.card import card
from groundup.ship.serve.guards import Guards
from groundup.ship.serve.predictor import Predictor
from groundup.ship.serve.problems import Problem, of_status, pointer
from groundup.ship.serve.settings import Settings

if TYPE_CHECKING:
    from groundup.ship.bundle import Model

log = logging.getLogger("groundup.serve")
# Bodies up to here are answered in the event loop itself: a hand-over to a thread costs more than such rows do.
SMALL_BYTES = 8 * 1024
WORKERS = 4
# Rows whose reasons are given at once: where a learner can only be tried, each takes some milliseconds.
MAX_EXPLAINED = 100


@runtime_checkable
class Warmed(Protocol):
    """A router whose pages need something that is made once: it is made before ``/readyz`` says that all is ready."""

    def warm_up(self, predictor: Predictor) -> None:
        """Make it."""
        ...


def create_app(
    model: Model, *, settings: Settings | None = None, extra_routers: Sequence[APIRouter] = ()
) -> FastAPI:
    """Return the ASGI application that serves `model`.

    Parameters
    ----------
    model : Model
        A loaded bundle with a contract.
    settings : Settings, optional
        Loopback without a token by default.
    extra_routers : sequence of APIRouter
        Pages to mount beside the API, behind the same guards. Their handlers find ``request.app.state.model``,
        ``.predictor`` (the one way from rows to answers), ``.settings`` and ``.identity`` (name and version). Those that
        are `Warmed` are warmed up at the start.
    """
    settings = settings or Settings()
    predictor = Predictor(model)
    identity = {"name": model.name, "version": f"sha256:{model.digest}" if model.digest else "unsaved"}
    app = FastAPI(title="groundup", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan)
    app.state.model, app.state.predictor, app.state.settings = model, predictor, settings
    app.state.identity, app.state.warm = identity, False
    app.state.to_warm = [router for router in extra_routers if isinstance(router, Warmed)]
    app.add_middleware(Guards, settings=settings, name=model.name, version=identity["version"])
    app.add_exception_handler(HTTPException, _as_problem)
    for router in extra_routers:
        app.include_router(router)
    app.include_router(_api())
    app.include_router(_pages(predictor, settings, identity, home=bool(extra_routers)))
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI):
    """Warm the model up beside the first requests; at the end wait for the threads."""
    app.state.workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="serve")
    warming = app.state.workers.submit(_warm_up, app.state)
    yield
    await asyncio.wrap_future(warming)
    app.state.workers.shutdown()
    gc.unfreeze()


def _warm_up(state) -> None:
    """Make the model ready, then the pages; what fails of these is said, and must not keep the API from its callers."""
    try:
        # What is loaded stays: a collector that walks through it now and then would hold up requests by 0.1 s.
        gc.collect()
        gc.freeze()
        state.predictor.warm_up()
    except Exception:
        log.exception("the model could not be warmed up")
        return
    for router in state.to_warm:
        try:
            router.warm_up(state.predictor)
        except Exception:
            log.exception("pages could not be warmed up")
    state.warm = True


async def _as_problem(request: Request, error: Exception) -> Response:
    """Hand an error of the framework to the guards, which write it as a problem."""
    assert isinstance(error, HTTPException)
    told = {
        404: f"There is nothing at {request.url.path[:200]!r}.",
        405: f"{request.method} is not taken here.",
    }
    headers = dict(error.headers or {})
    raise of_status(error.status_code, told.get(error.status_code, str(error.detail)), headers)


# ---------------------------------------------------------------------- the API


def _api() -> APIRouter:
    router = APIRouter()
    router.add_api_route("/predict", _predict, methods=["POST"])
    router.add_api_route("/healthz", _healthz, methods=["GET", "HEAD"])
    router.add_api_route("/readyz", _readyz, methods=["GET", "HEAD"])
    return router


async def _predict(request: Request) -> Response:
    """Answer one row or many."""
    state = request.app.state
    headers = request.headers
    reading.check_media_type(headers.get("content-type"), headers.get("content-encoding"))
    if not state.predictor.ready:
        raise Problem("warming-up", "The model is not ready yet.")
    body = await request.body()
    request_id = request.scope["state"]["request_id"]
    asked = _asked(state, body) if len(body) <= SMALL_BYTES else None
    if asked is not None and not asked.explain:
        said = _answered(state, asked, request_id)
    else:
        loop = asyncio.get_running_loop()
        said = await loop.run_in_executor(state.workers, _read_and_answered, state, asked or body, request_id)
    return Response(said, media_type="application/json")


def _asked(state, body: bytes) -> reading.Asked:
    asked = reading.read(body, state.settings.max_rows, state.predictor.contract.by_name)
    if asked.explain and len(asked.rows) > MAX_EXPLAINED:
        told = f"Reasons are given for at most {MAX_EXPLAINED} rows at once, not {len(asked.rows):,}."
        raise Problem("too-many-rows", told)
    return asked


def _read_and_answered(state, given: bytes | reading.Asked, request_id: str) -> bytes:
    asked = _asked(state, given) if isinstance(given, bytes) else given
    return _answered(state, asked, request_id)


def _answered(state, asked: reading.Asked, request_id: str) -> bytes:
    answers = state.predictor.predict_rows(asked.rows, explain=asked.explain)
    if asked.alone and answers[0].status == "refused":
        wrong = [note for note in answers[0].notes if note.severity == "error"]
        where = f"field {wrong[0].field!r}: " if wrong[0].field is not None else ""
        more = f" ({len(wrong)} errors in all)" if len(wrong) > 1 else ""
        raise Problem(
            "refused",
            f"{where}{wrong[0].message}{more}",
            [_error(note, asked.at) for note in answers[0].notes],
        )
    said = {
        "request_id": request_id,
        "model": state.identity,
        "answers": [answer.to_json(i, explained=asked.explain) for i, answer in enumerate(answers, start=1)],
    }
    return json.dumps(said, allow_nan=False, separators=(",", ":")).encode()


def _error(note, at: tuple[str, ...]) -> dict[str, Any]:
    """Return a note on a row given alone as an error of a problem."""
    inside = () if note.field is None else (note.field,)
    return {
        "row": 1,
        "field": note.field,
        "kind": note.kind,
        "severity": note.severity,
        "detail": note.message,
        "pointer": pointer(*at, *inside),
    }


async def _healthz() -> Response:
    return _json({"status": "ok"})


async def _readyz(request: Request) -> Response:
    if not request.app.state.warm:
        raise Problem("warming-up", "The model is not ready yet.")
    return _json({"status": "ready"})


# ---------------------------------------------------------------------- the pages


def _pages(predictor: Predictor, settings: Settings, identity: dict[str, str], *, home: bool) -> APIRouter:
    """Return the pages that never change while a model is served; `home` says that others have a page at ``/``."""
    router = APIRouter()
    described: dict[str, Any] = {}

    def document() -> dict[str, Any]:
        if not described:
            described.update(openapi.document(predictor, settings, identity))
        return described

    def schema() -> dict[str, Any]:
        return {"$schema": schemas.DIALECT, **schemas.row_schema(predictor.contract)}

    makers = {
        "/openapi.json": ("application/json", lambda _: _text(document())),
        "/schema": ("application/schema+json", lambda _: _text(schema())),
        "/model": ("application/json", lambda _: _text(card(predictor.model, identity))),
        "/docs": (
            "text/html; charset=utf-8",
            lambda address: manual.page(document(), address, home).encode(),
        ),
        "/docs.css": ("text/css; charset=utf-8", lambda _: manual.css().encode()),
    }
    for path, (media, make) in makers.items():
        router.add_api_route(path, _Still(media, make), methods=["GET", "HEAD"])
    if not home:
        router.add_api_route("/", _to_docs, methods=["GET", "HEAD"])
    return router


class _Still:
    """A page that stays the same: told by its ETag where the caller has it already.

    Made for the address under which it is asked for, and kept for the last of them.
    """

    def __init__(self, media: str, make: Callable[[str], bytes]):
        self._media, self._make = media, make
        self._kept: tuple[str, bytes] = ("", b"")

    async def __call__(self, request: Request) -> Response:
        address, made = self._kept
        if address != (asked := str(request.base_url).rstrip("/")):
            loop = asyncio.get_running_loop()
            made = await loop.run_in_executor(request.app.state.workers, self._make, asked)
            self._kept = asked, made
        etag = f'"{_digest(made)}"'
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(made, media_type=self._media, headers=headers)


async def _to_docs() -> Response:
    return RedirectResponse("/docs", status_code=307)


def _json(value: Any) -> Response:
    return Response(_text(value), media_type="application/json")


def _text(value: Any) -> bytes:
    return json.dumps(value, allow_nan=False, indent=1, ensure_ascii=False).encode()


def _digest(data: bytes) -> str:
    import hashlib

    return hashlib.blake2b(data, digest_size=12).hexdigest()
