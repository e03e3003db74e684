"""GET and POST /v1/index: what is loaded, and its refresh, told at once or as it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from rag.errors import StoreError
from server.errors import PROBLEM_RESPONSES, ShuttingDown, problem_of
from server.paths import name_of
from server.routes.search import KEYED
from server.schemas import IndexOut, IndexRequest, JobOut
from server.state import State, StateDep
from server.streaming import EVENT_SCHEMA, HEARTBEAT, HEARTBEAT_S, STREAM_HEADERS, event
from server.telemetry.requests import current_request

LOOK_S = 0.2
"""How often a stream of events looks at the job; steps that follow each other more closely are left out."""
_EVENTS = {"running": "progress", "succeeded": "done", "failed": "error"}
_EVENTS_REPLY = {
    "description": "Events until the client goes away or the server ends: `progress` at every step of a refresh, then "
    "`done`, or `error` with its `problem`. The data of each is the refresh, as `GET /v1/index` shows it. The first "
    "event tells how things stand: of the refresh that runs, or else of the one that ended last, if there was one.",
    "content": {"text/event-stream": {"schema": EVENT_SCHEMA}},
}

router = APIRouter(prefix="/v1", tags=["index"], dependencies=[KEYED], responses=PROBLEM_RESPONSES)


@router.get("/index")
def index_status(state: StateDep) -> IndexOut:
    """The loaded generation and the running refresh. Answers without an index too, and then says why there is none."""
    library = state.live.current()
    watched = state.watched_elsewhere if state.watcher is None else state.watcher.is_watching
    jobs = {"job": state.jobs.running, "last_job": state.jobs.last, "watched": watched}
    if library is None:
        return _without_index(state).model_copy(update=jobs)
    status = library.status()
    names = {"corpus": name_of(status.corpus), "model": name_of(status.model)}
    told = jobs | names | {"watched": watched and not status.is_sample}
    return IndexOut.model_validate(status).model_copy(update=told)


@router.post(
    "/index",
    status_code=202,
    responses={200: {"model": JobOut, "description": "One runs already: this one."}},
)
def refresh(state: StateDep, response: Response, request: IndexRequest | None = None) -> JobOut:  # noqa: ARG001
    """Starts a refresh of the index and names it, or names the one that runs. `GET /v1/index` tells how it goes."""
    if state.traffic.draining:
        raise ShuttingDown("The server is shutting down.", hint="Ask another one.")
    job, started = state.jobs.start()
    response.headers["Location"] = "/v1/index"
    if not started:
        response.status_code = 200
    return job


@router.get("/index/events", response_class=StreamingResponse, responses={200: _EVENTS_REPLY})
async def index_events(state: StateDep) -> StreamingResponse:
    """Refreshes of the index as they go on, as server-sent events."""
    if (request := current_request()) is not None:
        request.timed = False
    return StreamingResponse(_events(state), media_type="text/event-stream", headers=STREAM_HEADERS)


async def _events(state: State) -> AsyncIterator[str]:
    shown: JobOut | None = None
    silent = HEARTBEAT_S  # so that the stream begins at once
    while not state.traffic.draining:
        news = _news(state, shown)
        for job in news:
            yield event(job, name=_EVENTS[job.state])
            shown = job
        silent = 0.0 if news else silent + LOOK_S
        if silent >= HEARTBEAT_S:
            yield HEARTBEAT
            silent = 0.0
        await asyncio.sleep(LOOK_S)


def _news(state: State, shown: JobOut | None) -> list[JobOut]:
    """What is to be told of the jobs after `shown`: how that one ended, then the one that runs."""
    running = state.jobs.running
    last = state.jobs.last if running is None or (shown is not None and shown.job_id != running.job_id) else None
    if running is not None and last is not None and (shown is None or last.job_id != shown.job_id):
        last = None  # it ended unseen, and what runs now is what matters
    return [job for job in (last, running) if job is not None and job != shown]


def _without_index(state: State) -> IndexOut:
    from rag.index.building.remembering import (
        with_remembered_corpus,  # the index behind it is not opened before the socket
    )

    problem, settings = state.live.problem(), state.settings
    with suppress(StoreError):  # an index too damaged to tell its corpus is what `problem` tells of
        settings = with_remembered_corpus(settings)
    return IndexOut(
        generation=None,
        corpus=settings.corpus_path.resolve().name,
        is_sample=settings.sample_corpus,
        problem=problem_of(problem).model_copy(update={"request_id": None}) if problem is not None else None,
    )
