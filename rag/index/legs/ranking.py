"""The best of many scores, the same way every time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def top_rows(
    scores: NDArray[np.float32], k: int, mask: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rows with the k best positive scores, best first, equal scores by row.

    Args:
        scores: (n,) a score a row.
        k: how many rows at most.
        mask: (n,) true for the rows that may be returned.
    """
    rows = np.flatnonzero(scores > 0 if mask is None else (scores > 0) & mask)
    found = scores[rows]
    if len(rows) > k > 0:
        # All that reach the k-th score stay, so that the cut among equals is by row and not by chance.
        border = np.partition(found, len(found) - k)[len(found) - k]
        rows, found = rows[found >= border], found[found >= border]
    order = np.lexsort((rows, -found))[: max(k, 0)]
    return rows[order].astype(np.int64), found[order]
