"""The application: routes on one side, the guards below them on the other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI

from groundup.ship.serve.predictor import Predictor
from groundup.ship.serve.settings import Settings

if TYPE_CHECKING:
    from groundup.ship.bundle import Model


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
        ``.predictor`` (the one way from rows to answers) and ``.settings``.
    """
    predictor = Predictor(model)

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        warming = asyncio.get_running_loop().run_in_executor(None, predictor.warm_up)
        yield
        await warming

    app = FastAPI(title="groundup", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.model, app.state.predictor, app.state.settings = model, predictor, settings or Settings()
    for router in extra_routers:
        app.include_router(router)
    return app
