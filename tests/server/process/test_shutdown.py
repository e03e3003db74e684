"""The end of a server: what it has begun it finishes, what it should not begin it does not, and it does end."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from rag.settings import Settings
from rag.types import IndexReport, Progress
from server.process.traffic import Traffic
from server.refreshing.building import build_aside
from tests.rag.index.fakes import write_records

ROOT = Path(__file__).parents[3]
SLOW = {"question": "slow"}


class Process:
    """A server whose answers wait, see `tests.server.process.slow_server`."""

    def __init__(self, process: subprocess.Popen[str], pool: ThreadPoolExecutor) -> None:
        self._process = process
        self._pool = pool
        self.url = self.told()

    def told(self) -> str:
        """The next line of its standard output."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def ask(self) -> Future[httpx.Response]:
        """Asks what is answered late, and waits until that has begun."""
        future = self._pool.submit(httpx.post, f"{self.url}/v1/ask", json=SLOW, timeout=60, trust_env=False)
        assert self.told() == "asked"
        return future

    def let(self) -> None:
        """Lets one answer go on."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def signal(self, number: int = signal.SIGTERM) -> None:
        self._process.send_signal(number)

    def status(self) -> int:
        """Its exit status, waited for."""
        return self._process.wait(60)


@contextmanager
def process_of(**settings: object) -> Iterator[Process]:
    command = [sys.executable, "-m", "tests.server.process.slow_server", json.dumps(settings)]
    with (
        subprocess.Popen(
            command,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process,
        ThreadPoolExecutor(4) as pool,
    ):
        try:
            yield Process(process, pool)
        finally:
            process.kill()


def not_ready(client: httpx.Client) -> httpx.Response:
    """The reply of /readyz once the signal, which takes its time to arrive, has."""
    while (reply := client.get("/readyz")).status_code == 200:
        pass
    return reply


def test_answers_under_way_are_finished_while_the_server_is_not_ready_and_listens(workdir: Path) -> None:
    with process_of() as server:
        answer = server.ask()
        with server.client() as client:
            assert client.get("/readyz").status_code == 200
            server.signal()
            unready = not_ready(client)
            assert (unready.status_code, unready.json()["type"].rpartition("/")[2]) == (503, "shutting-down")
        with server.client() as newcomer:
            reply = newcomer.post("/v1/search", json={"query": "桥"})
            assert reply.status_code == 200
            assert reply.headers["connection"] == "close"
            refused = newcomer.post("/v1/index")
            assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (503, "shutting-down")
        assert not answer.done()
        server.let()
        assert answer.result(60).status_code == 200
        assert server.status() == 0


def test_an_idle_server_ends_at_once_with_status_0(workdir: Path) -> None:
    with process_of() as server, server.client() as client:
        assert client.get("/healthz").status_code == 200  # and the connection stays open
        server.signal()
        assert server.status() == 0


def test_ctrl_c_ends_it_the_same_way_and_says_so(workdir: Path) -> None:
    with process_of() as server:
        answer = server.ask()
        server.signal(signal.SIGINT)
        with server.client() as client:
            not_ready(client)
        server.let()
        assert answer.result(60).status_code == 200
        assert server.status() == -signal.SIGINT  # of a KeyboardInterrupt that nobody catches


def test_a_second_signal_ends_it_at_once(workdir: Path) -> None:
    with process_of() as server:
        answer = server.ask()
        server.signal()
        with server.client() as client:
            not_ready(client)
        server.signal()
        assert server.status() == -signal.SIGTERM
        with pytest.raises(httpx.TransportError):
            answer.result(60)


def test_a_stream_that_takes_too_long_is_cut(workdir: Path) -> None:
    with (
        process_of(shutdown_timeout_s=0.3) as server,
        server.client() as client,
        client.stream("POST", "/v1/ask", json=SLOW | {"stream": True}) as reply,
    ):
        assert server.told() == "asked"
        server.signal()
        assert server.status() == 0
        with pytest.raises(httpx.TransportError):
            reply.read()


def test_an_answer_that_takes_too_long_does_not_keep_the_server(workdir: Path) -> None:
    with process_of(shutdown_timeout_s=0.3) as server:
        answer = server.ask()
        server.signal()
        assert server.status() == 0
        told = answer.result(60)
        assert (told.status_code, told.json()["type"].rpartition("/")[2]) == (503, "shutting-down")


def test_a_running_job_is_stopped_and_keeps_nothing_waiting(workdir: Path) -> None:
    with process_of() as server:
        with server.client() as client:
            assert client.post("/v1/index").status_code == 202
        assert server.told() == "building"
        server.signal()
        assert server.told() == "build stopped"
        assert server.status() == 0


def test_listeners_to_a_job_do_not_keep_the_server(workdir: Path) -> None:
    with (
        process_of() as server,
        server.client() as client,
        client.stream("GET", "/v1/index/events") as events,
    ):
        lines = events.iter_lines()
        assert next(lines).startswith(":")
        server.signal()
        assert "event: done" not in list(lines)
        assert server.status() == 0


def test_an_index_run_aside_is_ended_in_the_middle_and_leaves_nothing(workdir: Path) -> None:
    records = [{"id": f"r{number}", "text": f"第{number}座桥修好了，村里的孩子上学不再绕路。"} for number in range(9)]
    settings = Settings(
        corpus=write_records(workdir / "corpus" / "r.jsonl", records).parent, vectors=workdir / "vectors"
    )
    steps: list[str] = []

    def stop(progress: Progress) -> None:
        steps.append(progress.stage)
        raise InterruptedError

    def go(progress: Progress) -> None:
        steps.append(progress.stage)

    with pytest.raises(InterruptedError):
        build_aside(settings, stop)
    assert steps == ["starting"]  # it does not wait for a first step: loading what a run needs takes seconds
    assert not [child for child in multiprocessing.active_children() if child.name == "wenbao-index"]
    assert not list((workdir / "vectors").glob("tmp-*"))
    report = build_aside(settings, go)
    assert isinstance(report, IndexReport)
    assert report.counts.articles == len(records)


def test_an_end_waits_for_what_was_under_way_and_for_nothing_that_came_later() -> None:
    traffic = Traffic()
    assert not traffic.drained
    before, after = traffic.request(), traffic.request()
    with after:
        with before:
            assert traffic.in_flight == 1 + 1
            traffic.drain()
            assert not traffic.drained
            with traffic.request():
                assert traffic.in_flight == 2 + 1
        assert not traffic.drained  # `after` had begun as well
    assert traffic.drained
    with traffic.request():
        traffic.drain()  # announced again, it waits for nothing more
        assert traffic.drained


def test_requests_of_many_threads_are_counted() -> None:
    traffic, gate = Traffic(), threading.Barrier(9)

    def hold() -> None:
        with traffic.request():
            gate.wait(30)
            gate.wait(30)

    threads = [threading.Thread(target=hold) for _ in range(8)]
    for thread in threads:
        thread.start()
    gate.wait(30)
    assert traffic.in_flight == 8
    gate.wait(30)
    for thread in threads:
        thread.join()
    assert traffic.in_flight == 0
