"""POST /v1/search."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from anyio import to_thread
from fastapi import APIRouter, Depends, Response
from fastapi.security import HTTPBearer

from rag.types import Filters, SearchResult
from server.asking import opened
from server.errors import PROBLEM_RESPONSES
from server.guarding.limits import check_talk
from server.schemas import FiltersIn, SearchRequest, SearchResponse
from server.state import StateDep

if TYPE_CHECKING:
    from rag.library import Library

# The guard checks keys before a route is reached; this only has OpenAPI say so.
KEYED = Depends(HTTPBearer(auto_error=False, description="One of the configured keys; none while none are."))

router = APIRouter(prefix="/v1", tags=["search"], dependencies=[KEYED], responses=PROBLEM_RESPONSES)


@router.post("/search", response_model=SearchResponse)
async def search(request: SearchRequest, state: StateDep) -> Response:
    """The passages that fit a query best."""
    check_talk(state.settings, request.query)
    library = await opened(state)
    # The reply is written where the hits are found: a second thread that checks it costs as much as the rest of HTTP.
    body = await to_thread.run_sync(partial(_found, request, library), limiter=state.turns)
    return Response(body, media_type="application/json")


def _found(request: SearchRequest, library: Library) -> bytes:
    """The reply as JSON."""
    if not request.query:
        result = SearchResult("", request.mode, (), library.status().generation, 0.0)
    else:
        result = library.search(
            request.query,
            top_k=request.top_k,
            mode=request.mode,
            filters=to_filters(request.filters),
            explain=request.explain,
        )
    return SearchResponse.from_result(result).model_dump_json().encode()


def to_filters(filters: FiltersIn | None) -> Filters:
    """The restrictions of a request as the library takes them."""
    if filters is None:
        return Filters()
    return Filters(
        sources=tuple(filters.sources),
        places=tuple(filters.places),
        date_from=filters.date_from,
        date_to=filters.date_to,
        article_ids=tuple(filters.article_ids),
    )
