"""POST /v1/search."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.security import HTTPBearer

from rag.types import Filters, SearchResult
from server.errors import PROBLEM_RESPONSES
from server.limits import check_talk
from server.schemas import FiltersIn, SearchRequest, SearchResponse
from server.state import StateDep

# The guard checks keys before a route is reached; this only has OpenAPI say so.
KEYED = Depends(HTTPBearer(auto_error=False, description="One of the configured keys; none while none are."))

router = APIRouter(prefix="/v1", tags=["search"], dependencies=[KEYED], responses=PROBLEM_RESPONSES)


@router.post("/search")
def search(request: SearchRequest, state: StateDep) -> SearchResponse:
    """The passages that fit a query best."""
    check_talk(state.settings, request.query)
    library = state.live.wait()
    if not request.query:
        return SearchResponse.from_result(SearchResult("", request.mode, (), library.status().generation, 0.0))
    result = library.search(
        request.query,
        top_k=request.top_k,
        mode=request.mode,
        filters=to_filters(request.filters),
        explain=request.explain,
    )
    return SearchResponse.from_result(result)


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
