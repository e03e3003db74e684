"""Whether two articles are one report: what they share is counted exactly, and their figures are compared.

Articles are taken as sets of shingles, runs of five word characters of the folded text, and compared by resemblance,
the share of common ones (Broder, "On the resemblance and containment of documents", 1997). Recurring reports (prices,
weather, fixtures) resemble each other as much as copies do, and differ in their facts: so the same words around another
number or name part them, however alike they are. docs/retrieval.md has what the numbers here were measured to give.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rag.corpus.bylines import opening
from rag.index.text.terms import cutter, fold
from rag.types import Block, BlockRole

SHINGLE = 5
"""Word characters of a shingle: two or three words of Chinese."""
RESEMBLANCE = 0.5
"""Two thirds of each in common, where both are of one length; half of the longer, where the other is a part of it."""
SHORT = 200
"""Word characters below which an article must be alike almost throughout: one name of it can be the news."""
RESEMBLANCE_OF_SHORT = 0.8
REPEATED = 0.8
"""Share of a passage that has to stand in another article to be repeated there."""

_CONTEXT = 4
"""Word characters before a number or name that say what it stands for; with the one behind it."""
_NAMES = frozenset(("nr", "nrt", "nrfg", "ns", "nt"))
"""jieba's tags of people, places and organisations."""
_COMPARED = (BlockRole.BODY, BlockRole.SUBHEAD, BlockRole.BOX)
_NUMBER = re.compile(r"[0-9]+(?:[.,:][0-9]+)*(?:\s*[万亿]+)?|[零〇一二三四五六七八九十百千万亿两]+")
_DIGITS = {character: str(digit) for digit, character in enumerate("零一二三四五六七八九")} | {"〇": "0", "两": "2"}
_SCALES = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}
_NO_WORD = re.compile(r"[\W_]+")
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # of splitmix64, as are the two below
_MIXERS = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))


Facts = dict[tuple[str, str], frozenset[str]]
"""Numbers or names by the word characters before and behind them."""


@dataclass(frozen=True)
class Profile:
    """What is compared of a text, case, width, script and punctuation left out of account."""

    folded: str
    place: tuple[str, ...] = ()
    """Where the article plays, from province down; empty where that is not known."""

    @cached_property
    def hashes(self) -> NDArray[np.uint64]:
        """Of its shingles, in reading order, with repetitions; empty for a text of less than five word characters."""
        return _hashes(_NO_WORD.sub("", self.folded))

    @cached_property
    def shingles(self) -> NDArray[np.uint64]:
        """The same, sorted, each once."""
        return np.unique(self.hashes)

    @cached_property
    def figures(self) -> Facts:
        """The numbers of the text."""
        return _facts(self.folded, ((*match.span(), _value(match.group())) for match in _NUMBER.finditer(self.folded)))

    @cached_property
    def names(self) -> Facts:
        """The people, places and organisations of the text, as far as jieba knows them."""
        return _facts(self.folded, _named(self.folded))


def profile(text: str, place: Sequence[str] = ()) -> Profile:
    """What is compared of a text."""
    return Profile(fold(text), tuple(place))


def compared_text(text: str, blocks: Sequence[Block], byline: str = "") -> str:
    """The part of an article's text that copies have in common: no headline, no byline; all of it where that is all."""
    body = "".join(text[block.start : block.end] for block in blocks if block.role in _COMPARED)
    if byline and body.startswith(byline):
        body = body[len(byline) :]
    return body[len(opening(body)) :] or text


def _hashes(words: str) -> NDArray[np.uint64]:
    """(characters - 4,) a 64-bit digest for every run of five characters, the same on every machine."""
    points = np.frombuffer(words.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    if len(points) < SHINGLE:
        return np.zeros(0, np.uint64)
    size = len(points) - SHINGLE + 1
    hashes = np.zeros(size, np.uint64)
    for offset in range(SHINGLE):
        hashes = hashes * _MULTIPLIER + points[offset : offset + size]
    for shift, factor in _MIXERS:
        hashes = (hashes ^ (hashes >> shift)) * factor
    return hashes ^ (hashes >> np.uint64(31))


def resemblance(first: Profile, second: Profile) -> float:
    """Common shingles as a share of all, in [0, 1]; 0 where either has none."""
    common = len(np.intersect1d(first.shingles, second.shingles, assume_unique=True))
    return common / (len(first.shingles) + len(second.shingles) - common) if common else 0.0


def same_report(first: Profile, second: Profile) -> bool:
    """True for copies of one report, cut, headed and signed as each paper likes; False when their facts differ."""
    short = min(len(first.hashes), len(second.hashes)) < SHORT
    if resemblance(first, second) < (RESEMBLANCE_OF_SHORT if short else RESEMBLANCE):
        return False
    if short and not (_unbroken(first, second) and _unbroken(second, first)):
        return False
    return not (
        _elsewhere(first.place, second.place)
        or _differ(first.figures, second.figures)
        or _differ(first.names, second.names)
    )


def repeats(passage: Profile, article: Profile) -> bool:
    """True when an article says what a passage of another one says, with the same numbers."""
    if not len(passage.shingles):
        return False
    common = len(np.intersect1d(passage.shingles, article.shingles, assume_unique=True))
    if common < REPEATED * len(passage.shingles):
        return False
    return not _differ(passage.figures, article.figures, _CONTEXT)  # where a passage begins it has lost its context


def _differ(first: Facts, second: Facts, least_context: int = 0) -> bool:
    """True when the same words stand around other facts in the two; either may have more of them than the other."""
    return any(
        not (found <= second[context] or found >= second[context])
        for context, found in first.items()
        if context in second and len(context[0]) >= least_context
    )


def _elsewhere(first: Sequence[str], second: Sequence[str]) -> bool:
    """True when two places are known and neither lies in the other."""
    return any(one != other for one, other in zip(first, second, strict=False))


def _unbroken(first: Profile, second: Profile) -> bool:
    """True when what the first has of the second is one run: beginnings and ends differ, the middle does not."""
    shared = np.flatnonzero(np.isin(first.hashes, second.shingles))
    return bool(len(shared)) and int(shared[-1] - shared[0]) + 1 == len(shared)


def _facts(folded: str, places: Iterable[tuple[int, int, str]]) -> Facts:
    """Facts, given with where they stand in the text, by their context, from which the other ones are left out."""
    found: dict[tuple[str, str], set[str]] = {}
    before, read = "", 0
    for start, end, fact in places:
        before = (before + _NO_WORD.sub("", folded[read:start]))[-_CONTEXT:]
        read = end
        behind = _NO_WORD.sub("", folded[end : end + 3])[:1]
        # What follows may be a number in one text and not in the other: only its being one counts then.
        found.setdefault((before, "0" if _NUMBER.match(behind) else behind), set()).add(fact)
    return {context: frozenset(facts) for context, facts in found.items()}


def _named(folded: str) -> Iterator[tuple[int, int, str]]:
    end = 0
    for word, tag in cutter().tag(folded):
        start, end = end, end + len(word)
        if tag in _NAMES:
            yield start, end, word


def _value(number: str) -> str:
    """One writing for a number in digits (1,200; 1.2万) or in Chinese (一千二百, 二〇二四); a time (9:30) as it is."""
    plain = "".join(number.replace(",", "").split())
    if ":" in plain or plain.count(".") > 1:
        return plain
    digits = plain.rstrip("万亿")
    if digits.replace(".", "").isascii() and digits:
        value = float(digits)
    elif not _SCALES.keys() & set(plain):
        return f"{int(''.join(_DIGITS[one] for one in plain)):.12g}"
    else:
        return f"{_spoken(plain):.12g}"
    for scale in plain[len(digits) :]:
        value *= _SCALES[scale]
    return f"{value:.12g}"


def _spoken(number: str) -> float:
    """十二万三千 → 123,000: what stands before 万 and 亿 is multiplied as a whole."""
    total, section, digit = 0, 0, 0
    for character in number:
        if character in _DIGITS:
            digit = int(_DIGITS[character])
        elif _SCALES[character] < 10_000:
            section, digit = section + (digit or 1) * _SCALES[character], 0
        else:
            total, section, digit = (total + section + digit or 1) * _SCALES[character], 0, 0
    return total + section + digit
