"""What a question over all articles says of the things it asks for, and how much of that a sentence holds.

The words that only ask (哪些城市, 有没有提到, 的做法) are left out, and so are the place, author and day, which are checked
by themselves. What remains falls into parts; a part with several choices (快递员或货车司机) is held by any of them. Rare
words count by the square of their weight: what every article says decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from rag.answering.finding.evidence import Query, content_words
from rag.answering.reading.expectation import SURNAMES
from rag.answering.reading.quantities import find_quantities
from rag.answering.reading.question import Question
from rag.corpus import places
from rag.index.text.terms import cutter

_WHICH = "哪些|哪几|哪[一二两三四五六七八九十0-9]+|多少|几"
_ASKED_FOR = "城市|地方|地区|地市|省市|省份?(?:\\(自治区\\))?|自治区|直辖市|县市|市|县区?|区县|区|旗|州|企业|公司|单位|机构|报道|文章|新闻|工会|件?事(?:情)?"
_ASKING = re.compile(
    rf"按省份?看|(?:有|都有)?(?:{_WHICH})[个篇家条则座件场次项届]?(?:{_ASKED_FOR})?(?:或(?:企业|城市|地区|单位))?|"
    rf"的(?:{_ASKED_FOR})(?:一共|总共|共|都)?(?:有|是)(?:{_WHICH})[个家篇座]?|"
    r"(?:两|几|[二三四五六七八九0-9]+)篇|报道过?|报纸上?|文章|资料|新闻|版面|"
    r"(?:里面?|中)?(?:提到|提及|出现|涉及|写|讲|说|介绍)[到了过]*|有没有人?|有人|还有|里面?(?=有|都)|只要|就有|分别|关于|什么|哪里|参与了?|单独|"
    r"[上见登]了?报(?!名|告|道)|这[天日]|当[天日]|被|做法|办法|方式|方法|工会工作|工会|的|用(?!户)|来(?!自)"
)
_AUTHOR = re.compile(
    r"(?:记者|通讯员|作者)(?:是|为)?([\u4e00-\u9fff]{2,3}?)(?=参与|写|报道|采写|的|和|、|拍|都|一共|分别|还|[?？,，]|$)"
)
_WROTE = re.compile(
    rf"(?:是|由)((?:[{SURNAMES}])[\u4e00-\u9fff]{{1,2}}?)(?:一个人|参与|独自)?(?:采访|采写|撰写|写|报道|拍摄?|摄)的?"
)
_DAY = re.compile(r"(?:[0-9]{4}年)?([0-9]{1,2}月[0-9]{1,2}[日号])")
_OR = re.compile(r"或者?|、|以及|还是")
_JOINING = frozenset("的了给用发帮为被把对向在和与及或来去有是做办搞开从到将让使以并而且也都就由还里")
"""Characters that stand alone between the words of a question and name nothing."""
_DATES = frozenset("年月日")
_CHOICE = "|"
_TOUCHED = 0.1
"""Share of a choice that makes it more than chance."""


@dataclass(frozen=True, slots=True)
class Part:
    """A word of the question, or several any of which will do."""

    weight: float
    choices: tuple[Mapping[str, float], ...]
    """Of each choice its terms with their weights."""

    def held(self, terms: Collection[str]) -> float:
        """The share in [0, 1] of the choice that is held best."""
        return max(_share(choice, terms) for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Predicate:
    """What has to be told of a member."""

    words: Mapping[str, float]
    """Every word that is said of the members, with its weight."""
    parts: tuple[Part, ...]
    figures: tuple[tuple[float, str], ...]
    """Values with their units that a member must print: 5分钟."""

    def held(self, terms: Collection[str]) -> float:
        """How much of the parts the terms hold, in [0, 1]; 0 where they hold none.

        A figure counts as much as the rarest word; `figures_in` tells whether it is there.
        """
        told = sum(part.weight**2 * part.held(terms) for part in self.parts)
        figures = len(self.figures) * max((part.weight for part in self.parts), default=0.0) ** 2
        return (told + figures) / (sum(part.weight**2 for part in self.parts) + figures) if told else 0.0

    def met_by(self, terms: Collection[str]) -> bool:
        """Whether of every part with several choices at least one is touched: they are what the question is about."""
        return all(part.held(terms) >= _TOUCHED for part in self.parts if len(part.choices) > 1)

    def needed(self, terms: Collection[str]) -> dict[str, float]:
        """The words without those of choices in whose place another choice is held."""
        idle: set[str] = set()
        for part in self.parts:
            taken = max(part.choices, key=lambda choice: _share(choice, terms))
            idle.update(word for choice in part.choices for word in choice if word not in taken)
        return {word: weight for word, weight in self.words.items() if word not in idle}

    def figures_in(self, text: str) -> bool:
        """Whether a text prints every figure of the question."""
        if not self.figures:
            return True
        printed = {(quantity.value, quantity.unit) for quantity in find_quantities(text)}
        return printed.issuperset(self.figures)


def _share(choice: Mapping[str, float], terms: Collection[str]) -> float:
    return sum(weight**2 for term, weight in choice.items() if term in terms) / sum(x**2 for x in choice.values())


def author_asked(question: Question) -> str:
    """The reporter whose articles are asked for; empty where none is named."""
    match = _AUTHOR.search(question.text) or _WROTE.search(question.text)
    return match.group(1) if match else ""


def day_asked(question: Question) -> str:
    """The day, without its year, of which the articles are asked for; empty where none is named."""
    match = _DAY.search(question.text)
    return match.group(1).replace("号", "日") if match else ""


def said_of_members(question: Question) -> str:
    """The question without what asks, and without the place, author and day that it names."""
    text = question.text
    for mention in reversed(places.find(text)):
        text = f"{text[: mention.start]} {text[mention.end :]}"
    for pattern in (_AUTHOR, _WROTE, _DAY, _ASKING):
        text = pattern.sub(" ", text)
    return text


def read_predicate(query: Query) -> Predicate:
    """What the question says of its members."""
    text = said_of_members(query.question)
    words = query_of_members(query).weights
    parts = (_part(query, choices) for choices in split_choices(text))
    figures = [(one.value, one.unit) for one in find_quantities(text) if one.unit and one.unit not in _DATES]
    return Predicate(words, tuple(part for part in parts if part is not None), tuple(figures))


def query_of_members(query: Query) -> Query:
    """The query with the words alone that are said of the members: those that ask are in no article's way."""
    said = set(content_words(said_of_members(query.question), query.analyzer))
    weights = {word: weight for word, weight in query.weights.items() if word in said}
    return replace(query, weights=weights, known=query.known & weights.keys())


def _part(query: Query, choices: Collection[str]) -> Part | None:
    kept = tuple(choice for one in choices if (choice := _terms(query, one)))
    # A part is as telling as its plainest choice: 职工或农民工 is met by any article on 职工.
    return Part(min(max(choice.values()) for choice in kept), kept) if kept else None


def _terms(query: Query, text: str) -> dict[str, float]:
    """The terms of a word with their weights: those that the corpus has, and a word of the dictionary that it lacks.

    Such a word (地铁, 养老院) is what no article tells of, unless it is put together of words that the corpus has
    (政府·部门). What the cutter makes up (师带·徒) no article lacks.
    """
    found = [word for word in content_words(text, query.analyzer) if len(word) > 1 and word in query.weights]
    known = [word for word in found if word in query.known]
    return {word: query.weights[word] for word in found if word in query.known or _lacking(word, known)}


def _lacking(word: str, known: Collection[str]) -> bool:
    rest = word
    for part in known:
        rest = rest.replace(part, "")
    return bool(rest) and list(cutter().cut(word, hmm=False)) == [word]


def split_choices(text: str) -> list[list[str]]:
    """The words of a question's rest, each with the words that 或 or 、 puts beside it.

    Where a choice ends is not written: the first reaches back to the last joining word, each later one is taken to be
    about as long as the one before.
    """
    words = _whole_words(re.sub(r"[()]", "", text))
    found: list[list[str]] = []
    before, at = "", 0
    while at < len(words):
        word = words[at]
        at += 1
        if before != _CHOICE or not word:
            if word not in ("", _CHOICE):
                found.append([word])
            before = _CHOICE if word == _CHOICE and before else "" if word == _CHOICE else word
            continue
        least = max(2, len(found[-1][-1]))
        while len(word) < least and at < len(words) and words[at] not in ("", _CHOICE):
            word += words[at]
            at += 1
        found[-1].append(word)
        before = word
    return found


def _whole_words(text: str) -> list[str]:
    """Words with the single characters beside them (快递·员), `""` for what stands between, `_CHOICE` for 或 and 、."""
    words: list[str] = []
    for word in cutter().cut(text):
        if _OR.fullmatch(word):
            words.append(_CHOICE)
        elif not re.search(r"\w", word) or word in _JOINING:
            words.append("")
        elif words and words[-1] not in ("", _CHOICE) and 1 in (len(word), len(words[-1])):
            words[-1] += word
        else:
            words.append(word)
    return words
