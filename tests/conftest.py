"""What every test stands on: a clean environment, the bundled embedding model, the sample indexed once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from rag.settings import Settings

if TYPE_CHECKING:
    from rag.embedding.base import Embedder
    from rag.reader.reader import Reader

# Tests check behaviour and not speed, least of all on a machine that does other things too.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> Iterator[None]:
    """No test sees the settings, proxies or colours of whoever runs it. Where models are kept is left to them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - {"WENBAO_CACHE"}:
            if name.startswith("WENBAO_") or name.lower().endswith("_proxy") or name in {"NO_COLOR", "FORCE_COLOR"}:
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The bundled model, from the user's cache; prepared there when it is missing."""
    from rag.embedding.model import open_embedder

    return open_embedder("bundled")


@pytest.fixture(scope="session")
def reader() -> Reader:
    """The trained reader, from the user's cache; put together there when it is missing."""
    from rag.reader.model import prepare_reader
    from rag.reader.reader import Reader

    return Reader(prepare_reader())


@pytest.fixture
def opened_once(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens the bundled model gets the one that is open: reading its 120 MB takes a second each time."""
    import rag.embedding.model
    import rag.library
    from rag.embedding.model import open_embedder

    def opened(name: str, progress: object = None) -> Embedder:
        return embedder if name == "bundled" else open_embedder(name)

    for module in (rag.embedding.model, rag.library):
        monkeypatch.setattr(module, "open_embedder", opened)


@pytest.fixture(scope="session")
def sample_index(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with the built-in sample indexed under their `vectors`. Read it; to change it, copy the folder."""
    from rag.index.building.builder import build_index

    settings = Settings(vectors=tmp_path_factory.mktemp("sample") / "vectors")
    build_index(settings, embedder=embedder)
    return settings


@pytest.fixture
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, so that neither `wenbao.toml` nor `vectors` of the checkout is met."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
