"""An English sentence about Chinese passages: its figures, dates and names, so that they can be held against them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from rag.answering.phrasing.dates import Date
from rag.answering.phrasing.figures import Bound, Figure
from rag.answering.reading.quantities import Quantity

_MONTHS = "january february march april may june july august september october november december".split()
_WORDS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty".split()
_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_MONTH = re.compile(
    rf"\b(?:(?P<before>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?)?(?P<month>{'|'.join(_MONTHS)})\b"
    r"(?:\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?\b)?(?:,?\s*(?P<year>(?:19|20)\d{2})\b)?"
)
_YEAR = re.compile(
    r"(?<![\d,.])(?P<year>(?:19|20)\d{2})(?![\d,]|\.\d)\b(?!\s*(?:yuan|people|workers|items|households|tons|square))"
)
_NUMBER = re.compile(
    rf"(?<![\w.])(?P<number>\d[\d,]*(?:\.\d+)?|{'|'.join(_WORDS[2:])})(?:st|nd|rd|th)?"
    rf"(?P<scale>(?:[\s-](?:{'|'.join(_SCALES)}))*)(?P<percent>\s*(?:%|per\s?cent))?(?![\w]|\.\d)"
)
_OVER = re.compile(r"(?:over|more than|exceed(?:ed|ing|s)?|above|at least)\s*$")
_ABOUT = re.compile(r"(?:about|around|approximately|roughly|some)\s*$")
_UNDER = re.compile(r"(?:nearly|almost|close to|under|less than|fewer than)\s*$")
_CAPITAL = re.compile(r"[A-Z][A-Za-z0-9]*(?:['’][a-z]+)?")
_PHRASE = re.compile(rf"\b{_CAPITAL.pattern}(?:[ -]{_CAPITAL.pattern})*")
_PLAIN = frozenset(
    """
    the this that these those it its in on at by of for from to and or but with as an a he she they we his her their there
    who which where when what according after before since during while through under over more than both each all one
    two three chinese china women men children national international provincial municipal county district city town
    village province region autonomous street road community federation trade union unions committee government
    association general company companies group limited co ltd bank school university college hospital centre center
    station bureau department office institute factory newspaper daily workers labour labor day festival new year spring
    competition platform service center model craftsman craftsmen award national first second third pages yuan rmb
    january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday people
    """.split()
)
"""English words that print begins with a capital, and that name nothing by themselves."""


def is_english(text: str) -> bool:
    """Whether a sentence holds letters and no Chinese."""
    return bool(re.search(r"[A-Za-z]", text)) and not re.search(r"[\u3400-\u9fff]", text)


def english_dates(text: str) -> list[Date]:
    """Months and years of an English text; "may" counts with a day or a year beside it."""
    low, found, taken = text.lower(), [], []
    for match in _MONTH.finditer(low):
        day = match["before"] or match["day"]
        if match["month"] in ("may", "march") and not (day or match["year"] or text[match.start("month")].isupper()):
            continue
        year = int(match["year"]) if match["year"] else None
        month = _MONTHS.index(match["month"]) + 1
        found.append(Date(match.group(), *match.span(), year=year, month=month, day=int(day) if day else None))
        taken.append(match.span())
    years = (match for match in _YEAR.finditer(low) if not any(start <= match.start() < end for start, end in taken))
    return [*found, *(Date(match.group(), *match.span(), year=int(match["year"])) for match in years)]


def english_figures(text: str) -> list[Figure]:
    """The numbers of an English text, dates left out."""
    taken = [(date.start, date.end) for date in english_dates(text)]
    low, found = text.lower(), []
    for match in _NUMBER.finditer(low):
        if any(start < match.end() and match.start() < end for start, end in taken):
            continue
        word = match["number"]
        value = float(_WORDS.index(word)) if word in _WORDS else float(word.replace(",", ""))
        for scale in re.findall("[a-z]+", match["scale"]):
            value *= _SCALES[scale]
        unit = "%" if match["percent"] else ""
        bound = _bound(low[: match.start()])
        found.append(Figure(Quantity(value, unit, *match.span()), match.group(), bound, ordinal=False))
    return found


def _bound(before: str) -> Bound:
    if _OVER.search(before):
        return "over"
    if _ABOUT.search(before):
        return "about"
    return "under" if _UNDER.search(before) else ""


def english_names(text: str) -> Iterator[str]:
    """Words with a capital that are no plain English, such as Zhou, Guoquan, LOFT.

    Beside a Chinese name such a word is a translation (Haifeng Cold Chain Company), which the meaning tells, not this.
    """
    for phrase in _PHRASE.finditer(text):
        words = [re.sub(r"['’]s$", "", word) for word in _CAPITAL.findall(phrase.group())]
        unusual = [word for word in words if word.lower() not in _PLAIN and len(word) > 1]
        chinese = [word for word in unusual if _is_pinyin(re.sub("['’]", "", word.lower()))]
        # A sentence opens with a capital whatever its first word is.
        opening = not phrase.start() and not chinese and len(words) == 1
        yield from [] if opening else chinese or unusual


def named_in(word: str, everything: str) -> bool:
    """Whether folded Chinese text holds a name: in Latin letters, or in characters that are read so."""
    plain = word.lower()
    return plain in everything or plain.replace("'", "") in _readings(everything)


@cache
def _syllables() -> frozenset[str]:
    """Every syllable of Mandarin, in pinyin without tones."""
    read = _read("".join(map(chr, range(0x4E00, 0x9FA6))))
    return frozenset(syllable for syllable in read if re.search("[aeiouv]", syllable))


def _is_pinyin(word: str) -> bool:
    """Whether a word falls into syllables of Mandarin."""
    return not word or any(word[:length] in _syllables() and _is_pinyin(word[length:]) for length in range(6, 0, -1))


@lru_cache(maxsize=64)
def _readings(text: str) -> frozenset[str]:
    """What up to four characters side by side are read as."""
    syllables = _read(text)
    joined = ("".join(syllables[at : at + length]) for at in range(len(syllables)) for length in range(1, 5))
    return frozenset(joined) - {""}


def _read(text: str) -> list[str]:
    """A syllable a character, in pinyin without tones; empty for what is no Chinese character."""
    from pypinyin import lazy_pinyin  # takes 0.2 s, for English answers only

    return [
        syllable if syllable.isascii() and syllable.isalpha() else ""
        for run in re.findall(r"[\u4e00-\u9fff]+|[^\u4e00-\u9fff]+", text)
        for syllable in (lazy_pinyin(run) if "\u4e00" <= run[0] <= "\u9fff" else [""])
    ]
