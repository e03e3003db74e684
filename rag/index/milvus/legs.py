"""The two ways of searching, asked of Milvus: what it finds is turned into rows of one generation, and nothing else.

The collection holds chunks of several generations, and of a run that is under way. Hits that this generation does not
list are passed over, and more are asked for where too few are left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.errors import IndexDamaged
from rag.index.legs.base import Found
from rag.index.milvus.collection import MOST_HITS, ChunkCollection
from rag.index.milvus.entities import EntityMap
from rag.index.milvus.expressions import among, expression_of
from rag.index.milvus.frequencies import Frequencies
from rag.index.milvus.weights import question_weights
from rag.index.text.terms import hash_terms

SPARE = 16
"""Hits that are asked for beyond those wanted, for what is of other generations."""
_MORE = 4
"""How many times as many are asked for where too few were left."""
_LISTED_AT_ONCE = 1_000

Ask = Callable[[int, str], Iterator[tuple[int, float]]]
"""How many are wanted, and among which → entities and scores, best first."""


class MilvusVectors:
    """Nearest rows of one generation; its vectors are in half precision, as those of the local index.

    Args:
        collection: that holds the vectors.
        rows: which entities are of the generation.
        dimension: length of a vector.
    """

    def __init__(self, collection: ChunkCollection, rows: EntityMap, dimension: int) -> None:
        self.collection = collection
        self.rows = rows
        self._dimension = dimension

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    def search(self, vector: NDArray[np.float32], k: int, mask: NDArray[np.bool_] | None = None) -> Found:
        """As `DenseLeg.search`; near the border of what is found, a few may be missing."""
        return _searched(self._ask(vector), self.rows, k, mask)

    def cosines(self, vector: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(m,) inner products of a unit vector with the given rows, made by Milvus but for what it leaves out."""
        found = _scores_of(self._ask(vector), self.rows, rows)
        missing = np.flatnonzero(np.isnan(found))
        found[missing] = self.vectors(rows[missing]) @ np.asarray(vector, np.float32)
        return found

    def all_cosines(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) inner products; no number (nan) for rows that are not among the nearest that Milvus ranks."""
        found = np.full(len(self), np.nan, np.float32)
        rows, scores = self.search(vector, MOST_HITS)
        found[rows] = scores
        return found

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(m, d) the vectors of the given rows, as stored.

        Raises:
            IndexDamaged: Milvus does not have one of them.
        """
        entities = self.rows.entities[rows]
        found = self.collection.fetch(np.unique(entities).tolist(), "vector")
        missing = [entity for entity in entities.tolist() if entity not in found]
        if missing:
            raise gone(self.collection, len(missing), len(rows))
        stored = [found[entity] for entity in entities.tolist()]
        return np.asarray(stored, np.float32).reshape(len(rows), self._dimension)

    def halves(self, rows: NDArray[np.int64]) -> NDArray[np.float16]:
        """(m, d) the vectors in half precision, fetched some at a time."""
        found = np.empty((len(rows), self._dimension), np.float16)
        for start in range(0, len(rows), _LISTED_AT_ONCE):
            found[start : start + _LISTED_AT_ONCE] = self.vectors(rows[start : start + _LISTED_AT_ONCE])
        return found

    def _ask(self, vector: NDArray[np.float32]) -> Ask:
        return lambda limit, expression: self.collection.nearest(vector, limit, expression)


class MilvusQuery:
    """A question's terms with what they weigh in the generation, put to Milvus."""

    def __init__(self, leg: MilvusWords, terms: Sequence[str]) -> None:
        self._rows = leg.rows
        known = np.where(leg.document_frequency(terms) > 0, leg.idf(terms), 0).astype(np.float32)
        words = question_weights(hash_terms(terms), known)
        self._ask: Ask = lambda limit, expression: leg.collection.best(words, limit, expression)

    def best(self, k: int, mask: NDArray[np.bool_] | None = None) -> Found:
        """As `LexicalQuery.best`."""
        return _searched(self._ask, self._rows, k, mask)

    def scores_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(m,) scores of the given rows, 0 for one without any of the terms."""
        found: NDArray[np.float32] = np.nan_to_num(_scores_of(self._ask, self._rows, rows), nan=0.0)
        return found


class MilvusWords:
    """Best rows of one generation for a question's terms.

    Args:
        collection: that holds the terms.
        rows: which entities are of the generation.
        frequencies: of the terms in the generation.
    """

    def __init__(self, collection: ChunkCollection, rows: EntityMap, frequencies: Frequencies) -> None:
        self.collection = collection
        self.rows = rows
        self.frequencies = frequencies

    def __len__(self) -> int:
        return len(self.rows)

    def asked(self, terms: Sequence[str]) -> MilvusQuery:
        """The terms, ready to be looked for; asks nothing yet."""
        return MilvusQuery(self, terms)

    def search(self, terms: Sequence[str], k: int, mask: NDArray[np.bool_] | None = None) -> Found:
        """As `LexicalLeg.search`."""
        return self.asked(terms).best(k, mask)

    def scores(self, terms: Sequence[str]) -> NDArray[np.float32]:
        """(n,) scores of the rows that Milvus ranks, 0 for the others."""
        total = np.zeros(len(self), np.float32)
        rows, scores = self.search(terms, MOST_HITS)
        total[rows] = scores
        return total

    def document_frequency(self, terms: Sequence[str]) -> NDArray[np.int64]:
        """(len(terms),) in how many rows each term stands."""
        return self.frequencies.document_frequency(terms)

    def idf(self, terms: Sequence[str]) -> NDArray[np.float32]:
        """(len(terms),) weight of each term."""
        return self.frequencies.idf(terms)


def gone(collection: ChunkCollection, missing: int, asked: int) -> IndexDamaged:
    """Says that a collection lacks chunks of a generation."""
    return IndexDamaged(
        f"{missing:,} of {asked:,} passages are not in the collection {collection.name} at "
        f"{collection.connection.address} any more",
        hint="Go back to an earlier generation, `wenbao index --rollback`, or build from nothing: "
        "`wenbao index --anew`.",
    )


def _searched(ask: Ask, rows: EntityMap, k: int, mask: NDArray[np.bool_] | None) -> Found:
    """The k best rows of a generation, asking for more until they are found or no more come."""
    wanted = min(k, len(rows) if mask is None else int(np.count_nonzero(mask)), MOST_HITS)
    if wanted <= 0:
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    expression = expression_of(mask, rows.entities)
    limit = min(wanted + SPARE, MOST_HITS)
    while True:
        hits = list(ask(limit, expression))
        found, scores = _resolved(hits, rows)
        if mask is not None:
            allowed = np.asarray(mask[found], np.bool_)
            found, scores = found[allowed], scores[allowed]
        if len(found) >= wanted or len(hits) < limit or limit == MOST_HITS:
            order = np.lexsort((found, -scores))[:wanted]
            return found[order], scores[order]
        limit = min(_MORE * limit, MOST_HITS)


def _resolved(hits: list[tuple[int, float]], rows: EntityMap) -> Found:
    entities = np.fromiter((entity for entity, _ in hits), np.int64, len(hits))
    scores = np.fromiter((score for _, score in hits), np.float32, len(hits))
    found, places = rows.rows_of(entities)
    return found, scores[places]


def _scores_of(ask: Ask, rows: EntityMap, wanted: NDArray[np.int64]) -> NDArray[np.float32]:
    """(m,) what Milvus scores the given rows; no number (nan) where it leaves one out."""
    by_entity: dict[int, float] = {}
    entities = rows.entities[wanted].tolist()
    distinct = list(dict.fromkeys(entities))
    for start in range(0, len(distinct), _LISTED_AT_ONCE):
        part = distinct[start : start + _LISTED_AT_ONCE]
        by_entity.update(ask(len(part), among(part)))
    return np.asarray([by_entity.get(entity, np.nan) for entity in entities], np.float32)
