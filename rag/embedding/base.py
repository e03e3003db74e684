"""What the rest of wenbao asks of an embedding model.

Vectors are float32 of unit length, so a dot product is a cosine. Queries and passages are embedded by different methods
because many models, the bundled one among them, were trained with a different prompt before each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

BatchProgress = Callable[[int, int], None]
"""Called with the texts done and their total after every batch."""


@runtime_checkable
class Embedder(Protocol):
    """A model that turns texts into vectors. Safe to use from several threads."""

    @property
    def name(self) -> str:
        """The name it was opened by: `bundled`, a folder or a hub name."""

    @property
    def fingerprint(self) -> str:
        """Short hexadecimal digest of everything that decides the vectors; equal fingerprints mean equal vectors."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def embed_query(self, text: str) -> Vectors:
        """The vector of a question, shape (dimension,)."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The vectors of several short texts with the query prompt, shape (n, dimension), order kept."""

    def embed_passages(self, texts: Sequence[str], progress: BatchProgress | None = None) -> Vectors:
        """The vectors of passages, shape (n, dimension), order kept; (0, dimension) for none."""


@runtime_checkable
class SpreadingEmbedder(Embedder, Protocol):
    """A model on several machines, which works on several batches at a time."""

    @property
    def batch(self) -> int:
        """How many texts to put into a batch."""

    def start(self) -> None:
        """Gets ready beside whatever comes before the first batch; raises what would stand in its way."""

    def spread_passages(self, batches: Iterable[Sequence[str]]) -> Iterator[tuple[int, Vectors]]:
        """The vectors of each batch with its number, in the order in which they are done; batches are drawn late."""
