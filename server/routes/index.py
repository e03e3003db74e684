"""GET and POST /v1/index: what is loaded, and its refresh."""

from __future__ import annotations

from contextlib import suppress

from fastapi import APIRouter, Response

from rag.errors import StoreError
from server.errors import PROBLEM_RESPONSES, problem_of
from server.routes.search import KEYED
from server.schemas import IndexOut, IndexRequest, JobOut
from server.state import State, StateDep

router = APIRouter(prefix="/v1", tags=["index"], dependencies=[KEYED], responses=PROBLEM_RESPONSES)


@router.get("/index")
def index_status(state: StateDep) -> IndexOut:
    """The loaded generation and the running refresh. Answers without an index too, and then says why there is none."""
    library = state.live.current()
    watched = state.watcher is not None and state.watcher.is_watching
    jobs = {"job": state.jobs.running, "last_job": state.jobs.last, "watched": watched}
    if library is None:
        return _without_index(state).model_copy(update=jobs)
    return IndexOut.model_validate(library.status()).model_copy(update=jobs)


@router.post(
    "/index",
    status_code=202,
    responses={200: {"model": JobOut, "description": "One runs already: this one."}},
)
def refresh(state: StateDep, response: Response, request: IndexRequest | None = None) -> JobOut:  # noqa: ARG001
    """Starts a refresh of the index and names it, or names the one that runs. `GET /v1/index` tells how it goes."""
    job, started = state.jobs.start()
    response.headers["Location"] = "/v1/index"
    if not started:
        response.status_code = 200
    return job


def _without_index(state: State) -> IndexOut:
    from rag.index.building.remembering import (
        with_remembered_corpus,  # the index behind it is not opened before the socket
    )

    problem, settings = state.live.problem(), state.settings
    with suppress(StoreError):  # an index too damaged to tell its corpus is what `problem` tells of
        settings = with_remembered_corpus(settings)
    return IndexOut(
        generation=None,
        corpus=str(settings.corpus_path),
        is_sample=settings.sample_corpus,
        problem=problem_of(problem) if problem is not None else None,
    )
