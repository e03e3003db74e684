"""wenbao itself: its own index command over the same articles, its own model, its own search."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from bench.peers.engines.base import Passage, Vectors
from rag.cli.main import run
from rag.embedding.base import Embedder
from rag.embedding.model import open_embedder
from rag.index.building.builder import build_index
from rag.library import Library
from rag.settings import Settings

CORPUS = "corpus"
RECORDS = "records.jsonl"


class Wenbao:
    """Indexes `corpus/records.jsonl` of its folder, a copy of the records that the passages were cut from."""

    def __init__(self, folder: Path, model: Path, variant: str) -> None:  # noqa: ARG002  # it brings its own model
        self._folder = folder
        self._settings = Settings(corpus=folder / CORPUS, vectors=folder / "vectors", embedding_model=variant)
        self._embedder: Embedder | None = None
        self._library: Library | None = None

    def load_model(self) -> None:
        """Opens the prepared model."""
        self._embedder = open_embedder(self._settings.embedding_model)
        self._embedder.embed_query("热身")

    def build(self, passages: Sequence[Passage], vectors: Vectors | None) -> None:  # noqa: ARG002
        """Reads, splits, embeds and publishes as `wenbao index` does; vectors are never handed in.

        Raises:
            ValueError: the records give other passages than the ones that the rest is given.
        """
        report = build_index(self._settings, embedder=self._embedder)
        if report.counts.chunks != len(passages):
            raise ValueError(f"{report.counts.chunks} chunks where the others are given {len(passages)} passages")

    def open(self) -> None:
        """Opens the live generation."""
        self._library = Library.open(self._settings)

    def search(self, question: str, k: int) -> list[str]:
        """Through the façade that the server and the command line use."""
        if self._library is None:
            raise RuntimeError("open() comes first")
        return [hit.article.article_id for hit in self._library.search(question, top_k=k).hits]

    def replace(self, article: str, passages: Sequence[Passage]) -> None:  # noqa: ARG002
        """Puts the edited record into the corpus file and runs `wenbao index`, which finds out what has changed.

        Raises:
            RuntimeError: the command failed.
        """
        path = self._folder / CORPUS / RECORDS
        edited = json.loads((self._folder / "edited.json").read_text(encoding="utf-8"))
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        with path.open("w", encoding="utf-8") as file:
            file.writelines(
                json.dumps(edited, ensure_ascii=False) + "\n" if json.loads(line)["id"] == article else line
                for line in lines
            )
        settings = self._settings
        options = ["--vectors", str(settings.vectors), "--embedding-model", settings.embedding_model]
        status = run(["index", str(settings.corpus), *options])
        if status:
            raise RuntimeError(f"wenbao index ended with status {status}")


def lay_out(folder: Path, records: Path, edited: Path) -> None:
    """Puts the records, and the one that is to be edited, where `Wenbao` looks for them."""
    (folder / CORPUS).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(records, folder / CORPUS / RECORDS)
    shutil.copyfile(edited, folder / "edited.json")


make = Wenbao
