"""Whether the evidence answers the question, or the honest reply is that the pages do not say.

Retrieval always finds something. Evidence is accepted on a score made of what can be checked: that the places and quoted
names of the question are those of the article, that the kind of thing asked for is there, that the question's rare words
are covered, and that question and sentence mean nearly the same. The threshold was chosen on development questions
(docs/answering.md) and is never lowered to force an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.aggregates import place_fits, short_name
from rag.answering.evidence import Evidence, Query
from rag.answering.question import Expected, Form
from rag.corpus import places
from rag.index.terms import fold
from rag.types import Article

THRESHOLD = 0.5
"""Confidence from which evidence is shown as an answer."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure the answer is, and why."""

    value: float
    """In [0, 1]."""
    reasons: tuple[str, ...]
    """What speaks against it, in words."""

    @property
    def accepted(self) -> bool:
        return self.value >= THRESHOLD


def judge(query: Query, evidence: Evidence) -> Confidence:
    """How likely it is that a sentence answers the question.

    Args:
        evidence: the best there is.
    """
    question, article = query.question, evidence.sentence.article
    reasons: list[str] = []
    covered = evidence.coverage + 0.8 * evidence.context
    value = 0.25 + 0.55 * min(covered, 1.0) + 0.35 * evidence.similarity
    if question.expected is not Expected.ANY and question.form is Form.PASSAGE and not evidence.expected:
        value -= _ABSENCE.get(question.expected, 0.1)
        reasons.append(f"no {question.expected.value} in the sentence")
    for name in question.quoted:
        if fold(name) not in fold(article.text):
            value -= 0.25
            reasons.append(f"the article does not name {name}")
    if foreign := foreign_places(query, article):
        value -= 0.6 if article.place else 0.3
        reasons.append(f"the article is not about {foreign[0]}")
    unseen = [word for word in query.weights if word not in query.known and len(word) > 1]
    if unseen and not question.english:
        value -= min(0.05 * len(unseen), 0.15)
        reasons.append(f"not in the corpus: {'、'.join(unseen[:4])}")
    lost = sum(query.weights[word] for word in evidence.missing if word in query.known) / (query.total or 1.0)
    if lost > 0.25:
        value -= 0.3 * (lost - 0.25)
        reasons.append(f"not in the article: {'、'.join(evidence.missing[:4])}")
    return Confidence(max(0.0, min(1.0, value)), tuple(reasons))


# How much it tells against a sentence that it holds nothing of the kind asked for: the recognisers of numbers miss
# next to nothing, those of organisations and reasons much.
_ABSENCE = {
    Expected.PHONE: 0.6,
    Expected.MONEY: 0.35,
    Expected.NUMBER: 0.35,
    Expected.DURATION: 0.35,
    Expected.TIME: 0.3,
    Expected.PERSON: 0.3,
    Expected.PLACE: 0.1,
    Expected.ORGANISATION: 0.15,
    Expected.NAME: 0.05,
    Expected.REASON: 0.05,
    Expected.ITEMS: 0.05,
}


def foreign_places(query: Query, article: Article) -> list[str]:
    """Places that the question names and the article neither plays in nor mentions."""
    return [
        query.question.text[mention.start : mention.end]
        for mention in places.find(query.question.text)
        if mention.path and not place_fits(mention.path, article)
        and short_name(query.question.text[mention.start : mention.end]) not in article.text
    ]


def fitting_articles(query: Query, articles: Sequence[tuple[Article, float]]) -> list[tuple[Article, float]]:
    """The articles that no place in the question speaks against; all of them when none is left."""
    fitting = [(article, prior) for article, prior in articles if not foreign_places(query, article)]
    return fitting or list(articles)
