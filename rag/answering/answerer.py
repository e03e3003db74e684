"""A question and its hits → an answer, cited or refused. Composes the other modules and decides nothing itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.answering.aggregates import Aggregator, has_predicate
from rag.answering.composing import Composer, Draft
from rag.answering.confidence import fitting_articles, judge
from rag.answering.evidence import Evidence, EvidenceFinder, Query, Weights, content_words, make_query
from rag.answering.followup import Standalone, make_standalone
from rag.answering.passages import passage_draft
from rag.answering.question import Form, Question, parse_question
from rag.answering.refusals import refusal_text
from rag.answering.spelling import respell
from rag.answering.verdicts import (
    best_pair,
    comparison_draft,
    read_comparison,
    read_sides,
    side_question,
    yes_no_draft,
)
from rag.embedding.base import Embedder
from rag.index.generation import Generation
from rag.index.terms import PAIR_MARK
from rag.retrieval.retriever import CANDIDATES, Candidate, Retriever
from rag.types import Answer, AnswererName, Article, Filters, Hit, Turn

READ_ARTICLES = 6
"""Articles whose sentences are read for one answer."""
READ_FOR_ALL = 120
"""Articles whose sentences are read for an answer over all articles; both legs put the likeliest first."""
NO_MODEL = "No language model is configured (llm_base_url): the answer is extractive."


@dataclass(frozen=True, slots=True)
class _Search:
    """What was looked up for a question."""

    query: Query
    candidates: list[Candidate]
    articles: list[tuple[Article, float]]
    """In order of their best chunk, with its score in [0, 1]."""


class Answerer:
    """Answers from one generation. Safe to share between threads."""

    def __init__(self, generation: Generation, retriever: Retriever, embedder: Embedder) -> None:
        self._generation = generation
        self._retriever = retriever
        self._embedder = embedder
        self._finder = EvidenceFinder(embedder)
        # A headline that says it all is the best line of a list.
        self._aggregator = Aggregator(EvidenceFinder(embedder, Weights(headline=0.0)))
        self._composer = Composer(generation)

    def answer(
        self, asked: str, history: Sequence[Turn], top_k: int, filters: Filters, answerer: AnswererName = "auto"
    ) -> Answer:
        """Answers, or refuses.

        Args:
            asked: the question as typed.
            history: the conversation before it, oldest first.
            top_k: how many hits to show.
            filters: restrictions on what is read.
            answerer: which answerer the caller wants.
        """
        began = time.perf_counter()
        standalone = make_standalone(asked, history)
        question = parse_question(standalone.text)
        mask = self._generation.mask(filters)
        topic = content_words(standalone.topic) if standalone.topic else ()
        search = self._look_up(question, mask, topic)
        if (respelt := self._respelt(search)) != question.text:
            standalone = Standalone(respelt, standalone.topic)
            question = parse_question(respelt)
            search = self._look_up(question, mask, topic)
        draft = self._draft(search, mask)
        hits = self._hits(search, top_k)
        text, citations = self._composer.compose(draft) if draft else (refusal_text(question, hits), ())
        return Answer(
            question=asked,
            answered=draft is not None,
            answer=text,
            citations=citations,
            hits=hits,
            standalone_question=standalone.text,
            answerer="extractive",
            generation=self._generation.id,
            took_ms=1000 * (time.perf_counter() - began),
            warnings=(NO_MODEL,) if answerer == "llm" else (),
        )

    def _look_up(self, question: Question, mask: NDArray[np.bool_] | None, topic: Sequence[str] = ()) -> _Search:
        query = make_query(question, self._generation, self._embedder, topic)
        candidates = self._retriever.candidates(question.text, CANDIDATES, mask, vector=query.embedding)
        best: dict[int, float] = {}
        for candidate in candidates:
            best.setdefault(int(self._generation.chunk_articles[candidate.row]), candidate.score)
        most = READ_FOR_ALL if question.form is Form.AGGREGATE else READ_ARTICLES
        articles = [(self._generation.article_at(ordinal), score) for ordinal, score in list(best.items())[:most]]
        return _Search(query, candidates, articles)

    def _respelt(self, search: _Search) -> str:
        """The question with pinyin and homophone slips mended from what it found; English is left as it is."""
        if search.query.question.english:
            return search.query.question.text
        passages = (self._generation.chunk(candidate.row).text for candidate in search.candidates[:8])
        return respell(
            search.query.question.text,
            passages,
            lambda pair: bool(self._generation.words.document_frequency([PAIR_MARK + pair])[0]),
        )

    def _draft(self, search: _Search, mask: NDArray[np.bool_] | None) -> Draft | None:
        """The answer before its marks are numbered; None for a refusal."""
        question = search.query.question
        if question.form is Form.AGGREGATE:
            return self._over_all(search)
        if question.form is Form.COMPARISON and (draft := self._compared(question, mask)):
            return draft
        evidences = self._evidences(search)
        if not evidences or not judge(search.query, evidences[0]).accepted:
            return None
        if question.form is Form.YES_NO and (draft := yes_no_draft(search.query, evidences[0])):
            return draft
        return passage_draft(search.query, evidences)

    def _evidences(self, search: _Search) -> list[Evidence]:
        return self._finder.find(search.query, fitting_articles(search.query, search.articles))

    def _over_all(self, search: _Search) -> Draft | None:
        members = self._aggregator.members(search.query, search.articles)
        if not members:
            return None
        # Where a place or an author alone is asked for, the filter has decided already.
        if has_predicate(search.query.question) and not judge(search.query, members[0].evidence).accepted:
            return None
        return self._aggregator.draft(search.query, members, self._generation.counts.articles)

    def _compared(self, question: Question, mask: NDArray[np.bool_] | None) -> Draft | None:
        comparison = read_comparison(question)
        if comparison is None:
            return None
        sides = []
        for name in (comparison.left, comparison.right):
            evidences = self._evidences(self._look_up(parse_question(side_question(comparison, name)), mask))
            sides.append(read_sides(name, evidences, comparison.attribute) if evidences else [])
        pair = best_pair(*sides)
        return comparison_draft(comparison, *pair) if pair else None

    def _hits(self, search: _Search, top_k: int) -> tuple[Hit, ...]:
        return tuple(
            Hit(
                rank=rank,
                chunk=self._generation.chunk(candidate.row),
                article=self._generation.article_of(candidate.row),
                score=candidate.score,
                ranks=candidate.ranks,
            )
            for rank, candidate in enumerate(search.candidates[:top_k], start=1)
        )
