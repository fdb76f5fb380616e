"""The application: its API and pages, behind the guards."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from groundup.ship.serve import manual, openapi, schemas
from groundup.ship.serve.answers import Identity
from groundup.ship.serve.card import card
from groundup.ship.serve.guards import Guards
from groundup.ship.serve.predictor import Predictor
from groundup.ship.serve.problems import Problem, of_status, pointer
from groundup.ship.serve.request import PredictRequest, check_media_type, read_request
from groundup.ship.serve.settings import Settings

if TYPE_CHECKING:
    from groundup.ship.bundle import Model

log = logging.getLogger("groundup.serve")
# Bodies up to this size are processed in the event loop: handing them to a thread costs more than predicting them.
SMALL_BYTES = 8 * 1024
WORKERS = 4
# Rows that can be explained in one request: where a model can only be sampled, each takes some milliseconds.
MAX_EXPLAINED = 100


@runtime_checkable
class Warmed(Protocol):
    """A router with work to do once, before ``/readyz`` reports ready."""

    def warm_up(self, predictor: Predictor) -> None:
        """Do it."""
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
        ``.predictor``, ``.settings`` and ``.identity`` (name and version). Those that are `Warmed` are warmed up at the
        start.
    """
    settings = settings or Settings()
    predictor = Predictor(model)
    identity = asdict(Identity(model.name, f"sha256:{model.digest}" if model.digest else "unsaved"))
    app = FastAPI(title="groundup", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan)
    app.state.model, app.state.predictor, app.state.settings = model, predictor, settings
    app.state.identity, app.state.warm = identity, False
    app.state.to_warm = [router for router in extra_routers if isinstance(router, Warmed)]
    app.add_middleware(Guards, settings=settings, name=model.name, version=identity["version"])
    app.add_exception_handler(HTTPException, _as_problem)
    for router in extra_routers:
        app.include_router(router)
    app.include_router(_api())
    app.include_router(_pages(app, home=bool(extra_routers)))
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI):
    """Warm the model up while the first requests arrive; at the end wait for the threads."""
    app.state.workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="serve")
    warming = app.state.workers.submit(_warm_up, app.state)
    yield
    await asyncio.wrap_future(warming)
    app.state.workers.shutdown()
    gc.unfreeze()


def _warm_up(state) -> None:
    """Warm up the model, then the pages; pages that fail are logged, and do not keep the API from starting."""
    try:
        # A full garbage collection of everything loaded so far would delay requests by 0.1 s.
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
    """Raise an error of the framework as a problem, which the guards send."""
    assert isinstance(error, HTTPException)
    details = {
        404: f"There is nothing at {request.url.path[:200]!r}.",
        405: f"{request.method} is not supported here.",
    }
    headers = dict(error.headers or {})
    raise of_status(error.status_code, details.get(error.status_code, str(error.detail)), headers)


# ---------------------------------------------------------------------- the API


def _api() -> APIRouter:
    router = APIRouter()
    router.add_api_route("/predict", predict, methods=["POST"], summary="Predict one row or many")
    _add_page(router, "/healthz", _healthz, "Whether the server runs")
    unready = {503: openapi.problem_response(["warming-up"])}
    _add_page(router, "/readyz", _readyz, "Whether the model is ready: 503 before, 200 after", unready)
    return router


def _add_page(router: APIRouter, path: str, endpoint, summary: str, responses: Any = None) -> None:
    """Add a page for GET, which is documented, and for HEAD, which is not."""
    router.add_api_route(path, endpoint, methods=["GET"], summary=summary, responses=responses)
    router.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)


async def predict(request: Request) -> Response:
    """Predict one row or many."""
    state = request.app.state
    headers = request.headers
    check_media_type(headers.get("content-type"), headers.get("content-encoding"))
    if not state.predictor.ready:
        raise Problem("warming-up", "The model is not ready yet.")
    body = await request.body()
    request_id = request.scope["state"]["request_id"]
    wanted = _read(state, body) if len(body) <= SMALL_BYTES else None
    if wanted is not None and not wanted.explain:
        answered = _answer(state, wanted, request_id)
    else:
        loop = asyncio.get_running_loop()
        answered = await loop.run_in_executor(
            state.workers, lambda: _answer(state, wanted or _read(state, body), request_id)
        )
    return Response(answered, media_type="application/json")


def _read(state, body: bytes) -> PredictRequest:
    wanted = read_request(body, state.settings.max_rows, state.predictor.contract.by_name)
    if wanted.explain and len(wanted.rows) > MAX_EXPLAINED:
        detail = (
            f"Reasons are available for at most {MAX_EXPLAINED} rows per request, not {len(wanted.rows):,}."
        )
        raise Problem("too-many-rows", detail)
    return wanted


def _answer(state, wanted: PredictRequest, request_id: str) -> bytes:
    answers = state.predictor.predict_rows(wanted.rows, explain=wanted.explain)
    if wanted.is_single and answers[0].status == "refused":
        errors = [note for note in answers[0].notes if note.severity == "error"]
        where = f"field {errors[0].field!r}: " if errors[0].field is not None else ""
        more = f" ({len(errors)} errors in all)" if len(errors) > 1 else ""
        raise Problem(
            "refused",
            f"{where}{errors[0].message}{more}",
            [_error(note, wanted.path) for note in answers[0].notes],
        )
    response = {
        "request_id": request_id,
        "model": state.identity,
        "answers": [answer.to_json(explained=wanted.explain) for answer in answers],
    }
    return json.dumps(response, allow_nan=False, separators=(",", ":")).encode()


def _error(note, path: tuple[str, ...]) -> dict[str, Any]:
    """Return a note on a single row as an error of a problem."""
    field = () if note.field is None else (note.field,)
    return {
        "row": 1,
        "field": note.field,
        "kind": note.kind,
        "severity": note.severity,
        "detail": note.message,
        "pointer": pointer(*path, *field),
    }


async def _healthz() -> Response:
    return _json({"status": "ok"})


async def _readyz(request: Request) -> Response:
    if not request.app.state.warm:
        raise Problem("warming-up", "The model is not ready yet.")
    return _json({"status": "ready"})


# ---------------------------------------------------------------------- the pages


def _pages(app: FastAPI, *, home: bool) -> APIRouter:
    """Return the pages that do not change while a model is served; `home` states that others provide ``/``."""
    router, state = APIRouter(), app.state
    described: dict[str, Any] = {}

    def document() -> dict[str, Any]:
        if not described:
            described.update(openapi.document(app, state.predictor, state.settings, state.identity))
        return described

    def schema() -> dict[str, Any]:
        return {"$schema": schemas.DIALECT, **schemas.row_schema(state.predictor.contract)}

    documented = {
        "/schema": ("application/schema+json", lambda _: _text(schema()), "The JSON Schema of a row"),
        "/model": (
            "application/json",
            lambda _: _text(card(state.model, state.identity)),
            "The model card: task, metrics, where it was fitted",
        ),
    }
    for path, (media, make, summary) in documented.items():
        _add_page(router, path, _CachedPage(media, make), summary)
    others = {
        "/openapi.json": ("application/json", lambda _: _text(document())),
        "/docs": (
            "text/html; charset=utf-8",
            lambda address: manual.page(document(), address, home).encode(),
        ),
        "/docs.css": ("text/css; charset=utf-8", lambda _: manual.css().encode()),
    }
    for path, (media, make) in others.items():
        router.add_api_route(path, _CachedPage(media, make), methods=["GET", "HEAD"], include_in_schema=False)
    if not home:
        router.add_api_route("/", _to_docs, methods=["GET", "HEAD"], include_in_schema=False)
    return router


class _CachedPage:
    """A page that is made once for the server's address that the caller used, and has an ETag."""

    def __init__(self, media: str, make: Callable[[str], bytes]):
        self._media, self._make = media, make
        self._cached: tuple[str, bytes] = ("", b"")

    async def __call__(self, request: Request) -> Response:
        address, page = self._cached
        if address != (current := str(request.base_url).rstrip("/")):
            loop = asyncio.get_running_loop()
            page = await loop.run_in_executor(request.app.state.workers, self._make, current)
            self._cached = current, page
        etag = f'"{_digest(page)}"'
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(page, media_type=self._media, headers=headers)


async def _to_docs() -> Response:
    return RedirectResponse("/docs", status_code=307)


def _json(value: Any) -> Response:
    return Response(_text(value), media_type="application/json")


def _text(value: Any) -> bytes:
    return json.dumps(value, allow_nan=False, indent=1, ensure_ascii=False).encode()


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=12).hexdigest()
