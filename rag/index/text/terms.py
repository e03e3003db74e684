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

TERMS_VERSION = 2
"""Raised when the same text would give other terms; term counts of an older version are not carried over."""

_HAN_RANGES = ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
_HAN = re.compile(f"[{''.join(f'{chr(first)}-{chr(last)}' for first, last in _HAN_RANGES)}]+")
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
    return terms_of(fold(text), cutter())


def words(text: str) -> list[str]:
    """The words alone, folded, with repetitions: what a question shares with a sentence."""
    return words_of(fold(text), cutter())


def terms_of(folded: str, cutter: Any) -> list[str]:
    """As `terms`, for a text that is folded already and a cutter that may know more words."""
    pairs = (PAIR_MARK + run[at : at + 2] for run in _HAN.findall(folded) for at in range(len(run) - 1))
    return [*words_of(folded, cutter), *pairs]


def words_of(folded: str, cutter: Any) -> list[str]:
    """As `words`, for a text that is folded already and a cutter that may know more words."""
    return [word for word in cutter.cut_for_search(folded) if _is_term(word)]


def hash_terms(found: Iterable[str]) -> NDArray[np.uint64]:
    """64-bit digests of terms, in order: the keyword index needs no dictionary, and machines agree on them."""
    return np.fromiter((_digest(term) for term in found), dtype=np.uint64)


def hash_terms_of(folded: str, cutter: Any) -> NDArray[np.uint64]:
    """`hash_terms(terms_of(folded, cutter))`, in another order and in a fifth of the time: pairs are never strings."""
    cuts = cutter.cut_for_search(folded)
    digests = np.fromiter(map(_digests_of_words.__getitem__, cuts), np.uint64, len(cuts))
    return np.concatenate([digests[digests != 0], _pair_digests(folded)])


class _DigestsOfWords(dict[str, int]):
    """Word → digest, 0 for what is no term. Emptied when it is full: words that occur often are soon in it again."""

    def __missing__(self, word: str) -> int:
        if len(self) >= _HELD_WORDS:
            self.clear()
        self[word] = digest = _digest(word) if _is_term(word) else 0
        return digest


_HELD_WORDS = 1 << 18
_digests_of_words = _DigestsOfWords()


@lru_cache(maxsize=1 << 16)
def _is_term(word: str) -> bool:
    return word not in _STOP_WORDS and _WORD.search(word) is not None


@lru_cache(maxsize=1 << 16)
def _digest(term: str) -> int:
    if len(term) == 3 and term[0] == PAIR_MARK:
        return int(_mixed(np.array([(ord(term[1]) << 21) | ord(term[2])], np.uint64))[0])
    return int.from_bytes(hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _pair_digests(folded: str) -> NDArray[np.uint64]:
    """Digests of the character pairs of a folded text."""
    points = np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    if len(points) < 2:
        return np.zeros(0, np.uint64)
    is_han = np.zeros(len(points), np.bool_)
    for first, last in _HAN_RANGES:
        is_han |= (points >= first) & (points <= last)
    starts = np.flatnonzero(is_han[:-1] & is_han[1:])
    return _mixed((points[starts] << np.uint64(21)) | points[starts + 1])


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spreads integers evenly over 64 bits, one to one: the finalizer of SplitMix64 (Steele, Lea and Flood, 2014)."""
    values = (values + np.uint64(0x9E3779B97F4A7C15)) & np.uint64(0xFFFFFFFFFFFFFFFF)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@cache
def _simplifier() -> Any:
    import opencc  # takes 20 ms, which a command that searches nothing need not pay

    return opencc.OpenCC("t2s")


@cache
def cutter() -> Any:
    """The one cutter of a process."""
    import rjieba  # 60 ms for the dictionary, where jieba's own takes 1.7 s

    return rjieba.Jieba()
