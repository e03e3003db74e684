"""Shelves whose passages live in one store or the other, and a Milvus that can be ended and started again."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from rag.index.building.builder import build_index
from rag.index.milvus.address import parse_store
from rag.index.milvus.collection import ChunkCollection
from rag.index.milvus.connection import Connection, disconnect
from rag.index.milvus.runs import Placement
from rag.index.storage.generation import Generation
from rag.retrieval.retriever import Retriever
from rag.types import Filters, IndexReport, Mode
from tests.rag.index.fakes import WordEmbedder, write_records
from tests.rag.index.shelf import Shelf

STORES = ("local", "milvus")


def need_milvus() -> None:
    """Skips the test where the packages are not installed."""
    pytest.importorskip("pymilvus", reason="needs wenbao[milvus]")
    pytest.importorskip("milvus_lite", reason="needs wenbao[milvus]")


class MilvusShelf(Shelf):
    """A shelf whose passages live where `store` says; None for the generation's folder."""

    def __init__(self, folder: Path, store: str | None) -> None:
        super().__init__(folder)
        self.settings = self.settings.model_copy(update={"store": store})

    @property
    def generation(self) -> Generation:
        """The live one, opened anew."""
        return self.store.current()

    @property
    def collection(self) -> ChunkCollection:
        """The one that holds the live passages."""
        placement = Placement.of(self.generation.manifest)
        assert placement is not None
        return placement.open()

    def put(self, name: str, *records: dict[str, object]) -> IndexReport:
        """Writes a file of the corpus and indexes."""
        write_records(self.corpus / name, records)
        return self.build()

    def found(self, query: str, mode: Mode = "hybrid", filters: Filters | None = None) -> list[tuple[str, float]]:
        """Chunks and scores of the first ten hits."""
        hits = Retriever(self.generation, WordEmbedder()).search(query, 10, mode, filters).hits
        return [(hit.chunk.chunk_id, round(float(hit.score), 4)) for hit in hits]

    def build_with(self, embedder: WordEmbedder) -> IndexReport:
        """Indexes with another model, or one that breaks off."""
        return build_index(self.settings, embedder=embedder)

    def close(self) -> None:
        """Lets go of Milvus."""
        address = parse_store(self.settings.store)
        if address is not None:
            disconnect(address)


class MilvusProcess:
    """A Milvus Lite that is served to others, on one port for good."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.store = f"milvus://127.0.0.1:{self.port}/articles"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it answers."""
        served = f"run_server({str(self._folder)!r}, '127.0.0.1', {self.port})"
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"from milvus_lite.adapter.grpc.server import run_server; {served}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        address = parse_store(self.store)
        assert address is not None
        assert Connection(address).call("list_collections", patience=120) is not None

    def kill(self) -> None:
        """Ends it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Ends it and lets go of it."""
        self.kill()
        address = parse_store(self.store)
        assert address is not None
        disconnect(address)
