"""A leg that went silent is found out, whichever it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.errors import IndexDamaged
from rag.index.legs.keyword_index import KeywordIndex, TermCounts
from rag.index.legs.vector_index import VectorIndex
from rag.index.storage.generation import Generation
from rag.retrieval.retriever import Retriever
from rag.retrieval.selftest import PHRASES, Leg, find_again, phrase_of
from rag.types import Chunk
from tests.rag.index.fakes import WordEmbedder, records, write_records
from tests.rag.index.shelf import Shelf, republish


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Enough chunks that nothing is among the first ten by chance."""
    built = Shelf(tmp_path)
    write_records(built.corpus / "a.jsonl", records("a", 40))
    built.build()
    return built


def ask(shelf: Shelf, leg: Leg) -> str:
    generation = shelf.store.current()
    return find_again(generation, Retriever(generation, WordEmbedder()), sample(generation), leg)


def sample(generation: Generation) -> list[Chunk]:
    return [generation.chunk(row) for row in range(0, len(generation), max(1, len(generation) // PHRASES))]


@pytest.mark.parametrize("leg", ["lexical", "dense"])
def test_a_sound_leg_finds_the_corpus_again(leg: Leg, shelf: Shelf) -> None:
    found, asked = ask(shelf, leg).split(" phrases")[0].split(" of ")
    assert int(asked) >= PHRASES
    assert int(found) >= 0.9 * int(asked)


def silent_words(folder: Path) -> None:
    size = len(KeywordIndex.open(folder))
    KeywordIndex.build(TermCounts.of_texts([[] for _ in range(size)])).save(folder)


def one_word(folder: Path) -> None:
    size = len(KeywordIndex.open(folder))
    KeywordIndex.build(TermCounts.of_texts([["水库"]] * size)).save(folder)


def same_vectors(folder: Path) -> None:
    index = VectorIndex.open(folder)
    VectorIndex.build(np.repeat(index.vectors(np.asarray([0])), len(index), axis=0)).save(folder)


def shuffled_vectors(folder: Path) -> None:
    index = VectorIndex.open(folder)
    vectors: NDArray[np.float32] = index.vectors(np.arange(len(index))[::-1])
    VectorIndex.build(vectors).save(folder)


@pytest.mark.parametrize(
    ("leg", "other", "change"),
    [
        ("lexical", "dense", silent_words),
        ("lexical", "dense", one_word),
        ("dense", "lexical", same_vectors),
        ("dense", "lexical", shuffled_vectors),
    ],
)
def test_a_dead_leg_is_found_out_while_the_other_answers(
    leg: Leg, other: Leg, change: Callable[[Path], None], shelf: Shelf
) -> None:
    republish(shelf.store, change)
    with pytest.raises(IndexDamaged, match="phrases of the corpus are not found, first one of passage") as caught:
        ask(shelf, leg)
    assert "wenbao index --anew" in caught.value.hint
    assert ask(shelf, other)


def test_a_phrase_is_taken_from_the_words(shelf: Shelf) -> None:
    chunk = shelf.store.current().chunk(0)
    assert phrase_of(chunk, "dense") == chunk.text
    short = phrase_of(chunk, "lexical")
    assert short in chunk.text
    assert 0 < len(short) <= 30
    blank = Chunk("c", "a", 0, 4, "　…… ", ((0, 4),), "", "k")
    assert phrase_of(blank, "lexical") == phrase_of(blank, "dense") == ""
