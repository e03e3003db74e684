"""Several processes on one socket over one index: one job at a time, told by all, and figures that are everybody's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

import server.process.workers
from rag.embedding.base import Embedder
from rag.errors import ServerError
from rag.index.building.builder import build_index
from rag.settings import Settings
from server.process.run import bind
from server.process.workers import Workers
from tests.rag.index.fakes import write_records
from tests.server.refreshing.test_index_events import _read, until
from tests.server.telemetry.test_metrics import Figures

ROOT = Path(__file__).parents[3]
RECORDS = [{"id": f"r{number}", "text": f"松湾村的第{number}座石桥修好了，孩子上学不再绕路。"} for number in range(8)]


class Served:
    """A running `python -m server` with two workers, and its log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "WENBAO_CORPUS": str(folder / "corpus"),
            "WENBAO_VECTORS": str(folder / "vectors"),
            "WENBAO_PORT": "0",
            "WENBAO_WORKERS": "2",
            "WENBAO_WATCH": "false",
            "WENBAO_LOG_LEVEL": "info",
            "WENBAO_LOG_FORMAT": "json",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server"], env=environment, cwd=folder, stderr=subprocess.PIPE, text=True
        )
        self.url = ""
        self.other_lines: list[str] = []
        """What stderr was told that is no object; nothing, if all is well."""
        self._pids: dict[str, int] = {}
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        with self._news:
            assert self._news.wait_for(lambda: self.url, 120)

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            try:
                told = json.loads(line)
            except ValueError:
                self.other_lines.append(line)
                continue
            with self._news:
                self.url = told.get("url", self.url)
                if told["logger"] == "server.access":
                    self._pids[told["request_id"]] = told["process"]
                self._news.notify_all()

    def close(self) -> None:
        """Ends it, if that has not been done."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(60)
        self._reader.join(60)
        assert self.process.stderr is not None
        self.process.stderr.close()
        assert self.other_lines == []

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def pid_of(self, client: httpx.Client) -> int:
        """The worker at the other end of a client's connection."""
        name = client.get("/v1/articles").headers["x-request-id"]
        with self._news:
            assert self._news.wait_for(lambda: name in self._pids, 60)
            return self._pids[name]

    def clients(self, stack: ExitStack, besides: frozenset[int] = frozenset()) -> dict[int, httpx.Client]:
        """A client for each of the two workers, by its process; none of those that are named."""
        found: dict[int, httpx.Client] = {}
        for _ in range(500):
            client = stack.enter_context(self.client())
            pid = self.pid_of(client)
            if pid not in besides:
                found.setdefault(pid, client)
            if len(found) == 2:
                return found
        raise AssertionError(f"one worker alone answers: {found}")


@pytest.fixture(scope="module")
def served(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("workers")
    corpus = write_records(folder / "corpus" / "r.jsonl", RECORDS).parent
    build_index(Settings(corpus=corpus, vectors=folder / "vectors"), embedder=embedder)
    running = Served(folder)
    yield running
    running.close()


def test_a_refresh_in_one_worker_is_told_and_taken_up_by_all(served: Served) -> None:
    with ExitStack() as stack:
        one, other = served.clients(stack).values()
        before = one.get("/readyz").json()["generation"]
        assert other.get("/readyz").json()["generation"] == before
        # A connection of its own each, lest a stream that is still open holds up the rest.
        streams = [stack.enter_context(client.stream("GET", "/v1/index/events")) for client in (one, other)]
        write_records(
            served.folder / "corpus" / "r.jsonl", [*RECORDS, {"id": "new", "text": "云溪镇的书屋夜里也开门。"}]
        )
        assert one.post("/v1/index").status_code == 202
        ends = [until(_read(stream), "done")[-1][1] for stream in streams]
        assert ends[0] == ends[1]
        assert ends[0]["report"]["counts"]["articles"] == len(RECORDS) + 1
    with ExitStack() as stack:
        for client in served.clients(stack).values():
            assert client.post("/v1/search", json={"query": "书屋"}).json()["hits"][0]["article_id"] == "new"
            index = client.get("/v1/index").json()
            assert index["generation"] == ends[0]["report"]["generation"] != before
            assert index["last_job"] == ends[0]


def test_whichever_worker_is_asked_names_the_job_that_runs(served: Served) -> None:
    with ExitStack() as stack:
        one, other = served.clients(stack).values()
        started = one.post("/v1/index")
        assert started.status_code == 202
        named = other.post("/v1/index")
        assert (named.status_code, named.json()["job_id"]) == (200, started.json()["job_id"])
        assert other.get("/v1/index").json()["job"]["job_id"] == started.json()["job_id"]
        with other.stream("GET", "/v1/index/events") as stream:
            assert until(_read(stream), "done")[-1][1]["job_id"] == started.json()["job_id"]


def test_the_figures_are_those_of_all_workers(served: Served) -> None:
    with ExitStack() as stack:
        clients = served.clients(stack)
        before = _searches(next(iter(clients.values())))
        for client in clients.values():
            assert client.post("/v1/search", json={"query": "石桥"}).status_code == 200
            served.pid_of(client)  # the search is counted before the next request on its connection is read
        told = [_searches(client) for client in clients.values()]
    assert [after - before for after in told] == [2, 2]


def _searches(client: httpx.Client) -> float:
    figures = Figures(client.get("/metrics").text)
    assert figures.value("wenbao_stage_seconds_count", stage="embed") > 0
    assert len(figures.labels("wenbao_index_info")) == 1
    return figures.value("wenbao_requests_total", route="/v1/search", status="200")


def test_a_worker_that_dies_is_replaced_and_the_other_goes_on(served: Served) -> None:
    with ExitStack() as stack:
        victim, other = served.clients(stack)
        os.kill(victim, signal.SIGKILL)
        answered = served.clients(stack, besides=frozenset({victim}))
    assert other in answered
    assert victim not in answered


def test_told_to_stop_all_workers_end_and_the_status_is_0(served: Served) -> None:
    with ExitStack() as stack:
        pids = list(served.clients(stack))
        # As a service manager does it: the whole group at once, so that each worker is told twice.
        for pid in (*pids, served.process.pid):
            os.kill(pid, signal.SIGTERM)
        assert served.process.wait(60) == 0
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{served.url}/healthz", trust_env=False)


def test_workers_that_never_come_up_end_the_server(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "carrier-pigeon")
    monkeypatch.setattr(server.process.workers, "_QUICK_DEATHS", 2)
    settings = Settings(workers=2, vectors=workdir / "vectors", watch=False)
    with bind("127.0.0.1", 0) as listener:
        workers = Workers(settings, listener, lambda: pytest.fail("nobody answers"))
        with pytest.raises(ServerError, match="status 2") as caught:
            workers.run()
    assert "--workers 1" in caught.value.hint
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ
