"""The calls of the API as data: what is sent, what the reply is read as, and whether it may be sent again.

Both clients send these; nothing here touches the network. A request is not checked here beyond what would not reach the
server as it was meant: the server's own words about a field are better than ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from server.client.errors import UsageError
from server.schemas import (
    ArticleDetail,
    ArticlesResponse,
    AskResponse,
    CorpusFileOut,
    FiltersIn,
    HealthOut,
    IndexOut,
    JobOut,
    PlacesResponse,
    ReadyOut,
    SearchResponse,
    SourcesResponse,
    TurnIn,
)

Reply = TypeVar("Reply", bound=BaseModel)
FiltersLike = FiltersIn | Mapping[str, object]
"""Filters as a model, or as a mapping with its fields: `{"places": ["江苏"]}`."""
TurnLike = TurnIn | Mapping[str, str]
"""A message of the conversation as a model, or as `{"role": …, "content": …}`."""


class Nothing(BaseModel):
    """Read off a reply whose body does not matter."""


@dataclass(frozen=True, slots=True)
class Call(Generic[Reply]):
    """One request.

    Args:
        method: of HTTP.
        path: below the server's address, quoted.
        reply: what the body of a success is read as.
        params: the query.
        content: the body; None for none.
        content_type: of the body.
        headers: beside those of every call.
        is_safe: whether it changes nothing on the server, so that it may be sent twice.
    """

    method: str
    path: str
    reply: type[Reply]
    params: dict[str, str | int] = field(default_factory=dict)
    content: bytes | None = None
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    is_safe: bool = True


def search(query: str, top_k: int, mode: str, filters: FiltersLike | None, explain: bool) -> Call[SearchResponse]:
    """POST /v1/search."""
    body = {"query": query, "top_k": top_k, "mode": mode, **_filters(filters), **_explained(explain)}
    return Call("POST", "/v1/search", SearchResponse, content=_packed(body))


def ask(
    question: str,
    history: Sequence[TurnLike],
    top_k: int,
    filters: FiltersLike | None,
    answerer: str,
    explain: bool,
    *,
    stream: bool = False,
) -> Call[AskResponse]:
    """POST /v1/ask."""
    body = {
        "question": question,
        "history": [_plain(turn) for turn in history],
        "top_k": top_k,
        **_filters(filters),
        "stream": stream,
        "answerer": answerer,
        **_explained(explain),
    }
    return Call("POST", "/v1/ask", AskResponse, content=_packed(body))


def articles(
    source: str | None,
    place: str | None,
    q: str | None,
    date_from: str | None,
    date_to: str | None,
    limit: int,
    cursor: str | None,
) -> Call[ArticlesResponse]:
    """GET /v1/articles, one page."""
    asked = {"source": source, "place": place, "q": q, "date_from": date_from, "date_to": date_to}
    return Call("GET", "/v1/articles", ArticlesResponse, params=_given({**asked, "limit": limit, "cursor": cursor}))


def sources(under: str, limit: int, cursor: str | None) -> Call[SourcesResponse]:
    """GET /v1/sources, one page."""
    asked = {"under": under or None, "limit": limit, "cursor": cursor}
    return Call("GET", "/v1/sources", SourcesResponse, params=_given(asked))


def places(q: str | None, under: str | None, limit: int) -> Call[PlacesResponse]:
    """GET /v1/places."""
    return Call("GET", "/v1/places", PlacesResponse, params=_given({"q": q, "under": under, "limit": limit}))


def article(article_id: str) -> Call[ArticleDetail]:
    """GET /v1/articles/{article_id}."""
    if not article_id:
        raise UsageError("article_id is empty.", hint="Take one from a hit, a citation or the listing.")
    return Call("GET", f"/v1/articles/{_segment(article_id)}", ArticleDetail)


def index() -> Call[IndexOut]:
    """GET /v1/index."""
    return Call("GET", "/v1/index", IndexOut)


def start_refresh() -> Call[JobOut]:
    """POST /v1/index."""
    return Call("POST", "/v1/index", JobOut, is_safe=False)


def upload(path: str, content: bytes, overwrite: bool, refresh: bool) -> Call[CorpusFileOut]:
    """PUT /v1/corpus/{path}."""
    return Call(
        "PUT",
        _corpus_path(path),
        CorpusFileOut,
        params=_refreshed(refresh),
        content=content,
        content_type="application/octet-stream",
        headers={} if overwrite else {"If-None-Match": "*"},
        is_safe=False,
    )


def delete(path: str, refresh: bool) -> Call[Nothing]:
    """DELETE /v1/corpus/{path}."""
    return Call("DELETE", _corpus_path(path), Nothing, params=_refreshed(refresh), is_safe=False)


def health() -> Call[HealthOut]:
    """GET /healthz."""
    return Call("GET", "/healthz", HealthOut)


def ready() -> Call[ReadyOut]:
    """GET /readyz."""
    return Call("GET", "/readyz", ReadyOut)


def _given(asked: Mapping[str, str | int | None]) -> dict[str, str | int]:
    return {name: value for name, value in asked.items() if value is not None}


def _filters(filters: FiltersLike | None) -> dict[str, object]:
    return {} if filters is None else {"filters": _plain(filters)}


def _explained(explain: bool) -> dict[str, object]:
    return {"explain": True} if explain else {}  # servers before 0.4 do not know the field


def _plain(value: BaseModel | Mapping[str, Any]) -> dict[str, Any]:
    return value.model_dump(mode="json", exclude_none=True) if isinstance(value, BaseModel) else dict(value)


def _refreshed(refresh: bool) -> dict[str, str | int]:
    return {"refresh": "true"} if refresh else {}


def _packed(body: Mapping[str, object]) -> bytes:
    """The body as JSON.

    Raises:
        UsageError: it holds what JSON in UTF-8 cannot carry.
    """
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError(
            f"The text holds {error.object[error.start]!r}, half of a character, which UTF-8 cannot carry.",
            hint="Look at how the text was decoded.",
        ) from None
    except (TypeError, ValueError) as error:
        raise UsageError(f"The request cannot be written as JSON: {error}.", hint="Give plain values.") from error


def _corpus_path(path: str) -> str:
    """The address of a corpus file.

    Raises:
        UsageError: it is no path below the corpus.
    """
    segments = path.split("/")
    if any(segment in {"", ".", ".."} for segment in segments):
        raise UsageError(
            f"{path!r} is not a path below the corpus.", hint="Give one such as 2024/page-1.txt, without a leading `/`."
        )
    return "/v1/corpus/" + "/".join(_segment(segment) for segment in segments)


def _segment(text: str) -> str:
    """One segment of a path. Dots alone are quoted too: clients on the way would read them as folders.

    Raises:
        UsageError: it holds what UTF-8 cannot carry.
    """
    try:
        quoted = quote(text, safe="")
    except UnicodeEncodeError:
        raise UsageError(f"{text!r} is not text that UTF-8 can carry.", hint="Look at how it was decoded.") from None
    return quoted if quoted.strip(".") else quoted.replace(".", "%2E")
