"""The addresses of the pages: each is a page, and with ``.json`` its Context.

==========================  ====================================================================================
``/``                       one case: the form; a POST answers it
``/case.json``              the same as JSON
``/many``                   many cases: a file; a POST answers its rows
``/many.json``              the same as JSON
``/many/TOKEN/NAME``        the predictions of a file that was brought
``/levels/KEY?begin=TEXT``  levels of one field that hold a text, the most frequent first
``/static/DIGEST/NAME``     style and script
==========================  ====================================================================================

Nothing here changes anything, no cookie is set, and a request from another site's page is refused (``Sec-Fetch-Site``
here, ``Origin`` and ``Host`` in the server's guards), so there is nothing to forge. What was sent is read, answered and
drawn in one thread: a file that takes seconds stops nobody.
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
from groundup.web import case, fields, many, pages, sent
from groundup.web.background import Background
from groundup.web.kept import Kept
from groundup.web.plain import Plain, shown
from groundup.web.refused import RefusedContext
from groundup.web.snippets import snippets_of

MAX_LEVELS_FOUND = 50
#: Fields beside those of the columns that a form may send: which example it began with, and what a browser adds.
MAX_BESIDE = 16
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def router(bundle: str | Path | None = None) -> APIRouter:
    """Return the pages of the model that an application serves; for ``serve.create_app(..., extra_routers=[...])``.

    Parameters
    ----------
    bundle : path, optional
        The model's file: its rows kept for replay become examples, its day and the run beside it stand on the card.
    """
    site = _Site(None if bundle is None else Path(bundle))
    made = _Pages(site)
    for path, ask, template in (("/", site.case, "case.html"), ("/many", site.many, "many.html")):
        methods = ["GET", "HEAD", "POST"]
        made.add_api_route(path, _as_page(ask, template), methods=methods)
        twin = "/case.json" if path == "/" else f"{path}.json"
        made.add_api_route(twin, _as_json(ask), methods=methods)
    made.add_api_route("/many/{token}/{name}", site.download, methods=["GET", "HEAD"])
    made.add_api_route("/levels/{key}", site.levels, methods=["GET", "HEAD"])
    made.add_api_route("/static/{digest}/{name}", _static, methods=["GET", "HEAD"])
    return made


class _Pages(APIRouter):
    """The routes, and what warms them up."""

    def __init__(self, site: _Site):
        super().__init__(include_in_schema=False, default_response_class=HTMLResponse)
        self._site = site

    def warm_up(self, predictor: Predictor) -> None:
        """Make what all pages share, and draw one of each."""
        shared = self._site.shared(predictor)
        context = many.many_context(shared.model, shared.card, max_rows=1, max_bytes=1)
        pages.render("many.html", context)


def _as_page(ask, template: str):
    async def answer(request: Request) -> Response:
        return await run_in_threadpool(_page, ask, template, request, await _body(request))

    return answer


def _page(ask, template: str, request: Request, body: bytes | None) -> Response:
    try:
        status, context = _asked(ask, request, body)
    except Problem as problem:
        kind = KINDS[problem.kind]
        context = RefusedContext(title=kind.title, text=f"{shown(problem.detail, 1000)} {kind.remedy}")
        return HTMLResponse(pages.render("refused.html", context), kind.status)
    return HTMLResponse(pages.render(template, context), status)


def _as_json(ask):
    async def answer(request: Request) -> Response:
        status, context = await run_in_threadpool(_asked, ask, request, await _body(request))
        return JSONResponse(context.model_dump(mode="json"), status)

    return answer


async def _body(request: Request) -> bytes | None:
    return await request.body() if request.method == "POST" else None


def _asked(ask, request: Request, body: bytes | None) -> tuple[int, Plain]:
    """Return what a page has to say to a request, and the status; raises the problem where it is none of ours."""
    site = request.headers.get("sec-fetch-site", "none")
    if body is not None and site not in ("none", "same-origin"):
        raise Problem("origin", "The page of another site sent this.")
    return ask(request, body)


async def _static(digest: str, name: str) -> Response:
    files = pages.static_files()
    if name not in files or pages.address(name) != f"/static/{digest}/{name}":
        raise HTTPException(404, "There is no such file.")
    data, media_type = files[name]
    return Response(data, media_type=media_type, headers=_FOREVER)


class _Site:
    """The pages' handlers, and what they share."""

    def __init__(self, path: Path | None):
        self._path, self._kept = path, Kept()
        self._background: Background | None = None
        self._lock = threading.Lock()

    def shared(self, predictor: Predictor) -> Background:
        """Return what is made once per model; the application may come to serve another."""
        with self._lock:
            if self._background is None or self._background.predictor is not predictor:
                self._background = Background(predictor, self._path)
            return self._background

    def case(self, request: Request, body: bytes | None) -> tuple[int, Plain]:
        """Answer the page of one case."""
        shared = self.shared(request.app.state.predictor)
        contract, settings = shared.contract, request.app.state.settings
        form = None if body is None else _sent(request, body, len(contract.features) + MAX_BESIDE).fields
        query = request.query_params
        wanted = (form or {}).get("example") or query.get("example") or "1"
        number = int(wanted) if wanted.isdecimal() and len(wanted) < 6 else 1
        number = (number - 1) % max(1, len(shared.examples)) + 1
        state = "typed"
        if form is None:
            state = "empty" if query.get("start") == "empty" or not shared.examples else "example"
            row = shared.examples[number - 1] if state == "example" else {}
            form = fields.write(contract, row)
        row = fields.read(contract, form)
        answer = None if state == "empty" else shared.predictor.predict_rows([row], explain=True)[0]
        groups = case.groups_of(contract, form, answer.notes if answer else (), shared.strongest_of_many)
        context = case.CaseContext(
            card=shared.card,
            groups=groups,
            said=case.said_of(shared.model, answer) if answer else None,
            summary=case.summary_of(groups),
            snippets=snippets_of(row, _address(request), with_token=settings.token is not None),
            state=state,
            example=number,
            n_examples=len(shared.examples),
            n_fields=len(contract.features),
        )
        return 200, context

    def many(self, request: Request, body: bytes | None) -> tuple[int, Plain]:
        """Answer the page of many cases."""
        shared = self.shared(request.app.state.predictor)
        settings = request.app.state.settings
        limits = {"max_rows": settings.max_rows, "max_bytes": settings.max_body_bytes}
        context = many.many_context(shared.model, shared.card, **limits)
        if body is None:
            return 200, context
        name, data = _sent(request, body, MAX_BESIDE).file or ("", b"")
        if not name:
            return 422, context.model_copy(
                update={"refusal": "No file was chosen.", "hint": "Choose one first."}
            )
        try:
            said = many.answered(shared.model, name, data, self._kept, settings.max_rows)
        except GroundupError as error:
            hint = shown(error.hint, 1000) if error.hint else ""
            told = shown(str(error).partition("\n")[0], 1000)
            return 422, context.model_copy(update={"refusal": told, "hint": hint})
        return 200, context.model_copy(update={"answered": said})

    async def download(self, token: str, name: str) -> Response:
        """Answer with the predictions of a file that was brought."""
        file = self._kept.get(token)
        if file is None or file.name != name:
            gone = RefusedContext(
                title="These predictions are gone",
                text="They are kept for half an hour, and for the last few files. Bring the file again.",
            )
            return HTMLResponse(pages.render("refused.html", gone), 404)
        headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
        return Response(file.data, media_type="text/csv; charset=utf-8", headers=headers)

    async def levels(self, request: Request, key: str) -> Response:
        """Answer with the levels of one field that hold the text that was begun."""
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
            text = shown(as_level(level.value))
            if begun in text.casefold():
                found.append(text)
                if len(found) == MAX_LEVELS_FOUND:
                    break
        return found


def _sent(request: Request, body: bytes, most: int) -> sent.Sent:
    return sent.read(body, request.headers.get("content-type", ""), most)


def _address(request: Request) -> str:
    """Return the server's address as the caller wrote it."""
    return f"{request.url.scheme}://{request.url.netloc}"
