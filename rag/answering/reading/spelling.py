"""Pinyin and homophone slips in a question → the characters that the pages print.

Only what the corpus lacks is touched, and it is only ever replaced by characters of the passages that the rest of the
question already found, when they sound the same: wuxi → 无锡, 林里中心 → 邻里中心. Tones are left out of account.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise

from rag.answering.reading.question import FUNCTION_CHARACTERS
from rag.index.text.terms import cutter

_OFTEN = 3
"""How often the found passages must print a homophone before a word is taken for a slip: once is chance."""
_LATIN = re.compile(r"[A-Za-zü]{2,24}")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_SYLLABLE = re.compile(
    r"(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua|ue|ui|un|uo|üe|a|e|i|o|u|ü)"
)
# Question words as they are typed in pinyin: they stand in no newspaper.
_ASKING = {
    "duoda": "多大",
    "duoshao": "多少",
    "shenme": "什么",
    "shenmeshihou": "什么时候",
    "nali": "哪里",
    "zaina": "在哪",
    "shei": "谁",
    "shui": "谁",
    "jige": "几个",
    "naxie": "哪些",
    "nage": "哪个",
    "weishenme": "为什么",
    "zenme": "怎么",
    "duojiu": "多久",
    "jiushi": "就是",
}


def respell(question: str, passages: Iterable[str], known: Callable[[str], bool]) -> str:
    """The question with what sounds like something in the passages replaced by it.

    Args:
        question: folded.
        passages: texts that the question found as it stands.
        known: whether a pair of characters stands anywhere in the corpus.
    """
    words = [match for match in _LATIN.finditer(question) if is_pinyin(match.group())]
    pairs = _unknown_pairs(question, known)
    if not words and not pairs:
        return question
    sounds = _Sounds(passages)
    replaced = question
    for match in words:
        plain = match.group().lower()
        found = _ASKING.get(plain) or sounds.find(plain)
        if found:
            replaced = replaced.replace(match.group(), found)
    for pair in pairs:
        if found := sounds.find("".join(_pinyin(pair)), at_least=_OFTEN):
            replaced = replaced.replace(pair, found)
    return replaced


def is_pinyin(word: str) -> bool:
    """True when Latin letters can be read as pinyin syllables from end to end."""
    position, text = 0, word.lower()
    while position < len(text):
        match = _SYLLABLE.match(text, position)
        if match is None:
            return False
        position = match.end()
    return True


def _unknown_pairs(question: str, known: Callable[[str], bool]) -> list[str]:
    """Words of two characters, and pairs of characters that are part of no longer word, that the corpus lacks."""
    tokens = [token for token in cutter().cut(question) if _HAN.fullmatch(token)]
    pairs = [token for token in tokens if len(token) == 2]
    pairs += [one + other for one, other in pairwise(tokens) if len(one) == len(other) == 1]
    return [pair for pair in dict.fromkeys(pairs) if not FUNCTION_CHARACTERS & set(pair) and not known(pair)]


class _Sounds:
    """Passages, searched by sound."""

    def __init__(self, passages: Iterable[str]) -> None:
        self._runs = [run for text in passages for run in _HAN.findall(text)]
        self._spelt: list[list[str]] | None = None

    def find(self, sound: str, at_least: int = 1) -> str:
        """The most frequent characters that sound like `sound`, toneless pinyin without blanks; empty if none do.

        Args:
            at_least: how often they must stand in the passages.
        """
        if self._spelt is None:
            self._spelt = [_pinyin(run) for run in self._runs]
        counts: dict[str, int] = {}
        for run, syllables in zip(self._runs, self._spelt, strict=True):
            for start in range(len(syllables)):
                spelt = ""
                for end in range(start, min(start + 6, len(syllables))):
                    spelt += syllables[end]
                    if spelt == sound:
                        counts[run[start : end + 1]] = counts.get(run[start : end + 1], 0) + 1
                    if not sound.startswith(spelt):
                        break
        best = max(counts, key=lambda text: counts[text], default="")
        return best if counts.get(best, 0) >= at_least else ""


@lru_cache(maxsize=4096)
def _pinyin_of(run: str) -> tuple[str, ...]:
    from pypinyin import lazy_pinyin  # 150 ms, and only rough input needs it

    syllables = lazy_pinyin(run)
    return tuple(syllables) if len(syllables) == len(run) else ("",) * len(run)


def _pinyin(run: str) -> list[str]:
    return list(_pinyin_of(run))
