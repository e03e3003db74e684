"""Puts questions to a library, one after the other, and marks what comes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from rag.errors import InputError
from rag.evaluation.questions import Item
from rag.evaluation.scoring import (
    FIRST,
    RECALLED,
    Place,
    answer_mark,
    covered_share,
    figures_mark,
    rank_of_first,
    retrieval_marks,
    squeeze,
)
from rag.evaluation.sources import GoldArticles, Sources, places_at
from rag.library import Library
from rag.types import Answer, AnswererName, Mode, Progress, Skipped

SEARCHED_HITS = 30
"""Hits that are asked for where articles are counted: several may be of one article, and ten articles are wanted."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one question came to."""

    qid: str
    question: str
    type: str
    ms: float = 0.0
    """Milliseconds of the reply; of the search where a question is searched."""
    marks: dict[str, float] = field(default_factory=dict)
    """Figure → mark in [0, 1]; what cannot be told of this question is left out."""
    citations: int = 0
    verbatim: int = 0
    """Citations whose quote is the source at its spans."""
    error: str = ""
    """Why the library would not take the question; then there are no marks."""


@dataclass(frozen=True, slots=True)
class Options:
    """How questions are put."""

    mode: Mode = "hybrid"
    """Of the searches."""
    ask: bool = False
    """Also ask the questions that are searched."""
    top_k: int = 10
    """Hits beside an answer."""
    answerer: AnswererName = "auto"


class Measurement:
    """A run over questions, which may be broken off at any of them.

    Args:
        library: what is asked.
        sources: the corpus that it was built from.
        options: how it is asked.
        articles: known articles, for `recall@k` and `on_topic` of asked questions; None where none are known.
    """

    def __init__(
        self, library: Library, sources: Sources, options: Options, articles: GoldArticles | None = None
    ) -> None:
        self._library = library
        self._sources = sources
        self._options = options
        self._articles = articles
        self.outcomes: list[Outcome] = []
        """What has been measured so far."""
        self.skipped: list[Skipped] = []
        """Questions that could not be measured: their evidence is not in the corpus."""

    def run(self, items: Sequence[Item], progress: Callable[[Progress], None] | None = None) -> None:
        """Measures the questions in order; after an interruption, `outcomes` holds those that were done.

        Raises:
            CorpusError: the corpus, against which citations are checked, cannot be read.
        """
        began = time.monotonic()
        for done, item in enumerate(items):
            if progress is not None:
                progress(_progress(done, len(items), time.monotonic() - began))
            outcome = self._outcome(item)
            if outcome is not None:
                self.outcomes.append(outcome)
        if progress is not None:
            progress(_progress(len(items), len(items), time.monotonic() - began))

    def _outcome(self, item: Item) -> Outcome | None:
        evidence = [self._sources.find(piece) for piece in item.evidence]
        for piece, places in zip(item.evidence, evidence, strict=True):
            if not places:
                self.skipped.append(Skipped(item.where, f"its evidence is not in the corpus: {piece}"))
                return None
        try:
            return self._searched(item) if item.searched else self._asked(item, evidence)
        except InputError as error:
            return Outcome(item.qid, item.question, item.type, error=error.message)

    def _searched(self, item: Item) -> Outcome:
        began = time.perf_counter()
        found: list[str] = []
        if item.question:
            hits = self._library.search(item.question, top_k=SEARCHED_HITS, mode=self._options.mode).hits
            found = [hit.article.article_id for hit in hits]
        ms = 1000 * (time.perf_counter() - began)
        marks = retrieval_marks(rank_of_first(found, item.article_ids))
        if self._options.ask:
            reply = self._ask(item)
            marks["refused"] = float(not reply.answered)
            if item.answers:
                marks["answer"] = answer_mark(item, reply.answer) if reply.answered else 0.0
        return Outcome(item.qid, item.question, item.type, ms, marks)

    def _asked(self, item: Item, evidence: list[frozenset[Place]]) -> Outcome:
        began = time.perf_counter()
        reply = self._ask(item)
        ms = 1000 * (time.perf_counter() - began)
        marks = {"refusal": float(reply.answered == item.answerable)}
        if item.answers and item.answerable:
            marks["answer"] = answer_mark(item, reply.answer) if reply.answered else 0.0
        if evidence:
            marks |= found_marks(evidence, reply)
        if item.support:
            marks["figures"] = figures_mark(item, reply.answer)
        if item.article_ids and self._articles is not None:
            marks |= article_marks(item, reply, self._articles)
        exact = [self._is_exact(citation.source, citation.spans, citation.quote) for citation in reply.citations]
        return Outcome(item.qid, item.question, item.type, ms, marks, len(exact), sum(exact))

    def _ask(self, item: Item) -> Answer:
        if not item.question:
            return Answer("", False, "", (), (), "", "extractive", self._library.generation, 0.0)
        return self._library.ask(
            item.question, history=item.history, top_k=self._options.top_k, answerer=self._options.answerer
        )

    def _is_exact(self, source: str, spans: Sequence[tuple[int, int]], quote: str) -> bool:
        return self._sources.at(source, spans) == squeeze(quote) != ""


def found_marks(evidence: Sequence[frozenset[Place]], reply: Answer) -> dict[str, float]:
    """`found@k` of the hits, and whether a citation shows at least half of a piece of evidence."""
    marks: dict[str, float] = {}
    covered: set[Place] = set()
    hits = [(hit.article.source, hit.chunk.spans) for hit in reply.hits]
    for low, high in zip((0, *FIRST), FIRST, strict=False):
        for source, spans in hits[low:high]:
            covered |= places_at(source, spans)
        marks[f"found@{high}"] = covered_share(evidence, covered)
    cited: set[Place] = set()
    for citation in reply.citations:
        cited |= places_at(citation.source, citation.spans)
    return marks | {"support": float(covered_share(evidence, cited) > 0)}


def article_marks(item: Item, reply: Answer, articles: GoldArticles) -> dict[str, float]:
    """`recall@k` of the known articles among the first k that the hits are of, and the share of citations in one."""
    wanted = set(item.article_ids)
    seen = list(dict.fromkeys(articles.holding(hit.article.source, hit.chunk.spans) for hit in reply.hits))
    marks = {f"recall@{k}": len(wanted & set(seen[:k])) / min(len(wanted), k) for k in RECALLED}
    if reply.citations:
        cited = [articles.holding(citation.source, citation.spans) for citation in reply.citations]
        marks["on_topic"] = fmean(article_id in wanted for article_id in cited)
    return marks


def _progress(done: int, total: int, seconds: float) -> Progress:
    rate = done / seconds if seconds > 0 else 0.0
    return Progress("asking", done, total, rate, (total - done) / rate if rate else None)
