"""The invented town's index, as the modules of the answering half read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.answering.finding.evidence import Evidence, EvidenceFinder, Query, make_query
from rag.answering.reading.question import parse_question
from rag.embedding.base import Embedder
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.library import Library

Look = Callable[..., tuple[Query, list[Evidence]]]


@pytest.fixture(scope="session")
def generation(town: Library) -> Iterator[Generation]:
    """The town's generation."""
    opened = Store(Path(town.status().vectors)).current()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def look(generation: Generation, embedder: Embedder) -> Look:
    """A question, and the ids of the articles to read, to the query and its evidence, best first."""

    def looked(asked: str, *article_ids: str) -> tuple[Query, list[Evidence]]:
        query = make_query(parse_question(asked), generation, embedder)
        articles = [generation.article(name) for name in article_ids] or list(generation.articles())
        return query, EvidenceFinder(embedder).find(query, [(article, 0.5) for article in articles])

    return looked
