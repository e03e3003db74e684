"""GET /v1/articles and one of them, and what there is to list them by: sources and places."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from server.errors import PROBLEM_RESPONSES
from server.routes.search import KEYED
from server.schemas import (
    ArticleDetail,
    ArticlesQuery,
    ArticlesResponse,
    PlacesQuery,
    PlacesResponse,
    SourcesQuery,
    SourcesResponse,
)
from server.state import StateDep

router = APIRouter(prefix="/v1", tags=["articles"], dependencies=[KEYED], responses=PROBLEM_RESPONSES)
ArticleId = Annotated[str, Path(description="As in `article_id` of hits, citations and the list.")]
_NOT_FOUND = {"description": "No article has this id.", "content": PROBLEM_RESPONSES[500]["content"]}


@router.get("/articles")
def articles(query: Annotated[ArticlesQuery, Query()], state: StateDep) -> ArticlesResponse:
    """A page of the list of articles, in corpus order."""
    listing = state.live.wait().articles(
        source=query.source,
        place=query.place,
        q=query.q,
        limit=query.limit,
        cursor=query.cursor,
        date_from=query.date_from,
        date_to=query.date_to,
    )
    return ArticlesResponse.from_list(listing)


@router.get("/sources")
def sources(query: Annotated[SourcesQuery, Query()], state: StateDep) -> SourcesResponse:
    """A page of one level of the corpus: its folders and files, with the number of articles in each."""
    listing = state.live.wait().sources(under=query.under, limit=query.limit, cursor=query.cursor)
    return SourcesResponse.from_list(listing)


@router.get("/places")
def places(query: Annotated[PlacesQuery, Query()], state: StateDep) -> PlacesResponse:
    """The places that articles are about, with the number of articles of each."""
    return PlacesResponse.from_counts(state.live.wait().places(q=query.q, under=query.under, limit=query.limit))


# A record's id is whatever its author chose, slashes included.
@router.get("/articles/{article_id:path}", responses={404: _NOT_FOUND})
def article(article_id: ArticleId, state: StateDep) -> ArticleDetail:
    """One article with its text, laid out."""
    return ArticleDetail.from_article(state.live.wait().article(article_id))
