"""FAISS's index types on the vectors of an index: what each takes to build, hold and search, and what it misses."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from bench.common import latency
from rag.index.legs.vector_index import FILE, VectorIndex
from rag.index.storage.generation import Generation

NEAREST = 200
"""Rows that a search asks for, as the dense leg does."""
COUNTED = 10
"""Of which so many are held against the exact ones."""

Queries = NDArray[np.float32]

_TYPES: dict[str, tuple[str, tuple[str, ...], tuple[int, ...]]] = {
    "exact, float32": ("Flat", (), ()),
    "8 bits": ("SQ8", (), ()),
    "IVF {lists}, half precision": ("IVF{lists},SQfp16", ("nprobe",), (32, 128)),
    "HNSW 32, half precision": ("HNSW32,SQfp16", ("hnsw", "efSearch"), (256, 512, 1024)),
}
"""Name → FAISS's factory string, where its search setting is, and the values of that which are tried."""
_ROWS_A_LIST = 195


def compare_types(generation: Generation, queries: Queries) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a table; ours, half precision in full, comes first.

    Args:
        queries: (n, d) unit vectors.
    """
    vectors = generation.vectors.vectors(np.arange(len(generation), dtype=np.int64))
    exact = [set(_top(vectors @ query)) for query in queries]
    size = (generation.folder / FILE).stat().st_size
    rows = [["half precision, ours", *_searched(generation.vectors, exact, queries), f"{size / 1e6:.0f}", ""]]
    swig: Any = faiss
    lists = max(len(vectors) // _ROWS_A_LIST, 1)
    for name, (factory, setting, values) in _TYPES.items():
        began = time.perf_counter()
        index = swig.index_factory(vectors.shape[1], factory.format(lists=lists), swig.METRIC_INNER_PRODUCT)
        index.train(vectors)
        index.add(vectors)
        taken, size = time.perf_counter() - began, len(swig.serialize_index(index))
        for value in values or (0,):
            label = name.format(lists=lists)
            if setting:
                _set(index, setting, value)
                label += f", {setting[-1]} {value}"
            rows.append([label, *_searched(VectorIndex(index), exact, queries), f"{size / 1e6:.0f}", f"{taken:.0f}"])
    return ["index type", "recall@10", "ms p50 · p95", "MB", "s to build"], rows


def _searched(index: VectorIndex, exact: Sequence[set[int]], queries: Queries) -> list[str]:
    """Recall and latency of an index."""
    taken, found = [], []
    for query, wanted in zip(queries, exact, strict=True):
        began = time.perf_counter()
        rows, _ = index.search(query, NEAREST)
        taken.append(time.perf_counter() - began)
        found.append(len(wanted & set(rows[:COUNTED].tolist())) / len(wanted))
    return [f"{np.mean(found):.3f}", latency(taken)]


def _set(index: Any, setting: Sequence[str], value: int) -> None:
    *owners, name = setting
    for owner in owners:
        index = getattr(index, owner)
    setattr(index, name, value)


def _top(scores: NDArray[np.float32]) -> list[int]:
    found: list[int] = np.argpartition(-scores, COUNTED)[:COUNTED].tolist()
    return found
