"""The vector index: FAISS, exact over half-precision vectors, memory-mapped.

Row *i* is chunk *i*. Half precision halves the memory and more than halves the time of a query; rounding a vector
that was rounded before changes nothing, so vectors carried from generation to generation stay as they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from rag.errors import IndexDamaged

FILE = "index.faiss"
_ROWS_AT_ONCE = 8192
"""Vectors that are held in full precision while an index is built: 13 MB of the bundled model's."""


class VectorIndex:
    """Nearest rows by inner product of unit vectors.

    Args:
        index: a FAISS index whose row *i* is chunk *i*.
    """

    def __init__(self, index: Any) -> None:
        self._index = index

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    @classmethod
    def build(cls, vectors: NDArray[np.floating]) -> VectorIndex:
        """Indexes (n, d) unit vectors, of half precision or more; n may be 0."""
        index = faiss.IndexScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        index.is_trained = True  # half precision learns nothing from the data, which may be empty
        for start in range(0, len(vectors), _ROWS_AT_ONCE):
            index.add(np.ascontiguousarray(vectors[start : start + _ROWS_AT_ONCE], np.float32))
        return cls(index)

    def save(self, folder: Path) -> None:
        """Writes `index.faiss` into `folder`."""
        swig: Any = faiss
        # Through Python's own file, whose errors name the cause (disk full, no permission).
        with (folder / FILE).open("wb") as file:
            swig.write_index(self._index, swig.PyCallbackIOWriter(file.write))

    @classmethod
    def open(cls, folder: Path) -> VectorIndex:
        """Maps a saved index into memory.

        Raises:
            IndexDamaged: the file is missing or is no index.
        """
        path = folder / FILE
        try:
            return cls(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC))
        except (RuntimeError, MemoryError) as error:
            raise IndexDamaged(
                f"{path} is missing or damaged: FAISS cannot read it", hint="Build it anew: `wenbao index`."
            ) from error

    def search(
        self, vector: NDArray[np.float32], k: int, mask: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The nearest rows and their inner products, best first, equal ones by row.

        Args:
            vector: (d,) unit length.
            k: how many rows at most.
            mask: (n,) true for the rows that may be returned.

        Returns:
            Rows (m,) int64 and cosines (m,) float32, m ≤ k where fewer rows may be returned.
        """
        allowed = len(self) if mask is None else int(np.count_nonzero(mask))
        wanted = min(k, allowed)
        if wanted <= 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        # FAISS's wrappers take arrays and keywords that its own type hints do not know.
        swig: Any = faiss
        parameters = None
        if mask is not None:
            parameters = swig.SearchParameters(sel=swig.IDSelectorBitmap(np.packbits(mask, bitorder="little")))
        # One query runs on one core whatever is set, and waking the others for it costs milliseconds on a busy machine.
        # The setting is a thread's own, so it is made where the search is.
        faiss.omp_set_num_threads(1)
        scores, rows = self._index.search(np.asarray(vector, np.float32)[None, :], wanted, params=parameters)
        order = np.lexsort((rows[0], -scores[0]))
        return rows[0][order], scores[0][order]

    def cosines(self, vector: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(m,) inner products of a unit vector with the given rows."""
        found: NDArray[np.float32] = self.vectors(rows) @ np.asarray(vector, np.float32)
        return found

    def all_cosines(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) inner products with every row, a block at a time: all vectors unpacked might not fit."""
        found = np.empty(len(self), np.float32)
        for start in range(0, len(found), _ROWS_AT_ONCE):
            rows = np.arange(start, min(start + _ROWS_AT_ONCE, len(found)), dtype=np.int64)
            found[start : start + len(rows)] = self.cosines(vector, rows)
        return found

    def halves(self, rows: NDArray[np.int64]) -> NDArray[np.float16]:
        """(m, d) the vectors of the given rows in half precision: the same, in half the memory."""
        found = np.empty((len(rows), self.dimension), np.float16)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            found[start : start + _ROWS_AT_ONCE] = self.vectors(rows[start : start + _ROWS_AT_ONCE])
        return found

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(m, d) the vectors of the given rows, as stored."""
        if not len(rows):
            return np.zeros((0, self.dimension), np.float32)
        found: NDArray[np.float32] = self._index.reconstruct_batch(np.ascontiguousarray(rows, np.int64))
        return found
