"""GET /v1/index/events: a refresh as it goes on, for those who listen from the start and for those who come late."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import server.routes.index
from rag.errors import StoreError
from rag.types import IndexReport, Progress
from server.refreshing.job_notes import NOTE_FILE, JobNotes
from server.refreshing.jobs import Jobs
from server.schemas import JobOut
from tests.server.conftest import REPORT, make_state, serve_state
from tests.server.fakes import FakeLibrary

Event = tuple[str, dict[str, Any]]


class Build:
    """A builder that takes the steps it is given, one by one."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.steps = threading.Semaphore(0)
        self.taken = 0

    def __call__(self, progress: Callable[[Progress], None]) -> IndexReport:
        for done in range(1, 4):
            progress(Progress("embedding", done, 3, seconds_left=3.0 - done))
            assert self.steps.acquire(timeout=30)
        if self.error is not None:
            raise self.error
        return REPORT


@contextmanager
def listening(client: httpx.Client) -> Iterator[Iterator[Event | str]]:
    """The events of a stream as they come, comments as they are."""
    with client.stream("GET", "/v1/index/events") as reply:
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith("text/event-stream")
        yield _read(reply)


def _read(reply: httpx.Response) -> Iterator[Event | str]:
    name = ""
    for line in reply.iter_lines():
        if line.startswith(":"):
            yield line
        elif line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def until(events: Iterator[Event | str], name: str, done: int | None = None) -> list[Event]:
    """The events up to the first of this name, and of this many units done."""
    told: list[Event] = []
    silences = 0
    for event in events:
        if isinstance(event, str):
            silences += 1
            assert silences < 12, f"nothing but heartbeats before {name}: {told}"
            continue
        told.append(event)
        if event[0] == name and done in (None, event[1]["done"]):
            return told
    raise AssertionError(f"the stream ended before {name}: {told}")


def test_a_refresh_is_told_step_by_step_to_its_end(workdir: object) -> None:
    build = Build()
    with serve_state(make_state(FakeLibrary(), builder=build)) as client, listening(client) as events:
        job_id = client.post("/v1/index").json()["job_id"]
        for done in (1, 2, 3):
            told = until(events, "progress", done)[-1][1]
            assert (told["job_id"], told["state"], told["stage"], told["total"]) == (job_id, "running", "embedding", 3)
            build.steps.release()
        (name, ended) = until(events, "done")[-1]
        assert (name, ended["job_id"], ended["state"]) == ("done", job_id, "succeeded")
        assert ended["report"]["embedded"] == REPORT.embedded
        assert ended == client.get("/v1/index").json()["last_job"]


def test_a_late_listener_first_hears_how_things_stand(workdir: object) -> None:
    build = Build()
    state = make_state(FakeLibrary(), builder=build)
    with serve_state(state) as client:
        client.post("/v1/index")
        build.steps.release()
        with listening(client) as early:
            until(early, "progress", 2)
            with listening(client) as late:
                first = until(late, "progress")
                assert [(name, job["done"]) for name, job in first] == [("progress", 2)]
                build.steps.release(2)
                until(late, "done")
            until(early, "done")
        state.jobs.join()
        with listening(client) as after:
            assert [name for name, _ in until(after, "done")] == ["done"]


def test_a_failure_is_told_with_its_reason_and_the_index_goes_on(workdir: object) -> None:
    build = Build(StoreError("The disk is full.", hint="Make room."))
    build.steps.release(3)
    with serve_state(make_state(FakeLibrary(), builder=build)) as client, listening(client) as events:
        client.post("/v1/index")
        told = until(events, "error")[-1][1]
        assert told["state"] == "failed"
        assert (told["problem"]["detail"], told["problem"]["hint"]) == ("The disk is full.", "Make room.")
        assert client.get("/readyz").json()["generation"] == "g1"
        assert client.post("/v1/search", json={"query": "桥"}).json()["generation"] == "g1"


def test_one_stream_tells_of_one_refresh_after_the_other(workdir: object) -> None:
    build = Build()
    state = make_state(FakeLibrary(), builder=build)
    with serve_state(state) as client, listening(client) as events:
        ended = []
        for _ in range(2):
            started = client.post("/v1/index").json()["job_id"]
            until(events, "progress")
            build.steps.release(3)
            ended.append(until(events, "done")[-1][1]["job_id"] == started)
            state.jobs.join()
        assert ended == [True, True]


def test_silence_is_broken_by_heartbeats(workdir: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.routes.index, "HEARTBEAT_S", 0.0)
    with serve_state(make_state(FakeLibrary())) as client, listening(client) as events:
        assert {next(events) for _ in range(3)} == {": heartbeat"}


def test_the_stream_ends_with_the_server(workdir: object) -> None:
    state = make_state(FakeLibrary())
    with serve_state(state) as client, listening(client) as events:
        next(events)
        state.traffic.drain()
        assert list(events) == []


def test_a_stream_is_no_slow_request(workdir: object) -> None:
    state = make_state(FakeLibrary())
    with serve_state(state) as client:
        with listening(client) as events:
            next(events)
            state.traffic.drain()
            list(events)
        told = client.get("/metrics").text
    assert 'wenbao_requests_total{method="GET",route="/v1/index/events",status="200"} 1.0' in told
    assert 'wenbao_request_seconds_count{method="GET",route="/v1/index/events"}' not in told


# Two servers over one index, each with jobs of its own, in one process: what one notes, the other reads.


def test_another_server_names_the_job_tells_of_it_and_starts_none(workdir: Path) -> None:
    build = Build()
    one = make_state(FakeLibrary(), builder=build)
    other = make_state(FakeLibrary(), builder=_never)
    for state in (one, other):
        state.jobs._notes = JobNotes(workdir / "vectors")
    with serve_state(one) as first, serve_state(other) as second, listening(second) as events:
        started = first.post("/v1/index")
        assert started.status_code == 202
        named = second.post("/v1/index")
        assert (named.status_code, named.json()["job_id"]) == (200, started.json()["job_id"])
        assert second.get("/v1/index").json()["job"]["job_id"] == started.json()["job_id"]
        assert "wenbao_index_job_running 1.0" in second.get("/metrics").text
        until(events, "progress")
        build.steps.release(3)
        ended = until(events, "done")[-1][1]
        other.jobs.join()
        assert ended == second.get("/v1/index").json()["last_job"] == first.get("/v1/index").json()["last_job"]
        assert second.get("/v1/index").json()["job"] is None


def _never(_: object) -> IndexReport:
    raise AssertionError("the other server runs the job")


def test_a_job_whose_process_died_has_failed(workdir: Path) -> None:
    notes = JobNotes(workdir)
    running = JobOut(job_id="j", state="running", started="2026-01-02T03:04:05Z", stage="embedding")
    notes.write(running)
    assert notes.read() == running
    told = json.loads((workdir / NOTE_FILE).read_text(encoding="utf-8"))
    told["pid"] = _dead_process()
    (workdir / NOTE_FILE).write_text(json.dumps(told), encoding="utf-8")
    jobs = Jobs(lambda _: REPORT, lambda: None, notes)
    assert jobs.running is None
    assert jobs.last is not None
    assert (jobs.last.job_id, jobs.last.state) == ("j", "failed")
    assert jobs.last.problem is not None
    assert "has ended" in jobs.last.problem.detail
    _, started = jobs.start()
    assert started
    jobs.join()
    assert jobs.last.state == "succeeded"


def _dead_process() -> int:
    import subprocess
    import sys

    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(30)
    return process.pid


@pytest.mark.parametrize("note", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "host": "h", "job": {"job_id": 5}}', "\0"])
def test_a_note_that_cannot_be_read_is_none(workdir: Path, note: str) -> None:
    (workdir / NOTE_FILE).write_text(note, encoding="utf-8")
    assert JobNotes(workdir).read() is None


def test_where_nothing_can_be_written_jobs_run_all_the_same(workdir: Path) -> None:
    (workdir / "file").write_text("no folder", encoding="utf-8")
    jobs = Jobs(lambda _: REPORT, lambda: None, JobNotes(workdir / "file"))
    _, started = jobs.start()
    jobs.join()
    assert started
    assert jobs.last is not None
    assert jobs.last.state == "succeeded"
