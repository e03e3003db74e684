"""A generation's own way from text to terms: the cutter with the words of its user dictionary."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.index.text.terms import cutter, fold, hash_terms_of, terms_of
from rag.index.text.userdict import UserDictionary


class Analyzer:
    """Cuts text into terms. Safe to share between threads.

    Args:
        dictionary: words that the cutter must know beside its own.
    """

    def __init__(self, dictionary: UserDictionary | None = None) -> None:
        self.dictionary = dictionary or UserDictionary()

    def terms(self, text: str) -> list[str]:
        """As `rag.index.text.terms.terms`, with the dictionary's words."""
        return terms_of(fold(text), self._cutter)

    def term_hashes(self, text: str) -> NDArray[np.uint64]:
        """The digests of the terms, in no order that means anything, repetitions included."""
        return hash_terms_of(fold(text), self._cutter)

    @cached_property
    def _cutter(self) -> Any:
        if not self.dictionary.words:
            return cutter()
        import rjieba

        own = rjieba.Jieba()
        for word in self.dictionary.words:
            own.add_word(word.word, word.frequency, word.tag)
        return own
