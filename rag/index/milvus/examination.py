"""Whether Milvus has what a generation says it has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.errors import IndexDamaged
from rag.index.milvus.collection import SparseVector
from rag.index.milvus.legs import MilvusWords, gone
from rag.index.milvus.weights import chunk_weights
from rag.index.storage.generation import Generation
from rag.types import Chunk

_ROUNDING = 1e-4
"""Milvus keeps weights as single precision."""


def examine_words(generation: Generation, words: MilvusWords, rows: NDArray[np.int64], chunks: Sequence[Chunk]) -> str:
    """The words of a sample of chunks are in Milvus what they are cut into today; the frequencies know them.

    Args:
        generation: one that opens.
        words: its keyword leg.
        rows: of the sample.
        chunks: of the sample.

    Raises:
        IndexDamaged: naming the chunk.
    """
    entities = words.rows.entities[rows].tolist()
    stored = words.collection.fetch(sorted(set(entities)), "words")
    missing = [entity for entity in entities if entity not in stored]
    if missing:
        raise gone(words.collection, len(missing), len(rows))
    average = float(generation.manifest.settings["average"])
    for entity, chunk in zip(entities, chunks, strict=True):
        cut = chunk_weights(generation.analyzer.term_hashes(chunk.indexed_text), average)
        if not _alike(stored[entity], cut):
            raise _wrong(generation, chunk, f"are not those that Milvus holds in {words.collection.name}")
        if cut and not words.document_frequency(generation.analyzer.terms(chunk.indexed_text)).all():
            raise _wrong(generation, chunk, "are not all among the frequencies")
    return f"{len(rows):,} passages cut again, each into the words that are in Milvus"


def _alike(stored: SparseVector, cut: SparseVector) -> bool:
    return stored.keys() == cut.keys() and all(abs(stored[term] - cut[term]) < _ROUNDING for term in cut)


def _wrong(generation: Generation, chunk: Chunk, what: str) -> IndexDamaged:
    return IndexDamaged(
        f"{generation.folder}: the words of passage {chunk.chunk_id} of article {chunk.article_id!r} {what}",
        hint="Go back to an earlier generation, `wenbao index --rollback`, or build from nothing: "
        "`wenbao index --anew`.",
    )
