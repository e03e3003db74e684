"""What runs on the nodes: a process with the model that embeds the batches it is given.

Imported by Ray on the nodes, which need wenbao with its libraries, and nothing else of the machine that asks: the
prepared model is looked for in the node's own cache, and what is not there is sent through Ray's object store, once for
all workers of a node, and kept in that cache.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from rag import __version__
from rag.embedding.base import Vectors
from rag.embedding.model import Steps, made_once, models_folder
from rag.embedding.onnx import OnnxEmbedder
from rag.embedding.prepared import PreparedModel, read_prepared
from rag.errors import ModelDamaged, ModelError

PROBES = (
    "码头",
    "渡轮公司本周起把末班船推迟到晚上十点，票价不变。",
    "区里给三十二个小区的老楼装了电梯，每台补贴18.5万元，住户按楼层分摊其余部分。" * 6,
)
"""Texts of ours by whose vectors machines are compared."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The model that a worker must have."""

    folder: str
    """Name of its folder in a cache of prepared models."""
    fingerprint: str

    @classmethod
    def of(cls, model: PreparedModel) -> Wanted:
        return cls(model.folder.name, model.fingerprint)

    @property
    def places(self) -> tuple[Path, Path]:
        """Where it may lie on this machine: as it was prepared here, and as it was sent here."""
        source = self.folder.rpartition("-")[0] or self.folder
        return models_folder() / self.folder, models_folder() / f"received-{source}-{self.fingerprint[:16]}"


@dataclass(frozen=True, slots=True)
class Opened:
    """What a worker says once it can embed."""

    version: str
    """Of wenbao on its node."""
    pid: int
    """Of its process on its node."""
    probes: Vectors
    """(len(PROBES), dimension) the vectors that it makes of the probes."""


class Worker:
    """A model in a process of its own, somewhere.

    Args:
        wanted: the model to embed with.
        threads: texts that are embedded at a time.
    """

    def __init__(self, wanted: Wanted, threads: int) -> None:
        self._wanted = wanted
        self._threads = threads
        self._embedder: OnnxEmbedder | None = None

    def open(self) -> Opened | None:
        """Loads the model; None where this machine does not have it.

        Raises:
            ModelDamaged: a file of it is not what it was when it was prepared.
        """
        for place in self._wanted.places:
            model = read_prepared(place) if place.is_dir() else None
            if model is not None and model.fingerprint == self._wanted.fingerprint:
                self._embedder = OnnxEmbedder(model, self._threads)
                return Opened(__version__, os.getpid(), self._embedder.embed_passages(PROBES))
        return None

    def receive(self, files: Mapping[str, Any]) -> Opened | None:
        """Takes the model's files into this machine's cache, then as `open`.

        Args:
            files: by name, references to arrays of bytes in Ray's object store.

        Raises:
            ModelDamaged: what came is not what was sent.
            WriteError: the cache cannot be written.
        """
        ray: Any = import_module("ray")

        def fill(folder: Path) -> None:
            for name, reference in files.items():
                with (folder / name).open("wb") as file:
                    file.write(ray.get(reference))
            read_prepared(folder)

        made_once(self._wanted.places[1], fill, Steps("receiving the model", 1, None))
        return self.open()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n, d) the vectors of passages, in their order.

        Raises:
            ModelError: the model was not opened.
        """
        if self._embedder is None:
            raise ModelError("this worker has no model open")
        return self._embedder.embed_passages(texts)


def files_of(model: PreparedModel) -> list[Path]:
    """The files that make up a prepared model, in order.

    Raises:
        ModelDamaged: the folder is gone.
    """
    found = sorted(path for path in model.folder.iterdir() if path.is_file()) if model.folder.is_dir() else []
    if not found:
        raise ModelDamaged(f"the prepared model is gone: {model.folder}", hint="Run the command again.")
    return found
