"""What holds for every answer."""

from __future__ import annotations

import re

from rag.index.storage.generation import Generation
from rag.types import Answer

_MARK = re.compile(r"\[(\d+)\]")


def bare(text: str) -> str:
    return "".join(text.split())


def check_answer(answer: Answer, generation: Generation, sources: dict[str, str]) -> None:
    """Asserts that marks and citations match, that quotes are the source's, and that a refusal cites nothing.

    Args:
        generation: the one that answered.
        sources: the pages' texts as decoded, newlines untouched.
    """
    numbers = [citation.n for citation in answer.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    assert set(map(int, _MARK.findall(answer.answer))) == set(numbers)
    assert bool(numbers) == answer.answered
    for citation in answer.citations:
        article = generation.article(citation.article_id)
        source = "".join(sources[citation.source][start:end] for start, end in citation.spans)
        assert bare(source) == bare(citation.quote) != ""
        assert citation.quote in article.text
        assert f"{citation.quote}[{citation.n}]" in answer.answer
        assert (citation.title, citation.byline, citation.source) == (article.title, article.byline, article.source)
        chunks = {chunk.chunk_id: chunk for chunk in generation.chunks_of(citation.article_id)}
        assert chunks[citation.chunk_id].article_id == article.article_id
    assert [hit.rank for hit in answer.hits] == list(range(1, len(answer.hits) + 1))
    assert answer.took_ms >= 0
    assert answer.generation == generation.id
