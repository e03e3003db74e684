"""Long work through the client: answers piece by piece, and refreshes of the index that are waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.cancellation import Cancellation
from rag.errors import CorpusMissing, ModelDamaged
from rag.types import Progress
from server.client import (
    ConnectionFailed,
    ProblemError,
    RefreshFailed,
    ReplyError,
    TimedOut,
    Unavailable,
    WenbaoError,
)
from server.client.events import EventReader
from server.schemas import CitationOut, DeltaEvent, HitsEvent, JobOut
from tests.server.client.clients import Make, every, got, make, scripted
from tests.server.conftest import REPORT, make_state, serve_state
from tests.server.fakes import FakeLibrary

__all__ = ["make"]  # the fixture


async def test_an_answer_comes_in_pieces_that_make_the_whole(client: httpx.Client, make: Make) -> None:
    paper = make(str(client.base_url))
    stream = await got(paper.ask_stream("书屋和石桥"))
    assert stream.reply is None
    events = await every(stream)
    whole = (await got(paper.ask("书屋和石桥"))).model_dump(exclude={"took_ms"})
    assert isinstance(events[0], HitsEvent)
    assert "".join(event.text for event in events if isinstance(event, DeltaEvent)) == whole["answer"]
    citations = [event for event in events if isinstance(event, CitationOut)]
    assert [one.model_dump() for one in citations] == list(whole["citations"])
    assert events[-1] is stream.reply
    assert stream.reply.model_dump(exclude={"took_ms"}) == whole
    assert await every(stream) == []


async def test_closing_a_stream_ends_the_work(client: httpx.Client, library: FakeLibrary, make: Make) -> None:
    called_off = threading.Event()

    def compose(cancellation: Cancellation) -> None:
        with cancellation.calling(called_off.set):
            assert called_off.wait(30)
        cancellation.check()

    library.composing = compose
    stream = await got(make(str(client.base_url)).ask_stream("石桥"))
    first = await anext(stream) if hasattr(stream, "__anext__") else next(stream)
    assert isinstance(first, HitsEvent)
    await got(stream.close())
    assert called_off.wait(30)
    assert await every(stream) == []
    await got(stream.close())


async def test_a_failure_within_a_stream_is_raised(client: httpx.Client, library: FakeLibrary, make: Make) -> None:
    library.ask_error = ModelDamaged("the model is not the one that was built with", hint="Run `wenbao doctor`.")
    stream = await got(make(str(client.base_url)).ask_stream("石桥"))
    with pytest.raises(Unavailable) as caught:
        await every(stream)
    assert caught.value.hint == "Run `wenbao doctor`."
    assert stream.reply is None


async def test_a_stream_that_is_refused_is_a_problem_at_once(client: httpx.Client, make: Make) -> None:
    with pytest.raises(ProblemError) as caught:
        await got(make(str(client.base_url)).ask_stream("石桥", top_k=0))
    assert caught.value.errors[0].field == "top_k"


EVENTS = {"Content-Type": "text/event-stream"}


async def test_a_busy_server_is_asked_again_for_a_stream(make: Make) -> None:
    waits: list[float] = []
    replies = [
        httpx.Response(429, headers={"Retry-After": "3"}),
        httpx.Response(200, headers=EVENTS, text='event: hits\ndata: {"hits": []}\n\n'),
    ]
    stream = await got(scripted(make, replies, waits=waits).ask_stream("石桥"))
    assert waits == [3]
    # It ends without `done`: whatever cut it, the answer is not whole.
    with pytest.raises(ConnectionFailed, match="before the answer"):
        await every(stream)


async def test_an_event_that_cannot_be_read_is_told(make: Make) -> None:
    broken = httpx.Response(200, headers=EVENTS, text="event: delta\ndata: {}\n\n")
    stream = await got(scripted(make, [broken]).ask_stream("石桥"))
    with pytest.raises(ReplyError, match="text"):
        await every(stream)


STREAM = (
    ": heartbeat\n\n"
    'event: hits\r\ndata: {"hits": []}\r\n\r\n'
    'event: later\ndata: {"a": 1}\n\n'
    'event: delta\ndata: {"text":\ndata: "桥\u2028二\x85三"}\rid: 7\r\r'
    'event: delta\ndata:{"text": "。"}\n\n'
)


@given(st.lists(st.integers(0, len(STREAM.encode())), max_size=12))
def test_events_are_the_same_however_the_bytes_are_cut(cuts: list[int]) -> None:
    data = STREAM.encode()
    reader = EventReader("here")
    bounds = [0, *sorted(cuts), len(data)]
    events = [event for start, end in pairwise(bounds) for event in reader.feed(data[start:end])]
    assert events == [HitsEvent(hits=()), DeltaEvent(text="桥\u2028二\x85三"), DeltaEvent(text="。")]


Builder = Callable[[Callable[[Progress], None]], Any]


async def test_a_refresh_is_waited_for_and_told(workdir: Path, make: Make) -> None:
    seen = threading.Event()

    def build(progress: Callable[[Progress], None]) -> Any:
        progress(Progress("embedding", 3, 9))
        assert seen.wait(30)
        return REPORT

    told: list[JobOut] = []

    def on_progress(job: JobOut) -> None:
        told.append(job)
        if job.stage == "embedding":
            seen.set()

    with serve_state(make_state(builder=build)) as caller:
        report = await got(make(str(caller.base_url)).refresh(on_progress=on_progress))
    assert report.generation == REPORT.generation
    assert [(job.done, job.total) for job in told if job.state == "running"][-1] == (3, 9)
    assert told[-1].state == "succeeded"
    assert len({job.job_id for job in told}) == 1


async def test_a_refresh_that_fails_says_why(workdir: Path, make: Make) -> None:
    def build(_: object) -> Any:
        raise CorpusMissing("there is no corpus there", hint="Put it back.")

    with serve_state(make_state(builder=build)) as caller:
        paper = make(str(caller.base_url))
        with pytest.raises(RefreshFailed, match="there is no corpus there") as caught:
            await got(paper.refresh())
    assert caught.value.hint == "Put it back."
    assert caught.value.job is not None
    assert caught.value.job.state == "failed"


async def test_a_refresh_begins_after_the_call(workdir: Path, make: Make) -> None:
    """One that runs already may have read the corpus before the change that the caller means."""
    built: list[int] = []
    may_end = threading.Event()

    def build(_: object) -> Any:
        built.append(len(built))
        assert may_end.wait(30)
        return REPORT

    def on_progress(_: JobOut) -> None:
        may_end.set()

    with serve_state(make_state(builder=build)) as caller:
        paper = make(str(caller.base_url))
        running = await got(paper.start_refresh())
        assert (await got(paper.start_refresh())).job_id == running.job_id
        await got(paper.refresh(on_progress=on_progress))
    assert built == [0, 1]


async def test_a_wait_has_an_end(workdir: Path, make: Make) -> None:
    may_end = threading.Event()

    def build(_: object) -> Any:
        assert may_end.wait(30)
        return REPORT

    with serve_state(make_state(builder=build)) as caller:
        paper = make(str(caller.base_url))
        job = await got(paper.start_refresh())
        with pytest.raises(TimedOut, match="still runs"):
            await got(paper.wait_for_refresh(job, timeout=0))
        may_end.set()
        assert (await got(paper.wait_for_refresh(job))).generation == REPORT.generation


async def test_a_refresh_that_the_server_forgot_is_told(client: httpx.Client, make: Make) -> None:
    forgotten = JobOut(job_id="of-another-life", state="running", started="2026-01-01T00:00:00Z")
    with pytest.raises(WenbaoError, match="knows nothing of this refresh"):
        await got(make(str(client.base_url)).wait_for_refresh(forgotten))
