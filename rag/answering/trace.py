"""What was looked up, weighed and decided for one question: from it come the answer and the account of why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from rag.answering.finding.confidence import Confidence
from rag.answering.finding.evidence import Evidence, Query
from rag.answering.reading.followup import Standalone
from rag.answering.wording.composing import Draft
from rag.retrieval.retriever import Candidate
from rag.types import Article


@dataclass(frozen=True, slots=True)
class Search:
    """What was looked up for a question."""

    query: Query
    candidates: list[Candidate]
    articles: list[tuple[Article, float]]
    """The articles that are read, in order of their best chunk, with its score in [0, 1]."""
    dates: Mapping[str, float] = field(default_factory=dict)
    """Of those articles by id: how well their dates fit those that the question names, in [0, 1]."""


class Rule(StrEnum):
    """By what an answer was made, or refused."""

    PASSAGE = "passage"
    """The best sentence, when it is likely enough to answer."""
    YES_NO = "yes-no"
    """The same, with a verdict in front."""
    COMPARISON = "comparison"
    """A figure for either side; found or not found, there is nothing to weigh."""
    ALL_ARTICLES = "all-articles"
    """A line for every article that fits, when the best one is likely enough."""
    LISTING = "listing"
    """A line for every article of a place or an author; the name alone decides."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A draft or a refusal, with what it rests on."""

    rule: Rule
    draft: Draft | None
    """None for a refusal."""
    evidences: list[Evidence]
    """The sentences that were weighed, best first; of an answer over all articles, one an article that belongs."""
    confidence: Confidence | None = None
    """Of the best of them; None where the rule asks for none, or where there was nothing to judge."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One question from what was typed to what was decided."""

    asked: str
    standalone: Standalone
    """What was really looked up, slips of the pen mended."""
    mask: NDArray[np.bool_] | None
    """(n,) true for the chunks that the filters let through; None when they restrict nothing."""
    search: Search
    decision: Decision
