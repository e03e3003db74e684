"""The refresh of the index: one at a time, its progress, its end, and what a server shows of it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx
import pytest

from rag.errors import IndexLocked, IndexMissing
from rag.types import IndexReport, Progress
from server.refreshing.jobs import Jobs
from tests.server.conftest import REPORT, make_state, serve_state
from tests.server.fakes import FakeLibrary


class Build:
    """A builder that takes one step and then waits until it is let go."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.begun = threading.Event()
        self.go = threading.Event()

    def __call__(self, progress: Callable[[Progress], None]) -> IndexReport:
        progress(Progress("embedding", 2, 5, rate=2.0, seconds_left=1.5))
        self.begun.set()
        assert self.go.wait(30)
        progress(Progress("writing", 5, 5))
        if self.error is not None:
            raise self.error
        return REPORT


def ended(jobs: Jobs) -> None:
    """Waits for the running job's thread."""
    for thread in threading.enumerate():
        if thread.name == "wenbao-index":
            thread.join(30)
    assert jobs.running is None


def test_a_job_from_start_to_end(workdir: object) -> None:
    build, library = Build(), FakeLibrary(newest="g1")
    state = make_state(library, builder=build)
    with serve_state(state) as client:
        state.live.wait()
        first = client.post("/v1/index")
        assert first.status_code == 202
        assert first.headers["location"] == "/v1/index"
        assert first.json()["state"] == "running"
        assert build.begun.wait(30)
        second = client.post("/v1/index", json={})
        assert second.status_code == 200
        assert second.json()["job_id"] == first.json()["job_id"]
        shown = client.get("/v1/index").json()
        assert shown["generation"] == "g1"
        assert shown["counts"]["articles"] == 2
        assert shown["skipped"] == [{"where": "c.bin", "reason": "not text"}]
        job = shown["job"]
        assert (job["stage"], job["done"], job["total"]) == ("embedding", 2, 5)
        assert (job["rate"], job["seconds_left"]) == (2.0, 1.5)
        library.newest = "g2"
        build.go.set()
        ended(state.jobs)
        shown = client.get("/v1/index").json()
        assert shown["job"] is None
        assert shown["generation"] == "g2"
        last = shown["last_job"]
        assert (last["job_id"], last["state"], last["stage"]) == (job["job_id"], "succeeded", "writing")
        assert last["finished"] >= last["started"]
        assert (last["report"]["embedded"], last["report"]["kept"]) == (1, 2)
        assert client.post("/v1/index").status_code == 202


def test_a_server_without_an_index_becomes_ready_once_one_is_built(workdir: object) -> None:
    built = threading.Event()

    def opener(_: object) -> FakeLibrary:
        if not built.is_set():
            raise IndexMissing("none")
        return FakeLibrary()

    def builder(_: object) -> IndexReport:
        built.set()
        return REPORT

    state = make_state(opener=opener, builder=builder, retry=3_600)
    with serve_state(state) as client:
        assert client.post("/v1/search", json={"query": "桥"}).status_code == 503
        assert client.post("/v1/index").status_code == 202
        ended(state.jobs)
        assert client.get("/readyz").status_code == 200
        assert client.post("/v1/search", json={"query": "桥"}).status_code == 200


@pytest.mark.parametrize(
    ("error", "slug", "detail"),
    [
        (IndexLocked("Process 7 is writing."), "index-locked", "Process 7 is writing."),
        (KeyError("/secret"), "internal", "wenbao met a defect of its own."),
    ],
)
def test_a_job_that_fails_says_why_and_leaves_the_index(
    client: httpx.Client, error: Exception, slug: str, detail: str
) -> None:
    build = Build(error)
    build.go.set()
    jobs = Jobs(build, on_built=lambda: None)
    jobs.start()
    ended(jobs)
    assert jobs.last is not None
    assert jobs.last.state == "failed"
    assert jobs.last.report is None
    assert jobs.last.problem is not None
    assert jobs.last.problem.type.endswith("/" + slug)
    assert jobs.last.problem.detail == detail


def test_many_starts_at_once_are_one_job() -> None:
    build = Build()
    jobs = Jobs(build, on_built=lambda: None)
    found: list[tuple[str, bool]] = []
    gate = threading.Barrier(8)

    def start() -> None:
        gate.wait()
        job, started = jobs.start()
        found.append((job.job_id, started))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({name for name, _ in found}) == 1
    assert sum(started for _, started in found) == 1
    build.go.set()
    ended(jobs)


def test_stopping_ends_a_job_at_its_next_step() -> None:
    build = Build()
    jobs = Jobs(build, on_built=lambda: pytest.fail("what was stopped was not built"))
    jobs.start()
    assert build.begun.wait(30)
    jobs.stop(timeout=0)
    build.go.set()
    ended(jobs)
    assert jobs.last is not None
    assert jobs.last.problem is not None
    assert jobs.last.problem.detail == "The server was stopped."
