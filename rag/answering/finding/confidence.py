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
from rag.answering.reading.question import Expected
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


COEFFICIENTS = Signals(
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
)
INTERCEPT = -2.7
"""Added to the weighted signals: what speaks for a sentence of which nothing is known."""

_AGAINST = {
    "measure_absent": "no figure of the kind asked for",
    "person_absent": "nobody is named",
    "focus_absent": "what is asked for is not mentioned",
    "measured_focus_absent": "what is asked for is not mentioned by that word",
    "foreign": "another place",
    "misquoted": "a quoted name is not there",
    "misdated": "another date",
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

    @property
    def accepted(self) -> bool:
        return self.value >= THRESHOLD


def judge(query: Query, evidence: Evidence) -> Confidence:
    """How likely it is that a sentence answers the question.

    Args:
        evidence: the best there is.
    """
    signals = read_signals(query, evidence)
    values, coefficients = asdict(signals), asdict(COEFFICIENTS)
    score = INTERCEPT + sum(coefficients[name] * value for name, value in values.items())
    reasons = tuple(reason for name, reason in _AGAINST.items() if values[name])
    return Confidence(1 / (1 + math.exp(-score)), reasons, signals)


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
        missing=sum(query.weights[w] for w in words if w in query.known and w in evidence.missing) / total,
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
