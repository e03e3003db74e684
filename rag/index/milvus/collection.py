"""A collection of chunks in Milvus: its fields and indexes, and the few things that are done with it.

The words of a chunk are a sparse vector: for each term what BM25 makes of its count and the length of the chunk. A
question brings the weight of each of its terms, and their inner product is the BM25 score. So both are cut by one
cutter wherever chunks live, and a term weighs what it weighs in the generation that is asked, whatever else the
collection holds. docs/scale.md has the figures against the BM25 function that Milvus has.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rag.errors import StoreError
from rag.index.milvus import connection
from rag.index.milvus.connection import Connection, NotLoaded
from rag.index.milvus.expressions import LONGEST_TEXT, among

LAYOUT: Final = "1"
"""Of the fields and indexes; what has another one is built anew."""
LINKS: Final = 32
"""Neighbours of a vector in the HNSW graph (M)."""
BUILD_WIDTH: Final = 200
"""Candidates looked at while the graph is built (efConstruction)."""
WIDTH: Final = 400
"""Candidates looked at in a search (ef), at least."""
MOST_HITS: Final = 16_384
"""Milvus returns no more."""
_AT_ONCE: Final = 1_000
"""Entities sent or fetched in one call: 2 MB of the bundled model's vectors."""

Entity = dict[str, Any]
SparseVector = dict[int, float]
"""Term → weight, the terms as 32 bits of their digests: of a million terms, some two hundred share a number."""


class ChunkCollection:
    """One physical collection, which need not exist yet.

    Args:
        held_by: the Milvus that holds it.
        name: of the collection.
        fresh_until: until when, in seconds since the epoch, a search waits for all that was written: a server of
            several nodes is else some seconds behind.
    """

    def __init__(self, held_by: Connection, name: str, fresh_until: float = 0.0) -> None:
        self.connection = held_by
        self.name = name
        self._fresh_until = fresh_until

    def exists(self, patience: float | None = None) -> bool:
        """True when Milvus holds it."""
        return bool(self.connection.call("has_collection", self.name, patience=patience))

    def create(self, dimension: int) -> None:
        """Makes the collection, its indexes and loads it."""
        from pymilvus import DataType, MilvusClient

        schema = MilvusClient.create_schema(enable_dynamic_field=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
        schema.add_field("words", DataType.SPARSE_FLOAT_VECTOR)
        for field in ("article_id", "source", "place"):
            schema.add_field(field, DataType.VARCHAR, max_length=LONGEST_TEXT)
        for field in ("first_day", "last_day", "run"):
            schema.add_field(field, DataType.INT64)
        indexes = MilvusClient.prepare_index_params()
        graph = {"M": LINKS, "efConstruction": BUILD_WIDTH}
        indexes.add_index("vector", index_type="HNSW", metric_type="IP", params=graph)
        indexes.add_index("words", index_type="SPARSE_INVERTED_INDEX", metric_type="IP", params={})
        for field in ("article_id", "source", "place", "first_day", "last_day", "run"):
            indexes.add_index(field, index_type="INVERTED")
        self.connection.call("create_collection", self.name, schema=schema, patience=connection.WRITE_S)
        # Empty, it is indexed at once, but waiting for it would take half a second for each of the fields.
        self.connection.call("create_index", self.name, index_params=indexes, sync=False, patience=connection.WRITE_S)
        self.load()

    def load(self) -> None:
        """Has Milvus get it ready for searching; nothing where it is."""
        self.connection.call("load_collection", self.name, patience=connection.WRITE_S)

    def drop(self) -> None:
        """Removes the collection, if it is there."""
        self.connection.call("drop_collection", self.name, patience=connection.WRITE_S)

    def put(self, entities: Sequence[Entity]) -> None:
        """Writes entities. To do it twice changes nothing, so a call that was cut off is simply made again."""
        for start in range(0, len(entities), _AT_ONCE):
            part = list(entities[start : start + _AT_ONCE])
            told = self._call("upsert", data=part, patience=connection.WRITE_S)
            if told["upsert_count"] != len(part):
                raise StoreError(
                    f"Milvus at {self.connection.address} took {told['upsert_count']:,} of {len(part):,} chunks",
                    hint="Run `wenbao index` again; what was there before answers meanwhile.",
                )

    def remove(self, entities: Sequence[int]) -> None:
        """Deletes entities; those that are not there are no error."""
        for start in range(0, len(entities), _AT_ONCE):
            self._call("delete", filter=among(entities[start : start + _AT_ONCE]), patience=connection.WRITE_S)

    def remove_run(self, run: int) -> None:
        """Deletes what one run of `wenbao index` has written."""
        self._call("delete", filter=f"run == {run}", patience=connection.WRITE_S)

    def settle(self) -> None:
        """Has Milvus put what was written into its segments and index it."""
        self._call("flush", patience=connection.WRITE_S)

    def count(self, expression: str = "") -> int:
        """How many entities there are, with all that was written counted."""
        [found] = self._call("query", filter=expression, output_fields=["count(*)"], consistency_level="Strong")
        return int(found["count(*)"])

    def nearest(self, vector: NDArray[np.float32], limit: int, expression: str = "") -> Iterator[tuple[int, float]]:
        """Entities and inner products, best first."""
        parameters = {"metric_type": "IP", "params": {"ef": max(WIDTH, limit)}}
        return self._hits("vector", np.asarray(vector, np.float32).tolist(), limit, expression, parameters)

    def best(self, words: SparseVector, limit: int, expression: str = "") -> Iterator[tuple[int, float]]:
        """Entities and BM25 scores, best first, those without any of the words left out."""
        if not words:
            return iter(())
        parameters = {"metric_type": "IP", "params": {}}
        hits = self._hits("words", words, limit, expression, parameters)
        return ((entity, score) for entity, score in hits if score > 0)

    def fetch(self, entities: Sequence[int], field: str) -> dict[int, Any]:
        """One field of some entities, by entity; those that are not there are left out."""
        found: dict[int, Any] = {}
        for start in range(0, len(entities), _AT_ONCE):
            part = list(entities[start : start + _AT_ONCE])
            wanted = ["id", field]
            rows = self._call("query", filter=among(part), output_fields=wanted, limit=len(part), **self._level)
            found.update((row["id"], row[field]) for row in rows)
        return found

    def _call(self, method: str, **options: Any) -> Any:
        """A call on the collection, which is loaded where it is not."""
        try:
            return self.connection.call(method, self.name, **options)
        except NotLoaded:
            self.load()
            return self.connection.call(method, self.name, **options)

    @property
    def _level(self) -> dict[str, str]:
        return {"consistency_level": "Strong"} if time.time() < self._fresh_until else {}

    def _hits(
        self, field: str, asked: Any, limit: int, expression: str, parameters: dict[str, Any]
    ) -> Iterator[tuple[int, float]]:
        [hits] = self._call(
            "search",
            data=[asked],
            anns_field=field,
            filter=expression,
            limit=min(limit, MOST_HITS),
            output_fields=["id"],
            search_params=parameters,
            **self._level,
        )
        return ((int(hit["id"]), float(hit["distance"])) for hit in hits)
