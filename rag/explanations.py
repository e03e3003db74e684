"""Why a reply is what it is: the figures behind its hits, its answer or refusal, and behind an article that is missing.

Made only when asked for. Offsets are code points of the source, figures are named as in docs/answering.md and
docs/retrieval.md. This module imports nothing of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.types import Span


@dataclass(frozen=True, slots=True)
class TermExplanation:
    """A word of the question as the keyword leg weighs it."""

    word: str
    """Folded."""
    passages: int
    """Passages of the index that hold it; 0 for a word that the corpus lacks."""
    weight: float
    """Inverse document frequency: the rarer, the more."""


@dataclass(frozen=True, slots=True)
class LegScore:
    """What one leg says of a passage."""

    rank: int | None
    """Among what the leg put forward, from 1; None where it did not put this passage forward."""
    score: float | None
    """Cosine of the dense leg, BM25 of the keyword leg; None where the leg was not asked."""
    share: float
    """What it adds to the fused score."""


@dataclass(frozen=True, slots=True)
class HitExplanation:
    """Why a passage stands where it stands: `score` is `dense.share + lexical.share + dates`."""

    rank: int
    article_id: str
    chunk_id: str
    score: float
    dense: LegScore
    lexical: LegScore
    dates: float
    """What dates in the question change; below 0 where other passages were raised for theirs."""
    held: tuple[str, ...]
    """Words of the question that the passage or its headline holds."""
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SearchExplanation:
    """How a search came to its hits."""

    terms: tuple[TermExplanation, ...]
    dense_weight: float
    """Share of the dense leg in the fused score; the rest is the keyword leg's."""
    passages: int
    """Passages of the index."""
    searched: int
    """Passages that the filters let through."""
    candidates: int
    """Passages that the legs put forward, from which the hits are the first."""
    hits: tuple[HitExplanation, ...]


@dataclass(frozen=True, slots=True)
class QuestionExplanation:
    """What a question was taken to ask."""

    text: str
    """As it was read: completed from the conversation, slips mended, folded."""
    form: str
    """passage, aggregate, comparison or yes-no."""
    expected: str
    """The kind of thing that an answer must hold: person, number, place … or any."""
    unit: str
    """What is counted; empty when nothing is."""
    level: str | None
    """Of an aggregate: province, city, county, place, organisation or report."""
    wanted: int | None
    """How many items the question says there are; None when it does not say."""
    focus: tuple[str, ...]
    """The nouns that the answer is one of."""
    quoted: tuple[str, ...]
    """Names in quotation marks."""
    english: bool


@dataclass(frozen=True, slots=True)
class SignalExplanation:
    """One signal of the confidence."""

    name: str
    meaning: str
    value: float
    """In [0, 1]."""
    weight: float
    """Below 0 for what speaks against an answer. The signal adds `value x weight`."""


@dataclass(frozen=True, slots=True)
class SentenceExplanation:
    """A sentence that was weighed."""

    article_id: str
    title: str
    source: str
    spans: tuple[Span, ...]
    text: str
    score: float
    """For ordering among the sentences of one question only."""


@dataclass(frozen=True, slots=True)
class Missing:
    """What the question names and the best evidence lacks."""

    corpus: tuple[str, ...] = ()
    """Words that stand nowhere in the corpus."""
    evidence: tuple[str, ...] = ()
    """Words that the corpus has, and neither the sentence nor what is around it."""
    places: tuple[str, ...] = ()
    """Places that the article neither plays in nor mentions."""
    names: tuple[str, ...] = ()
    """Names in quotation marks."""
    dates: tuple[str, ...] = ()
    asked_for: tuple[str, ...] = ()
    """The noun that is asked for one of."""


@dataclass(frozen=True, slots=True)
class AnswerExplanation:
    """Why an answer was accepted, or why there is none."""

    accepted: bool
    reason: str
    """One sentence."""
    rule: str
    """By what it was decided: passage, yes-no, comparison, all-articles or listing."""
    standalone_question: str
    question: QuestionExplanation
    confidence: float | None
    """Probability in [0, 1] that the best sentence answers; None where the rule weighs nothing."""
    threshold: float
    """Confidence from which evidence is shown as an answer."""
    intercept: float
    """The confidence is the logistic function of this and all signals times their weights."""
    signals: tuple[SignalExplanation, ...]
    against: tuple[str, ...]
    """What speaks against it, in words."""
    missing: Missing
    sentence: SentenceExplanation | None
    """The best one; None where nothing was found to read."""
    articles_read: int
    search: SearchExplanation


@dataclass(frozen=True, slots=True)
class LegStanding:
    """Where a passage stands in one leg, among all that the filters let through."""

    rank: int | None
    """From 1, equal ones together; None where the leg has no score for it, or a filter leaves it out."""
    score: float
    put_forward: bool
    """Whether that was far enough up to be fused."""


@dataclass(frozen=True, slots=True)
class PassageStanding:
    """Where one passage of an article stands."""

    chunk_id: str
    spans: tuple[Span, ...]
    text: str
    dense: LegStanding
    lexical: LegStanding
    rank: int | None
    """After fusion; None where neither leg put it forward."""
    score: float | None
    """Fused; None where neither leg put it forward."""
    held: tuple[str, ...]
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArticleStanding:
    """Why an article is, or is not, in the answer to a question."""

    article_id: str
    title: str
    source: str
    question: str
    standalone_question: str
    verdict: str
    """cited, filtered, not-found, folded, not-read, other-place, refused, not-a-member or outscored."""
    reason: str
    """One or two sentences."""
    filtered_by: tuple[str, ...]
    """The filters that leave the article out."""
    folded_behind: str | None
    """The article of which it is a near copy, and behind which it is listed."""
    passages: int
    """Passages of the article."""
    searched: int
    """Passages of the index that the filters let through."""
    best: PassageStanding | None
    """Its passage that stands best; None for an article without any."""
    article_rank: int | None
    """Among the articles found, by their best passages; None where it was not found."""
    articles_read: int
    """How many articles the sentences of were read."""
    sentence: SentenceExplanation | None
    """Its best sentence; None where it was not read and filters leave it out."""
    confidence: float | None
    """That this sentence answers."""
    threshold: float
    chosen: SentenceExplanation | None
    """The sentence that was best of all."""
