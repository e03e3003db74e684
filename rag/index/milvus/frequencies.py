"""In how many chunks each term stands: the one thing about words that is kept on this disk, to weigh them by.

A collection holds the chunks of several generations; a term weighs what it weighs in one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rag.index.legs.arrays import map_array, save_array
from rag.index.legs.keyword_index import TermCounts, inverse_frequency
from rag.index.text.terms import hash_terms

FILES: Final = {"term_ids": np.uint64, "term_rows": np.int64}
"""The arrays on disk with their types."""


class Frequencies:
    """Numbers of rows by term.

    Args:
        terms: (t,) sorted digests of terms.
        rows: (t,) in how many rows each stands, at least one.
        size: how many rows there are.
    """

    def __init__(self, terms: NDArray[np.uint64], rows: NDArray[np.int64], size: int) -> None:
        self._terms = terms
        self._rows = rows
        self._size = size

    def __len__(self) -> int:
        return self._size

    @classmethod
    def none(cls) -> Frequencies:
        """Of no rows at all."""
        return cls(np.zeros(0, np.uint64), np.zeros(0, np.int64), 0)

    @classmethod
    def open(cls, folder: Path, size: int) -> Frequencies:
        """Maps the saved ones into memory.

        Raises:
            IndexDamaged: a file is missing or no array.
        """
        terms, rows = (map_array(folder / f"{name}.npy", dtype) for name, dtype in FILES.items())
        return cls(terms, rows, size)

    def save(self, folder: Path) -> None:
        """Writes the arrays into a generation's folder."""
        for name, array in zip(FILES, (self._terms, self._rows), strict=True):
            save_array(folder / f"{name}.npy", array)

    def with_rows(self, counts: TermCounts, times: NDArray[np.int64]) -> Frequencies:
        """The frequencies once some rows came or went.

        Args:
            counts: the terms of the rows.
            times: (rows,) how often each came; below zero where it went.
        """
        by_entry = np.repeat(times, np.diff(counts.offsets))
        changed = np.bincount(counts.ids, weights=by_entry, minlength=len(counts.vocabulary)).astype(np.int64)
        terms = np.union1d(self._terms, counts.vocabulary)
        rows = np.zeros(len(terms), np.int64)
        rows[np.searchsorted(terms, self._terms)] = self._rows
        rows[np.searchsorted(terms, counts.vocabulary)] += changed
        used = rows > 0
        return Frequencies(terms[used], rows[used], self._size + int(times.sum()))

    def document_frequency(self, terms: Sequence[str]) -> NDArray[np.int64]:
        """(len(terms),) in how many rows each term stands, in the order given."""
        hashes = hash_terms(terms)
        if not len(hashes) or not len(self._terms):
            return np.zeros(len(hashes), np.int64)
        at = np.minimum(np.searchsorted(self._terms, hashes), len(self._terms) - 1)
        return np.where(self._terms[at] == hashes, self._rows[at], 0)

    def idf(self, terms: Sequence[str]) -> NDArray[np.float32]:
        """(len(terms),) weight of each term; the highest for one that no row has."""
        return inverse_frequency(self._size, self.document_frequency(terms)).astype(np.float32)
