"""The vectors of a new generation: kept where the content is known, made where it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.embedding.base import Embedder, SpreadingEmbedder
from rag.index.building.pace import Pace
from rag.index.storage.database import DatabaseWriter
from rag.index.storage.generation import Generation
from rag.index.storage.journal import Journal
from rag.types import Progress

_EMBEDDED_AT_ONCE = 128
"""Chunks between two lines of progress and two entries in the journal."""


class VectorStage:
    """Finds or makes a vector for every chunk.

    Args:
        embedder: makes what is not known.
        previous: the generation whose vectors may be kept; None where it is of another model.
        known: the chunk keys of the live generation, of whatever model, each with a row that has it.
        progress: told of every step.
    """

    def __init__(
        self,
        embedder: Embedder,
        previous: Generation | None,
        known: Mapping[str, int],
        progress: Callable[[Progress], None],
    ) -> None:
        self._embedder = embedder
        self._previous = previous
        self._known = known
        self._progress = progress
        self.salvaged: Mapping[str, NDArray[np.float32]] = {}
        """Vectors by chunk key, out of a generation that cannot be opened."""
        self.embedded = 0
        """Chunks that had to be embedded, once `make` or `count` has run."""
        self.removed = 0
        """Chunks of the live generation that are gone."""

    def count(self, database: DatabaseWriter) -> int:
        """How many chunks would have to be embedded, but for what an interrupted run left."""
        self.embedded = len(self._rows_to_make(database))
        return self.embedded

    def make(
        self, database: DatabaseWriter, journal: Journal, wanted: NDArray[np.int64] | None = None
    ) -> NDArray[np.float16]:
        """(n, d) the vectors of all chunks of the database, as the index keeps them.

        Args:
            wanted: (m,) the only rows whose vectors are asked for, rising; (m, d) come back then. Every chunk whose
                content is not known must be among them.
        """
        place = np.arange(len(database.keys))
        if wanted is not None:
            place = np.full(len(database.keys), -1)
            place[wanted] = np.arange(len(wanted))
        vectors = np.zeros((np.count_nonzero(place >= 0), self._embedder.dimension), np.float16)
        rows_of = self._rows_to_make(database)
        if self._previous is not None:
            kept = [
                (place[row], self._known[key])
                for row, key in enumerate(database.keys)
                if key in self._known and place[row] >= 0
            ]
            if kept:
                rows, old = np.asarray(kept, np.int64).T
                vectors[rows] = self._previous.vectors.halves(old)
        for key, vector in {**self.salvaged, **journal.read()}.items():
            if key in rows_of:
                vectors[_placed(place, rows_of.pop(key))] = vector
        self._embed(rows_of, database, journal, vectors, place)
        return vectors

    def _rows_to_make(self, database: DatabaseWriter) -> dict[str, list[int]]:
        """The chunk keys without a vector, each with all rows that have it."""
        rows_of: dict[str, list[int]] = {}
        for row, key in enumerate(database.keys):
            rows_of.setdefault(key, []).append(row)
        self.removed = sum(key not in rows_of for key in self._known)
        if self._previous is not None:
            rows_of = {key: rows for key, rows in rows_of.items() if key not in self._known}
        return rows_of

    def _embed(
        self,
        rows_of: dict[str, list[int]],
        database: DatabaseWriter,
        journal: Journal,
        vectors: NDArray[np.float16],
        place: NDArray[np.int64],
    ) -> None:
        """Makes the vectors of the keys given and puts them where their rows have their places."""
        self.embedded = len(rows_of)
        texts = dict(zip(rows_of, database.indexed_texts([rows[0] for rows in rows_of.values()]), strict=True))
        # Longest first: batches of one length waste nothing on padding, and what memory is needed shows at once.
        keys = sorted(rows_of, key=lambda key: -len(texts[key]))
        characters = sum(map(len, texts.values()))
        pace, done, read = Pace(self._progress, "embedding", len(keys), characters), 0, 0
        for batch, found in self._batches(keys, texts):
            journal.add(batch, found)
            for key, vector in zip(batch, found, strict=True):
                vectors[_placed(place, rows_of[key])] = vector
            done, read = done + len(batch), read + sum(len(texts[key]) for key in batch)
            pace.tell(done, read)

    def _batches(self, keys: list[str], texts: Mapping[str, str]) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
        """Keys and their vectors, some at a time, as they are done."""
        spreading = self._embedder if isinstance(self._embedder, SpreadingEmbedder) else None
        size = spreading.batch if spreading else _EMBEDDED_AT_ONCE
        batches = [keys[start : start + size] for start in range(0, len(keys), size)]
        texts_of = ([texts[key] for key in batch] for batch in batches)
        if spreading:
            for number, found in spreading.spread_passages(texts_of):
                yield batches[number], found
        else:
            for batch, content in zip(batches, texts_of, strict=True):
                yield batch, self._embedder.embed_passages(content)


def _placed(place: NDArray[np.int64], rows: Sequence[int]) -> NDArray[np.int64]:
    """The places of rows, those left out that nobody asks for."""
    found: NDArray[np.int64] = place[rows]
    return found[found >= 0]
