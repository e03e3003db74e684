"""The façade: generations, errors, limits, threads."""

from __future__ import annotations

import gc
import shutil
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag.embedding.base import Embedder
from rag.errors import ExitCode, IndexMismatch, IndexMissing, InputError, NotFound
from rag.index.building.builder import build_index
from rag.index.storage.store import Store
from rag.library import MAX_QUERY, Library
from rag.settings import Settings
from rag.types import Answer, Filters, GenerationChanges
from tests.rag.index.fakes import WordEmbedder, write_records
from tests.rag.town import RECORDS

_ASKED = "渡口有多少条渡船？"


class Desk:
    """A corpus of one record, its index and a library that has it open."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self.settings = Settings(corpus=folder / "corpus", vectors=folder / "vectors")
        self.embedder = embedder

    def publish(self, text: str) -> None:
        write_records(self.settings.corpus_path / "ferry.jsonl", [{"id": "ferry", "title": "渡口添船", "text": text}])
        build_index(self.settings, embedder=self.embedder)

    def generations(self) -> list[str]:
        return Store(self.settings.vectors).generations()

    def open(self, embedder: Embedder | None = None) -> Library:
        return Library(self.settings, Store(self.settings.vectors), embedder or self.embedder)


@pytest.fixture
def desk(tmp_path: Path, embedder: Embedder) -> Desk:
    return Desk(tmp_path, embedder)


def test_the_next_call_answers_from_the_new_generation(desk: Desk) -> None:
    desk.publish("渡口有7条渡船，早班六点开。")
    library = desk.open()
    before = library.ask(_ASKED)
    assert "7条渡船" in before.answer
    desk.publish("渡口有9条渡船，早班五点开。")
    after = library.ask(_ASKED)
    assert "9条渡船" in after.answer
    assert "7条渡船" not in after.answer
    assert before.generation != after.generation == library.generation
    assert library.article("ferry").text.startswith("渡口有9条")
    library.close()


def test_a_generation_that_was_left_is_let_go_at_once(desk: Desk) -> None:
    """Its files are mapped into memory: waiting for a search for cycles would hold several of them."""
    desk.publish("渡口有7条渡船，早班六点开。")
    library = desk.open()
    library.ask(_ASKED)
    library.search(_ASKED, filters=Filters(places=("江苏",)))
    library.articles(q="渡船")
    left = weakref.ref(library._loaded.generation)
    gc.collect()
    gc.disable()
    try:
        desk.publish("渡口有9条渡船，早班五点开。")
        assert library.refresh()
        assert left() is None
    finally:
        gc.enable()
    library.close()


def test_refresh_says_whether_it_hopped(desk: Desk) -> None:
    desk.publish("渡口有7条渡船。")
    library = desk.open()
    assert library.refresh() is False
    desk.publish("渡口有9条渡船。")
    assert library.refresh() is True
    assert library.refresh() is False
    library.close()


def test_the_status_counts_what_a_newer_generation_changed(desk: Desk) -> None:
    corpus = desk.settings.corpus_path
    write_records(corpus / "mill.jsonl", [{"id": "mill", "title": "磨坊停转", "text": "磨坊今年停转了。"}])
    desk.publish("渡口有7条渡船。")
    library = desk.open()
    assert library.status().changes is None
    first = library.generation
    (corpus / "mill.jsonl").unlink()
    write_records(corpus / "well.jsonl", [{"id": f"well-{n}", "text": f"第{n}口井打好了。"} for n in (1, 2)])
    desk.publish("渡口有9条渡船。")
    assert library.status().changes == GenerationChanges(first, added=2, changed=1, moved=0, removed=1)
    desk.publish("渡口有11条渡船。")
    for _ in range(2):
        assert library.status().changes == GenerationChanges(
            sorted(desk.generations())[-2], added=0, changed=1, moved=0, removed=0
        )
    library.close()


def test_a_generation_that_was_swept_away_leaves_no_changes_to_tell(desk: Desk) -> None:
    desk.publish("渡口有7条渡船。")
    library = desk.open()
    first = library.generation
    desk.publish("渡口有9条渡船。")
    shutil.rmtree(desk.settings.vectors / "generations" / first)
    assert library.refresh()
    assert library.status().changes is None
    library.close()


def test_a_generation_of_another_model_is_not_hopped_to(desk: Desk) -> None:
    desk.publish("渡口有7条渡船。")
    library = desk.open()
    old = library.generation
    Desk(desk.settings.vectors.parent, WordEmbedder("beef")).publish("渡口有9条渡船。")
    assert "7条渡船" in library.ask(_ASKED).answer
    assert library.generation == old
    library.close()


def test_an_index_that_was_never_built_is_named(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="vectors") as raised:
        Library.open(Settings(vectors=tmp_path / "vectors"))
    assert "wenbao index" in raised.value.hint
    assert raised.value.exit_code is ExitCode.INDEX


def test_an_index_of_another_model_is_refused(desk: Desk) -> None:
    desk.publish("渡口有7条渡船。")
    with pytest.raises(IndexMismatch, match=r"bundled.*beef") as raised:
        desk.open(WordEmbedder("beef"))
    assert "wenbao index" in raised.value.hint


@pytest.mark.usefixtures("opened_once")
def test_the_model_of_the_settings_is_opened(sample_index: Settings) -> None:
    library = Library.open(sample_index)
    assert library.status().model == "bundled"
    assert library.status().is_sample
    library.close()


def test_an_unknown_article_is_not_found(town: Library) -> None:
    with pytest.raises(NotFound, match="nobody") as raised:
        town.article("nobody")
    assert raised.value.exit_code is ExitCode.NOT_FOUND


@pytest.mark.parametrize("text", ["", "  \n", "\u3000", "长" * (MAX_QUERY + 1), "长" * 5000])
def test_what_is_no_question_is_refused(town: Library, text: str) -> None:
    for call in (town.ask, town.search):
        with pytest.raises(InputError) as raised:
            call(text)
        assert raised.value.hint
        assert raised.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("top_k", [0, -1, 101])
def test_top_k_has_its_limits(town: Library, top_k: int) -> None:
    with pytest.raises(InputError, match=f"top_k is {top_k}"):
        town.ask("剧团的团长是谁？", top_k=top_k)
    with pytest.raises(InputError, match=f"top_k is {top_k}"):
        town.search("剧团", top_k=top_k)


@pytest.mark.parametrize("limit", [0, 101])
def test_a_list_has_its_limits(town: Library, limit: int) -> None:
    with pytest.raises(InputError, match=f"limit is {limit}"):
        town.articles(limit=limit)


def test_a_cursor_that_no_reply_gave_is_refused(town: Library) -> None:
    with pytest.raises(InputError):
        town.articles(cursor="yesterday")


def test_the_longest_question_is_read(town: Library) -> None:
    asked = ("剧团的团长是谁？" * MAX_QUERY)[:MAX_QUERY]
    assert isinstance(town.ask(asked), Answer)


def test_articles_come_page_by_page(town: Library) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = town.articles(limit=3, cursor=cursor)
        seen += [article.article_id for article in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [record["id"] for record in RECORDS]
    assert [article.article_id for article in town.articles(place="陕西").items] == ["bees-north"]


def test_status_counts_what_is_loaded(town: Library) -> None:
    status = town.status()
    assert status.counts.articles == len(RECORDS)
    assert status.generation == town.generation
    assert not status.is_sample


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_search_finds_the_passage_in_every_mode(town: Library, mode: str) -> None:
    result = town.search("渔港的冰库", mode=mode, top_k=3)  # type: ignore[arg-type]
    assert result.mode == mode
    assert result.hits[0].article.article_id == "ice"
    assert len(result.hits) <= 3


def test_threads_get_the_answers_that_one_thread_gets(town: Library) -> None:
    asked = [
        "“小铜锣”剧团的团长是谁？",
        "哪些县成立了养蜂合作社？",
        "三沙渔港的冰库由哪家公司投资？",
        "歙县的石板桥为什么停用？",
    ]
    alone = {question: town.ask(question) for question in asked}
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda question: (question, town.ask(question)), asked * 3))
    for question, answer in together:
        one = alone[question]
        assert (answer.answer, answer.citations, answer.hits) == (one.answer, one.citations, one.hits)


@pytest.mark.parametrize("reader", [True, False])
def test_the_reader_takes_part_where_it_is_wanted(sample_index: Settings, reader: bool) -> None:
    library = Library.open(sample_index.model_copy(update={"reader": reader}))
    try:
        explanation = library.ask("昆明的比赛来了多少名选手？", explain=True).explanation
        assert explanation is not None
        margins = [signal.value for signal in explanation.signals if signal.name == "margin"]
        assert margins
        assert (margins != [0.0]) is reader
    finally:
        library.close()
