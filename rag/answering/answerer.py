"""A question and its hits → an answer, cited or refused. Composes the other modules and decides nothing itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag.answering.explaining import explain_answer
from rag.answering.finding.confidence import fitting_articles, judge
from rag.answering.finding.evidence import Evidence, EvidenceFinder, Weights, content_words, make_query
from rag.answering.finding.passages import passage_draft
from rag.answering.finding.spans import ReadingFinder
from rag.answering.reading.followup import Standalone, make_standalone
from rag.answering.reading.question import Form, Question, parse_question
from rag.answering.reading.spelling import respell
from rag.answering.standing import Examiner
from rag.answering.trace import Decision, Rule, Search, Trace
from rag.answering.wording.aggregates import Aggregator, has_predicate
from rag.answering.wording.composing import Composer, Draft, Quote, chunk_holding
from rag.answering.wording.predicate import query_of_members
from rag.answering.wording.refusals import refusal_text
from rag.answering.wording.verdicts import (
    best_pair,
    comparison_draft,
    read_comparison,
    read_sides,
    side_question,
    yes_no_draft,
)
from rag.cancellation import Cancellation
from rag.embedding.base import Embedder
from rag.explanations import AnswerExplanation, ArticleStanding
from rag.index.storage.generation import Generation
from rag.index.text.terms import PAIR_MARK
from rag.retrieval.copies import Copies, one_of_each
from rag.retrieval.explaining import explain_search
from rag.retrieval.retriever import CANDIDATES, Retriever
from rag.stages import stage
from rag.types import Answer, AnswererName, Article, Filters, Hit, Turn

if TYPE_CHECKING:
    from rag.answering.phrasing.phraser import Phraser
    from rag.reader.reader import Reader

READ_ARTICLES = 6
"""Articles whose sentences are read for one answer."""
READ_FOR_ALL = 120
"""Articles whose sentences are read for an answer over all articles; both legs put the likeliest first."""
NO_MODEL = "No language model is configured (llm_base_url): the answer is extractive."
DATED = 0.4
"""What it adds to a sentence's score that its article's dates fit the question's in every way."""
LOOKED_THROUGH = "Questions over all articles are answered by looking through them: the answer is extractive."
SHOWN_SHARE = 0.5
"""Share of the best score that a chunk needs to be shown to a language model: reading takes it longest."""
SHOWN_CHUNKS = 16
"""Chunks that may be shown to a language model, beside those that the extractive answer quotes."""


class Answerer:
    """Answers from one generation. Safe to share between threads."""

    def __init__(
        self,
        generation: Generation,
        retriever: Retriever,
        embedder: Embedder,
        phraser: Phraser | None = None,
        reader: Reader | None = None,
    ) -> None:
        self._generation = generation
        self._phraser = phraser
        self._retriever = retriever
        self._embedder = embedder
        self._finder = ReadingFinder(embedder, reader) if reader else EvidenceFinder(embedder)
        # A headline that says it all is the best line of a list.
        self._finder_for_all = EvidenceFinder(embedder, Weights(headline=0.0))
        self._aggregator = Aggregator(self._finder_for_all)
        self._composer = Composer(generation)

    def answer(
        self,
        asked: str,
        history: Sequence[Turn],
        top_k: int,
        filters: Filters,
        answerer: AnswererName = "auto",
        explain: bool = False,
        on_hits: Callable[[tuple[Hit, ...]], None] | None = None,
        cancellation: Cancellation | None = None,
    ) -> Answer:
        """Answers, or refuses.

        Args:
            asked: the question as typed.
            history: the conversation before it, oldest first.
            top_k: how many hits to show.
            filters: restrictions on what is read.
            answerer: which answerer the caller wants.
            explain: also tell why it was answered or refused.
            on_hits: called once, with the hits of the answer, before anything is read for it.
            cancellation: lets another thread call the work off.

        Raises:
            Cancelled: the work was called off.
        """
        began = time.perf_counter()
        cancellation = cancellation or Cancellation()
        standalone, mask, search = self._searched(asked, history, filters)
        hits = Copies(self._generation, mask).hits(search.candidates, top_k)
        if on_hits is not None:
            on_hits(hits)
        cancellation.check()
        trace = Trace(asked, standalone, mask, search, self._decide(search, mask, not filters.dated))
        cancellation.check()
        phrased, warnings = self._phrased(trace, answerer, cancellation)
        draft = phrased or trace.decision.draft
        question = trace.search.query.question
        text, citations = self._composer.compose(draft) if draft else (refusal_text(question, hits), ())
        return Answer(
            question=asked,
            answered=draft is not None,
            answer=text,
            citations=citations,
            hits=hits,
            standalone_question=trace.standalone.text,
            answerer="llm" if phrased else "extractive",
            generation=self._generation.id,
            took_ms=1000 * (time.perf_counter() - began),
            warnings=warnings,
            explanation=self._explained(trace, hits) if explain else None,
        )

    def why(self, article: Article, asked: str, history: Sequence[Turn], filters: Filters) -> ArticleStanding:
        """What kept an article out of the answer to a question, or that it is in it."""
        trace = self.trace(asked, history, filters)
        over_all = trace.search.query.question.form is Form.AGGREGATE
        examiner = Examiner(self._generation, self._finder_for_all if over_all else self._finder, self._aggregator)
        return examiner.examine(article, trace, filters)

    def _phrased(
        self, trace: Trace, answerer: AnswererName, cancellation: Cancellation
    ) -> tuple[Draft | None, tuple[str, ...]]:
        """The answer in a language model's words, None where the extractive one serves, and what there is to warn of.

        The model phrases what was found and decides nothing: what is refused without it is refused with it, and what
        takes a look at all articles is not left to the few that it can be shown.
        """
        draft = trace.decision.draft
        if self._phraser is None:
            return None, (NO_MODEL,) if answerer == "llm" else ()
        if answerer == "extractive" or draft is None:
            return None, ()
        if trace.search.query.question.form is Form.AGGREGATE:
            return None, (LOOKED_THROUGH,) if answerer == "llm" else ()
        ranges = []
        for part in draft.parts:
            if isinstance(part, Quote):
                chunk = chunk_holding(self._generation.chunks_of(part.article.article_id), part.start, part.end)
                ranges.append((part.article, chunk.start, chunk.end))
        candidates = trace.search.candidates[:SHOWN_CHUNKS]
        for candidate in candidates:
            if candidate.score < SHOWN_SHARE * candidates[0].score:
                continue
            chunk = self._generation.chunk(candidate.row)
            ranges.append((self._generation.article_of(candidate.row), chunk.start, chunk.end))
        with stage("phrase"):
            phrased = self._phraser.phrase(trace.search.query, ranges, cancellation)
        return phrased.draft, phrased.warnings

    def _explained(self, trace: Trace, hits: Sequence[Hit]) -> AnswerExplanation:
        search = trace.search
        return explain_answer(
            trace,
            explain_search(self._generation, search.query.question.text, trace.mask, search.candidates, hits),
        )

    def trace(self, asked: str, history: Sequence[Turn], filters: Filters) -> Trace:
        """Everything up to the decision: what was read, and whether and by what it is answered."""
        standalone, mask, search = self._searched(asked, history, filters)
        return Trace(asked, standalone, mask, search, self._decide(search, mask, not filters.dated))

    def _searched(
        self, asked: str, history: Sequence[Turn], filters: Filters
    ) -> tuple[Standalone, NDArray[np.bool_] | None, Search]:
        """The question as it is looked up, the chunks that the filters let through, and what was found."""
        standalone = make_standalone(asked, history)
        question = parse_question(standalone.text)
        mask = self._generation.mask(filters)
        topic = content_words(standalone.topic, self._generation.analyzer) if standalone.topic else ()
        search = self._look_up(question, mask, topic, not filters.dated)
        if (respelt := self._respelt(search)) != question.text:
            standalone = Standalone(respelt, standalone.topic)
            question = parse_question(respelt)
            search = self._look_up(question, mask, topic, not filters.dated)
        return standalone, mask, search

    def _look_up(
        self, question: Question, mask: NDArray[np.bool_] | None, topic: Sequence[str] = (), dated: bool = True
    ) -> Search:
        query = make_query(question, self._generation, self._embedder, topic)
        candidates = self._retriever.candidates(question.text, CANDIDATES, mask, vector=query.embedding, dated=dated)
        best: dict[int, float] = {}
        fits: dict[int, float] = {}
        for candidate in candidates:
            ordinal = int(self._generation.chunk_articles[candidate.row])
            best.setdefault(ordinal, candidate.score)
            fits[ordinal] = max(candidate.dates, fits.get(ordinal, 0.0))
        over_all = question.form is Form.AGGREGATE
        ordinals = one_of_each(self._generation, best, fullest=not over_all)
        articles = [
            (self._generation.article_at(ordinal), best[ordinal])
            for ordinal in ordinals[: READ_FOR_ALL if over_all else READ_ARTICLES]
        ]
        dates = {article.article_id: fits[ordinal] for ordinal, (article, _) in zip(ordinals, articles, strict=False)}
        return Search(query, candidates, articles, dates)

    def _respelt(self, search: Search) -> str:
        """The question with pinyin and homophone slips mended from what it found; English is left as it is."""
        if search.query.question.english:
            return search.query.question.text
        passages = (self._generation.chunk(candidate.row).text for candidate in search.candidates[:8])
        return respell(
            search.query.question.text,
            passages,
            lambda pair: bool(self._generation.words.document_frequency([PAIR_MARK + pair])[0]),
        )

    def _decide(self, search: Search, mask: NDArray[np.bool_] | None, dated: bool) -> Decision:
        """The answer before its marks are numbered, or a refusal."""
        question = search.query.question
        if question.form is Form.AGGREGATE:
            return self._over_all(search)
        if question.form is Form.COMPARISON and (decision := self._compared(question, mask, dated)):
            return decision
        evidences = self._evidences(search)
        confidence = judge(search.query, evidences[0]) if evidences else None
        if confidence is None or not confidence.accepted:
            return Decision(Rule.PASSAGE, None, evidences, confidence)
        if question.form is Form.YES_NO and (draft := yes_no_draft(search.query, evidences[0], evidences)):
            return Decision(Rule.YES_NO, draft, evidences, confidence)
        return Decision(Rule.PASSAGE, passage_draft(search.query, evidences), evidences, confidence)

    def _evidences(self, search: Search) -> list[Evidence]:
        found = self._finder.find(search.query, fitting_articles(search.query, search.articles))
        if not any(search.dates.values()):
            return found
        dated = [
            replace(evidence, score=evidence.score + DATED * search.dates[evidence.sentence.article.article_id])
            for evidence in found
        ]
        return sorted(dated, key=lambda evidence: -evidence.score)

    def _over_all(self, search: Search) -> Decision:
        # Where a place or an author alone is asked for, the filter has decided already.
        weighed = has_predicate(search.query.question)
        rule = Rule.ALL_ARTICLES if weighed else Rule.LISTING
        members = self._aggregator.members(search.query, search.articles)
        evidences = [member.evidence for member in members]
        confidence = judge(query_of_members(search.query), evidences[0]) if evidences and weighed else None
        if not members or (confidence and not confidence.accepted):
            return Decision(rule, None, evidences, confidence)
        draft = self._aggregator.draft(search.query, members, self._generation.counts.articles)
        return Decision(rule, draft, evidences, confidence)

    def _compared(self, question: Question, mask: NDArray[np.bool_] | None, dated: bool) -> Decision | None:
        comparison = read_comparison(question)
        if comparison is None:
            return None
        sides, read = [], []
        for name in (comparison.left, comparison.right):
            side = parse_question(side_question(comparison, name))
            evidences = self._evidences(self._look_up(side, mask, dated=dated))
            sides.append(read_sides(name, evidences, comparison.attribute) if evidences else [])
            read += evidences
        pair = best_pair(*sides)
        if pair is None:
            return None
        return Decision(Rule.COMPARISON, comparison_draft(comparison, *pair), read)
