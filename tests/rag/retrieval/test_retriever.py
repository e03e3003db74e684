"""Searching a small index through both legs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexMismatch
from rag.index.building.builder import build_index
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.retrieval.retriever import Retriever
from rag.settings import Settings
from rag.types import Filters, Mode
from tests.rag.index.fakes import TOPICS, WordEmbedder, records, write_records

MODES: tuple[Mode, ...] = ("hybrid", "dense", "lexical")


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    folder = tmp_path_factory.mktemp("retrieval")
    dated = [record | {"date": f"2024-0{number + 1}-15"} for number, record in enumerate(records("a"))]
    placed = [record | {"place": ["江苏省", "无锡市"]} for record in records("b", 2)]
    write_records(folder / "corpus" / "a.jsonl", dated)
    write_records(folder / "corpus" / "b.jsonl", placed)
    settings = Settings(corpus=folder / "corpus", vectors=folder / "vectors")
    build_index(settings, embedder=WordEmbedder())
    return Store(settings.vectors).current()


@pytest.fixture(scope="module")
def retriever(generation: Generation) -> Retriever:
    return Retriever(generation, WordEmbedder())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("number", range(2, 6))
def test_the_article_that_is_asked_for_comes_first(number: int, mode: Mode, retriever: Retriever) -> None:
    result = retriever.search(f"{TOPICS[number]}怎么样了？", 5, mode)
    assert result.hits[0].article.article_id == f"a{number}"
    assert [hit.rank for hit in result.hits] == list(range(1, len(result.hits) + 1))
    scores = [hit.score for hit in result.hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert (result.mode, result.generation) == (mode, retriever._generation.id)


@pytest.mark.parametrize("mode", MODES)
def test_hits_agree_with_themselves(mode: Mode, retriever: Retriever) -> None:
    for hit in retriever.search("湿地候鸟", 8, mode).hits:
        assert hit.chunk.article_id == hit.article.article_id
        assert hit.article.text[hit.chunk.start : hit.chunk.end] == hit.chunk.text
        assert (hit.ranks.dense is None) <= (mode != "dense")
        assert (hit.ranks.lexical is None) <= (mode != "lexical")
        assert hit.ranks.dense is None or mode != "lexical"
        assert hit.ranks.lexical is None or mode != "dense"


def test_a_traditional_question_finds_the_simplified_text(retriever: Retriever) -> None:
    for mode in MODES:
        assert retriever.search("漁船換裝", 1, mode).hits[0].article.title.startswith("渔船换装")


@pytest.mark.parametrize("query", ["？！", "的", "xyzzy", "yuchuan beidou", "🦀", "\x00"])
def test_a_query_without_known_words_is_left_to_the_vectors(query: str, retriever: Retriever) -> None:
    assert retriever.search(query, 3, "lexical").hits == ()
    result = retriever.search(query, 3)
    assert len(result.hits) == 3
    assert all(hit.ranks.lexical is None for hit in result.hits)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("filters", "allowed"),
    [
        (Filters(sources=("b.jsonl",)), {"b0", "b1"}),
        (Filters(places=("江苏",)), {"b0", "b1"}),
        (Filters(date_from="2024-02-01", date_to="2024-03-31"), {"a1", "a2"}),
        (Filters(article_ids=("a5",)), {"a5"}),
        (Filters(article_ids=("nobody",)), set()),
    ],
)
def test_filters_hold_in_every_mode(filters: Filters, allowed: set[str], mode: Mode, retriever: Retriever) -> None:
    hits = retriever.search("消息编号已经办妥", 50, mode, filters).hits
    assert {hit.article.article_id for hit in hits} == allowed


def test_every_candidate_has_both_scores(retriever: Retriever, generation: Generation) -> None:
    found = retriever.candidates("渔船换装北斗终端", 3)
    assert len({candidate.row for candidate in found}) == len(found)
    query = WordEmbedder().embed_query("渔船换装北斗终端")
    for candidate in found:
        [cosine] = generation.vectors.cosines(query, np.array([candidate.row], np.int64))
        assert candidate.cosine == pytest.approx(float(cosine), abs=1e-3)
        assert candidate.bm25 is not None
        assert candidate.ranks.dense or candidate.ranks.lexical


def test_another_model_is_refused(generation: Generation) -> None:
    with pytest.raises(IndexMismatch, match="beef") as caught:
        Retriever(generation, WordEmbedder("beef"))
    assert "wenbao index" in caught.value.hint


def test_an_index_of_one_chunk_can_be_searched(tmp_path: Path) -> None:
    write_records(tmp_path / "corpus" / "a.jsonl", [{"id": "only", "text": "只有一句话的文章。"}])
    settings = Settings(corpus=tmp_path / "corpus", vectors=tmp_path / "vectors")
    build_index(settings, embedder=WordEmbedder())
    small = Retriever(Store(settings.vectors).current(), WordEmbedder())
    for mode in MODES:
        assert [hit.article.article_id for hit in small.search("一句话的文章", 10, mode).hits] == ["only"]
