"""A keyword index made from the one before: postings of chunks that stayed are moved, not counted again.

After an edit nearly all chunks stay, in the same order. Their postings then keep their order as well, so each row's
number is replaced where it stands and the few new postings are put between, without turning the whole index over.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rag.index.legs.keyword_index import KeywordIndex, TermCounts

_MOST_NEW = 0.05
"""Share of new postings above which turning everything over is quicker."""


def carry_over(old: KeywordIndex, place: NDArray[np.int64], made: TermCounts) -> KeywordIndex:
    """The index of rows that were in another index, or are new.

    Args:
        old: the index before.
        place: (n,) for each row of the result its row in `old`, or -1 where it is new.
        made: the counts of the new rows, in the order of the result.

    Returns:
        What `KeywordIndex.build` makes of all counts together.
    """
    is_kept = place >= 0
    kept = place[is_kept]
    if len(made.ids) > _MOST_NEW * len(old.arrays[2]) or np.any(np.diff(kept) <= 0):
        return _turned_over(old, place, made)
    return _moved(old, np.flatnonzero(is_kept), kept, np.flatnonzero(~is_kept), made)


def _turned_over(old: KeywordIndex, place: NDArray[np.int64], made: TermCounts) -> KeywordIndex:
    rows = place.copy()
    rows[place < 0] = len(old) + np.arange(len(made))
    return KeywordIndex.build(TermCounts.joined([old.term_counts(), made]).take(rows))


def _moved(
    old: KeywordIndex,
    stayed: NDArray[np.int64],
    kept: NDArray[np.int64],
    added: NDArray[np.int64],
    made: TermCounts,
) -> KeywordIndex:
    """The result where the rows that stayed, `kept` in the old index and `stayed` in this one, are in one order."""
    vocabulary, offsets, rows, counts, old_lengths = old.arrays
    moved = np.full(len(old), -1, np.int32)
    moved[kept] = stayed
    rows = moved[rows]
    if len(kept) < len(old):
        gone = np.flatnonzero(rows < 0)
        # Few are gone, so their places are counted instead of a running sum over all postings: a quarter of the memory.
        rows, counts, offsets = np.delete(rows, gone), np.delete(counts, gone), offsets - np.searchsorted(gone, offsets)
    extra = KeywordIndex.build(made)
    lengths = np.zeros(len(stayed) + len(added), np.float32)
    lengths[stayed], lengths[added] = old_lengths[kept], extra.arrays[4]
    vocabulary, offsets, rows, counts = _merged((vocabulary, offsets, rows, counts), extra, added)
    used = np.diff(offsets) > 0
    return KeywordIndex(vocabulary[used], np.append(offsets[:-1][used], offsets[-1]), rows, counts, lengths)


_Postings = tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int32], NDArray[np.uint16]]


def _merged(postings: _Postings, extra: KeywordIndex, added: NDArray[np.int64]) -> _Postings:
    """Vocabulary, offsets, rows and counts with the postings of a few new rows put in where they belong."""
    vocabulary, offsets, rows, counts = postings
    new_vocabulary, new_offsets, new_rows, new_counts, _ = extra.arrays
    both = np.union1d(vocabulary, new_vocabulary)
    sizes = np.zeros(len(both), np.int64)
    sizes[np.searchsorted(both, vocabulary)] = np.diff(offsets)
    sizes[np.searchsorted(both, new_vocabulary)] += np.diff(new_offsets)
    numbers = added[new_rows].astype(np.int32)
    at = np.searchsorted(vocabulary, new_vocabulary)
    positions = np.empty(len(numbers), np.int64)
    for term, (start, end) in enumerate(zip(new_offsets[:-1].tolist(), new_offsets[1:].tolist(), strict=True)):
        place = int(at[term])
        first = int(offsets[place])
        known = place < len(vocabulary) and vocabulary[place] == new_vocabulary[term]
        last = int(offsets[place + 1]) if known else first
        positions[start:end] = first + np.searchsorted(rows[first:last], numbers[start:end])
    return (
        both,
        np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)]),
        np.insert(rows, positions, numbers),
        np.insert(counts, positions, new_counts),
    )
