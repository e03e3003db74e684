"""The articles that have been read, so that walking to and fro fetches each once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.schemas import ArticleDetail

CAPACITY = 64
"""Articles kept; the one that was read longest ago goes first."""


class Shelf:
    """Keeps articles of one generation of the index; a newer generation empties it."""

    def __init__(self) -> None:
        self._generation = ""
        self._articles: dict[str, ArticleDetail] = {}

    async def get(
        self, article_id: str, generation: str, fetch: Callable[[str], Awaitable[ArticleDetail]]
    ) -> ArticleDetail:
        """The article, fetched where it is not here yet.

        Args:
            article_id: which one.
            generation: the generation that is answering now.
            fetch: gets it from the server; what it raises is raised.
        """
        if generation != self._generation:
            self._generation = generation
            self._articles.clear()
        article = self._articles.pop(article_id, None)
        if article is None:
            article = await fetch(article_id)
        self._articles[article_id] = article
        while len(self._articles) > CAPACITY:
            del self._articles[next(iter(self._articles))]
        return article
