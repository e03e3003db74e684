"""A server on a real socket, and the official `openai` package that calls it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import openai
import pytest

from tests.server.conftest import make_state, serve_state
from tests.server.fakes import FakeLibrary
from tests.server.openai.calls import client_of


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, FakeLibrary]]:
    """One server for all tests that leave it as it was."""
    library = FakeLibrary()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("working"))
        state = make_state(library)
    with serve_state(state) as caller:
        state.live.wait()
        yield caller, library


@pytest.fixture
def library(served: tuple[httpx.Client, FakeLibrary]) -> FakeLibrary:
    library = served[1]
    library.asked.clear()
    library.composing = library.ask_error = None
    return library


@pytest.fixture
def client(served: tuple[httpx.Client, FakeLibrary], library: FakeLibrary) -> httpx.Client:
    return served[0]


@pytest.fixture
def chat(client: httpx.Client) -> Iterator[openai.OpenAI]:
    with client_of(client) as made:
        yield made
