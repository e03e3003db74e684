"""Servers on real sockets, for the length of a `with`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from rag.settings import Settings
from rag.types import Counts, IndexReport, Progress
from server.live import LiveLibrary
from server.process.run import base_url, bind, make_server
from server.refreshing.jobs import Jobs
from server.state import State
from tests.server.fakes import FakeLibrary

if TYPE_CHECKING:
    from rag.embedding.base import Embedder
    from rag.library import Library

REPORT = IndexReport("g2", True, Counts(2, 2, 3, 99), 1, 2, 0, (), 0.5)
Serving = Callable[..., AbstractContextManager[httpx.Client]]


def make_state(
    library: FakeLibrary | None = None,
    *,
    opener: Callable[[Callable[[Progress], None]], FakeLibrary | Library] | None = None,
    builder: Callable[[Callable[[Progress], None]], IndexReport] | None = None,
    patience: float = 20.0,
    retry: float = 0.0,
    **settings: object,
) -> State:
    """A state around a small library, or around what opens one."""
    opened = library or FakeLibrary()
    live = LiveLibrary(opener or (lambda _: opened), patience=patience, retry=retry)
    return State(Settings(**settings), live, Jobs(builder or (lambda _: REPORT), live.reload))


@contextmanager
def serve_state(state: State, **client: object) -> Iterator[httpx.Client]:
    """A server over a state, and a client that calls it."""
    answers = threading.Event()
    server = make_server(state, answers.set)
    with bind("127.0.0.1", 0) as listener:
        url = base_url("127.0.0.1", listener.getsockname()[1])
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert answers.wait(30)
            with httpx.Client(base_url=url, timeout=30, trust_env=False, **client) as caller:
                yield caller
        finally:
            server.should_exit = True
            thread.join(30)


@pytest.fixture(scope="module")
def sample_library_state(sample_index: Settings, embedder: Embedder) -> Callable[..., State]:
    """Makes states around the built-in sample, with the real library and the model that is open already."""

    def opened(_: object) -> Library:
        from rag.index.storage.store import Store
        from rag.library import Library

        return Library(sample_index, Store(sample_index.vectors), embedder)

    return lambda **settings: make_state(opener=opened, **settings)


@pytest.fixture
def library() -> FakeLibrary:
    return FakeLibrary()


@pytest.fixture
def client(workdir: object, library: FakeLibrary) -> Iterator[httpx.Client]:
    """A client of an open server over the small library, which has been opened."""
    state = make_state(library)
    with serve_state(state) as caller:
        state.live.wait()
        yield caller
