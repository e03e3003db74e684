"""What holds for every answer, and how answers are scored against questions with known answers."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from rag.index.generation import Generation
from rag.types import Answer

_MARK = re.compile(r"\[(\d+)\]")
GLANCE = 160
"""Folded characters in which the answer to a short question must stand."""
READ = 1200
"""The same for a list."""


def bare(text: str) -> str:
    return "".join(text.split())


def fold(text: str) -> str:
    """Letters, figures and characters alone, full width as half width, without marks."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", _MARK.sub("", text))).lower()


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


def score(item: dict[str, Any], answer: Answer) -> float:
    """How much of the known answer the reply shows: 1 or 0, or the share of the items of a list."""
    if not answer.answered:
        return 0.0
    shown = fold(answer.answer)[: READ if item["type"] in {"list", "aggregate"} else GLANCE]
    spellings = [[one, *item.get("aliases", {}).get(one, [])] for one in item["answers"]]
    held = [any(fold(spelling) in shown for spelling in one) for one in spellings]
    return sum(held) / len(held) if item["answer_mode"] == "all" else float(any(held))
