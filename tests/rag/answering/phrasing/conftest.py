"""A server that speaks OpenAI's protocol, and the gate with the real embedding model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.answering.phrasing.gate import Gate
from rag.embedding.base import Embedder
from tests.rag.answering.phrasing.chat_server import Server, serving


@pytest.fixture
def chat() -> Iterator[Server]:
    """A language model's server that does what a test tells it to."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def gate(embedder: Embedder) -> Gate:
    return Gate(embedder)
