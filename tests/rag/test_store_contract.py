"""What holds wherever passages live: in the generation's own folder, or in Milvus."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexLocked
from rag.index.storage.examination import Examination
from rag.index.storage.store import Store
from rag.library import Library
from rag.retrieval.retriever import Retriever
from rag.retrieval.selftest import find_again
from rag.types import Filters, Mode
from tests.rag.index.fakes import WordEmbedder, records
from tests.rag.index.milvus.places import STORES, MilvusShelf, need_milvus

MODES: tuple[Mode, ...] = ("hybrid", "dense", "lexical")
QUERIES = ("水库放水灌溉稻田", "第3号消息", "候鸟飞抵湿地越冬 编号r5丙7", "2021年5月的茶馆", "没有的词")


@pytest.fixture(params=STORES)
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MilvusShelf]:
    """A corpus of dated records of two places, indexed."""
    if request.param == "milvus":
        need_milvus()
    made = stocked(tmp_path, str(tmp_path / "milvus.db") if request.param == "milvus" else None)
    yield made
    made.close()


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[MilvusShelf, MilvusShelf]]:
    """The same corpus in either store."""
    need_milvus()
    shelves = stocked(tmp_path / "a", None), stocked(tmp_path / "b", str(tmp_path / "milvus.db"))
    yield shelves
    shelves[1].close()


def stocked(folder: Path, store: str | None) -> MilvusShelf:
    made = MilvusShelf(folder, store)
    made.put(
        "places.jsonl",
        {
            "id": "wuxi",
            "title": "无锡茶馆",
            "text": "老茶馆重新开张，评弹又响起来。",
            "place": ["江苏省", "无锡市"],
            "date": "2021-05-03",
        },
        {
            "id": "suzhou",
            "title": "苏州茶馆",
            "text": "老茶馆重新开张，评弹又响起来。",
            "place": ["江苏省", "苏州市"],
            "date": "2021-06-03",
        },
        {
            "id": "jinan",
            "title": "济南泉水",
            "text": "泉水水位连着三个月上升。",
            "place": ["山东省", "济南市"],
            "date": "2020",
        },
    )
    return made


def test_every_passage_is_found_by_its_own_words(shelf: MilvusShelf) -> None:
    generation = shelf.generation
    retriever = Retriever(generation, WordEmbedder())
    chunks = [generation.chunk(row) for row in range(len(generation))]
    for leg in ("dense", "lexical"):
        assert find_again(generation, retriever, chunks, leg).startswith(f"{len(chunks):,} of {len(chunks):,}")


@pytest.mark.parametrize("mode", MODES)
def test_both_stores_find_the_same_with_the_same_scores(both: tuple[MilvusShelf, MilvusShelf], mode: Mode) -> None:
    local, remote = both
    for query in QUERIES:
        assert remote.found(query, mode) == local.found(query, mode)
    assert local.found(QUERIES[0], mode)


@pytest.mark.parametrize(
    "filters",
    [
        Filters(sources=("a.jsonl",)),
        Filters(sources=("a.jsonl#r2", "places.jsonl#wuxi")),
        Filters(places=("江苏",)),
        Filters(places=("无锡市", "济南")),
        Filters(date_from="2021-05-04"),
        Filters(date_from="2020-03-01", date_to="2021-05-30"),
        Filters(article_ids=("r1", "suzhou", "nobody")),
        Filters(places=("江苏",), date_to="2021-05-30", sources=("places.jsonl",)),
        Filters(sources=("nothing/",)),
    ],
    ids=str,
)
def test_filters_let_the_same_through(both: tuple[MilvusShelf, MilvusShelf], filters: Filters) -> None:
    local, remote = both
    for mode in MODES:
        for query in ("老茶馆重新开张", "水库放水第2号消息", "2021年的评弹"):
            assert remote.found(query, mode, filters) == local.found(query, mode, filters)


def test_the_same_weights_are_told(both: tuple[MilvusShelf, MilvusShelf]) -> None:
    local, remote = (shelf.generation for shelf in both)
    terms = local.analyzer.terms("老茶馆重新开张，水库放水，没有的词")
    assert np.array_equal(remote.words.document_frequency(terms), local.words.document_frequency(terms))
    assert np.array_equal(remote.words.idf(terms), local.words.idf(terms))


def test_the_explanations_are_the_same(both: tuple[MilvusShelf, MilvusShelf]) -> None:
    told = []
    for shelf in both:
        library = Library(shelf.settings, shelf.store, WordEmbedder())
        standing = library.why("wuxi", "老茶馆什么时候重新开张？")
        best = standing.best
        assert best is not None
        ranks = (best.rank, best.dense.rank, best.lexical.rank, standing.searched)
        told.append((ranks, pytest.approx((best.dense.score, best.lexical.score, best.score), rel=1e-5)))
    assert told[0][0] == told[1][0]
    assert told[0][1].expected == told[1][1]


def test_an_edit_changes_what_is_found_and_nothing_else(shelf: MilvusShelf) -> None:
    before = shelf.found("渔船换装北斗终端")
    report = shelf.put("b.jsonl", {"id": "lamp", "text": "灯塔换灯，渔船都看见了。"})
    assert (report.embedded, report.removed, report.tokenized) == (1, 0, 1)
    assert shelf.found("灯塔换灯")[0][0] not in {name for name, _ in before}
    report = shelf.put("b.jsonl", {"id": "lamp", "text": "灯塔停用，渔船改看北斗。"})
    assert (report.embedded, report.removed, report.tokenized) == (1, 1, 1)
    assert shelf.generation.words.document_frequency(["换灯", "停用"]).tolist() == [0, 1]
    (shelf.corpus / "b.jsonl").unlink()
    assert (shelf.build().removed, len(shelf.generation.rows_of("lamp"))) == (1, 0)
    assert shelf.found("渔船换装北斗终端") == before


def test_an_article_whose_date_changes_is_filtered_by_the_new_one(shelf: MilvusShelf) -> None:
    text = "灯塔换灯的消息。"
    shelf.put("b.jsonl", {"id": "lamp", "text": text, "date": "2001-01-01"})
    report = shelf.put("b.jsonl", {"id": "lamp", "text": text, "date": "2002-02-02"})
    assert report.embedded == 0
    assert not shelf.found("灯塔换灯", "lexical", Filters(date_to="2001-12-31"))
    assert len(shelf.found("灯塔换灯", "lexical", Filters(date_from="2002-01-01", date_to="2002-12-31"))) == 1


def test_words_of_the_dictionary_are_cut_again_where_they_stand(shelf: MilvusShelf, tmp_path: Path) -> None:
    shelf.put("b.jsonl", {"id": "shop", "text": "拾光铺子在河边开了第二家店。"})
    dictionary = tmp_path / "words.txt"
    dictionary.write_text("拾光铺子 10\n", encoding="utf-8")
    shelf.settings = shelf.settings.model_copy(update={"userdict": dictionary})
    report = shelf.build()
    assert (report.embedded, report.tokenized) == (0, 1)
    assert shelf.generation.words.document_frequency(["拾光铺子"]).tolist() == [1]
    assert shelf.found("拾光铺子", "lexical")


def test_equal_passages_of_several_articles_are_each_found(shelf: MilvusShelf) -> None:
    same = "这是一段到处都一样的话，说的是灯塔换灯。"
    report = shelf.put("b.jsonl", *({"id": f"copy{number}", "text": same} for number in range(4)))
    assert report.embedded == 1
    generation = shelf.generation
    rows, scores = generation.words.search(generation.analyzer.terms("灯塔换灯"), 10)
    assert {generation.article_of(row).article_id for row in rows.tolist()} == {f"copy{number}" for number in range(4)}
    assert len(set(scores.tolist())) == 1
    allowed = generation.mask(Filters(article_ids=("copy2",)))
    assert generation.words.search(["灯塔"], 10, allowed)[0].tolist() == generation.rows_of("copy2")
    assert generation.words.document_frequency(["灯塔"]).tolist() == [4]


def test_going_back_and_forward_again(shelf: MilvusShelf) -> None:
    first, before = shelf.store.current_id(), shelf.found("水库放水")
    shelf.put("a.jsonl", *records("n"))
    after, second = shelf.found("水库放水"), shelf.store.current_id()
    assert after != before
    assert shelf.store.rollback() == first
    assert shelf.found("水库放水") == before
    assert shelf.store.rollback(second) == second
    assert shelf.found("水库放水") == after
    shelf.store.rollback()
    shelf.put("c.jsonl", {"id": "new", "text": "回退之后又添的一条。"})
    assert shelf.found("回退之后又添", "lexical")
    shelf.generation.verify()


def test_an_open_reader_keeps_its_generation_until_it_hops(shelf: MilvusShelf) -> None:
    reader, asked = shelf.generation, "水库放水"
    before = Retriever(reader, WordEmbedder()).search(asked).hits
    library = Library(shelf.settings, shelf.store, WordEmbedder())
    for edit in range(2):
        shelf.put("a.jsonl", *records(f"n{edit}"))
    assert [hit.chunk for hit in Retriever(reader, WordEmbedder()).search(asked).hits] == [hit.chunk for hit in before]
    assert library.search(asked).generation == shelf.store.current_id()
    assert {hit.article.article_id[:2] for hit in library.search(asked, mode="lexical").hits} == {"n1"}


def test_readers_in_many_threads_see_whole_generations(shelf: MilvusShelf) -> None:
    library, stop, wrong = Library(shelf.settings, shelf.store, WordEmbedder()), threading.Event(), []

    def ask() -> None:
        while not stop.is_set():
            hits = library.search("水库放水灌溉稻田的消息", mode="lexical").hits
            editions = {hit.article.article_id[0] for hit in hits}
            if len(editions) != 1:
                wrong.append(editions)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for edition in "efg":
            shelf.put("a.jsonl", *records(edition))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []


@pytest.mark.parametrize("at", ["embedding", "publishing"])
def test_a_run_that_breaks_off_changes_nothing(shelf: MilvusShelf, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, live = shelf.found("水库放水"), shelf.store.current_id()
    shelf.edit()
    with monkeypatch.context() as patch:
        if at == "publishing":
            patch.setattr(Store, "_make_live", broken)
        with pytest.raises(KeyboardInterrupt):
            shelf.build_with(WordEmbedder(fail_after=0 if at == "embedding" else None))
    assert (shelf.found("水库放水"), shelf.store.current_id()) == (before, live)
    assert shelf.build().changed
    assert shelf.found("灯塔换灯", "lexical")


def broken(*_: object) -> None:
    raise KeyboardInterrupt


def test_two_writers_exclude_each_other(shelf: MilvusShelf) -> None:
    shelf.edit()
    with shelf.store.writing(), pytest.raises(IndexLocked):
        shelf.build()


@pytest.mark.parametrize("check", [Examination.contents, Examination.vectors, Examination.words])
def test_the_doctor_finds_nothing_wrong(shelf: MilvusShelf, check: Callable[[Examination], str]) -> None:
    assert check(Examination(shelf.generation, WordEmbedder()))


def test_another_model_embeds_everything_again(shelf: MilvusShelf) -> None:
    chunks = shelf.generation.counts.chunks
    report = shelf.build_with(WordEmbedder("beef"))
    assert report.embedded > 0
    assert report.counts.chunks == chunks
    assert shelf.generation.manifest.model_fingerprint == "beef"
    hits = Retriever(shelf.generation, WordEmbedder("beef")).search("水库放水").hits
    assert hits[0].article.title.startswith("水库放水")
