"""The application: routes, guard and problem handlers around one `State`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from rag import __version__
from server.errors import Defects, add_handlers
from server.guarding.guard import Guard
from server.openai.errors import OpenAIErrors
from server.paths import hide
from server.routes import answers, articles, corpus, health, index, openai, search
from server.state import State
from server.telemetry.observing import Observing
from server.telemetry.tracing import Tracing

STOP_S = 10.0
"""How long the end of the server waits for a running index job to come to its next step."""

_DESCRIPTION = """
Ask the paper: cited answers over Chinese newspaper articles.

Offsets are Unicode code points. `spans` are `[start, end)` ranges of the source as decoded; with white space left out,
the source at `spans` equals the quote. Errors are RFC 9457 problems. With keys configured, every call under `/v1` needs
`Authorization: Bearer KEY`.
"""


def build_app(state: State, tracing: Tracing | None = None) -> FastAPI:
    """The application over `state`. Its start begins to open the index; its end stops jobs and closes the index.

    Args:
        state: what the routes need.
        tracing: where spans of OpenTelemetry go; None traces nothing.
    """
    state.jobs.on_ended.append(state.metrics.job_ended)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        state.live.open()
        if state.watcher is not None:
            state.watcher.start()
        yield
        if state.watcher is not None:
            state.watcher.stop()
        await asyncio.to_thread(state.jobs.stop, STOP_S)
        if state.watcher is not None:
            await asyncio.to_thread(state.watcher.join, STOP_S)
        state.live.close()
        if tracing is not None:
            await asyncio.to_thread(tracing.flush)

    app = FastAPI(
        title="wenbao",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # both pages load their scripts from the network
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.wenbao = state
    hide(state.settings)
    routers = [part.router for part in (health, search, answers, articles, index, corpus, openai)]
    routes = [route for router in routers for route in router.routes]
    for router in routers:
        app.include_router(router)
    add_handlers(app, routes)
    app.add_middleware(Defects)
    app.add_middleware(Guard, settings=state.settings)
    app.add_middleware(OpenAIErrors)
    app.add_middleware(
        Observing,
        routes=routes,
        traffic=state.traffic,
        metrics=state.metrics,
        tracing=tracing,
        log_questions=state.settings.log_questions,
    )
    return app
