"""Text to the terms that the keyword index reads, the same for chunks and for questions.

Folding (full width, capitals, traditional characters) happens here and never reaches what is shown. The words are
jieba's search-mode cuts, made by rjieba, its twin in Rust over the same dictionary: tests hold one against the other.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

TERMS_VERSION = 1
"""Raised when the same text would give other terms; term counts of an older version are not carried over."""

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_WORD = re.compile(r"\w")

PAIR_MARK = "_"
"""Opens a character pair among the terms; no word of the dictionary starts with it."""

# Particles, and what a question asks with rather than about.
_STOP_WORDS = frozenset(
    "的 了 是 在 和 与 于 吗 呢 什么 哪些 哪个 哪 谁 多少 几 怎么 如何 怎样 为什么 哪里 何时 何 有 个 年".split()  # noqa: SIM905  # reads better than a list
)


def fold(text: str) -> str:
    """Compatibility forms to plain ones, capitals to small letters, traditional characters to simplified ones."""
    return simplify(text).lower()


def simplify(text: str) -> str:
    """Compatibility forms to plain ones and traditional characters to simplified ones; capitals stay."""
    plain = unicodedata.normalize("NFKC", text)
    return str(_simplifier().convert(plain)) if _HAN.search(plain) else plain


def terms(text: str) -> list[str]:
    """Words and character pairs of a text, folded, with repetitions; punctuation and the commonest words are left out.

    Pairs find the names that the dictionary does not know and cuts differently from one sentence to the next. They
    are marked, so that a word of two characters and the same two as a pair count apart: measured, that is worth two
    points of recall@1 over counting them once.
    """
    folded = fold(text)
    pairs = (PAIR_MARK + run[at : at + 2] for run in _HAN.findall(folded) for at in range(len(run) - 1))
    return [*_words(folded), *pairs]


def words(text: str) -> list[str]:
    """The words alone, folded, with repetitions: what a question shares with a sentence."""
    return _words(fold(text))


def _words(folded: str) -> list[str]:
    cuts = cutter().cut_for_search(folded)
    return [word for word in cuts if word not in _STOP_WORDS and _WORD.search(word)]


def hash_terms(found: Iterable[str]) -> NDArray[np.uint64]:
    """64-bit digests of terms, in order: the keyword index needs no dictionary, and machines agree on them."""
    return np.fromiter((_digest(term) for term in found), dtype=np.uint64)


@lru_cache(maxsize=1 << 18)
def _digest(term: str) -> int:
    return int.from_bytes(hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


@cache
def _simplifier() -> Any:
    import opencc  # takes 20 ms, which a command that searches nothing need not pay

    return opencc.OpenCC("t2s")


@cache
def cutter() -> Any:
    """The one cutter of a process."""
    import rjieba  # 60 ms for the dictionary, where jieba's own takes 1.7 s

    return rjieba.Jieba()
