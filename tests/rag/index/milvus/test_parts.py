"""What is kept on this disk of passages that live in Milvus: laws of the small parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rag.index.legs.base import Restriction, RowMask, restriction_of
from rag.index.legs.keyword_index import KeywordIndex, TermCounts
from rag.index.milvus.entities import EntityMap, Facts, entity_of
from rag.index.milvus.expressions import MOST_LISTED, expression_of, restricted
from rag.index.milvus.frequencies import Frequencies
from rag.index.milvus.weights import chunk_weights, question_weights
from rag.index.text.terms import hash_terms
from rag.types import Filters

words = st.lists(st.sampled_from("甲乙丙丁戊己庚"), min_size=1, max_size=12)


@given(st.lists(st.integers(0, 9), max_size=30), st.lists(st.integers(0, 12), unique=True, max_size=8))
def test_every_row_of_an_entity_is_found(entities: list[int], asked: list[int]) -> None:
    rows = EntityMap.of(entities, np.zeros(len(entities), np.int64))
    found, places = rows.rows_of(np.asarray(asked, np.int64))
    assert sorted(found.tolist()) == [row for row, entity in enumerate(entities) if entity in asked]
    assert [entities[row] for row in found.tolist()] == [asked[place] for place in places.tolist()]


def test_a_map_is_the_same_after_it_was_saved(tmp_path: Path) -> None:
    rows = EntityMap.of([5, 3, 5], np.asarray([1, 2, 1], np.int64))
    rows.save(tmp_path)
    opened = EntityMap.open(tmp_path)
    assert opened.by_base() == rows.by_base() == {1: 5, 2: 3}
    assert opened.rows_of(np.asarray([5], np.int64))[0].tolist() == [0, 2]


def test_an_entity_is_another_where_anything_of_it_is() -> None:
    facts = [
        Facts("k", "a", "s", "[]", None),
        Facts("k2", "a", "s", "[]", None),
        Facts("k", "b", "s", "[]", None),
        Facts("k", "a", "t", "[]", None),
        Facts("k", "a", "s", '["江苏省"]', None),
        Facts("k", "a", "s", "[]", "2021"),
    ]
    entities = {entity_of(one.base, dictionary) for one in facts for dictionary in ("", "d")}
    assert len(entities) == 2 * len(facts)
    assert all(0 <= entity < 1 << 63 for entity in entities)


def test_days_of_dates_and_of_what_is_none() -> None:
    assert Facts("", "", "", "", None).days == (0, 0)
    first, last = Facts("", "", "", "", "2021-05").days
    assert last - first == 30
    assert Facts("", "", "", "", "someday").days == (1, 3_652_059)


@given(st.lists(words, min_size=1, max_size=12), st.data())
def test_frequencies_are_those_of_the_rows_that_are_there(texts: list[list[str]], data: st.DataObject) -> None:
    counts = TermCounts.of_texts(texts)
    came = Frequencies.none().with_rows(counts, np.ones(len(texts), np.int64))
    gone = data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)))
    left = came.with_rows(counts, -np.asarray(gone, np.int64))
    kept = KeywordIndex.build(TermCounts.of_texts([text for text, went in zip(texts, gone, strict=True) if not went]))
    asked = list("甲乙丙丁戊己庚辛")
    assert left.document_frequency(asked).tolist() == kept.document_frequency(asked).tolist()
    assert left.idf(asked).tolist() == kept.idf(asked).tolist()
    assert len(left) == len(kept)


@given(st.lists(words, min_size=1, max_size=10), words)
def test_the_inner_product_is_the_score_of_the_keyword_index(texts: list[list[str]], question: list[str]) -> None:
    index = KeywordIndex.build(TermCounts.of_texts(texts))
    average = float(np.mean([len(text) for text in texts]))
    terms = list(dict.fromkeys(question))
    known = np.where(index.document_frequency(terms) > 0, index.idf(terms), 0).astype(np.float32)
    asked = question_weights(hash_terms(terms), known)
    found = [
        sum(asked.get(term, 0.0) * weight for term, weight in chunk_weights(hash_terms(text), average).items())
        for text in texts
    ]
    assert np.allclose(found, index.scores(terms), rtol=1e-4)


def test_a_chunk_without_words_has_no_weights() -> None:
    assert chunk_weights(hash_terms([]), 3.0) == {}


def test_a_mask_remembers_what_it_was_made_from_and_what_is_made_of_it_does_not() -> None:
    restriction = Restriction(Filters(sources=("a",)))
    mask = RowMask.of(np.asarray([True, False]), restriction)
    assert restriction_of(mask) is restriction
    assert restriction_of(~mask) is None
    assert restriction_of(mask & np.asarray([True, True])) is None
    assert restriction_of(np.asarray([True])) is restriction_of(None) is None


def test_a_mask_that_says_nothing_is_listed_while_it_is_short() -> None:
    entities = np.arange(2 * MOST_LISTED, dtype=np.int64)
    mask = entities < 2
    assert expression_of(mask, entities) == "id in [0,1]"
    assert expression_of(entities < 2 * MOST_LISTED, entities) == ""
    assert expression_of(None, entities) == ""


def test_quotes_cannot_leave_their_place() -> None:
    said = restricted(Restriction(Filters(sources=('a" or id > 0 or source == "',), article_ids=('"]',))))
    assert '"a\\" or id > 0 or source == \\""' in said
    assert 'article_id in ["\\"]"]' in said
