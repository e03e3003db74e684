"""Is the process alive, is an index loaded, how is it doing. Open to everyone, keys or not."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from server.errors import PROBLEM_RESPONSES, Loading, ShuttingDown
from server.schemas import HealthOut, ReadyOut
from server.state import StateDep

router = APIRouter(tags=["health"])

# Neither blocks, and a thread pool full of requests that wait for an index must not hold them up: hence async.


@router.get("/healthz")
async def healthz() -> HealthOut:
    """The process answers."""
    return HealthOut()


@router.get("/readyz", responses={503: PROBLEM_RESPONSES[503]})
async def readyz(state: StateDep) -> ReadyOut:
    """An index is loaded and the server is not about to end. If it is not so, the problem says why."""
    if state.traffic.draining:
        raise ShuttingDown("The server is shutting down.", hint="Ask another one.")
    library = state.live.current()
    if library is None:
        raise state.live.problem() or Loading("The index has just been opened.", hint="Ask again.")
    return ReadyOut(generation=library.generation)


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "The figures of the server, in Prometheus' text format.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    },
)
async def metrics(state: StateDep) -> Response:
    """Requests, times of stages, answers and refusals, index jobs, and what is loaded."""
    # In a thread that requests do not compete for: what is loaded may have to be opened first.
    return Response(await asyncio.to_thread(state.metrics.text, state), media_type=CONTENT_TYPE_LATEST)
