"""The library behind a server that answers already: waiting, failing, trying again, closing."""

from __future__ import annotations

import threading

import pytest

from rag.errors import IndexMissing, StoreError
from rag.types import Progress
from server.errors import Loading
from server.live import LiveLibrary
from tests.server.conftest import make_state, serve_state
from tests.server.fakes import FakeLibrary
from tests.server.routes.test_problems import the_problem


class Openings:
    """An opener that waits until it is let go, and then fails as often as it was told to."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.go = threading.Event()
        self.begun = threading.Event()
        self.opened: list[FakeLibrary] = []
        self.calls = 0

    def __call__(self, progress: object) -> FakeLibrary:
        self.calls += 1
        assert callable(progress)
        progress(Progress("preparing", 3, 8))
        self.begun.set()
        assert self.go.wait(30)
        if self.failures:
            raise self.failures.pop(0)
        self.opened.append(FakeLibrary())
        return self.opened[-1]


def test_calls_wait_while_the_index_is_opened_once() -> None:
    openings = Openings()
    live = LiveLibrary(openings)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(live.wait())) for _ in range(4)]
    for thread in threads:
        thread.start()
    openings.go.set()
    for thread in threads:
        thread.join(30)
    assert openings.calls == 1
    assert found == openings.opened * 4


def test_waiting_is_bounded_and_says_how_far_it_is() -> None:
    openings = Openings()
    live = LiveLibrary(openings, patience=0.01)
    live.open()
    assert openings.begun.wait(30)
    with pytest.raises(Loading, match="preparing 3 of 8"):
        live.wait()
    assert live.current() is None
    openings.go.set()


def test_over_http_waiting_ends_with_a_time_to_ask_again(workdir: object) -> None:
    openings = Openings()
    with serve_state(make_state(opener=openings, patience=0.01)) as client:
        reply = client.post("/v1/search", json={"query": "桥"})
        the_problem(reply, 503, "loading")
        assert int(reply.headers["retry-after"]) > 0
        the_problem(client.get("/readyz"), 503, "loading")
        assert client.get("/v1/index").json()["problem"]["title"] == "Loading"
        openings.go.set()


def test_a_failure_stands_for_a_while_and_is_tried_again_after() -> None:
    openings = Openings(IndexMissing("none"))
    openings.go.set()
    patient = LiveLibrary(openings, retry=3_600)
    for _ in range(3):
        with pytest.raises(IndexMissing, match="none"):
            patient.wait()
    assert openings.calls == 1
    openings = Openings(IndexMissing("none"))
    openings.go.set()
    eager = LiveLibrary(openings, retry=0)
    with pytest.raises(IndexMissing):
        eager.wait()
    assert eager.wait() is openings.opened[0]
    assert eager.problem() is None


def test_a_defect_while_opening_is_told_without_its_insides(caplog: pytest.LogCaptureFixture) -> None:
    openings = Openings(KeyError("/secret"))
    openings.go.set()
    with pytest.raises(StoreError) as caught:
        LiveLibrary(openings).wait()
    assert "secret" not in caught.value.message
    assert "secret" in caplog.text


def test_reload_hops_or_opens_what_could_not_be_opened() -> None:
    openings = Openings(IndexMissing("none"))
    openings.go.set()
    live = LiveLibrary(openings, retry=3_600)
    with pytest.raises(IndexMissing):
        live.wait()
    live.reload()
    library = live.wait()
    assert library is openings.opened[0]
    openings.opened[0].newest = "g2"
    live.reload()
    assert library.generation == "g2"


def test_closing_closes_even_what_opens_later() -> None:
    openings = Openings()
    live = LiveLibrary(openings)
    live.open()
    assert openings.begun.wait(30)
    waiting = threading.Thread(target=live.close)
    waiting.start()
    waiting.join(30)
    openings.go.set()
    with pytest.raises(Loading):
        live.wait()
    assert [library.closed for library in openings.opened] == [True]
    opened = LiveLibrary(lambda _: openings.opened[0])
    openings.opened[0].closed = False
    opened.wait()
    opened.close()
    assert openings.opened[0].closed
