"""Phrases out of the corpus must be found again, by each leg: a leg that went silent cannot stay unnoticed.

A hybrid search goes on answering with one leg dead, only worse; so each is asked alone, the way a question asks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rag.errors import IndexDamaged
from rag.index.storage.generation import Generation
from rag.retrieval.retriever import Retriever
from rag.types import Chunk

PHRASES = 40
"""How many phrases a leg is asked."""
TOP = 10
"""Among how many rows the passage must be, or one that holds the same phrase."""
LEAST_SHARE = 0.9
"""Of the phrases that must be found. On 56,288 passages of news all of 300 were, by either leg; a corpus of forms that
differ in a number may miss some."""
WORDS_OF_A_PHRASE = 30
"""Characters for the keyword leg; the dense leg is asked whole passages, since a vector is one of a whole passage."""

Leg = Literal["dense", "lexical"]


def find_again(generation: Generation, retriever: Retriever, chunks: Sequence[Chunk], leg: Leg) -> str:
    """Asks one leg for a phrase of each chunk.

    Args:
        generation: what the retriever searches.
        retriever: asked for candidates of one leg alone.
        chunks: spread over the corpus.
        leg: which one.

    Returns:
        What was found, in words.

    Raises:
        IndexDamaged: too few were found; the message names the first passage that was not.
    """
    asked = [(chunk, phrase) for chunk in chunks if (phrase := phrase_of(chunk, leg))]
    missed = [chunk for chunk, phrase in asked if not _finds(generation, retriever, chunk, phrase, leg)]
    if len(asked) - len(missed) < LEAST_SHARE * len(asked):
        first = generation.article(missed[0].article_id)
        raise IndexDamaged(
            f"{len(missed):,} of {len(asked):,} phrases of the corpus are not found, first one of passage "
            f"{missed[0].chunk_id} of article {first.article_id!r} ({first.source})",
            hint="Build the index from nothing: `wenbao index --anew`. If that changes nothing, report a defect.",
        )
    return f"{len(asked) - len(missed):,} of {len(asked):,} phrases of the corpus found among the first {TOP}"


def phrase_of(chunk: Chunk, leg: Leg) -> str:
    """What a leg is asked for; empty where the chunk has no word."""
    text = chunk.text.strip()
    if not any(letter.isalnum() for letter in text):
        return ""
    if leg == "dense":
        return text
    stretches = text.split()
    longest = max(stretches, key=len)
    start = max(0, (len(longest) - WORDS_OF_A_PHRASE) // 2)
    return longest[start : start + WORDS_OF_A_PHRASE]


def _finds(generation: Generation, retriever: Retriever, chunk: Chunk, phrase: str, leg: Leg) -> bool:
    found = (generation.chunk(one.row) for one in retriever.candidates(phrase, TOP, mode=leg, dated=False)[:TOP])
    return any(one.chunk_id == chunk.chunk_id or phrase in one.text for one in found)
