"""A new generation's chunks into Milvus: what is new is written, what is known is left where it is.

Nothing that is there is changed, and nothing of it is deleted before the generations that list it are gone. So readers
of the old generation see what they saw, a run that breaks off has changed nothing for anybody, and going back costs
nothing. Where more is new than stays, a collection is made aside instead, without what is past.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.errors import StoreError
from rag.index.building.pace import Pace
from rag.index.building.vector_stage import VectorStage
from rag.index.building.word_stage import WordStage
from rag.index.legs.keyword_index import TermCounts
from rag.index.milvus.address import Address
from rag.index.milvus.collection import LAYOUT, ChunkCollection, Entity
from rag.index.milvus.connection import Connection
from rag.index.milvus.entities import EntityMap, Facts, entity_of
from rag.index.milvus.expressions import clipped
from rag.index.milvus.frequencies import Frequencies
from rag.index.milvus.legs import MilvusWords
from rag.index.milvus.runs import Placement, check_alias, new_collection, note_run, owner_of
from rag.index.milvus.weights import chunk_weights
from rag.index.storage.database import DatabaseWriter
from rag.index.storage.generation import Generation
from rag.index.storage.journal import Journal
from rag.index.text.analyzer import Analyzer
from rag.index.text.userdict import UserDictionary
from rag.types import Progress

_AT_ONCE = 1_000
"""Chunks that are cut and sent at once."""
_SAMPLE = 5_000
"""Chunks by which the average length is told."""
_ANEW = 0.5
"""Share of new chunks from which a collection is made aside."""

_log = logging.getLogger(__name__)


@dataclass
class MilvusWriter:
    """Writes one generation's chunks.

    Args:
        address: of the Milvus and the name to use there.
        folder: `vectors/`.
        previous: the live generation if its words were cut by the same rules; None where all is new.
        same_model: whether its vectors are of the same model, too.
        dictionary: words that the cutter must know.
        progress: told of every step.
    """

    address: Address
    folder: Path
    previous: Generation | None
    same_model: bool
    dictionary: UserDictionary
    progress: Callable[[Progress], None]
    upserted: int = 0
    """Entities written, once `make` has run."""
    ended: int = 0
    """Entities of the generation before that the new one does not list."""
    _placement: Placement | None = field(default=None, init=False)
    _average: float = field(default=1.0, init=False)
    """Terms of a chunk, among those that the collection was made with."""

    def begin(self) -> None:
        """Looks whether the run can end well, before anything is embedded for it.

        Raises:
            StoreUnavailable: Milvus is away.
            IndexMismatch: the collection's name is another index's.
        """
        check_alias(self.address, owner_of(self.folder))

    @property
    def settings(self) -> dict[str, str]:
        """What the manifest must say, once `make` has run."""
        assert self._placement is not None  # noqa: S101  # a generation that was made has its chunks somewhere
        return {
            "store": self._placement.store,
            "collection": self._placement.collection,
            "run": str(self._placement.run),
            "layout": LAYOUT,
            "average": repr(self._average),
            "upserted": str(self.upserted),
            "ended": str(self.ended),
        }

    def make(
        self, database: DatabaseWriter, journal: Journal, vectors: VectorStage, words: WordStage
    ) -> Callable[[Path], None]:
        """Writes the chunks; returns what saves this disk's part of them into the generation's folder.

        Raises:
            StoreError: Milvus is away, or took less than it was sent.
        """
        rows = self._entities(database, set(words.rows_to_cut(database)))
        old = self._known_rows()
        known = old.entities if old is not None and self._reusable() else np.zeros(0, np.int64)
        new, first = np.unique(rows.entities, return_index=True)
        is_new = ~np.isin(new, known)
        if len(known) and np.count_nonzero(is_new) > _ANEW * len(new):
            known, is_new = np.zeros(0, np.int64), np.ones(len(new), np.bool_)
        collection = self._collection(aside=not len(known))
        written = np.sort(first[is_new]).astype(np.int64)
        self.upserted = words.tokenized = len(written)
        self.ended = len(np.setdiff1d(known, new))
        made = vectors.make(database, journal, written)
        self._average = self._average_length(database, written, aside=not len(known))
        assert self._placement is not None  # noqa: S101  # `_collection` has found it
        note_run(self.folder, self._placement)
        if not len(known):
            collection.create(made.shape[1])
        frequencies = self._send(database, collection, rows, written, made)
        collection.settle()
        stored = collection.count(f"run == {self._placement.run}")
        if stored != len(written):
            raise StoreError(
                f"Milvus at {self.address} holds {stored:,} of the {len(written):,} chunks that were written",
                hint="Run `wenbao index` again; what was there before answers meanwhile.",
            )
        _log.info("%d chunks written to %s, %d ended", self.upserted, collection.name, self.ended)

        def save(folder: Path) -> None:
            rows.save(folder)
            frequencies.save(folder)

        return save

    def _entities(self, database: DatabaseWriter, cut: set[int]) -> EntityMap:
        """The entity of every row: the one that it had, where its words are cut as they were."""
        old = self._known_rows()
        before = old.by_base() if old is not None else {}
        bases = np.fromiter((Facts(*facts).base for facts in database.facts()), np.int64, len(database.keys))
        digest = self.dictionary.digest
        return EntityMap.of(
            (
                before[base] if base in before and row not in cut else entity_of(base, digest)
                for row, base in enumerate(bases.tolist())
            ),
            bases,
        )

    def _known_rows(self) -> EntityMap | None:
        words = self.previous.words if self.previous is not None else None
        return words.rows if isinstance(words, MilvusWords) else None

    def _reusable(self) -> bool:
        """Whether the previous generation's collection is ours, and of the same make."""
        if self.previous is None or not self.same_model:
            return False
        placement = Placement.of(self.previous.manifest)
        return (
            placement is not None
            and placement.store == str(self.address)
            and placement.collection.startswith(f"{self.address.collection}_{owner_of(self.folder)}_")
            and self.previous.manifest.settings.get("layout") == LAYOUT
        )

    def _collection(self, aside: bool) -> ChunkCollection:
        name, run = new_collection(self.address, owner_of(self.folder))
        if not aside and self.previous is not None and (placement := Placement.of(self.previous.manifest)):
            name = placement.collection
        self._placement = Placement(str(self.address), name, run)
        return ChunkCollection(Connection(self.address), name)

    def _send(
        self,
        database: DatabaseWriter,
        collection: ChunkCollection,
        rows: EntityMap,
        written: NDArray[np.int64],
        made: NDArray[np.float16],
    ) -> Frequencies:
        """Cuts and writes the new chunks; returns how often terms stand in the chunks of the generation."""
        came, went = self._differences(rows)
        place = {row: number for number, row in enumerate(written.tolist())}
        cut = sorted(place.keys() | came.keys())
        analyzer, pace = Analyzer(self.dictionary), Pace(self.progress, "writing to Milvus", len(cut))
        counts: list[TermCounts] = []
        for start in range(0, len(cut), _AT_ONCE):
            part = cut[start : start + _AT_ONCE]
            hashes = [analyzer.term_hashes(text) for text in database.indexed_texts(part)]
            counts.append(TermCounts.of_hashes(hashes))
            sent = [(row, found) for row, found in zip(part, hashes, strict=True) if row in place]
            facts = database.facts([row for row, _ in sent])
            collection.put(
                [
                    self._entity(int(rows.entities[row]), Facts(*known), found, made[place[row]])
                    for (row, found), known in zip(sent, facts, strict=True)
                ]
            )
            pace.tell(start + len(part))
        before = self.previous.words.frequencies if went is not None else Frequencies.none()  # type: ignore[union-attr]
        after = before.with_rows(TermCounts.joined(counts), np.asarray([came.get(row, 0) for row in cut], np.int64))
        return after.with_rows(*self._gone(went)) if went else after

    def _entity(self, number: int, facts: Facts, hashes: NDArray[np.uint64], vector: NDArray[np.float16]) -> Entity:
        first, last = facts.days
        assert self._placement is not None  # noqa: S101  # the collection is known by now
        return {
            "id": number,
            "vector": vector.astype(np.float32).tolist(),
            "words": chunk_weights(hashes, self._average),
            "article_id": clipped(facts.article_id),
            "source": clipped(facts.source),
            "place": clipped(facts.place),
            "first_day": first,
            "last_day": last,
            "run": self._placement.run,
        }

    def _average_length(self, database: DatabaseWriter, written: NDArray[np.int64], aside: bool) -> float:
        """Terms of a chunk, by a sample of those that a collection is made with; else what they were then."""
        if not aside and self.previous is not None:
            return float(self.previous.manifest.settings["average"])
        sample = written[:: max(len(written) // _SAMPLE, 1)].tolist()
        analyzer = Analyzer(self.dictionary)
        lengths = [len(analyzer.term_hashes(text)) for text in database.indexed_texts(sample)]
        return max(float(np.mean(lengths)), 1.0) if lengths else 1.0

    def _differences(self, rows: EntityMap) -> tuple[dict[int, int], dict[int, int] | None]:
        """Rows of the new generation and of the old one by how many more chunks are like them there.

        The second is None where nothing is known of the old one's words, and the first then counts all chunks.
        """
        old = self._known_rows()
        numbers, first, times = np.unique(rows.entities, return_index=True, return_counts=True)
        if old is None:
            return dict(zip(first.tolist(), times.tolist(), strict=True)), None
        before, old_first, old_times = np.unique(old.entities, return_index=True, return_counts=True)
        came = _surplus(numbers, first, times, before, old_times)
        return came, _surplus(before, old_first, old_times, numbers, times)

    def _gone(self, went: dict[int, int]) -> tuple[TermCounts, NDArray[np.int64]]:
        """The terms of old rows that went, cut as they were, and how often each went."""
        assert self.previous is not None  # noqa: S101  # nothing went from nowhere
        analyzer = self.previous.analyzer
        hashes = [analyzer.term_hashes(self.previous.chunk(row).indexed_text) for row in went]
        return TermCounts.of_hashes(hashes), -np.asarray(list(went.values()), np.int64)


def _surplus(
    numbers: NDArray[np.int64],
    rows: NDArray[np.int64],
    times: NDArray[np.int64],
    others: NDArray[np.int64],
    other_times: NDArray[np.int64],
) -> dict[int, int]:
    """Rows whose entity stands here more often than there, with how much more often."""
    there = np.zeros(len(numbers), np.int64)
    if len(others):
        at = np.minimum(np.searchsorted(others, numbers), len(others) - 1)
        there = np.where(others[at] == numbers, other_times[at], 0)
    more: NDArray[np.int64] = times - there
    chosen = more > 0
    return dict(zip(rows[chosen].tolist(), more[chosen].tolist(), strict=True))
