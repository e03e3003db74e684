"""The keyword index: BM25 over hashed terms, memory-mapped, queried with numpy alone.

Row *i* is chunk *i*. On disk lie the counts by term (`rows` and `counts` between `offsets`, in the order of the sorted
64-bit term hashes) and the length of every row; scores are made from them at query time, so adding a chunk, which
changes every average, rewrites no count, and the next generation takes the counts of unchanged chunks from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rag.errors import IndexDamaged
from rag.index.legs.arrays import map_array, save_array
from rag.index.legs.ranking import top_rows
from rag.index.text.terms import hash_terms

K1: Final = 0.6
"""Lower than the usual 1.2: chunks are short, and a question's word says little more the second time. Measured."""
B: Final = 0.75
FILES: Final = {
    "vocabulary": np.uint64,
    "offsets": np.int64,
    "rows": np.int32,
    "counts": np.uint16,
    "lengths": np.float32,
}
"""The arrays on disk with their types."""
_TAKEN_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class TermCounts:
    """How often each term stands in each row, row by row."""

    offsets: NDArray[np.int64]
    """(n + 1,): row *i* owns the entries from `offsets[i]` to `offsets[i + 1]`."""
    ids: NDArray[np.int32]
    """(entries,): positions in `vocabulary`, none twice in a row."""
    counts: NDArray[np.uint16]
    """(entries,): at least 1; 65,535 stands for more."""
    vocabulary: NDArray[np.uint64]
    """Sorted term hashes, each once; may hold some that no row uses."""

    @classmethod
    def of_texts(cls, texts: Sequence[Sequence[str]]) -> TermCounts:
        """Counts the terms of each text; a row each, in order."""
        return cls.of_hashes([hash_terms(found) for found in texts])

    @classmethod
    def of_hashes(cls, texts: Sequence[NDArray[np.uint64]]) -> TermCounts:
        """Counts the terms of each text, given by their digests, repetitions included; a row each, in order."""
        rows = [np.unique(hashes, return_counts=True) for hashes in texts]
        sizes = np.fromiter((len(hashes) for hashes, _ in rows), np.int64, len(rows))
        hashes = np.concatenate([hashes for hashes, _ in rows]) if rows else np.zeros(0, np.uint64)
        counts = np.concatenate([counts for _, counts in rows]) if rows else np.zeros(0, np.int64)
        vocabulary, ids = np.unique(hashes, return_inverse=True)
        return cls(_offsets(sizes), ids.astype(np.int32), np.minimum(counts, 65_535).astype(np.uint16), vocabulary)

    @classmethod
    def joined(cls, parts: Sequence[TermCounts]) -> TermCounts:
        """The rows of all parts, one part after the other, over one vocabulary."""
        if not parts:
            return cls.of_hashes([])
        vocabulary = np.unique(np.concatenate([part.vocabulary for part in parts]))
        ends = np.cumsum([part.offsets[-1] for part in parts])
        return cls(
            np.concatenate(
                [np.zeros(1, np.int64)]
                + [part.offsets[1:] + end - part.offsets[-1] for part, end in zip(parts, ends, strict=True)]
            ),
            np.concatenate([np.searchsorted(vocabulary, part.vocabulary).astype(np.int32)[part.ids] for part in parts]),
            np.concatenate([part.counts for part in parts]),
            vocabulary,
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, rows: NDArray[np.int64]) -> TermCounts:
        """The given rows, in the given order, repetitions included."""
        sizes = np.diff(self.offsets)[rows]
        offsets = _offsets(sizes)
        ids, counts = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.uint16)
        # A few rows at a time: where every entry comes from would take four times the memory of the entries.
        for start in range(0, len(rows), _TAKEN_AT_ONCE):
            part = slice(start, start + _TAKEN_AT_ONCE)
            ends = _offsets(sizes[part])
            entries = np.arange(ends[-1]) + np.repeat(self.offsets[rows[part]] - ends[:-1], sizes[part])
            place = slice(offsets[start], offsets[start] + ends[-1])
            ids[place], counts[place] = self.ids[entries], self.counts[entries]
        return TermCounts(offsets, ids, counts, self.vocabulary)


class KeywordIndex:
    """Best rows for a question's terms, by BM25.

    Args:
        vocabulary: (terms,) sorted hashes.
        offsets: (terms + 1,) where each term's postings begin.
        rows: (postings,) int32, rising within a term.
        counts: (postings,) uint16.
        lengths: (n,) float32, terms per row, repetitions counted.
    """

    def __init__(
        self,
        vocabulary: NDArray[np.uint64],
        offsets: NDArray[np.int64],
        rows: NDArray[np.int32],
        counts: NDArray[np.uint16],
        lengths: NDArray[np.float32],
    ) -> None:
        self._vocabulary, self._offsets, self._rows, self._counts, self._lengths = (
            vocabulary, offsets, rows, counts, lengths,
        )  # fmt: skip
        average = float(lengths.mean()) if len(lengths) else 0.0
        self._norms: NDArray[np.float32] = (K1 * (1 - B + B * np.asarray(lengths) / (average or 1.0))).astype(
            np.float32
        )

    def __len__(self) -> int:
        return len(self._lengths)

    @classmethod
    def build(cls, counts: TermCounts) -> KeywordIndex:
        """Turns counts by row into postings by term; terms that no row uses are dropped."""
        from scipy.sparse import csr_array  # only building needs it, and importing it takes 0.2 s

        shape = (len(counts), len(counts.vocabulary))
        columns = csr_array((counts.counts, counts.ids, counts.offsets), shape=shape).tocsc()
        columns.sort_indices()
        sizes = np.diff(columns.indptr)
        used = sizes > 0
        return cls(
            counts.vocabulary[used],
            _offsets(sizes[used]),
            columns.indices.astype(np.int32, copy=False),
            columns.data.astype(np.uint16, copy=False),
            np.add.reduceat(np.append(counts.counts, 0), counts.offsets[:-1], dtype=np.float32)
            * (np.diff(counts.offsets) > 0),
        )

    def term_counts(self) -> TermCounts:
        """The counts by row again, for the next generation."""
        from scipy.sparse import csc_array

        shape = (len(self), len(self._vocabulary))
        by_row = csc_array((self._counts, self._rows, self._offsets), shape=shape).tocsr()
        return TermCounts(
            by_row.indptr.astype(np.int64),
            by_row.indices.astype(np.int32, copy=False),
            by_row.data.astype(np.uint16, copy=False),
            np.asarray(self._vocabulary),
        )

    @property
    def arrays(
        self,
    ) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int32], NDArray[np.uint16], NDArray[np.float32]]:
        """Vocabulary, offsets, rows, counts and lengths, as the constructor takes them; to be read only."""
        return self._vocabulary, self._offsets, self._rows, self._counts, self._lengths

    def save(self, folder: Path) -> None:
        """Writes the arrays into `folder`, a `.npy` file each."""
        arrays: tuple[NDArray[Any], ...] = self.arrays
        for name, array in zip(FILES, arrays, strict=True):
            save_array(folder / f"{name}.npy", array)

    @classmethod
    def open(cls, folder: Path) -> KeywordIndex:
        """Maps the arrays of a saved index into memory.

        Raises:
            IndexDamaged: a file is missing, is no array, or does not fit the others.
        """
        vocabulary, offsets, rows, counts, lengths = (
            map_array(folder / f"{name}.npy", dtype) for name, dtype in FILES.items()
        )
        if len(offsets) != len(vocabulary) + 1 or len(rows) != len(counts) or int(offsets[-1]) != len(rows):
            raise IndexDamaged(f"the keyword index in {folder} does not fit together", hint=_REBUILD)
        return cls(vocabulary, offsets, rows, counts, lengths)

    def search(
        self, terms: Sequence[str], k: int, mask: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The best rows and their scores, best first, equal scores by row.

        Args:
            terms: of the question; each counts once.
            k: how many rows at most.
            mask: (n,) true for the rows that may be returned.

        Returns:
            Rows (m,) int64 and scores (m,) float32, m ≤ k: rows that share no term with the question are left out.
        """
        return self.asked(terms).best(k, mask)

    def asked(self, terms: Sequence[str]) -> KeywordQuery:
        """The terms with the scores of all rows, to be looked at more than once."""
        return KeywordQuery(self.scores(terms))

    def scores(self, terms: Sequence[str]) -> NDArray[np.float32]:
        """(n,) BM25 score of every row, 0 for a row without any of the terms; never negative."""
        total = np.zeros(len(self), np.float32)
        positions = self._positions(terms)
        starts, ends = self._offsets[positions], self._offsets[positions + 1]
        weights = inverse_frequency(len(self), ends - starts).astype(np.float32)
        for start, end, weight in zip(starts.tolist(), ends.tolist(), weights, strict=True):
            rows, counts = self._rows[start:end], self._counts[start:end].astype(np.float32)
            below = self._norms.take(rows)
            below += counts
            counts *= weight
            counts /= below
            np.add.at(total, rows, counts)  # in place throughout: a third less time than the formula as it reads
        return total

    def document_frequency(self, terms: Sequence[str]) -> NDArray[np.int64]:
        """(len(terms),) in how many rows each term stands, in the order given; 0 for an unknown one."""
        hashes = hash_terms(terms)
        if not len(hashes) or not len(self._vocabulary):
            return np.zeros(len(hashes), np.int64)
        at = np.minimum(np.searchsorted(self._vocabulary, hashes), len(self._vocabulary) - 1)
        sizes = self._offsets[at + 1] - self._offsets[at]
        return np.where(self._vocabulary[at] == hashes, sizes, 0)

    def idf(self, terms: Sequence[str]) -> NDArray[np.float32]:
        """(len(terms),) weight of each term, in the order given; the highest for one that no row has."""
        return inverse_frequency(len(self), self.document_frequency(terms)).astype(np.float32)

    def _positions(self, terms: Sequence[str]) -> NDArray[np.int64]:
        """Where the known ones among the terms stand in the vocabulary."""
        wanted = np.unique(hash_terms(terms))
        if not len(wanted) or not len(self._vocabulary):
            return np.zeros(0, np.int64)
        at = np.searchsorted(self._vocabulary, wanted)
        at[at == len(self._vocabulary)] = 0
        known: NDArray[np.int64] = at[self._vocabulary[at] == wanted]
        return known


class KeywordQuery:
    """What every row scores for a question's terms.

    Args:
        scores: (n,) of every row.
    """

    def __init__(self, scores: NDArray[np.float32]) -> None:
        self._scores = scores

    def best(self, k: int, mask: NDArray[np.bool_] | None = None) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """As `KeywordIndex.search`."""
        return top_rows(self._scores, k, mask)

    def scores_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(m,) scores of the given rows."""
        return self._scores[rows]


def inverse_frequency(rows: int, with_term: NDArray[np.int64]) -> NDArray[np.float64]:
    """Lucene's idf, ln(1 + (N - n + 0.5) / (n + 0.5)): never negative.

    The score of a row is the sum over the question's terms of idf x tf / (tf + k1 (1 - b + b x length / average)),
    the "Lucene (accurate)" variant of Kamphuis et al., Which BM25 Do You Mean?, ECIR 2020.
    """
    found: NDArray[np.float64] = np.log(1 + (rows - with_term + 0.5) / (with_term + 0.5))
    return found


_REBUILD = "Build it anew: `wenbao index`."


def _offsets(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])
