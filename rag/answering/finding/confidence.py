"""Whether the evidence answers the question, or the honest reply is that the pages do not say.

Retrieval always finds something. What it found is accepted on a logistic score of signals that can be checked one
by one: whether the question's places, names and figures are the article's, whether the kind of thing asked for is
there, how much of the question is covered. Coefficients and threshold were fitted on development questions
(docs/answering.md); the threshold is never lowered to force an answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rag.answering.finding.evidence import Evidence, Query
from rag.answering.reading.expectation import find_expected, is_named_so
from rag.answering.reading.question import Expected, Question
from rag.answering.wording.aggregates import place_fits, short_name
from rag.corpus import places
from rag.index.text.terms import PAIR_MARK, fold
from rag.retrieval.preference import dated_as_asked
from rag.types import Article

THRESHOLD = 0.4
"""Confidence from which evidence is shown as an answer."""

_MEASURED = (Expected.NUMBER, Expected.MONEY, Expected.DURATION, Expected.TIME, Expected.PHONE)
_ENGLISH_COVERAGE, _ENGLISH_STRETCH = 0.5, 3.0
"""An English question shares no words with Chinese pages, and its cosines to them are about a third as far up."""
_PLAIN = (Expected.TIME, Expected.DURATION, Expected.PLACE, Expected.REASON)
_RECOGNISED = frozenset(Expected) - {Expected.ANY, Expected.ITEMS, Expected.NAME, Expected.REASON}
"""Kinds that a span alone can be told to be of."""
_SURE = 3.0
"""Margin from which the reader is believed that a name is one, foreign ones and all."""
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?=年)")
_SEVERALLY = re.compile(r"分别(?:都|各)?(?:是|为|在|叫|有|由|来自)?(?:谁|哪|什么(?:人|地方|时候)|多少|几)(?![与和跟])")
"""Asks for one thing for each of several."""
_SEVERAL_KINDS = frozenset({Expected.PERSON, Expected.PLACE, Expected.NUMBER, Expected.MONEY})
_NEARBY = 150
"""Characters behind a sentence in which the rest of what it lists may stand."""
_FIGURE = re.compile(r"\d{3,}(?:\.\d+)?(?=年)|(?<!\d)\d+月\d+日")


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for and against a sentence, each in [0, 1]."""

    coverage: float
    """Share of the question's words in the sentence."""
    context: float
    """Share of them in the headline, lead or neighbouring sentences only."""
    similarity: float
    """Closeness of the embeddings."""
    prior: float
    """The article's retrieval score."""
    measure_absent: float
    """A number, sum, duration or date is asked for, and the sentence holds none of that kind."""
    person_absent: float
    """A person is asked for, and the sentence names none."""
    focus_absent: float
    """The noun asked for (牌子, 队长) is nowhere in the article, and no measure makes up for it."""
    measured_focus_absent: float
    """The same where a measure of the right kind is there."""
    foreign: float
    """The question names a place that the article neither plays in nor mentions."""
    misquoted: float
    """The question quotes a name that the article lacks."""
    misdated: float
    """The question names a year or day that the article lacks."""
    unseen: float
    """Share of the question's words that the whole corpus lacks."""
    missing: float
    """Share of them that the corpus has and this article's evidence lacks."""
    too_few: float = 0.0
    """Something is asked for of each of several, and there are no two of its kind."""
    margin: float = 0.0
    """The trained reader's margin, in tens and within [-1, 0.8]; 0 where it was not asked, as for those below."""
    answer_unlike: float = 0.0
    """What the reader sees as the answer is not of the kind asked for, and it is not sure of it."""
    answer_repeats: float = 0.0
    """Share of its characters that the question holds already."""
    other_year: float = 0.0
    """The question names a year, and the sentence another one."""
    other_place: float = 0.0
    """The question names a place, and the sentence another one that is as large."""


BY_RULES = Signals(
    coverage=1.15,
    context=2.05,
    similarity=3.15,
    prior=1.2,
    measure_absent=-2.45,
    person_absent=-0.95,
    focus_absent=-1.05,
    measured_focus_absent=-1.8,
    foreign=-2.75,
    misquoted=-0.95,
    misdated=-1.6,
    unseen=-1.75,
    missing=-2.3,
    too_few=-4.0,
)
"""What each signal weighs where the reader was not asked."""
BY_READING = Signals(
    coverage=0.35,
    context=0.85,
    similarity=3.2,
    prior=1.45,
    measure_absent=-0.35,
    person_absent=-0.05,
    focus_absent=-0.7,
    measured_focus_absent=-1.9,
    foreign=-4.0,
    misquoted=-0.45,
    misdated=-0.15,
    unseen=-0.55,
    missing=-1.55,
    too_few=-4.0,
    margin=1.7,
    answer_unlike=-4.0,
    answer_repeats=-0.95,
    other_year=-6.0,
    other_place=-6.0,
)
"""What each weighs where it was. What is of another place, year or kind contradicts, and so does one thing where
several are asked for: so few right answers are (none of 487, none, 14, none) that these four are set and not fitted."""
INTERCEPTS = {False: -2.7, True: -1.1}
"""Added to the weighted signals, without and with the reader: what speaks for a sentence of which nothing is known."""

_AGAINST = {
    "measure_absent": "no figure of the kind asked for",
    "person_absent": "nobody is named",
    "focus_absent": "what is asked for is not mentioned",
    "measured_focus_absent": "what is asked for is not mentioned by that word",
    "foreign": "another place",
    "misquoted": "a quoted name is not there",
    "misdated": "another date",
    "too_few": "one thing of the kind asked for at most, where several are asked for",
    "answer_unlike": "what could be the answer is not of the kind asked for",
    "other_year": "another year",
    "other_place": "another place of that size",
}


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure the answer is, and why."""

    value: float
    """Probability in [0, 1] that the sentence answers the question."""
    reasons: tuple[str, ...]
    """What speaks against it, in words."""
    signals: Signals
    """What it was made of."""
    read: bool = False
    """Whether the reader took part."""

    @property
    def coefficients(self) -> Signals:
        """What each signal weighed."""
        return BY_READING if self.read else BY_RULES

    @property
    def intercept(self) -> float:
        """What was added to the weighted signals."""
        return INTERCEPTS[self.read]

    @property
    def accepted(self) -> bool:
        return self.value >= THRESHOLD


def judge(query: Query, evidence: Evidence) -> Confidence:
    """How likely it is that a sentence answers the question.

    Args:
        evidence: the best there is.
    """
    signals, read = read_signals(query, evidence), evidence.margin is not None
    values, coefficients = asdict(signals), asdict(BY_READING if read else BY_RULES)
    score = INTERCEPTS[read] + sum(coefficients[name] * value for name, value in values.items())
    reasons = tuple(reason for name, reason in _AGAINST.items() if values[name])
    return Confidence(1 / (1 + math.exp(-score)), reasons, signals, read)


def read_signals(query: Query, evidence: Evidence) -> Signals:
    """The signals of a sentence."""
    question, article = query.question, evidence.sentence.article
    words = [word for word in query.weights if not word.startswith(PAIR_MARK)]
    total = sum(query.weights[word] for word in words) or 1.0
    measured = question.expected in _MEASURED
    lacks = absent(query, article)
    focus_absent = bool(lacks.asked_for)
    return Signals(
        coverage=_ENGLISH_COVERAGE if question.english else evidence.coverage,
        context=evidence.context,
        similarity=min(1.0, _ENGLISH_STRETCH * evidence.similarity) if question.english else evidence.similarity,
        prior=evidence.prior,
        measure_absent=float(measured and not evidence.expected),
        person_absent=float(question.expected is Expected.PERSON and not evidence.expected),
        focus_absent=float(focus_absent and not (measured and evidence.expected)),
        measured_focus_absent=float(focus_absent and measured and bool(evidence.expected)),
        foreign=float(bool(lacks.places)),
        misquoted=float(bool(lacks.names)),
        misdated=float(bool(lacks.dates)),
        unseen=0.0
        if question.english
        else sum(query.weights[word] for word in words if word not in query.known) / total,
        too_few=float(_holds_too_few(question, evidence)),
        missing=sum(query.weights[w] for w in words if w in query.known and w in evidence.missing) / total,
        **(_of_reading(query.question, evidence.margin, evidence) if evidence.margin is not None else {}),
    )


def _of_reading(question: Question, margin: float, evidence: Evidence) -> dict[str, float]:
    """The signals that rest on what the reader sees as the answer."""
    start, end = evidence.answer or (0, 0)
    answer, text = evidence.sentence.article.text[start:end], evidence.sentence.text
    spoken = [character for character in answer if character.isalnum()]
    years, told = set(_YEAR.findall(question.text)), set(_YEAR.findall(text))
    return {
        "margin": min(max(margin / 10, -1.0), 0.8),
        "answer_unlike": float(
            margin < _SURE and question.expected in _RECOGNISED and not _is_of_kind(question, evidence)
        ),
        "answer_repeats": sum(character in question.text for character in spoken) / len(spoken) if spoken else 1.0,
        "other_year": float(bool(years and told and not years & told)),
        "other_place": float(_names_other_place(question.text, text)),
    }


def _is_of_kind(question: Question, evidence: Evidence) -> bool:
    """Whether what the reader sees as the answer, in its sentence, shares characters with something of that kind."""
    offset = evidence.sentence.start
    start, end = evidence.answer or (0, 0)
    # Held against the sentence: a name is known by the words around it.
    found = find_expected(question, evidence.sentence.text)
    if any(left + offset < end and right + offset > start for left, right in found):
        return True
    return is_named_so(question.expected, evidence.sentence.article.text[start:end])


def _holds_too_few(question: Question, evidence: Evidence) -> bool:
    """Whether something is asked of each of several, and the sentence and what follows name no two such things."""
    if question.expected not in _SEVERAL_KINDS or not _SEVERALLY.search(question.text):
        return False
    sentence = evidence.sentence
    text = sentence.article.text[sentence.start : sentence.end + _NEARBY]
    named = {text[start:end] for start, end in find_expected(question, text)}
    return sum(name not in question.text for name in named) < 2


def _names_other_place(question: str, sentence: str) -> bool:
    """Whether a sentence names a place as large as one in the question, or one in such a place, instead of that one."""
    asked = [mention.path for mention in places.find(question) if mention.path]
    told = [mention.path for mention in places.find(sentence) if mention.path]
    return any(
        all(path[: len(other)] != other and other[: len(path)] != path for other in told)
        and any(len(other) >= len(path) for other in told)
        for path in asked
    )


@dataclass(frozen=True, slots=True)
class Absent:
    """What a question names and an article does not."""

    places: tuple[str, ...]
    names: tuple[str, ...]
    dates: tuple[str, ...]
    asked_for: tuple[str, ...]
    """The noun that the answer should be one of."""


def absent(query: Query, article: Article) -> Absent:
    """The places, quoted names, dates and nouns of a question that an article lacks."""
    question, folded = query.question, fold(article.text)
    # Beside 什么时候 and 哪里 stands what happened, not what is asked for.
    asked_for = () if question.english or question.expected in _PLAIN else question.focus
    figures = tuple(figure for figure in _FIGURE.findall(question.text) if figure not in folded)
    return Absent(
        places=tuple(foreign_places(query, article)),
        names=tuple(name for name in question.quoted if fold(name) not in folded),
        # A paper seldom prints the year it appears in.
        dates=() if figures and dated_as_asked(question.text, article) else figures,
        asked_for=tuple(word for word in asked_for if word not in article.text),
    )


def foreign_places(query: Query, article: Article) -> list[str]:
    """Places that the question names and the article neither plays in nor mentions."""
    text = query.question.text
    return [
        text[mention.start : mention.end]
        for mention in places.find(text)
        if mention.path
        and not place_fits(mention.path, article)
        and short_name(text[mention.start : mention.end]) not in article.text
    ]


def fitting_articles(query: Query, articles: Sequence[tuple[Article, float]]) -> list[tuple[Article, float]]:
    """The articles that no place in the question speaks against; all of them when none is left."""
    fitting = [(article, prior) for article, prior in articles if not foreign_places(query, article)]
    return fitting or list(articles)
