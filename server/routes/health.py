"""Is the process alive, is an index loaded. Open to everyone, keys or not."""

from __future__ import annotations

from fastapi import APIRouter

from server.errors import PROBLEM_RESPONSES, Loading
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
    """An index is loaded. If none is, the problem says why."""
    library = state.live.current()
    if library is None:
        raise state.live.problem() or Loading("The index has just been opened.", hint="Ask again.")
    return ReadyOut(generation=library.generation)
