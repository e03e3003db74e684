"""A prepared model that is loaded when the first vector is asked for: what is known beforehand costs nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rag.embedding.base import BatchProgress, Vectors
from rag.embedding.prepared import PreparedModel

if TYPE_CHECKING:
    from rag.embedding.onnx import OnnxEmbedder


class DeferredEmbedder:
    """An embedder whose model is loaded late. Safe to use from several threads.

    Args:
        model: the prepared model.
    """

    def __init__(self, model: PreparedModel) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._loaded: OnnxEmbedder | None = None

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def fingerprint(self) -> str:
        return self._model.fingerprint

    @property
    def dimension(self) -> int:
        return self._model.dimension

    def load(self) -> OnnxEmbedder:
        """The loaded model; the first call takes about a second, mostly outside Python's lock.

        Raises:
            ModelDamaged: a file of the model cannot be read.
        """
        with self._lock:
            if self._loaded is None:
                from rag.embedding.onnx import OnnxEmbedder

                self._loaded = OnnxEmbedder(self._model)
            return self._loaded

    def embed_query(self, text: str) -> Vectors:
        """The vector of a question, shape (dimension,)."""
        return self.load().embed_query(text)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The vectors of several short texts with the query prompt, shape (n, dimension), order kept."""
        return self.load().embed_queries(texts)

    def embed_passages(self, texts: Sequence[str], progress: BatchProgress | None = None) -> Vectors:
        """The vectors of passages, shape (n, dimension), order kept; (0, dimension) for none."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return self.load().embed_passages(texts, progress)
