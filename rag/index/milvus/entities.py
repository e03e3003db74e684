"""What a chunk is called in Milvus, and which rows of a generation it stands for.

An entity is one chunk of one article: its vector, its terms, and the facts that filters ask for. Its number is a digest
of all of that, so an entity never changes: a chunk whose article gets another date is another entity. A number that no
generation on this disk lists is nobody's, whatever the collection holds; that is what hides a half-finished run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rag.index.legs.arrays import map_array, save_array
from rag.index.storage.listing import days_of

FILES: Final = {"entities": np.int64, "entity_bases": np.int64, "entity_order": np.int64}
"""The arrays on disk with their types."""

_LAST_DAY = 3_652_059
_BYTES = 8
_MASK = (1 << 63) - 1
"""Milvus counts in signed numbers. Among 10⁸ chunks, two share a number with a chance of one in two thousand; the one
that came later would then be found by the words of the other."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a chunk beside its words."""

    key: str
    article_id: str
    source: str
    place: str
    """JSON, as it is stored with the article."""
    date: str | None

    @property
    def base(self) -> int:
        """Digest of the facts; the words are in the key, but for how they were cut."""
        return _digest(self.key, self.article_id, self.source, self.place, self.date or "")

    @property
    def days(self) -> tuple[int, int]:
        """First and last day of the date, (0, 0) without one; one that is no date might be any day."""
        return days_of(self.date) if not self.date or days_of(self.date)[0] else (1, _LAST_DAY)


def entity_of(base: int, dictionary: str) -> int:
    """The number of an entity whose words were cut with a user dictionary of this digest."""
    return _digest(str(base), dictionary)


def _digest(*parts: str) -> int:
    text = "\0".join(parts).encode(errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=_BYTES).digest(), "little") & _MASK


class EntityMap:
    """Rows of one generation and their entities. Equal chunks of one article share an entity.

    Args:
        entities: (n,) number of every row's entity.
        bases: (n,) the digest of the facts that it was made from.
        order: (n,) the rows by the numbers of their entities.
    """

    def __init__(self, entities: NDArray[np.int64], bases: NDArray[np.int64], order: NDArray[np.int64]) -> None:
        self.entities = entities
        self.bases = bases
        self._order = order

    def __len__(self) -> int:
        return len(self.entities)

    @classmethod
    def of(cls, entities: Iterable[int], bases: NDArray[np.int64]) -> EntityMap:
        """A new map."""
        numbers = np.fromiter(entities, np.int64, len(bases))
        return cls(numbers, bases, np.argsort(numbers, kind="stable"))

    @classmethod
    def open(cls, folder: Path) -> EntityMap:
        """Maps a saved one into memory.

        Raises:
            IndexDamaged: a file is missing or no array.
        """
        return cls(*(map_array(folder / f"{name}.npy", dtype) for name, dtype in FILES.items()))

    def save(self, folder: Path) -> None:
        """Writes the arrays into a generation's folder."""
        for name, array in zip(FILES, (self.entities, self.bases, self._order), strict=True):
            save_array(folder / f"{name}.npy", array)

    def rows_of(self, entities: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All rows of some entities, and for each row the place of its entity among those given.

        Those that are not of this generation have no row.
        """
        first = np.searchsorted(self.entities, entities, "left", sorter=self._order)
        last = np.searchsorted(self.entities, entities, "right", sorter=self._order)
        sizes = last - first
        places = np.repeat(np.arange(len(entities)), sizes)
        within = np.arange(len(places)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return np.asarray(self._order[first[places] + within], np.int64), places

    def by_base(self) -> dict[int, int]:
        """Every base with an entity that has it."""
        return dict(zip(self.bases.tolist(), self.entities.tolist(), strict=True))
