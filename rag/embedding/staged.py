"""An embedder that tells when it works: the stage `embed` of `rag.stages`."""

from __future__ import annotations

from collections.abc import Sequence

from rag.embedding.base import BatchProgress, Embedder, Vectors
from rag.stages import stage


class StagedEmbedder:
    """Another embedder, with every call a stage. As safe to use from several threads as that one.

    Args:
        embedder: the one that does the work.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    @property
    def name(self) -> str:
        return self._embedder.name

    @property
    def fingerprint(self) -> str:
        return self._embedder.fingerprint

    @property
    def dimension(self) -> int:
        return self._embedder.dimension

    def embed_query(self, text: str) -> Vectors:
        """The vector of a question, shape (dimension,)."""
        with stage("embed"):
            return self._embedder.embed_query(text)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The vectors of several short texts with the query prompt, shape (n, dimension), order kept."""
        with stage("embed"):
            return self._embedder.embed_queries(texts)

    def embed_passages(self, texts: Sequence[str], progress: BatchProgress | None = None) -> Vectors:
        """The vectors of passages, shape (n, dimension), order kept; (0, dimension) for none."""
        with stage("embed"):
            return self._embedder.embed_passages(texts, progress)
