"""An embedder that spreads passages over a Ray cluster: the same vectors, from more machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Self

import numpy as np

from rag.embedding.base import BatchProgress, Vectors
from rag.embedding.deferred import DeferredEmbedder
from rag.embedding.distributed.cluster import Cluster
from rag.embedding.distributed.pool import WorkerPool
from rag.embedding.prepared import PreparedModel
from rag.errors import ClusterError

BATCH = 128
"""Passages a worker is handed at a time: two seconds of a core, and some milliseconds of ours to hand over."""


class DistributedEmbedder:
    """Embeds passages on a Ray cluster, and questions here. For one thread; use it in a `with`.

    Nothing is connected to before there is something to embed. A passage's vector does not depend on what it is
    embedded with, so it is the same as from one process, bit for bit where processors and ONNX Runtime are the same.

    Args:
        model: the prepared model; nodes that do not have it are sent it.
        address: `auto`, `local`, `HOST:PORT` or `ray://HOST:PORT`.
        tell: told in a line of what goes wrong and is put right.
        batch: passages a worker is handed at a time.

    Raises:
        InputError: the address is none, or Ray is not installed.
    """

    def __init__(
        self, model: PreparedModel, address: str, tell: Callable[[str], None] | None = None, batch: int = BATCH
    ) -> None:
        self._model = model
        self.batch = batch
        self._cluster = Cluster(address)
        self._here = DeferredEmbedder(model)
        self._tell = tell or (lambda _: None)
        self.pool: WorkerPool | None = None
        """The workers, once there was something to embed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def fingerprint(self) -> str:
        return self._model.fingerprint

    @property
    def dimension(self) -> int:
        return self._model.dimension

    def start(self) -> None:
        """Joins the cluster and has the workers started, without waiting for them; a second call does nothing.

        Raises:
            ClusterError: there is no such cluster, or it has no processors.
        """
        if self.pool is not None:
            return
        self._cluster.join()
        pool = WorkerPool(self._cluster, self._model, self._here, self._tell)
        self.pool = pool
        pool.staff()

    def close(self) -> None:
        """Ends the workers and leaves the cluster. It may be used again."""
        if self.pool is not None:
            self.pool.close()
            self.pool = None
        self._cluster.leave()

    def spread_passages(self, batches: Iterable[Sequence[str]]) -> Iterator[tuple[int, Vectors]]:
        """The vectors of each batch, (n, d), with the batch's number, in the order in which they are done.

        Batches are drawn as workers get free, two for each at a time.

        Raises:
            ClusterError: the cluster cannot be reached, or none of its nodes can embed.
            ModelError: the model cannot be used, or a batch ends every worker that gets it.
        """
        remaining = iter(batches)
        first = next(remaining, None)
        if first is None:
            return
        self.start()
        assert self.pool is not None  # noqa: S101  # `start` says so
        try:
            yield from self.pool.run(chain([first], remaining))
        except ConnectionError as error:
            raise ClusterError(
                f"the connection to the Ray cluster at {self._cluster.address} was lost: {error}",
                hint="What was embedded is kept: run `wenbao index` again to go on.",
            ) from error

    def embed_query(self, text: str) -> Vectors:
        """The vector of a question, shape (dimension,), made here."""
        return self._here.embed_query(text)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The vectors of several short texts with the query prompt, shape (n, dimension), order kept, made here."""
        return self._here.embed_queries(texts)

    def embed_passages(self, texts: Sequence[str], progress: BatchProgress | None = None) -> Vectors:
        """The vectors of passages, shape (n, dimension), order kept; (0, dimension) for none."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        done = 0
        parts = (texts[start : start + self.batch] for start in range(0, len(texts), self.batch))
        for number, found in self.spread_passages(parts):
            vectors[number * self.batch :][: len(found)] = found
            done += len(found)
            if progress is not None:
                progress(done, len(texts))
        return vectors
