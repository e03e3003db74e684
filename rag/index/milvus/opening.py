"""A generation's legs, where its chunks are in Milvus."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from rag.errors import IndexDamaged
from rag.index.milvus.entities import EntityMap
from rag.index.milvus.frequencies import Frequencies
from rag.index.milvus.legs import MilvusVectors, MilvusWords
from rag.index.milvus.runs import Placement
from rag.index.storage.manifest import Manifest

FRESH_S = 60.0
"""How long after it was published a generation may meet a node of Milvus that has not heard of all its passages."""


def open_legs(folder: Path, manifest: Manifest) -> tuple[MilvusVectors, MilvusWords]:
    """Both ways of searching, once Milvus is there and has the collection.

    Raises:
        StoreUnavailable: no Milvus answers at the address.
        IndexDamaged: a file is damaged, or Milvus does not have the collection any more.
        StoreError: the client is not installed.
    """
    placement = Placement.of(manifest)
    if placement is None:
        raise IndexDamaged(f"{folder} names no store", hint="Build it anew: `wenbao index`.")
    rows = EntityMap.open(folder)
    collection = placement.open(datetime.fromisoformat(manifest.created).timestamp() + FRESH_S)
    if not collection.exists():
        raise IndexDamaged(
            f"Milvus at {placement.store} has no collection {placement.collection}, which holds the passages of "
            f"{manifest.generation}",
            hint="If it is the right Milvus, build from nothing: `wenbao index --anew`.",
        )
    frequencies = Frequencies.open(folder, len(rows))
    return (
        MilvusVectors(collection, rows, manifest.dimension),
        MilvusWords(collection, rows, frequencies),
    )
