"""One hit for what several articles print, whatever is filtered, and as many hits as were asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.answering.answerer import Answerer
from rag.index.building.builder import build_index
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.retrieval.copies import one_of_each
from rag.retrieval.retriever import Retriever
from rag.settings import Settings
from rag.types import Filters, Hit, Mode
from tests.rag.index.fakes import WordEmbedder, write_records
from tests.rag.index.reports import REPORT, unlike

MODES: tuple[Mode, ...] = ("hybrid", "dense", "lexical")
WHOLE = "".join(REPORT)
ALONE = "晚报另从护渔队获悉，滩头的鱼道也已疏通，今年春天有人看见成群的香鱼溯流而上，垂钓者须到河长办登记。"
QUERY = "青石滩上的木轮直径多少米，一昼夜能磨面粉多少斤？"


def make(folder: Path, texts: dict[str, dict[str, str]]) -> Generation:
    for name, records in texts.items():
        day = {"morning": "2024-03-06", "evening": "2024-03-07"}.get(name, "2024-01-01")
        write_records(
            folder / "corpus" / f"{name}.jsonl",
            [{"id": key, "text": text, "title": f"{name}：{key}", "date": day} for key, text in records.items()],
        )
    settings = Settings(corpus=folder / "corpus", vectors=folder / "vectors")
    build_index(settings, embedder=WordEmbedder())
    return Store(settings.vectors).current()


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    return make(
        tmp_path_factory.mktemp("copies"),
        {
            "evening": {"e1": unlike(1), "e2": WHOLE + ALONE},
            "morning": {"m1": WHOLE, "m2": unlike(2), "m3": "".join(REPORT[:-1])},
        },
    )


@pytest.fixture(scope="module")
def retriever(generation: Generation) -> Retriever:
    return Retriever(generation, WordEmbedder())


def told_by(hit: Hit) -> set[str]:
    return {hit.article.article_id, *(other.article_id for other in hit.others)}


@pytest.mark.parametrize("mode", MODES)
def test_a_report_is_found_once_and_its_other_articles_are_listed(mode: Mode, retriever: Retriever) -> None:
    hits = retriever.search(QUERY, 3, mode).hits
    assert told_by(hits[0]) == {"e2", "m1", "m3"}
    assert REPORT[1][:20] in hits[0].chunk.text
    assert sum(REPORT[1][:20] in hit.chunk.text for hit in hits) == 1
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))


def test_the_others_stand_in_corpus_order(retriever: Retriever, generation: Generation) -> None:
    order = [article.article_id for article in generation.articles()]
    for hit in retriever.search(QUERY, 20).hits:
        places = [order.index(other.article_id) for other in hit.others]
        assert places == sorted(places)
        assert hit.article.article_id not in {other.article_id for other in hit.others}


def test_an_article_keeps_all_its_passages_and_lends_none(retriever: Retriever, generation: Generation) -> None:
    hits = retriever.search(QUERY, 100).hits
    shown = hits[0].article.article_id
    chunks = {chunk.chunk_id for chunk in generation.chunks_of(shown)}
    assert len(chunks) > 1
    assert chunks <= {hit.chunk.chunk_id for hit in hits}
    others = [hit for hit in hits if hit.article.article_id in told_by(hits[0]) - {shown}]
    assert all(any(words in hit.chunk.text for words in (ALONE[:20], REPORT[-1][:12])) for hit in others)


def test_what_only_one_of_them_has_is_a_hit_of_its_own(retriever: Retriever) -> None:
    hits = retriever.search("河长办登记垂钓者，香鱼溯流而上", 1).hits
    assert hits[0].article.article_id == "e2"
    assert {"m1", "m3"} == told_by(hits[0]) - {"e2"}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(sources=("morning.jsonl",)), {"m1", "m3"}),
        (Filters(sources=("evening.jsonl",)), {"e2"}),
        (Filters(date_to="2024-03-06"), {"m1", "m3"}),
        (Filters(article_ids=("m3", "e1")), {"m3"}),
        (Filters(article_ids=("e2", "m3")), {"e2", "m3"}),
    ],
)
def test_a_report_is_found_through_whatever_article_the_filters_let_through(
    filters: Filters, found: set[str], retriever: Retriever
) -> None:
    hits = retriever.search(QUERY, 5, filters=filters).hits
    assert told_by(hits[0]) == found
    assert all(told_by(hit) <= {"m1", "m2", "m3", "e1", "e2"} & found | {"m2", "e1"} for hit in hits)


def test_as_many_hits_as_were_asked_for_in_spite_of_many_copies(tmp_path: Path) -> None:
    copies = {f"c{number}": REPORT[1] + REPORT[2] + REPORT[3] for number in range(450)}
    retriever = Retriever(make(tmp_path, {"a": copies, "b": {"b": unlike(3, 30)}}), WordEmbedder())
    for mode in MODES:
        hits = retriever.search("云溪镇的青石滩水轮和面粉，第3篇", 4, mode).hits
        assert "b" in {hit.article.article_id for hit in hits}
        assert len({hit.article.article_id for hit in hits}) == 2
        assert max(len(hit.others) for hit in hits) == 50


def test_an_answer_counts_a_report_once(generation: Generation, retriever: Retriever) -> None:
    answer = Answerer(generation, retriever, WordEmbedder()).answer(QUERY, (), 10, Filters())
    assert answer.answered
    assert "6.4米" in answer.answer
    assert len({citation.quote for citation in answer.citations}) == len(answer.citations)
    assert answer.answer.count("6.4米") == 1
    assert told_by(answer.hits[0]) == {"e2", "m1", "m3"}


def test_articles_are_read_once_a_report(generation: Generation) -> None:
    ids = {article.article_id: ordinal for ordinal, article in enumerate(generation.articles())}
    read = [ids[name] for name in ("m3", "e1", "m1", "e2", "m2")]
    assert one_of_each(generation, read) == [ids["m3"], ids["e1"], ids["m2"]]
    assert one_of_each(generation, read, fullest=True) == [ids["m3"], ids["e1"], ids["e2"], ids["m2"]]


def test_the_listing_has_every_article(generation: Generation) -> None:
    assert [article.article_id for article in generation.list_articles().items] == ["e1", "e2", "m1", "m2", "m3"]
