"""Libraries that are opened once and read by many tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.embedding.base import Embedder
from rag.index.building.builder import build_index
from rag.index.storage.store import Store
from rag.library import Library
from rag.settings import Settings
from tests.rag.index.fakes import write_records
from tests.rag.town import RECORDS


@pytest.fixture(scope="session")
def sample_library(sample_index: Settings, embedder: Embedder) -> Iterator[Library]:
    """The built-in sample, open. Read it only."""
    library = Library(sample_index, Store(sample_index.vectors), embedder)
    yield library
    library.close()


@pytest.fixture(scope="session")
def town(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The invented records of `tests.rag.town`, open. Read it only."""
    folder = tmp_path_factory.mktemp("town")
    settings = Settings(
        corpus=write_records(folder / "corpus" / "town.jsonl", RECORDS).parent, vectors=folder / "vectors"
    )
    build_index(settings, embedder=embedder)
    library = Library(settings, Store(settings.vectors), embedder)
    yield library
    library.close()
