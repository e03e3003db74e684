"""Servers that follow the corpus of their index: real folders, a real library, a real socket."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

import rag.index.building.builder
import rag.index.watch.watching
import server.refreshing.watcher
from rag.embedding.base import Embedder
from rag.index.building.builder import build_index
from rag.index.storage.lock import writer_lock
from rag.index.storage.store import Store
from rag.index.watch.watching import Pace
from rag.library import Library
from rag.settings import Settings
from server.live import LiveLibrary
from server.refreshing.jobs import Jobs
from server.refreshing.watcher import IndexWatcher
from server.state import State, build_state
from tests.rag.index.fakes import WordEmbedder, records, write_records
from tests.server.conftest import serve_state

PATIENCE_S = 30.0
QUICK = Pace(settle=0.05, longest=20, poll=0.05, sweep=60, step=0.02)
WORDS = WordEmbedder()


def eventually(probe: Callable[[], Any]) -> Any:
    """What a probe returns once it returns something."""
    pause = threading.Event()
    for _ in range(round(PATIENCE_S / 0.02)):
        found = probe()
        if found:
            return found
        pause.wait(0.02)
    return pytest.fail("it never came")


def following(settings: Settings) -> State:
    """The state of a server with a small model that is quick to follow its corpus."""

    def build(source: Settings, progress: Any) -> Any:
        return build_index(source, progress, WORDS)

    live = LiveLibrary(lambda _: Library(settings, Store(settings.vectors), WORDS))
    jobs = Jobs(lambda progress: build(settings, progress), live.reload)
    return State(settings, live, jobs, IndexWatcher(settings, live, jobs, build, QUICK))


def shown(client: httpx.Client) -> dict[str, Any]:
    reply: dict[str, Any] = client.get("/v1/index").json()
    return reply


def taken_up(client: httpx.Client, generation: str) -> dict[str, Any]:
    """The index once it is another generation than this, and no job runs."""
    return eventually(
        lambda: (
            (index := shown(client))["generation"] not in {None, generation}
            and index["job"] is None
            and index["last_job"]
            and index
        )
    )


def sources(client: httpx.Client) -> set[str]:
    return {item["source"] for item in client.get("/v1/articles", params={"limit": 100}).json()["items"]}


@pytest.fixture
def mine(tmp_path: Path) -> Settings:
    """Settings with a small corpus that is indexed."""
    settings = Settings(corpus=tmp_path / "corpus", vectors=tmp_path / "vectors")
    write_records(tmp_path / "corpus" / "a.jsonl", records("a", 2))
    build_index(settings, embedder=WORDS)
    return settings


@pytest.fixture
def corpus(mine: Settings) -> Path:
    return mine.corpus_path


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What the checks of the corpus have found, one by one."""
    found: list[bool] = []
    differs = rag.index.watch.watching.differs

    def noted(*arguments: Any) -> bool:
        found.append(differs(*arguments))
        return found[-1]

    monkeypatch.setattr(rag.index.watch.watching, "differs", noted)
    return found


def test_a_new_page_is_found_without_anyone_asking_for_a_refresh(mine: Settings, corpus: Path) -> None:
    with serve_state(following(mine)) as client:
        index = eventually(lambda: (found := shown(client))["watched"] and found)
        write_records(corpus / "b.jsonl", [{"id": "b", "text": "古渡口的钟楼整修完毕，钟声重新响起。"}])
        after = taken_up(client, index["generation"])
        assert after["last_job"]["state"] == "succeeded"
        assert after["last_job"]["report"]["embedded"] == 1
        hits = client.post("/v1/search", json={"query": "钟楼的钟声"}).json()["hits"]
        assert hits[0]["source"] == "b.jsonl#b"
        (corpus / "b.jsonl").unlink()
        taken_up(client, after["generation"])
        assert sources(client) == {"a.jsonl#a0", "a.jsonl#a1"}


def test_what_changed_while_nobody_watched_is_taken_up_at_the_start(mine: Settings, corpus: Path) -> None:
    before = Store(mine.vectors).current_id()
    (corpus / "a.jsonl").rename(corpus / "b.jsonl")
    with serve_state(following(mine)) as client:
        assert taken_up(client, before)["last_job"]["report"]["embedded"] == 0
        assert sources(client) == {"b.jsonl#a0", "b.jsonl#a1"}


def test_nothing_is_done_where_nothing_has_changed(mine: Settings, corpus: Path, checks: list[bool]) -> None:
    before = Store(mine.vectors).current_id()
    with serve_state(following(mine)) as client:
        eventually(lambda: len(checks) == 1)
        write_records(corpus / "a.jsonl", records("a", 2))
        eventually(lambda: len(checks) >= 2)
        index = shown(client)
    assert set(checks) == {False}
    assert (index["generation"], index["job"], index["last_job"]) == (before, None, None)


def test_the_corpus_of_the_index_is_watched_whatever_the_server_was_started_with(
    mine: Settings, corpus: Path, tmp_path: Path
) -> None:
    other = write_records(tmp_path / "other" / "o.jsonl", records("o", 2)).parent
    with serve_state(following(mine)) as client:
        eventually(lambda: shown(client)["watched"])
        build_index(mine.model_copy(update={"corpus": other}), embedder=WORDS)
        eventually(lambda: shown(client)["corpus"] == other.name)
        before = shown(client)["generation"]
        write_records(corpus / "a.jsonl", records("x", 1))
        write_records(other / "p.jsonl", records("p", 1))
        after = taken_up(client, before)
        assert after["corpus"] == other.name
        assert sources(client) == {"o.jsonl#o0", "o.jsonl#o1", "p.jsonl#p0"}


def test_a_link_in_the_settings_is_followed_when_it_turns(mine: Settings, corpus: Path, tmp_path: Path) -> None:
    other = write_records(tmp_path / "other" / "o.jsonl", records("o", 1)).parent
    link = tmp_path / "link"
    link.symlink_to(corpus)
    with serve_state(following(mine.model_copy(update={"corpus": link}))) as client:
        before = eventually(lambda: (found := shown(client))["watched"] and found)["generation"]
        (tmp_path / "turned").symlink_to(other)
        (tmp_path / "turned").replace(link)
        assert taken_up(client, before)["corpus"] == other.name


def test_the_user_dictionary_is_watched_too(mine: Settings, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("甲子茶馆\n", encoding="utf-8")
    with_words = mine.model_copy(update={"userdict": words})
    build_index(with_words, embedder=WORDS)
    with serve_state(following(mine)) as client:
        before = eventually(lambda: (found := shown(client))["watched"] and found)["generation"]
        words.write_text("甲子茶馆\n乙丑茶馆\n", encoding="utf-8")
        assert taken_up(client, before)["last_job"]["report"]["embedded"] == 0


def test_servers_that_share_an_index_agree(mine: Settings, corpus: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    before = Store(mine.vectors).current_id()
    with ExitStack() as stack:
        clients = [stack.enter_context(serve_state(following(mine))) for _ in range(3)]
        for client in clients:
            eventually(lambda client=client: shown(client)["watched"])
        write_records(corpus / "b.jsonl", records("b", 1))
        for client in clients:
            eventually(lambda client=client: shown(client)["generation"] not in {None, before})
            assert "b.jsonl#b0" in sources(client)
        assert len({shown(client)["generation"] for client in clients}) == 1
    assert len(Store(mine.vectors).generations()) == 2
    assert caplog.records == []


def test_another_writer_is_waited_for_and_requests_are_served_meanwhile(
    mine: Settings, corpus: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    monkeypatch.setitem(server.refreshing.watcher.RETRY_S, "index-locked", 0.1)
    with serve_state(following(mine)) as client:
        before = eventually(lambda: (found := shown(client))["watched"] and found)["generation"]
        with writer_lock(mine.vectors):
            write_records(corpus / "b.jsonl", records("b", 1))
            failed = eventually(lambda: shown(client)["last_job"])
            assert failed["problem"]["type"].endswith("/index-locked")
            assert sources(client) == {"a.jsonl#a0", "a.jsonl#a1"}
        assert eventually(lambda: (taken_up(client, before))["last_job"]["state"] == "succeeded")
    assert caplog.records == []


def test_a_corpus_that_goes_is_told_and_its_index_goes_on_answering(
    mine: Settings, corpus: Path, checks: list[bool], tmp_path: Path
) -> None:
    with serve_state(following(mine)) as client:
        before = shown(client)["generation"]
        eventually(lambda: checks)
        corpus.rename(tmp_path / "gone")
        failed = eventually(lambda: shown(client)["last_job"])
        assert failed["problem"]["type"].endswith("/corpus-missing")
        assert client.post("/v1/search", json={"query": "水库"}).json()["hits"]
        (tmp_path / "gone").rename(corpus)
        eventually(lambda: shown(client)["last_job"]["state"] == "succeeded")
        assert shown(client)["generation"] == (before or Store(mine.vectors).current_id())


def test_an_index_without_its_corpus_is_served_quietly(
    mine: Settings, corpus: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    shutil.rmtree(corpus)
    state = following(mine)
    with serve_state(state) as client:
        eventually(lambda: shown(client)["watched"])
        assert client.post("/v1/search", json={"query": "水库"}).json()["hits"]
    assert state.jobs.last is None
    assert caplog.records == []


def test_a_server_without_an_index_waits_for_one(tmp_path: Path) -> None:
    settings = Settings(corpus=tmp_path / "corpus", vectors=tmp_path / "vectors")
    write_records(tmp_path / "corpus" / "a.jsonl", records("a", 1))
    state = following(settings)
    with serve_state(state) as client:
        assert client.post("/v1/search", json={"query": "水库"}).status_code == 503
        assert shown(client)["watched"] is False
        assert state.jobs.last is None
        assert client.post("/v1/index").status_code == 202
        before = eventually(lambda: (found := shown(client))["watched"] and found)["generation"]
        write_records(tmp_path / "corpus" / "b.jsonl", records("b", 1))
        taken_up(client, before)


def test_a_defect_of_the_watching_is_logged_and_ends_nothing_else(
    mine: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> bool:
        raise KeyError("defect")

    monkeypatch.setattr(rag.index.watch.watching, "differs", broken)
    with serve_state(following(mine)) as client:
        eventually(lambda: "no longer watched" in caplog.text)
        assert shown(client)["watched"] is False
        assert client.post("/v1/search", json={"query": "水库"}).json()["hits"]


def test_a_server_as_it_is_run_refreshes_in_a_process_aside(
    tmp_path: Path, embedder: Embedder, opened_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(rag.index.building.builder, "build_index")  # whoever would build in this process cannot
    corpus = write_records(tmp_path / "corpus" / "a.jsonl", records("a", 1)).parent
    build_index(Settings(corpus=corpus, vectors=tmp_path / "vectors"), embedder=embedder)
    state = build_state(Settings(vectors=tmp_path / "vectors"))  # the corpus is the one that the index remembers
    with serve_state(state) as client:
        before = eventually(lambda: (found := shown(client))["watched"] and found)["generation"]
        write_records(corpus / "b.jsonl", records("b", 1))
        assert taken_up(client, before)["last_job"]["report"]["embedded"] >= 1
    assert not any(thread.name == "wenbao-watch" for thread in threading.enumerate())


def test_a_refresh_that_is_asked_for_reads_the_corpus_that_was_indexed_last(
    tmp_path: Path, embedder: Embedder, opened_once: None
) -> None:
    first = write_records(tmp_path / "first" / "a.jsonl", records("a", 1)).parent
    other = write_records(tmp_path / "other" / "o.jsonl", records("o", 1)).parent
    settings = Settings(vectors=tmp_path / "vectors", watch=False)
    build_index(settings.model_copy(update={"corpus": first}), embedder=embedder)
    state = build_state(settings)
    assert state.watcher is None
    with serve_state(state) as client:
        assert eventually(lambda: shown(client)["corpus"]) == first.name
        build_index(settings.model_copy(update={"corpus": other}), embedder=embedder)
        assert client.post("/v1/index").status_code == 202
        eventually(lambda: shown(client)["last_job"])
        index = shown(client)
        assert (index["corpus"], index["last_job"]["report"]["changed"], index["watched"]) == (other.name, False, False)


def test_the_sample_is_not_watched(mine: Settings) -> None:
    with serve_state(following(mine)) as client:
        eventually(lambda: shown(client)["watched"])
        build_index(Settings(vectors=mine.vectors), embedder=WORDS)
        assert eventually(lambda: not (found := shown(client))["watched"] and found)["is_sample"] is True
