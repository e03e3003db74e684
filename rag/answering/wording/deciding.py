"""The sentence of each article that decides whether it belongs to an answer over all articles, and how well it does.

A sentence decides when it says what the question says of the things it asks for; which words those are tells
`predicate.py`. The first mention, the headline or the lead may say less of it than a sentence further down.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from rag.answering.finding.evidence import Evidence, EvidenceFinder, Query
from rag.answering.wording.predicate import Predicate, read_predicate
from rag.index.text.analyzer import Analyzer
from rag.types import Article, BlockRole

HELD = 0.35
"""Share of the question's words that the best article must hold for any to be an answer."""
MEANING = 0.6
"""What a sentence's closeness to the question counts beside the words that it holds."""
WEIGHED = 3
"""Sentences of an article whose meaning is weighed: those that hold most."""
WEIGHED_ARTICLES = 24
"""Articles whose sentences are weighed so; the others hold less of the question's words."""


def deciding(
    finder: EvidenceFinder, query: Query, articles: Sequence[tuple[Article, float]], least: float = HELD
) -> list[Evidence]:
    """Of each article the sentence that holds most of what the question says, best first.

    Its score is the share of the question's words that it holds, by their weight squared, half of it in the sentence
    itself and half with what stands around it, plus `MEANING` times its similarity. An article that holds none of the
    words is left out, and so is one that lacks a figure of the question or all of its choices. Coverage, context and
    missing words are those of the words that are said of the members.

    Args:
        articles: with their retrieval scores in [0, 1].
        least: share of the question's words that the best article must hold for any to be returned.
    """
    predicate = read_predicate(query)
    by_article: dict[str, list[Evidence]] = {}
    for evidence in finder.find(query, articles, reranked=0):
        by_article.setdefault(evidence.sentence.article.article_id, []).append(evidence)
    held = [_best_held(query.analyzer, predicate, evidences) for evidences in by_article.values()]
    held = sorted((found for found in held if found), key=lambda found: -found[0].score)[:WEIGHED_ARTICLES]
    if not held or held[0][0].score < least:
        return []
    flat = [evidence for found in held for evidence in found]
    best: dict[str, Evidence] = {}
    for evidence, near in zip(flat, finder.compared(query, flat), strict=True):
        weighed = replace(near, score=evidence.score + MEANING * near.similarity)
        name = weighed.sentence.article.article_id
        if name not in best or weighed.score > best[name].score:
            best[name] = weighed
    return sorted(best.values(), key=lambda evidence: -evidence.score)


def _best_held(analyzer: Analyzer, predicate: Predicate, evidences: Sequence[Evidence]) -> list[Evidence]:
    """The sentences of an article that hold most of the predicate, best first, with that as their score."""
    article = evidences[0].sentence.article
    if not predicate.figures_in(article.text):
        return []
    ordered = sorted(
        (one for one in evidences if one.sentence.role is not BlockRole.BYLINE), key=lambda one: one.sentence.start
    )
    terms = [frozenset(analyzer.terms(one.sentence.text)) for one in ordered]
    heading = frozenset(analyzer.terms(f"{article.title}\n{article.kicker}"))
    found = []
    for number, evidence in enumerate(ordered):
        own = predicate.held(terms[number])
        near = heading.union(*terms[max(number - 1, 0) : number + 2])
        if own and predicate.met_by(near) and predicate.figures_in(evidence.sentence.text):
            score = (own + predicate.held(near)) / 2
            found.append(replace(_counted(predicate, evidence, terms[number], near), score=score))
    return sorted(found, key=lambda evidence: -evidence.score)[:WEIGHED]


def _counted(predicate: Predicate, evidence: Evidence, own: Collection[str], near: Collection[str]) -> Evidence:
    """The evidence with the words that it holds, has around it and lacks of those that are said of the members."""
    needed = predicate.needed(near)
    total = sum(needed.values()) or 1.0
    coverage = sum(weight for word, weight in needed.items() if word in own) / total
    context = sum(weight for word, weight in needed.items() if word in near and word not in own) / total
    return replace(
        evidence, coverage=coverage, context=context, missing=tuple(word for word in needed if word not in near)
    )
