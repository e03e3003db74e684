"""The small interface of what chunks are searched in, and masks that remember what they stand for.

Two implementations: FAISS and our own keyword index in a generation's folder (`legs/`), and Milvus (`milvus/`). Rows
are chunks, counted from 0 in corpus order, whatever the store calls them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.types import Filters

Found = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Rows and their scores, (m,) each, best first, equal scores by row."""


class DenseLeg(Protocol):
    """Nearest rows by inner product of unit vectors."""

    def __len__(self) -> int: ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def search(self, vector: NDArray[np.float32], k: int, mask: NDArray[np.bool_] | None = None) -> Found:
        """The k nearest rows among those that the mask lets through, and their cosines."""
        ...

    def cosines(self, vector: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(m,) inner products of a unit vector with the given rows."""
        ...

    def all_cosines(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) inner products with every row; a store that ranks only the nearest gives no number for the others."""
        ...

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(m, d) the vectors of the given rows, as stored."""
        ...

    def halves(self, rows: NDArray[np.int64]) -> NDArray[np.float16]:
        """(m, d) the same in half precision, which loses nothing."""
        ...


class LexicalQuery(Protocol):
    """A question's terms, put to a keyword index."""

    def best(self, k: int, mask: NDArray[np.bool_] | None = None) -> Found:
        """The k best rows among those that the mask lets through; rows without any of the terms are left out."""
        ...

    def scores_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(m,) scores of the given rows, 0 for one without any of the terms."""
        ...


class LexicalLeg(Protocol):
    """Best rows for a question's terms, by BM25."""

    def __len__(self) -> int: ...

    def asked(self, terms: Sequence[str]) -> LexicalQuery:
        """The terms, each counted once, ready to be looked for."""
        ...

    def search(self, terms: Sequence[str], k: int, mask: NDArray[np.bool_] | None = None) -> Found:
        """`asked(terms).best(k, mask)`."""
        ...

    def scores(self, terms: Sequence[str]) -> NDArray[np.float32]:
        """(n,) scores of every row; a store that ranks only the best gives the others 0."""
        ...

    def document_frequency(self, terms: Sequence[str]) -> NDArray[np.int64]:
        """(len(terms),) in how many rows each term stands."""
        ...

    def idf(self, terms: Sequence[str]) -> NDArray[np.float32]:
        """(len(terms),) weight of each term; the highest for one that no row has."""
        ...


@dataclass(frozen=True, slots=True)
class Restriction:
    """What a mask lets through, in words that another engine understands.

    It may let through more than the mask does, never less: what comes back is held against the mask again.
    """

    filters: Filters = field(default_factory=Filters)
    """Of the reader; their places are in `places`."""
    places: tuple[str, ...] | None = None
    """The places, as they are stored with the articles, that the filters let through; None where they name none."""
    printed: tuple[tuple[int, int, int], ...] = ()
    """Stretches of days, as `date.toordinal` counts: first day, last day, and the last day on which an article may have
    been printed that is still counted to it. An article must fit one of them; empty restricts nothing."""


class RowMask(np.ndarray[Any, np.dtype[np.bool_]]):
    """(n,) true for the rows that may be returned, with the restriction that it was made from.

    What is computed from a mask is another one, and remembers nothing.
    """

    restriction: Restriction | None = None

    @classmethod
    def of(cls, mask: NDArray[np.bool_], restriction: Restriction) -> RowMask:
        """The mask with its restriction; shares the memory of the one given."""
        made = np.asarray(mask, np.bool_).view(cls)
        made.restriction = restriction
        return made


def restriction_of(mask: NDArray[np.bool_] | None) -> Restriction | None:
    """What a mask was made from; None where it does not say."""
    return mask.restriction if isinstance(mask, RowMask) else None
