"""Why an article is, or is not, in the answer to a question: the first thing on its way that kept it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.explaining import explain_sentence
from rag.answering.finding.confidence import THRESHOLD, fitting_articles, foreign_places, judge
from rag.answering.finding.evidence import Evidence, EvidenceFinder, Query
from rag.answering.reading.question import Form
from rag.answering.trace import Rule, Trace
from rag.answering.wording.aggregates import BELONGS, Aggregator, has_predicate
from rag.answering.wording.composing import Quote
from rag.answering.wording.deciding import deciding
from rag.explanations import ArticleStanding, LegStanding, PassageStanding
from rag.index.storage.generation import Generation
from rag.retrieval.explaining import Standings
from rag.retrieval.retriever import CANDIDATES
from rag.types import Article, Filters

Verdict = tuple[str, str]
"""A short name of what kept an article out, and one or two sentences about it."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the article when the verdict is found."""

    article: Article
    trace: Trace
    filtered_by: tuple[str, ...]
    best: PassageStanding | None
    searched: int
    rank: int | None
    """Among the articles that were found."""
    behind: Article | None
    """The article whose report it prints too and that was read in its place."""
    evidence: Evidence | None
    confidence: float | None


class Examiner:
    """Follows one article through a trace.

    Args:
        finder: scores sentences as the answerer does.
        aggregator: knows which articles a question about many admits.
    """

    def __init__(self, generation: Generation, finder: EvidenceFinder, aggregator: Aggregator) -> None:
        self._generation = generation
        self._finder = finder
        self._aggregator = aggregator

    def examine(self, article: Article, trace: Trace, filters: Filters) -> ArticleStanding:
        """Where the article stood in each leg and after, and what kept it out of the answer."""
        search = trace.search
        rows = self._rows(article)
        standings = Standings(
            self._generation, search.query.question.text, search.query.embedding, trace.mask, search.candidates
        )
        best = standings.best(rows)
        evidence = self._evidence(article, trace, best)
        known = _Known(
            article=article,
            trace=trace,
            filtered_by=self._filtered_by(rows, filters),
            best=best,
            searched=standings.searched,
            rank=self._rank(rows, trace),
            behind=self._behind(article, trace),
            evidence=evidence,
            confidence=judge(search.query, evidence).value if evidence else None,
        )
        verdict, reason = self._verdict(known)
        chosen = trace.decision.evidences[0] if trace.decision.evidences else None
        return ArticleStanding(
            article_id=article.article_id,
            title=article.title,
            source=article.source,
            question=trace.asked,
            standalone_question=trace.standalone.text,
            verdict=verdict,
            reason=reason,
            filtered_by=known.filtered_by,
            folded_behind=known.behind.article_id if known.behind else None,
            passages=len(rows),
            searched=known.searched,
            best=best,
            article_rank=known.rank,
            articles_read=len(search.articles),
            sentence=explain_sentence(evidence),
            confidence=known.confidence,
            threshold=THRESHOLD,
            chosen=explain_sentence(chosen),
        )

    def _rows(self, article: Article) -> list[int]:
        return self._generation.rows_of(article.article_id)

    def _filtered_by(self, rows: Sequence[int], filters: Filters) -> tuple[str, ...]:
        """Names of the filters that, each alone, leave the article out."""
        alone = {
            "sources": Filters(sources=filters.sources),
            "places": Filters(places=filters.places),
            "dates": Filters(date_from=filters.date_from, date_to=filters.date_to),
            "article_ids": Filters(article_ids=filters.article_ids),
        }
        masks = {name: self._generation.mask(one) for name, one in alone.items()}
        return tuple(name for name, mask in masks.items() if mask is not None and rows and not mask[rows[0]])

    def _rank(self, rows: Sequence[int], trace: Trace) -> int | None:
        ordinals = [int(self._generation.chunk_articles[candidate.row]) for candidate in trace.search.candidates]
        order = list(dict.fromkeys(ordinals))
        ordinal = int(self._generation.chunk_articles[rows[0]]) if rows else -1
        return order.index(ordinal) + 1 if ordinal in order else None

    def _behind(self, article: Article, trace: Trace) -> Article | None:
        read = {one.article_id: one for one, _ in trace.search.articles}
        rows = self._rows(article)
        if article.article_id in read or not rows:
            return None
        copies = self._generation.copies_of(int(self._generation.chunk_articles[rows[0]]))
        ids = (self._generation.article_at(ordinal).article_id for ordinal in copies)
        return next((read[name] for name in ids if name in read), None)

    def _evidence(self, article: Article, trace: Trace, best: PassageStanding | None) -> Evidence | None:
        """The article's best sentence, as it was weighed, or as it would have been."""
        weighed = (one for one in trace.decision.evidences if one.sentence.article.article_id == article.article_id)
        found = next(weighed, None)
        if found is None:
            prior = best.score or 0.0 if best else 0.0
            query = trace.search.query
            found = next(iter(self._weighed(query, [(article, prior)])), None)
        return found

    def _weighed(self, query: Query, articles: Sequence[tuple[Article, float]]) -> list[Evidence]:
        if query.question.form is Form.AGGREGATE and has_predicate(query.question):
            return deciding(self._finder, query, articles, least=0.0)
        return self._finder.find(query, articles)

    def _verdict(self, known: _Known) -> Verdict:
        article_id, decision = known.article.article_id, known.trace.decision
        quotes = [part for part in decision.draft.parts if isinstance(part, Quote)] if decision.draft else []
        if any(quote.article.article_id == article_id for quote in quotes):
            return "cited", "The answer cites it."
        if known.filtered_by:
            return "filtered", f"It is left out by the filter on {', '.join(known.filtered_by)}."
        if known.best is None or known.best.rank is None:
            return "not-found", _not_found(known)
        if known.behind is not None:
            return "folded", f"It prints the same report as {_named(known.behind)}, which is read in its place."
        if article_id not in {article.article_id for article, _ in known.trace.search.articles}:
            return "not-read", (
                f"By its best passage it is article {known.rank:,} of those found, and the sentences of the first "
                f"{len(known.trace.search.articles)} are read."
            )
        return self._outdone(known)

    def _outdone(self, known: _Known) -> Verdict:
        """Of an article that was read."""
        question, decision = known.trace.search.query.question, known.trace.decision
        if question.form is Form.AGGREGATE:
            return self._not_listed(known)
        if decision.rule is Rule.COMPARISON:
            return "outscored", "The figures that are compared stand in other articles."
        read = fitting_articles(known.trace.search.query, known.trace.search.articles)
        if known.article.article_id not in {article.article_id for article, _ in read}:
            named = "、".join(foreign_places(known.trace.search.query, known.article))
            return "other-place", f"The question names {named}; the article neither plays there nor mentions it."
        if decision.draft is None:
            return "refused", _refused(known)
        return "outscored", f"{_scores(known)} The answer is made of what scores best."

    def _not_listed(self, known: _Known) -> Verdict:
        query, decision = known.trace.search.query, known.trace.decision
        members = {evidence.sentence.article.article_id for evidence in decision.evidences}
        if known.article.article_id in members:
            if decision.draft is None:
                return "refused", _refused(known)
            return "not-a-member", "It belongs to the answer, but another article has the line for the same entity."
        if not self._aggregator.admits(query.question, known.article):
            return "not-a-member", "The question names a place or an author, and the article is of another."
        if not decision.evidences:
            return "refused", "No article belongs to the answer."
        needed = BELONGS * decision.evidences[0].score
        return "not-a-member", f"{_scores(known)} To belong takes {needed:.2f}, and no more than the question asks for."


def _named(article: Article) -> str:
    return f"《{article.title}》 ({article.article_id})" if article.title else article.article_id


def _not_found(known: _Known) -> str:
    if known.best is None:
        return "It has no passage in the index."
    legs = (("by meaning", known.best.dense), ("by words", known.best.lexical))
    return (
        f"Neither leg put a passage of it among its best {CANDIDATES}: "
        f"{', '.join(_place_in(name, leg, known.searched) for name, leg in legs)}."
    )


def _place_in(name: str, leg: LegStanding, searched: int) -> str:
    if leg.rank is None:
        return f"{name} it shares nothing with the question"
    return f"{name} its best stands {leg.rank:,} of {searched:,}"


def _scores(known: _Known) -> str:
    own = f"{known.evidence.score:.2f}" if known.evidence else "nothing"
    evidences = known.trace.decision.evidences
    if not evidences:
        return f"Its best sentence scores {own}."
    best = evidences[0]
    return f"Its best sentence scores {own}, the best of all {best.score:.2f} (in {_named(best.sentence.article)})."


def _refused(known: _Known) -> str:
    decision = known.trace.decision
    value = f"{decision.confidence.value:.2f}" if decision.confidence else "0"
    below = f"answers with a probability of {value}, below the threshold {THRESHOLD:g}"
    if decision.evidences and decision.evidences[0].sentence.article.article_id == known.article.article_id:
        return f"There is no answer: its best sentence is the best of all, and {below}."
    return f"There is no answer: the best sentence of all {below}. {_scores(known)}"
