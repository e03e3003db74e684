"""Streamed answers on real sockets: in order, at once, with signs of life, and ended when nobody listens any more."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from rag.cancellation import Cancellation
from rag.errors import Cancelled, StoreError
from rag.settings import Settings
from server.state import build_state
from tests.rag.answering.phrasing.chat_server import Handler, serving
from tests.server.conftest import make_state, serve_state
from tests.server.fakes import FakeLibrary

ASKED = {"question": "书屋和石桥"}
CHAT = {"model": "wenbao", "messages": [{"role": "user", "content": "书屋和石桥"}]}
PHRASED = "淄博的工会驿站分为哪三种?"
"""A question to the sample whose answer is left to a language model where there is one."""
SAMPLE_QUESTIONS = (PHRASED, "哪些城市搭建了婚恋交友平台？", "火星上的大白菜多少钱一斤？", "")
THREADS = 40
"""Places of the pool that requests are worked on in."""


class Composing:
    """Stands between the hits and the answer until it is let on or called off."""

    def __init__(self) -> None:
        self.reached, self.let_on, self.called_off = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, cancellation: Cancellation) -> None:
        with cancellation.calling(self._call_off):
            self.reached.set()
            assert self.let_on.wait(30)
        cancellation.check()

    def _call_off(self) -> None:
        self.called_off.set()
        self.let_on.set()


@pytest.fixture
def composing(library: FakeLibrary) -> Composing:
    library.composing = Composing()
    return library.composing


def read_event(lines: Iterator[str]) -> tuple[str, dict[str, Any]]:
    """The next event of a stream; heartbeats are passed over."""
    name = next(line for line in lines if line.startswith("event: "))
    return name.removeprefix("event: "), json.loads(next(lines).removeprefix("data: "))


def test_the_hits_are_sent_before_the_answer_is_composed(client: httpx.Client, composing: Composing) -> None:
    with client.stream("POST", "/v1/ask", json=ASKED | {"stream": True}) as reply:
        lines = reply.iter_lines()
        name, data = read_event(lines)
        assert name == "hits"
        assert [hit["source"] for hit in data["hits"]] == ["a.txt", "b/c.txt"]
        assert not composing.let_on.is_set()
        composing.let_on.set()
        assert read_event(lines)[0] == "delta"


def test_an_error_behind_the_hits_is_the_last_event(client: httpx.Client, library: FakeLibrary) -> None:
    def fail(_: Cancellation) -> None:
        raise StoreError("The index has gone.", hint="Build it.")

    library.composing = fail
    with client.stream("POST", "/v1/ask", json=ASKED | {"stream": True}) as reply:
        lines = reply.iter_lines()
        assert read_event(lines)[0] == "hits"
        name, problem = read_event(lines)
        assert (name, problem["status"], problem["hint"]) == ("error", 503, "Build it.")
        assert not "".join(lines)


def test_a_silent_stream_beats(client: httpx.Client, composing: Composing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.streaming.HEARTBEAT_S", 0.01)
    with client.stream("POST", "/v1/ask", json=ASKED | {"stream": True}) as reply:
        lines = reply.iter_lines()
        assert read_event(lines)[0] == "hits"
        beats = [next(line for line in lines if line) for _ in range(3)]
        assert all(beat.startswith(":") for beat in beats)
        composing.let_on.set()
        names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
        assert names[-1] == "done"


@pytest.mark.parametrize(("path", "body"), [("/v1/ask", ASKED), ("/v1/chat/completions", CHAT)])
def test_a_client_that_leaves_a_stream_ends_the_work(
    client: httpx.Client, composing: Composing, path: str, body: dict[str, Any]
) -> None:
    with client.stream("POST", path, json=body | {"stream": True}) as reply:
        lines = reply.iter_lines()  # given up, it would close the connection
        assert next(lines)
        assert composing.reached.wait(30)
        assert not composing.called_off.is_set()
    assert composing.called_off.wait(30)
    assert client.post("/v1/search", json={"query": "石桥"}).status_code == 200


@pytest.mark.parametrize(("path", "body"), [("/v1/ask", ASKED), ("/v1/chat/completions", CHAT)])
def test_a_client_that_leaves_before_the_reply_ends_the_work(
    client: httpx.Client, composing: Composing, path: str, body: dict[str, Any]
) -> None:
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection((client.base_url.host, client.base_url.port)) as caller:
        caller.sendall(head.encode() + f"Content-Length: {len(content)}\r\n\r\n".encode() + content)
        assert composing.reached.wait(30)
        assert not composing.called_off.is_set()
    assert composing.called_off.wait(30)


def test_clients_that_left_take_no_place_of_those_who_stay(library: FakeLibrary) -> None:
    state = make_state(library)
    ended = threading.Semaphore(0)

    def wait_to_be_called_off(cancellation: Cancellation) -> None:
        gone = threading.Event()
        with cancellation.calling(gone.set):
            assert gone.wait(60)
        ended.release()
        raise Cancelled("gone")

    with serve_state(state) as client:
        state.live.wait()
        library.composing = wait_to_be_called_off
        for _ in range(THREADS + 5):
            with client.stream("POST", "/v1/ask", json=ASKED | {"stream": True}) as reply:
                assert read_event(reply.iter_lines())[0] == "hits"
        for _ in range(THREADS + 5):
            assert ended.acquire(timeout=30)
        library.composing = None
        assert client.post("/v1/ask", json=ASKED).json()["answered"] is True


class Hesitant:
    """A language model's server that takes a request and says nothing, and notices when the client hangs up."""

    def __init__(self) -> None:
        self.asked, self.hung_up = threading.Event(), threading.Event()

    def __call__(self, handler: Handler) -> None:
        self.asked.set()
        try:
            if not handler.rfile.read(1):
                self.hung_up.set()
        except ConnectionResetError:
            self.hung_up.set()
        handler.close_connection = True


def test_a_client_that_leaves_ends_the_call_to_a_language_model(sample_index: Settings, opened_once: None) -> None:
    hesitant = Hesitant()
    with serving() as model:
        model.will(hesitant)
        settings = sample_index.model_copy(update={"llm_base_url": model.url, "watch": False})
        with serve_state(build_state(settings)) as client:
            body = {"question": PHRASED, "answerer": "llm", "stream": True}
            with client.stream("POST", "/v1/ask", json=body) as reply:
                lines = reply.iter_lines()
                assert read_event(lines)[0] == "hits"
                assert hesitant.asked.wait(30)
                assert not hesitant.hung_up.is_set()
            assert hesitant.hung_up.wait(30)


@pytest.mark.parametrize("question", SAMPLE_QUESTIONS)
@pytest.mark.parametrize("explain", [False, True])
def test_a_stream_ends_with_the_unstreamed_reply(sample: httpx.Client, question: str, explain: bool) -> None:
    body = {"question": question, "top_k": 3, "explain": explain}
    whole = sample.post("/v1/ask", json=body).json()
    with sample.stream("POST", "/v1/ask", json=body | {"stream": True}) as reply:
        lines = reply.iter_lines()
        told = [read_event(lines)]
        while told[-1][0] != "done":
            told.append(read_event(lines))
    assert whole.keys() == told[-1][1].keys()
    assert whole | {"took_ms": 0} == told[-1][1] | {"took_ms": 0}
    assert told[0] == ("hits", {"hits": whole["hits"]})
    assert "".join(data["text"] for name, data in told if name == "delta") == whole["answer"]
    assert [data for name, data in told if name == "citation"] == whole["citations"]


@pytest.fixture(scope="module")
def sample(sample_index: Settings) -> Iterator[httpx.Client]:
    with serve_state(build_state(sample_index.model_copy(update={"watch": False}))) as client:
        yield client
