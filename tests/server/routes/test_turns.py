"""Searches take turns: a few compute at once, whoever came first is next, and a reply is what the model says it is."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rag.types import SearchResult
from server.schemas import SearchResponse
from server.state import search_turns
from tests.server.conftest import make_state, serve_state
from tests.server.fakes import FakeLibrary


class Counted(FakeLibrary):
    """Searches once it is let; knows how many search, and in which order they began."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.began = threading.Semaphore(0)
        self.order: list[str] = []
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def search(self, query: str, **asked: object) -> SearchResult:
        with self._lock:
            self.order.append(query)
            self._now += 1
            self.most = max(self.most, self._now)
        self.began.release()
        assert self.gate.wait(30)
        with self._lock:
            self._now -= 1
        return super().search(query, **asked)  # type: ignore[arg-type]


def test_no_more_search_at_once_than_there_are_turns_and_all_are_answered(workdir: Path) -> None:
    library = Counted()
    state = make_state(library)
    turns = int(state.turns.total_tokens)
    with serve_state(state) as client, ThreadPoolExecutor(turns + 4) as threads:
        state.live.wait()
        asked = [
            threads.submit(client.post, "/v1/search", json={"query": f"石桥{number}"}) for number in range(turns + 4)
        ]
        for _ in range(turns):
            assert library.began.acquire(timeout=30)
        while state.turns.statistics().tasks_waiting < 4:  # until the last of them has come
            assert client.get("/healthz").status_code == 200
        assert len(library.order) == turns
        library.gate.set()
        replies = [one.result(30) for one in asked]
    assert [reply.status_code for reply in replies] == [200] * (turns + 4)
    assert library.most == turns
    assert sorted(reply.json()["query"] for reply in replies) == sorted(f"石桥{number}" for number in range(turns + 4))


def test_answers_need_no_turn(workdir: Path) -> None:
    library = Counted()
    state = make_state(library)
    turns = int(state.turns.total_tokens)
    with serve_state(state) as client, ThreadPoolExecutor(turns) as threads:
        state.live.wait()
        asked = [threads.submit(client.post, "/v1/search", json={"query": "石桥"}) for _ in range(turns)]
        for _ in range(turns):
            assert library.began.acquire(timeout=30)
        assert client.get("/v1/articles").status_code == 200
        library.gate.set()
        assert all(one.result(30).status_code == 200 for one in asked)


def test_there_is_a_turn_for_each_core_at_least() -> None:
    assert search_turns().total_tokens >= 2


def test_the_reply_is_the_models_own_json(workdir: Path) -> None:
    library = FakeLibrary()
    state = make_state(library)
    with serve_state(state) as client:
        state.live.wait()
        reply = client.post("/v1/search", json={"query": "石桥"})
    assert reply.headers["content-type"] == "application/json"
    assert SearchResponse.model_validate_json(reply.content) == SearchResponse.from_result(library.search("石桥"))
