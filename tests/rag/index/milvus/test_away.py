"""A Milvus that is ended and started again, as a process of its own on a port."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import ExitCode, StoreUnavailable
from rag.index.milvus import connection
from rag.index.storage.store import Store
from rag.library import Library
from tests.rag.index.fakes import WordEmbedder
from tests.rag.index.milvus.places import MilvusProcess, MilvusShelf, need_milvus
from tests.server.conftest import make_state, serve_state

ASKED = "水库放水灌溉稻田"


@pytest.fixture
def milvus(tmp_path: Path) -> Iterator[MilvusProcess]:
    need_milvus()
    process = MilvusProcess(tmp_path / "served")
    process.start()
    yield process
    process.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for nobody: what is to be seen is seen at the first refusal."""
    monkeypatch.setattr(connection, "READ_S", 0.0)
    monkeypatch.setattr(connection, "WRITE_S", 0.0)


def test_an_index_outlives_a_milvus_that_goes_and_comes_back(
    milvus: MilvusProcess, tmp_path: Path, impatient: None
) -> None:
    shelf = MilvusShelf(tmp_path, milvus.store)
    shelf.build()
    library = Library(shelf.settings, shelf.store, WordEmbedder())
    before, live = library.search(ASKED).hits, shelf.store.current_id()
    milvus.kill()
    with pytest.raises(StoreUnavailable, match="does not answer") as caught:
        library.search(ASKED)
    assert "Start it" in caught.value.hint
    with pytest.raises(StoreUnavailable):
        Store(shelf.settings.vectors).current()
    shelf.edit()
    with pytest.raises(StoreUnavailable):
        shelf.build()
    milvus.start()
    assert library.search(ASKED).hits == before
    assert library.generation == live
    assert shelf.build().embedded == 1
    assert library.search("灯塔换灯", mode="lexical").hits


def test_a_run_during_which_milvus_goes_is_not_published(
    milvus: MilvusProcess, tmp_path: Path, impatient: None
) -> None:
    shelf = MilvusShelf(tmp_path, milvus.store)
    shelf.build()
    live = shelf.store.current_id()

    class Ending(WordEmbedder):
        def embed_passages(self, texts, progress=None):  # type: ignore[no-untyped-def]
            milvus.kill()
            return super().embed_passages(texts, progress)

    shelf.edit()
    with pytest.raises(StoreUnavailable):
        shelf.build_with(Ending())
    assert shelf.store.current_id() == live
    milvus.start()
    assert shelf.build().embedded == 0  # the journal has kept what was embedded
    assert shelf.store.current_id() != live


def test_a_server_says_503_and_what_to_do_and_answers_again(
    milvus: MilvusProcess, tmp_path: Path, impatient: None
) -> None:
    shelf = MilvusShelf(tmp_path, milvus.store)
    shelf.build()
    state = make_state(opener=lambda _: Library(shelf.settings, shelf.store, WordEmbedder()))
    with serve_state(state) as client:
        state.live.wait()
        assert client.post("/v1/search", json={"query": ASKED}).json()["hits"]
        milvus.kill()
        refused = client.post("/v1/search", json={"query": ASKED})
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        problem = refused.json()
        assert problem["type"].endswith("/store-unavailable")
        assert "Start it" in problem["hint"]
        assert client.get("/healthz").status_code == 200
        milvus.start()
        assert client.post("/v1/search", json={"query": ASKED}).json()["hits"]


def test_a_command_ends_with_the_status_of_the_index(milvus: MilvusProcess, tmp_path: Path) -> None:
    shelf = MilvusShelf(tmp_path, milvus.store)
    shelf.build()
    milvus.kill()
    command = [sys.executable, "-m", "rag", "text", "a.jsonl", "--vectors", str(shelf.settings.vectors)]
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode == ExitCode.INDEX
    assert "does not answer" in told.stderr
    assert "hint: Start it" in told.stderr
