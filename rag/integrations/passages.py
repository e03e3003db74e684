"""What a search found, in one shape for every framework, whether the library searched or a server did.

The two reply alike but not in the same shape: the library's hit holds a passage and an article, a hit over the wire
has the fields of both. `Searching` is what both have in common; the wire's models are not imported for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from rag.types import Hit, Mode


class Found(Protocol):
    """A reply to a search: `SearchResult`, or `SearchResponse` over the wire."""

    @property
    def generation(self) -> str:
        """The generation of the index that was searched."""

    @property
    def hits(self) -> Sequence[Any]:
        """`Hit`s, or `HitOut`s over the wire, best first."""


@runtime_checkable
class Searching(Protocol):
    """What can be searched: a `rag.Library`, or a `server.client.Wenbao` over HTTP. Threads may share either."""

    def search(self, query: str, *, top_k: int = 10, mode: Mode = "hybrid", filters: Any = None) -> Found:
        """The passages that fit a query best."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that was found, with where it stands."""

    chunk_id: str
    article_id: str
    text: str
    score: float
    """In [0, 1], for ordering within one reply only."""
    metadata: dict[str, Any]
    """Plain values, which JSON can carry: title, byline, date (None where there is none), place, source, spans (lists
    of two code point offsets into the source), article_id, chunk_id, rank, score, generation."""


def found_passages(paper: Searching, query: str, top_k: int, mode: Mode, filters: Any = None) -> list[Passage]:
    """Searches and reshapes what was found, best first.

    Args:
        paper: what is searched.
        query: plain words, 1 to 2,000 characters.
        top_k: how many passages at most, 1 to 100.
        mode: both legs fused, or one of them.
        filters: as `paper` takes them: `rag.Filters` for a library, a mapping with its fields for a client.

    Raises:
        RagError, or WenbaoError over HTTP: as `paper.search`.
    """
    found = paper.search(query, top_k=top_k, mode=mode, filters=filters)
    return [_passage(hit, found.generation) for hit in found.hits]


def _passage(hit: Any, generation: str) -> Passage:
    article, chunk = (hit.article, hit.chunk) if isinstance(hit, Hit) else (hit, hit)
    metadata = {
        "title": article.title,
        "byline": article.byline,
        "date": article.date,
        "place": list(article.place),
        "source": article.source,
        "spans": [[start, end] for start, end in chunk.spans],
        "article_id": article.article_id,
        "chunk_id": chunk.chunk_id,
        "rank": hit.rank,
        "score": hit.score,
        "generation": generation,
    }
    return Passage(chunk.chunk_id, article.article_id, chunk.text, hit.score, metadata)
