"""The routes of the pages; the Context of each page is available as JSON.

==========================  ====================================================================================
``/``                       the form for one case; POST predicts it
``/form.json``              the same as JSON
``/batch``                  many cases: the upload of a file; POST predicts its rows
``/batch.json``             the same as JSON
``/batch/TOKEN/NAME``       download of the predictions for an uploaded file
``/levels/KEY?begin=TEXT``  levels of one field that contain a text, the most frequent first
``/static/DIGEST/NAME``     style and script
==========================  ====================================================================================

No request changes any state, no cookie is set, and requests from another site's page are refused (``Sec-Fetch-Site``
here, ``Origin`` and ``Host`` in the server's guards), which rules out cross-site request forgery. A body is read,
predicted and rendered in a worker thread, so a large file delays no other request.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from groundup.errors import GroundupError
from groundup.ship.serve import Predictor
from groundup.ship.serve.problems import KINDS, Problem
from groundup.tables.contract.column import as_level
from groundup.web import batch, fields, form, pages
from groundup.web.errors import ErrorContext
from groundup.web.form_data import FormData, read_form
from groundup.web.formats import ContextModel, display_text
from groundup.web.saved_predictions import SavedPredictions
from groundup.web.shared import SharedState
from groundup.web.snippets import request_snippets

MAX_LEVELS_FOUND = 50
#: Fields that a form may send besides those of the columns: the number of its example, and what a browser adds.
MAX_OTHER_FIELDS = 16
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def router(bundle: str | Path | None = None) -> APIRouter:
    """Return the pages of the model that an application serves; for ``serve.create_app(..., extra_routers=[...])``.

    Parameters
    ----------
    bundle : path, optional
        The model's file: its date and the run beside it appear on the card.
    """
    site = _Site(None if bundle is None else Path(bundle))
    routes = _Pages(site)
    for path, handler, name in (("/", site.form, "form"), ("/batch", site.batch, "batch")):
        methods = ["GET", "HEAD", "POST"]
        routes.add_api_route(path, _as_page(handler, f"{name}.html"), methods=methods)
        routes.add_api_route(f"/{name}.json", _as_json(handler), methods=methods)
    routes.add_api_route("/batch/{token}/{name}", site.download, methods=["GET", "HEAD"])
    routes.add_api_route("/levels/{key}", site.levels, methods=["GET", "HEAD"])
    routes.add_api_route("/static/{digest}/{name}", _static, methods=["GET", "HEAD"])
    return routes


class _Pages(APIRouter):
    """The routes, and their warm-up."""

    def __init__(self, site: _Site):
        super().__init__(include_in_schema=False, default_response_class=HTMLResponse)
        self._site = site

    def warm_up(self, predictor: Predictor) -> None:
        """Create the state that all pages share, and render a page."""
        shared = self._site.shared(predictor)
        context = batch.empty_batch(shared.model, shared.card, max_rows=1, max_bytes=1)
        pages.render("batch.html", context)


def _as_page(handler, template: str):
    async def respond(request: Request) -> Response:
        return await run_in_threadpool(_page, handler, template, request, await _body(request))

    return respond


def _page(handler, template: str, request: Request, body: bytes | None) -> Response:
    try:
        status, context = _context(handler, request, body)
    except Problem as problem:
        kind = KINDS[problem.kind]
        context = ErrorContext(title=kind.title, text=f"{display_text(problem.detail, 1000)} {kind.remedy}")
        return HTMLResponse(pages.render("error.html", context), kind.status)
    return HTMLResponse(pages.render(template, context), status)


def _as_json(handler):
    async def respond(request: Request) -> Response:
        status, context = await run_in_threadpool(_context, handler, request, await _body(request))
        return JSONResponse(context.model_dump(mode="json"), status)

    return respond


async def _body(request: Request) -> bytes | None:
    return await request.body() if request.method == "POST" else None


def _context(handler, request: Request, body: bytes | None) -> tuple[int, ContextModel]:
    """Return the status and the Context of a page; refuses requests from other sites."""
    site = request.headers.get("sec-fetch-site", "none")
    if body is not None and site not in ("none", "same-origin"):
        raise Problem("origin", "The request was sent by a page of another site.")
    return handler(request, body)


async def _static(digest: str, name: str) -> Response:
    files = pages.static_files()
    if name not in files or pages.address(name) != f"/static/{digest}/{name}":
        raise HTTPException(404, "There is no such file.")
    data, media_type = files[name]
    return Response(data, media_type=media_type, headers=_FOREVER)


class _Site:
    """The handlers of the pages, and their shared state."""

    def __init__(self, path: Path | None):
        self._path, self._saved = path, SavedPredictions()
        self._shared: SharedState | None = None
        self._lock = threading.Lock()

    def shared(self, predictor: Predictor) -> SharedState:
        """Return the state of the model; created anew when the application serves another."""
        with self._lock:
            if self._shared is None or self._shared.predictor is not predictor:
                self._shared = SharedState(predictor, self._path)
            return self._shared

    def form(self, request: Request, body: bytes | None) -> tuple[int, ContextModel]:
        """Return the form for one case."""
        shared = self.shared(request.app.state.predictor)
        contract, settings = shared.contract, request.app.state.settings
        typed = (
            None if body is None else _read(request, body, len(contract.features) + MAX_OTHER_FIELDS).fields
        )
        query = request.query_params
        wanted = (typed or {}).get("example") or query.get("example") or "1"
        number = int(wanted) if wanted.isdecimal() and len(wanted) < 6 else 1
        examples = [*shared.typical, *(shared.stored if settings.stored_examples else ())]
        number = (number - 1) % max(1, len(examples)) + 1
        state = "typed"
        if typed is None:
            state = "empty" if query.get("start") == "empty" or not examples else "example"
            row = examples[number - 1] if state == "example" else {}
            typed = fields.write_form(contract, row)
        row = fields.read_row(contract, typed)
        answer = None if state == "empty" else shared.predictor.predict_rows([row], explain=True)[0]
        groups = form.group_fields(contract, typed, answer.notes if answer else (), shared.strongest_columns)
        context = form.FormContext(
            card=shared.card,
            groups=groups,
            answer=form.answer_view(shared.model, answer) if answer else None,
            summary=form.summarize(groups),
            snippets=request_snippets(row, _address(request), with_token=settings.token is not None),
            state=state,
            example=number,
            n_examples=len(examples),
            n_fields=len(contract.features),
        )
        return 200, context

    def batch(self, request: Request, body: bytes | None) -> tuple[int, ContextModel]:
        """Return the page for many cases."""
        shared = self.shared(request.app.state.predictor)
        settings = request.app.state.settings
        limits = {"max_rows": settings.max_rows, "max_bytes": settings.max_body_bytes}
        context = batch.empty_batch(shared.model, shared.card, **limits)
        if body is None:
            return 200, context
        name, data = _read(request, body, MAX_OTHER_FIELDS).file or ("", b"")
        if not name:
            return 422, context.model_copy(
                update={"error": "No file was chosen.", "hint": "Choose one first."}
            )
        try:
            result = batch.predict_file(shared.model, name, data, self._saved, settings.max_rows)
        except GroundupError as error:
            hint = display_text(error.hint, 1000) if error.hint else ""
            text = display_text(str(error).partition("\n")[0], 1000)
            return 422, context.model_copy(update={"error": text, "hint": hint})
        return 200, context.model_copy(update={"result": result})

    async def download(self, token: str, name: str) -> Response:
        """Return the predictions for an uploaded file."""
        file = self._saved.get(token)
        if file is None or file.name != name:
            gone = ErrorContext(
                title="These predictions are no longer available",
                text="Predictions are kept for half an hour, for the last few files only. Upload the file again.",
            )
            return HTMLResponse(pages.render("error.html", gone), 404)
        headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
        return Response(file.data, media_type="text/csv; charset=utf-8", headers=headers)

    async def levels(self, request: Request, key: str) -> Response:
        """Return the levels of one field that contain the typed text."""
        found = await run_in_threadpool(self._levels, request, key, request.query_params.get("begin", ""))
        return JSONResponse(found)

    def _levels(self, request: Request, key: str, begin: str) -> list[str]:
        columns: Any = request.app.state.predictor.contract.feature_columns
        place = key[1:]
        if key[:1] != "c" or not place.isdecimal() or len(place) > 6 or int(place) >= len(columns):
            raise HTTPException(404, "There is no such field.")
        begun = begin.strip().casefold()[:200]
        found: list[str] = []
        for level in columns[int(place)].levels:
            text = display_text(as_level(level.value))
            if begun in text.casefold():
                found.append(text)
                if len(found) == MAX_LEVELS_FOUND:
                    break
        return found


def _read(request: Request, body: bytes, max_fields: int) -> FormData:
    return read_form(body, request.headers.get("content-type", ""), max_fields)


def _address(request: Request) -> str:
    """Return the server's address as the caller wrote it."""
    return f"{request.url.scheme}://{request.url.netloc}"
