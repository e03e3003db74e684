"""BM25 as an inner product: what a chunk brings, and what a question brings.

The score is that of `rag.index.legs.keyword_index`, but for the average length of a chunk, which is that of the chunks
that the collection was made with: the weights of a chunk are written once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rag.index.legs.keyword_index import K1, B
from rag.index.milvus.collection import SparseVector

_NUMBERS = (1 << 32) - 1
"""Milvus numbers the terms of a sparse vector below this."""


def chunk_weights(hashes: NDArray[np.uint64], average: float) -> SparseVector:
    """What the terms of a chunk count in it.

    Args:
        hashes: digests of the terms, repetitions included.
        average: terms of a chunk.
    """
    numbers, counts = np.unique(hashes % _NUMBERS, return_counts=True)
    weights = counts / (counts + K1 * (1 - B + B * len(hashes) / average))
    return dict(zip(numbers.tolist(), weights.tolist(), strict=True))


def question_weights(hashes: NDArray[np.uint64], idf: NDArray[np.float32]) -> SparseVector:
    """What the terms of a question count, each once.

    Args:
        hashes: digests of the terms.
        idf: the weight of each, 0 for one that no chunk has.
    """
    weighed = zip((hashes % _NUMBERS).tolist(), idf.tolist(), strict=True)
    return {number: weight for number, weight in weighed if weight > 0}
