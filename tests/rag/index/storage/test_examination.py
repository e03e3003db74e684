"""Damage whose checksums are right, as a defect would publish it: each kind is found and named."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import IndexDamaged, IndexMismatch, RagError
from rag.index.legs.keyword_index import KeywordIndex, TermCounts
from rag.index.legs.vector_index import VectorIndex
from rag.index.storage.database import FILE as DATABASE
from rag.index.storage.examination import Examination, spread
from rag.index.storage.generation import CHUNK_ARTICLES
from tests.rag.index.fakes import WordEmbedder
from tests.rag.index.shelf import Shelf, republish, rewrite_array

Check = Callable[[Examination], str]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    built = Shelf(tmp_path)
    built.build()
    return built


def examine(shelf: Shelf) -> Examination:
    """Examines the live generation, whose checksums have to be right."""
    generation = shelf.store.current()
    generation.verify()
    return Examination(generation, WordEmbedder())


def vectors_of(folder: Path) -> np.ndarray:
    index = VectorIndex.open(folder)
    return index.vectors(np.arange(len(index))).copy()


def swap_vectors(folder: Path) -> None:
    vectors = vectors_of(folder)
    vectors[[1, -2]] = vectors[[-2, 1]]
    VectorIndex.build(vectors).save(folder)


def blank_vector(folder: Path) -> None:
    vectors = vectors_of(folder)
    vectors[2] = 0
    VectorIndex.build(vectors).save(folder)


def spoil_vector(folder: Path) -> None:
    vectors = vectors_of(folder)
    vectors[2, 5] = np.nan
    VectorIndex.build(vectors).save(folder)


def empty_words(folder: Path) -> None:
    index = KeywordIndex.open(folder)
    KeywordIndex.build(TermCounts.of_texts([[] for _ in range(len(index))])).save(folder)


def swap_words(folder: Path) -> None:
    counts = KeywordIndex.open(folder).term_counts()
    rows = np.arange(len(counts))
    rows[[1, -2]] = rows[[-2, 1]]
    KeywordIndex.build(counts.take(rows)).save(folder)


def forget_a_length(folder: Path) -> None:
    rewrite_array(folder / "lengths.npy", lambda lengths: np.where(np.arange(len(lengths)) == 3, 0, lengths))


def misdirect_a_posting(folder: Path) -> None:
    rewrite_array(folder / "rows.npy", lambda rows: np.where(np.arange(len(rows)) == 7, len(rows), rows))


def misplace_a_chunk(folder: Path) -> None:
    rewrite_array(folder / CHUNK_ARTICLES, lambda ordinals: np.where(np.arange(len(ordinals)) == 1, 5, ordinals))


def sql(*statements: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        database = sqlite3.connect(folder / DATABASE)
        for statement in statements:
            database.execute(statement)
        database.commit()
        database.close()

    return change


def test_a_sound_index_is_found_sound(shelf: Shelf) -> None:
    examined = examine(shelf)
    for check in (Examination.contents, Examination.vectors, Examination.words):
        assert check(examined)


@pytest.mark.parametrize(
    ("change", "check", "named"),
    [
        (swap_vectors, Examination.vectors, r"2 of \d+ vectors .* passage [0-9a-f]+ of article 'r0' \(a\.jsonl#r0\)"),
        (blank_vector, Examination.vectors, "of article 'r.*its length is 0"),
        (spoil_vector, Examination.vectors, "of article 'r.*its length is nan"),
        (empty_words, Examination.words, "words of passage .* of article 'r0'"),
        (swap_words, Examination.words, "words of passage .* of article 'r0'"),
        (forget_a_length, Examination.words, "1 passages .* 0$"),
        (misdirect_a_posting, Examination.words, "do not exist"),
        (misplace_a_chunk, Examination.contents, "passage 1 belongs"),
        (sql("UPDATE chunks SET end = 100000 WHERE row = 3"), Examination.contents, "within its article"),
        (sql("UPDATE chunks SET start = end WHERE row = 3"), Examination.contents, "within its article"),
        (sql("UPDATE chunks SET row = 999 WHERE row = 3"), Examination.contents, "not one for each"),
        (sql("UPDATE articles SET chars = chars + 1 WHERE ordinal = 2"), Examination.contents, "characters"),
        (sql("UPDATE articles SET file = 'b.jsonl' WHERE ordinal = 2"), Examination.contents, "a.jsonl"),
        (sql("DELETE FROM folded WHERE ordinal = 2"), Examination.contents, "1 articles cannot be found"),
    ],
)  # fmt: skip
def test_damage_with_right_checksums_is_named(
    change: Callable[[Path], None], check: Check, named: str, shelf: Shelf
) -> None:
    republish(shelf.store, change)
    with pytest.raises(IndexDamaged, match=named) as caught:
        check(examine(shelf))
    assert "wenbao index --anew" in caught.value.hint


def test_an_article_without_a_passage_is_named(shelf: Shelf) -> None:
    def give_away(folder: Path) -> None:
        sql("UPDATE chunks SET ordinal = 1 WHERE ordinal = 2")(folder)
        rewrite_array(folder / CHUNK_ARTICLES, lambda ordinals: np.where(ordinals == 2, 1, ordinals))
        sql("UPDATE chunks SET start = 0, end = 1 WHERE ordinal = 1")(folder)

    republish(shelf.store, give_away)
    with pytest.raises(IndexDamaged, match=r"'r2' .* has no passage"):
        examine(shelf).contents()


def test_another_models_vectors_are_found_out(shelf: Shelf) -> None:
    """As when a model's files were changed and its fingerprint was not."""

    class Backwards(WordEmbedder):
        def embed_query(self, text: str) -> np.ndarray:
            return np.ascontiguousarray(super().embed_query(text)[::-1])

    generation = shelf.store.current()
    with pytest.raises(IndexDamaged, match="vectors are not those"):
        Examination(generation, Backwards()).vectors()


def test_words_of_older_rules_ask_for_a_refresh(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.index.building.labels.TERMS_VERSION", "another")
    with pytest.raises(IndexMismatch, match="another") as caught:
        examine(shelf).words()
    assert "wenbao index" in caught.value.hint


@pytest.mark.parametrize("change", [swap_vectors, empty_words], ids=["vectors", "words"])
def test_building_from_nothing_mends_what_building_does_not(change: Callable[[Path], None], shelf: Shelf) -> None:
    republish(shelf.store, change)
    assert not shelf.build().changed, "its checksums are right"
    shelf.store.distrust()
    assert shelf.build().changed
    examined = examine(shelf)
    assert examined.vectors()
    assert examined.words()


def test_a_sample_finds_what_lies_in_it(shelf: Shelf) -> None:
    republish(shelf.store, swap_vectors)
    generation = shelf.store.current()
    with pytest.raises(RagError):
        Examination(generation, WordEmbedder(), len(generation)).vectors()
    assert Examination(generation, WordEmbedder(), 2).vectors(), "the first and the last are as they were"


@given(st.integers(1, 5_000), st.integers(2, 300))
def test_a_sample_spans_the_whole_evenly(size: int, wanted: int) -> None:
    rows = spread(size, wanted)
    assert len(rows) == min(size, wanted)
    assert (rows[0], rows[-1]) == (0, size - 1)
    gaps = np.diff(rows)
    assert gaps.size == 0 or gaps.max() - gaps.min() <= 1
