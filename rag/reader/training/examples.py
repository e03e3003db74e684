"""Questions with passages that answer them, and with passages that do not, as the reader is trained on them.

Where a passage does not answer is the harder half: an unrelated passage teaches nothing. So the sentence that holds the
answer is taken out, or the question is turned to a thing that the passage does not tell, or another stretch of the same
passage or the best of the other passages is shown.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import rjieba

from rag.index.text.sentences import split_sentences
from rag.index.text.terms import fold
from rag.reader.windows import window_around
from rag.types import Span


@dataclass(frozen=True, slots=True)
class Known:
    """A question whose answer is known."""

    question: str
    passage_id: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage with its sentences."""

    title: str
    text: str
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A question with what the reader is shown, and where the answer lies in it."""

    question: str
    heading: str
    text: str
    answer: Span | None
    """None where the text does not answer."""


def make_passage(title: str, text: str) -> Passage:
    return Passage(title, text, tuple(split_sentences(text)))


def locate(known: Known, passage: Passage) -> Span | None:
    """Where the passage gives the answer: of several places, in the sentence that shares most with the question."""
    pairs = _pairs(known.question)
    best: tuple[float, Span] | None = None
    for answer in known.answers:
        for match in re.finditer(re.escape(answer), passage.text):
            number = _sentence_at(passage, match.start())
            start, end = passage.sentences[number]
            shared = len(pairs & _pairs(passage.text[start:end])) / (len(pairs) or 1)
            if best is None or shared > best[0]:
                best = (shared, match.span())
    return best[1] if best else None


_REMOVED, _ELSEWHERE = 0.4, 0.15
"""Shares of the ways; the rest are swapped questions, the hardest to tell."""


class Examples:
    """Draws examples, other ones in every epoch.

    Args:
        known: the questions to train on.
        passages: by id; of those questions and others.
        similar: the passages nearest to each question, best first.
    """

    def __init__(
        self, known: Sequence[Known], passages: dict[str, Passage], similar: Callable[[Known], Sequence[str]]
    ) -> None:
        self._passages = passages
        self._similar = similar
        located = [(each, locate(each, passages[each.passage_id])) for each in known]
        self._known = [(each, answer) for each, answer in located if answer is not None]
        self._swaps = _Swaps([each.question for each, _ in self._known])

    def epoch(self, generator: random.Random) -> list[Example]:
        """One answered and one unanswered example for each question."""
        drawn = []
        for known, answer in self._known:
            drawn.append(self.answered(known, answer, generator))
            unanswered = self.unanswered(known, answer, generator)
            if unanswered is not None:
                drawn.append(unanswered)
        generator.shuffle(drawn)
        return drawn

    def of_every_way(self, generator: random.Random) -> Iterator[tuple[str, Example]]:
        """For each question an answered example and one of each way of being unanswered that is open, with its name."""
        for known, answer in self._known:
            yield "answered", self.answered(known, answer, generator)
            ways = {
                "removed": self._removed(known, answer, generator),
                "elsewhere": self._elsewhere(known, generator),
                "swapped": self._swapped(known, answer, generator),
            }
            yield from ((way, example) for way, example in ways.items() if example is not None)

    def answered(self, known: Known, answer: Span, generator: random.Random) -> Example:
        """The question with a stretch of its passage that holds the answer, not always in the middle."""
        passage = self._passages[known.passage_id]
        number = _sentence_at(passage, answer[0])
        centre = min(max(number + generator.choice((-2, -1, 0, 0, 1, 2)), 0), len(passage.sentences) - 1)
        longest = generator.randint(140, 400)
        first, last = window_around(passage.sentences, centre, longest)
        if not first <= number < last:
            first, last = window_around(passage.sentences, number, longest)
        start, end = passage.sentences[first][0], passage.sentences[last - 1][1]
        stop = min(answer[1], end)
        heading = passage.title if generator.random() > 0.15 else ""
        return Example(known.question, heading, passage.text[start:end], (answer[0] - start, stop - start))

    def unanswered(self, known: Known, answer: Span, generator: random.Random) -> Example | None:
        """The question with something that does not answer it; None where the way drawn is not open."""
        way = generator.random()
        if way < _REMOVED:
            return self._removed(known, answer, generator)
        if way < _REMOVED + _ELSEWHERE:
            return self._elsewhere(known, generator)
        return self._swapped(known, answer, generator)

    def _removed(self, known: Known, answer: Span, generator: random.Random) -> Example | None:
        """The passage without the sentences that hold the answer."""
        passage = self._passages[known.passage_id]
        kept = [
            passage.text[start:end]
            for start, end in passage.sentences
            if not any(answer in passage.text[start:end] for answer in known.answers) and not start <= answer[0] < end
        ]
        if not kept:
            return None
        text = "".join(kept)
        sentences = split_sentences(text)
        pairs = _pairs(known.question)
        # The part that is likest the question, as a searcher would show it.
        nearest = max(
            range(len(sentences)), key=lambda at: (len(pairs & _pairs(text[slice(*sentences[at])])), generator.random())
        )
        first, last = window_around(sentences, nearest, generator.randint(140, 400))
        return Example(known.question, passage.title, text[sentences[first][0] : sentences[last - 1][1]], None)

    def _elsewhere(self, known: Known, generator: random.Random) -> Example | None:
        """One of the passages that a searcher would show beside the right one."""
        others = [
            name
            for name in self._similar(known)
            if name != known.passage_id and not any(answer in self._passages[name].text for answer in known.answers)
        ]
        if not others:
            return None
        passage = self._passages[others[min(int(generator.expovariate(0.5)), len(others) - 1)]]
        pairs = _pairs(known.question)
        nearest = max(
            range(len(passage.sentences)),
            key=lambda at: len(pairs & _pairs(passage.text[slice(*passage.sentences[at])])),
        )
        first, last = window_around(passage.sentences, nearest, generator.randint(140, 400))
        text = passage.text[passage.sentences[first][0] : passage.sentences[last - 1][1]]
        return Example(known.question, passage.title, text, None)

    def _swapped(self, known: Known, answer: Span, generator: random.Random) -> Example | None:
        """The question asked of another person, place, year or thing than the passage tells of."""
        passage = self._passages[known.passage_id]
        told = f"{passage.title}。{passage.text}"
        question = self._swaps.swapped(known.question, told, "".join(known.answers), generator)
        if question is None:
            return None
        return replace(self.answered(known, answer, generator), question=question, answer=None)


_NAMES = ("nr", "ns", "nt", "nz", "nrt", "nrfg", "eng")
_SWAPPED_TAGS = (*_NAMES, "n", "vn", "b", "l", "i")
_YEAR = re.compile(r"(?<!\d)(1[5-9]|20)\d\d(?=年)")
_FROM_PASSAGE = 0.4
"""How often a name gives way to another one that the same passage names: what it tells of one, it does not of all."""


class _Swaps:
    """Words of questions by what kind they are, to put one in the place of another."""

    def __init__(self, questions: Sequence[str]) -> None:
        self._pool: dict[str, list[str]] = {}
        for question in questions:
            for word, tag in rjieba.tag(question):
                if tag in _SWAPPED_TAGS and len(word) > 1:
                    self._pool.setdefault(tag, []).append(word)

    def swapped(self, question: str, told: str, answers: str, generator: random.Random) -> str | None:
        """The question with one word or year that `told` holds replaced by one that makes it another question."""
        if (year := _YEAR.search(question)) and generator.random() < 0.5:
            other = str(int(year.group()) + generator.choice((-11, -5, -3, -2, -1, 1, 2, 3, 4, 10)))
            return None if other in told else question[: year.start()] + other + question[year.end() :]
        folded = fold(told)
        tagged = rjieba.tag(question)
        open_to_it = [
            at for at, (word, tag) in enumerate(tagged) if tag in self._pool and len(word) > 1 and fold(word) in folded
        ]
        if not open_to_it:
            return None
        at = generator.choice(open_to_it)
        other_word = self._other(*tagged[at], told, question + answers, generator)
        if other_word is None:
            return None
        return "".join(other_word if index == at else word for index, (word, _) in enumerate(tagged))

    def _other(self, word: str, tag: str, told: str, said: str, generator: random.Random) -> str | None:
        if tag in _NAMES and generator.random() < _FROM_PASSAGE:
            named = {other for other, kind in rjieba.tag(told) if kind == tag and len(other) > 1 and other not in said}
            if named:
                return generator.choice(sorted(named))
        folded = fold(told)
        drawn = (generator.choice(self._pool[tag]) for _ in range(8))
        return next((other for other in drawn if other != word and fold(other) not in folded), None)


def _sentence_at(passage: Passage, position: int) -> int:
    return next(number for number, (_, end) in enumerate(passage.sentences) if position < end)


def _pairs(text: str) -> set[str]:
    folded = fold(text)
    return {folded[at : at + 2] for at in range(len(folded) - 1)}
