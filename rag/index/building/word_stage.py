"""The keyword index of a new generation: only what is new, or cut otherwise now, is cut into words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from rag.index.building.pace import Pace
from rag.index.legs.keyword_index import KeywordIndex, TermCounts
from rag.index.legs.postings import carry_over
from rag.index.storage.database import DatabaseWriter
from rag.index.storage.generation import Generation
from rag.index.text.analyzer import Analyzer
from rag.index.text.terms import fold
from rag.index.text.userdict import UserDictionary, WordFinder
from rag.types import Progress

_CUT_AT_ONCE = 2000


class WordStage:
    """Finds or makes the terms of every chunk.

    Args:
        dictionary: words that are to be kept whole.
        previous: the generation whose terms may be kept; None where they were made by other rules.
        known: the chunk keys of the live generation, each with a row that has it.
        progress: told of every step.
    """

    def __init__(
        self,
        dictionary: UserDictionary,
        previous: Generation | None,
        known: Mapping[str, int],
        progress: Callable[[Progress], None],
    ) -> None:
        self._dictionary = dictionary
        self._previous = previous
        self._known = known
        self._progress = progress
        self.remote = False
        """True where the words go to Milvus, which keeps those that are known."""
        self.tokenized = 0
        """Chunks that had to be cut into words, once `make` has run."""

    def make(self, database: DatabaseWriter) -> KeywordIndex:
        """The keyword index, from counts that are kept where the content is known and its words are cut as before."""
        old, before = self._previous, self._known
        new = self.rows_to_cut(database)
        self.tokenized = len(new)
        made = TermCounts.joined(list(self._cut(database, new)))
        if old is None or not isinstance(old.words, KeywordIndex):  # Milvus gives no counts back: all is cut again
            return KeywordIndex.build(made)
        # Among equal chunks each keeps its own row where it can, so that what stayed stays in order.
        same = old.rows()
        chunks = zip(database.chunk_ids, database.keys, strict=True)
        place = np.fromiter((same.get(name, before.get(key, -1)) for name, key in chunks), np.int64)
        place[new] = -1
        return carry_over(old.words, place, made)

    def rows_to_cut(self, database: DatabaseWriter) -> list[int]:
        """The chunks whose words are not known, or would be cut otherwise now."""
        old = self._previous
        if old is None or (not self.remote and not isinstance(old.words, KeywordIndex)):
            return list(range(len(database.keys)))
        touched = self._touched(database, old.analyzer.dictionary)
        return [row for row, key in enumerate(database.keys) if key not in self._known or row in touched]

    def _cut(self, database: DatabaseWriter, rows: Sequence[int]) -> Iterator[TermCounts]:
        analyzer, pace = Analyzer(self._dictionary), Pace(self._progress, "cutting words", len(rows))
        for start in range(0, len(rows), _CUT_AT_ONCE):
            texts = database.indexed_texts(rows[start : start + _CUT_AT_ONCE])
            yield TermCounts.of_hashes([analyzer.term_hashes(text) for text in texts])
            pace.tell(start + len(texts))

    def _touched(self, database: DatabaseWriter, before: UserDictionary) -> set[int]:
        """The rows that hold a word which the user dictionary has, or had, since the previous generation."""
        changed = self._dictionary.changed_words(before)
        if not changed:
            return set()
        finder = WordFinder(changed)
        self._progress(Progress("looking for the dictionary's words", 0, 0))
        rows = database.rows_where(finder.in_text)
        texts = database.indexed_texts(rows)
        return {row for row, text in zip(rows, texts, strict=True) if finder.in_text(fold(text))}
