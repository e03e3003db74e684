"""Whether the parts of a generation say the same: what no checksum can tell, since it was wrong when it was written.

Everything that can be counted is counted in full. What would mean embedding and cutting the corpus again is done for a
sample of chunks, spread evenly over the corpus, and there exactly.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rag.embedding.base import Embedder
from rag.errors import IndexDamaged, IndexMismatch
from rag.index.building.labels import terms_label
from rag.index.legs.keyword_index import KeywordIndex
from rag.index.storage.database import FILE as DATABASE
from rag.index.storage.generation import Generation
from rag.types import Chunk

SAMPLE = 100
"""Chunks that are embedded and cut again."""
LEAST_COSINE = 0.97
"""Of a stored vector with the one made now: half precision leaves 0.9999, and another processor somewhat less."""
_FALL = 0.01
"""How far below the sample's median a cosine may lie: a processor changes them all alike, a mistake but one."""
MENDING = "Go back to an earlier generation, `wenbao index --rollback`, or build from nothing: `wenbao index --anew`."

_LENGTH_ERROR = 0.01
_BLOCK = 8192
_SATURATED = 65_535
"""The highest count that the keyword index holds; it stands for more."""


def spread(size: int, wanted: int) -> NDArray[np.int64]:
    """(m,) rows spread evenly over `size`, the first and the last among them; all where there are no more."""
    return np.unique(np.linspace(0, size - 1, min(size, wanted)).round().astype(np.int64))


class Examination:
    """Looks at one generation.

    Args:
        generation: one that opens and whose checksums are right.
        embedder: the model that it was built with.
        sample: chunks to embed and cut again.
    """

    def __init__(self, generation: Generation, embedder: Embedder, sample: int = SAMPLE) -> None:
        self._generation = generation
        self._embedder = embedder
        self.rows = spread(len(generation), sample)
        """The rows of the sample, rising."""

    @cached_property
    def chunks(self) -> Sequence[Chunk]:
        """The chunks of the sample, in the order of `rows`."""
        return [self._generation.chunk(int(row)) for row in self.rows]

    def contents(self) -> str:
        """Articles, chunks, their ranges and the manifest's counts.

        Raises:
            IndexDamaged: two of them disagree; the message names where.
        """
        path = self._generation.folder / DATABASE
        try:
            with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
                self._check_articles(database)
                self._check_chunks(database)
        except sqlite3.Error as error:
            raise self._damaged(f"{path} cannot be read: {error}") from error
        counts = self._generation.counts
        return f"{counts.articles:,} articles, {counts.chunks:,} passages and {counts.sources:,} files agree"

    def vectors(self) -> str:
        """Every vector has unit length; those of the sample are what the model makes of their chunks today.

        Raises:
            IndexDamaged: naming the chunk and its article.
        """
        for start in range(0, len(self._generation), _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, len(self._generation)))
            lengths = np.linalg.norm(self._generation.vectors.vectors(rows), axis=1)
            wrong = ~(np.abs(lengths - 1) < _LENGTH_ERROR)  # put so that a length that is no number is wrong, too
            if wrong.any():
                row = int(rows[wrong][0])
                raise self._damaged(f"the vector of {self._named(row)} is none: its length is {lengths[wrong][0]:.3g}")
        made = self._embedder.embed_passages([chunk.indexed_text for chunk in self.chunks])
        stored = self._generation.vectors.vectors(self.rows)
        cosines = np.einsum("ij,ij->i", made, stored)
        different = np.flatnonzero(cosines < max(LEAST_COSINE, float(np.median(cosines)) - _FALL))
        if len(different):
            worst = int(different[np.argmin(cosines[different])])
            raise self._damaged(
                f"{len(different):,} of {len(self.rows):,} vectors are not those of their passages, first that of "
                f"{self._named(int(self.rows[different[0]]))}; the worst has a cosine of {cosines[worst]:.3f} with the "
                "one made now"
            )
        return f"{len(self.rows):,} passages embedded again, each as it is stored (least cosine {cosines.min():.4f})"

    def words(self) -> str:
        """The lengths are the sums of the counts; the words of the sample are what their chunks are cut into today.

        Raises:
            IndexDamaged: naming the chunk and its article.
            IndexMismatch: the words were cut by rules of another version.
        """
        label = self._generation.manifest.terms
        if label != terms_label():
            raise IndexMismatch(
                f"the words of {self._generation.id} were cut by rules {label}, questions are by rules {terms_label()}",
                hint="Cut them again, which embeds nothing: `wenbao index`.",
            )
        index = self._generation.words
        if not isinstance(index, KeywordIndex):
            return self._remote_words()
        _, _, rows, counts, lengths = index.arrays
        size = len(self._generation)
        if len(rows) and not (int(rows.min()) >= 0 and int(rows.max()) < size):
            raise self._damaged("the keyword index names passages that do not exist")
        sums = np.bincount(rows, weights=counts, minlength=size)
        full = np.zeros(size, np.bool_)
        full[rows[counts == _SATURATED]] = True
        wrong = np.flatnonzero((sums != lengths) & ~full)
        if len(wrong):
            row = int(wrong[0])
            raise self._damaged(
                f"{len(wrong):,} passages have other words than they are counted to have, first "
                f"{self._named(row)}: {int(sums[row]):,} for {int(lengths[row]):,}"
            )
        for row, chunk, found in zip(self.rows, self.chunks, self._stored_terms(index), strict=True):
            if found != self._terms(chunk):
                raise self._damaged(f"the words of {self._named(int(row))} are not those that stand in it")
        return f"{len(self.rows):,} passages cut again, each into the words that are stored"

    def _check_articles(self, database: sqlite3.Connection) -> None:
        manifest = self._generation.manifest
        number, first, last, characters = database.execute(
            "SELECT count(*), min(ordinal), max(ordinal), total(chars) FROM articles"
        ).fetchone()
        if (number, first or 0, last or 0) != (manifest.counts.articles, 0, max(number - 1, 0)):
            raise self._damaged(f"{number:,} articles are stored, {manifest.counts.articles:,} are said to be")
        if int(characters) != manifest.counts.characters:
            raise self._damaged(
                f"the articles have {int(characters):,} characters, {manifest.counts.characters:,} are said to be there"
            )
        stored = dict(database.execute("SELECT file, count(*) FROM articles GROUP BY file"))
        for state in manifest.corpus_files:
            if stored.pop(state.source, 0) != state.articles:
                raise self._damaged(f"the articles of {state.source} are not as many as it gave, {state.articles:,}")
        if stored:
            raise self._damaged(f"there are articles of {next(iter(stored))}, which was not indexed")
        self._check_sources(database)
        [(missing,)] = database.execute(
            "SELECT count(*) FROM articles LEFT JOIN folded USING (ordinal) WHERE folded.ordinal IS NULL"
        )
        if missing:
            raise self._damaged(f"{missing:,} articles cannot be found by their words in listings")

    def _check_sources(self, database: sqlite3.Connection) -> None:
        """Articles of texts that were taken out of other files stand in them, character for character."""
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'sources'").fetchone():
            return  # built by a wenbao that read no such files
        rows = database.execute(
            "SELECT article_id, file, articles.text, runs, sources.text FROM articles JOIN sources USING (file)"
        )
        for article_id, file, text, runs, source_text in rows:
            flat: list[int] = json.loads(runs)
            if "".join(source_text[start:end] for start, end in zip(flat[::2], flat[1::2], strict=True)) != text:
                raise self._damaged(f"article {article_id!r} is not what the text of {file} has at its spans")

    def _check_chunks(self, database: sqlite3.Connection) -> None:
        stored = np.asarray(
            database.execute("SELECT row, ordinal, start, end FROM chunks ORDER BY row").fetchall(), np.int64
        ).reshape(-1, 4)
        chars = np.asarray(database.execute("SELECT chars FROM articles ORDER BY ordinal").fetchall(), np.int64)[:, 0]
        rows, ordinals, starts, ends = stored.T
        if not np.array_equal(rows, np.arange(len(self._generation))):
            raise self._damaged(f"{len(rows):,} passages are stored, and not one for each of {len(self._generation):,}")
        wrong = np.flatnonzero(ordinals != self._generation.chunk_articles)
        if len(wrong):
            raise self._damaged(f"passage {wrong[0]:,} belongs to one article by the list and to another by the store")
        wrong = np.flatnonzero((starts < 0) | (starts >= ends) | (ends > chars[ordinals]))
        if len(wrong):
            article = self._generation.article_of(int(wrong[0]))
            raise self._damaged(
                f"passage {wrong[0]:,} does not lie within its article {article.article_id!r} ({article.source})"
            )
        empty = np.setdiff1d(np.arange(len(chars)), ordinals)
        if len(empty):
            article = self._generation.article_at(int(empty[0]))
            raise self._damaged(f"article {article.article_id!r} ({article.source}) has no passage and is never found")

    def _remote_words(self) -> str:
        """The same of words that are in Milvus, as far as it can be seen from here."""
        from rag.index.milvus.examination import examine_words
        from rag.index.milvus.legs import MilvusWords

        words = self._generation.words
        assert isinstance(words, MilvusWords)  # noqa: S101  # there are two kinds
        return examine_words(self._generation, words, self.rows, self.chunks)

    def _stored_terms(self, index: KeywordIndex) -> list[dict[int, int]]:
        """Counts by term, for each row of the sample."""
        vocabulary, offsets, rows, counts, _ = index.arrays
        entries = np.flatnonzero(np.isin(rows, self.rows))
        terms = vocabulary[np.searchsorted(offsets, entries, "right") - 1]
        found: dict[int, dict[int, int]] = {int(row): {} for row in self.rows}
        for row, term, count in zip(rows[entries].tolist(), terms.tolist(), counts[entries].tolist(), strict=True):
            found[row][term] = count
        return list(found.values())

    def _terms(self, chunk: Chunk) -> dict[int, int]:
        hashes, counts = np.unique(self._generation.analyzer.term_hashes(chunk.indexed_text), return_counts=True)
        return dict(zip(hashes.tolist(), np.minimum(counts, _SATURATED).tolist(), strict=True))

    def _named(self, row: int) -> str:
        chunk, article = self._generation.chunk(row), self._generation.article_of(row)
        return f"passage {chunk.chunk_id} of article {article.article_id!r} ({article.source})"

    def _damaged(self, message: str) -> IndexDamaged:
        return IndexDamaged(f"{self._generation.folder}: {message}", hint=MENDING)
