"""How much, how long, how many: each bound is kept, is told, and costs the next caller nothing."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.types import Message

from rag.errors import InputError
from rag.settings import Settings
from rag.types import SearchResult, Turn
from server.guarding.limits import Body, check_talk
from server.refusals import TooLarge
from tests.server.conftest import make_state, serve_state
from tests.server.fakes import FakeLibrary
from tests.server.routes.test_problems import the_problem


class Gated(FakeLibrary):
    """Searches once it is let; tells how many wait."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.waiting = threading.Semaphore(0)

    def search(self, query: str, **asked: object) -> SearchResult:
        self.waiting.release()
        assert self.gate.wait(30)
        return super().search(query, **asked)  # type: ignore[arg-type]


@contextmanager
def gated(**settings: object) -> Iterator[tuple[httpx.Client, Gated, ThreadPoolExecutor]]:
    """A server whose searches wait, and threads to call it from."""
    library = Gated()
    state = make_state(library, **settings)
    with serve_state(state) as client, ThreadPoolExecutor(8) as threads:
        state.live.wait()
        try:
            yield client, library, threads
        finally:
            library.gate.set()


def search(client: httpx.Client) -> httpx.Response:
    return client.post("/v1/search", json={"query": "石桥"})


def ask_all(
    client: httpx.Client, library: Gated, threads: ThreadPoolExecutor, count: int
) -> list[Future[httpx.Response]]:
    """So many searches under way."""
    asked = [threads.submit(search, client) for _ in range(count)]
    for _ in asked:
        assert library.waiting.acquire(timeout=30)
    return asked


def test_more_than_are_worked_on_are_sent_away(workdir: Path) -> None:
    with gated(max_concurrent=3) as (client, library, threads):
        under_way = ask_all(client, library, threads, 3)
        for call in (search, lambda client: client.get("/v1/articles"), lambda client: client.get("/v1/nothing")):
            reply = call(client)
            problem = the_problem(reply, 429, "busy")
            assert reply.headers["retry-after"].isdecimal()
            assert "max_concurrent" in str(problem["hint"])
        for path in ("/healthz", "/readyz", "/openapi.json"):
            assert client.get(path).status_code == 200
        library.gate.set()
        assert [one.result(30).status_code for one in under_way] == [200] * 3
        assert search(client).status_code == 200


def test_places_are_given_back_however_a_request_ends(workdir: Path) -> None:
    library = FakeLibrary(ask_error=ZeroDivisionError("no"))
    with serve_state(make_state(library, max_concurrent=1, max_upload_bytes=10)) as client:
        for _ in range(3):
            assert client.post("/v1/ask", json={"question": "谁？"}).status_code == 500
            assert client.post("/v1/search", content=b"{").status_code == 422
            assert client.get("/v1/nothing").status_code == 404
            assert client.put("/v1/corpus/a.txt", content=b"x" * 11).status_code in {403, 413}
        assert search(client).status_code == 200


def test_the_place_of_a_late_reply_is_free_when_its_work_ends(workdir: Path) -> None:
    with gated(max_concurrent=1, request_timeout_s=0.2) as (client, library, _):
        problem = the_problem(search(client), 504, "timeout")
        assert "0.2 seconds" in str(problem["detail"])
        assert "request_timeout_s" in str(problem["hint"])
        the_problem(search(client), 429, "busy")
        library.gate.set()
        while (reply := search(client)).status_code != 200:
            assert reply.status_code in {429, 504}


def test_a_reply_in_time_is_whole(workdir: Path) -> None:
    with serve_state(make_state(request_timeout_s=30)) as client:
        whole = client.post("/v1/ask", json={"question": "书屋和石桥"}).json()
        streamed = client.post("/v1/ask", json={"question": "书屋和石桥", "stream": True}).text
    assert json.loads(streamed.rsplit("data: ", 1)[1])["answer"] == whole["answer"]


HEAD = "{} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\n{}\r\n\r\n"


@pytest.mark.parametrize(
    "begun",
    [
        HEAD.format("POST /v1/search", "Content-Length: 100") + "{",
        HEAD.format("POST /v1/ask", "Content-Length: 100"),
        HEAD.format("POST /v1/ask", "Transfer-Encoding: chunked") + "1\r\n{\r\n",
        HEAD.format("GET /healthz", "Content-Length: 5") + "a",
        HEAD.format("PUT /v1/corpus/a.txt", "Content-Length: 100") + "a",
    ],
)
def test_a_body_that_does_not_come_is_cut_off(workdir: Path, begun: str) -> None:
    (workdir / "pages").mkdir()
    state = make_state(body_timeout_s=1.0, api_keys="k", corpus=workdir / "pages", allow_upload=True)
    with serve_state(state, headers={"Authorization": "Bearer k"}) as client:
        address = (client.base_url.host, client.base_url.port)
        with socket.create_connection(address, timeout=30) as line:
            line.sendall(begun.encode())
            reply = b"".join(iter(lambda: line.recv(65_536), b""))  # until the server hangs up
        head, _, body = reply.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in head.lower()
        problem = json.loads(body)
        assert problem["type"].endswith("/slow-body")
        assert "body_timeout_s" in problem["hint"]
        assert search(client).status_code == 200
    assert not list((workdir / "pages").iterdir())


@pytest.mark.parametrize("asks_first", [False, True])
@pytest.mark.parametrize("begun", ["G", "GET /healthz HTTP/1.1\r\nHost: loc"])
def test_a_head_that_does_not_come_is_cut_off(workdir: Path, begun: str, asks_first: bool) -> None:
    with serve_state(make_state(body_timeout_s=1.0)) as client:
        address = (client.base_url.host, client.base_url.port)
        with socket.create_connection(address, timeout=30) as line:
            if asks_first:
                line.sendall(HEAD.format("GET /healthz", "Accept: */*").encode())
                assert line.recv(65_536).startswith(b"HTTP/1.1 200 ")
            line.sendall(begun.encode())
            reply = b"".join(iter(lambda: line.recv(65_536), b""))  # until the server hangs up
        assert b"HTTP/1.1 408 " in reply
        assert client.get("/healthz").status_code == 200


def test_a_line_on_which_nothing_comes_is_cut_off(workdir: Path) -> None:
    with serve_state(make_state(body_timeout_s=1.0)) as client:
        with socket.create_connection((client.base_url.host, client.base_url.port), timeout=30) as line:
            assert line.recv(1) == b""
        assert client.get("/healthz").status_code == 200


def test_a_line_that_has_asked_is_not_cut_off_while_it_waits(workdir: Path) -> None:
    with gated(body_timeout_s=1.0) as (client, library, threads):
        (asked,) = ask_all(client, library, threads, 1)
        with socket.create_connection((client.base_url.host, client.base_url.port), timeout=30) as line:
            assert line.recv(1) == b""  # this one was, and came after the other
        library.gate.set()
        assert asked.result(30).status_code == 200


def test_a_body_that_breaks_off_is_asked_nothing(workdir: Path) -> None:
    library = FakeLibrary()
    with serve_state(make_state(library)) as client:
        with socket.create_connection((client.base_url.host, client.base_url.port), timeout=30) as line:
            line.sendall((HEAD.format("POST /v1/search", "Content-Length: 100") + '{"query": "石桥"}').encode())
            line.shutdown(socket.SHUT_WR)
            assert line.recv(65_536) == b""
        assert search(client).status_code == 200
    assert len(library.asked) == 1


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.integers(1, 100), st.booleans())
def test_a_body_is_read_whole_or_refused(sizes: list[int], most: int, declared: bool) -> None:
    sent = [b"x" * size for size in sizes]
    messages = iter(
        {"type": "http.request", "body": piece, "more_body": number < len(sent)} for number, piece in enumerate(sent, 1)
    )

    async def receive() -> Message:
        return next(messages)

    async def read() -> list[Message] | None:
        headers = Headers({"content-length": str(sum(sizes))} if declared else {})
        return await Body(receive, headers, most, 30.0, "less").read()

    if sum(sizes) > most:
        with pytest.raises(TooLarge):
            asyncio.run(read())
        assert not declared or next(messages)["body"] == sent[0]  # told before anything is read
    else:
        found = asyncio.run(read())
        assert found is not None
        assert [message["body"] for message in found] == sent


def test_the_body_s_bound_is_a_setting(workdir: Path) -> None:
    with serve_state(make_state(max_body_bytes=1_000)) as client:
        body, headers = json.dumps({"query": "石桥"}).encode(), {"Content-Type": "application/json"}
        full = client.post("/v1/search", content=body + b" " * (1_000 - len(body)), headers=headers)
        assert full.status_code == 200
        fuller = client.post("/v1/search", content=body + b" " * (1_001 - len(body)), headers=headers)
        problem = the_problem(fuller, 413, "too-large")
        assert "1,000" in str(problem["detail"])
        assert "max_body_bytes" in str(problem["hint"])


def test_talk_within_its_limits_passes_and_beyond_them_is_named(workdir: Path) -> None:
    settings = Settings(max_question_chars=10, max_history_turns=2, max_history_chars=20)
    turns = [Turn("user", "话" * 10)] * 2
    check_talk(settings, "问" * 10, turns)
    for question, history, name in (
        ("问" * 11, turns, "max_question_chars"),
        ("问", [Turn("user", "")] * 3, "max_history_turns"),
        ("问", [Turn("user", "话" * 21)], "max_history_chars"),
    ):
        with pytest.raises(InputError) as raised:
            check_talk(settings, question, history)
        assert name in raised.value.hint


def test_limits_on_talk_are_kept_by_the_routes(workdir: Path) -> None:
    history = [{"role": "user", "content": "话" * 30}]
    with serve_state(make_state(max_question_chars=10, max_history_chars=20)) as client:
        for path, body in (
            ("/v1/search", {"query": "问" * 11}),
            ("/v1/ask", {"question": "问" * 11}),
            ("/v1/ask", {"question": "问", "history": history}),
        ):
            the_problem(client.post(path, json=body), 422, "input")
        assert client.post("/v1/ask", json={"question": "书屋"}).status_code == 200
