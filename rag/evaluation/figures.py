"""Marks to figures: means by type and over all, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean, median

from rag.evaluation.measuring import Outcome
from rag.evaluation.questions import UNANSWERABLE

ORDER = (
    "answer", "support", "figures", "refusal", "refused", "ndcg@10", "recall@1", "recall@5", "recall@10", "recall@100",
    "mrr@10",
    "found@1", "found@3", "found@5", "found@10", "on_topic", "verbatim", "false_refusal", "refused_when_due", "error",
)  # fmt: skip
"""Every figure that can be compared, as it is shown."""
LESS_IS_BETTER = frozenset({"refused", "false_refusal", "error"})

Figures = dict[str, float]


def figures_by_type(outcomes: Sequence[Outcome]) -> dict[str, Figures]:
    """Type → its figures, with `n`, the number of its questions."""
    types = sorted({outcome.type for outcome in outcomes})
    return {name: _means([outcome for outcome in outcomes if outcome.type == name]) for name in types}


def figures_over_all(outcomes: Sequence[Outcome]) -> Figures:
    """The figures pooled over all questions, those that only make sense over all, and the time of the replies."""
    figures = _means(outcomes)
    citations = sum(outcome.citations for outcome in outcomes)
    if citations:
        figures["citations"] = citations
        figures["verbatim"] = sum(outcome.verbatim for outcome in outcomes) / citations
    asked = [outcome for outcome in outcomes if "refusal" in outcome.marks]
    due = [outcome.marks["refusal"] for outcome in asked if outcome.type == UNANSWERABLE]
    others = [1 - outcome.marks["refusal"] for outcome in asked if outcome.type != UNANSWERABLE]
    if due:
        figures["refused_when_due"] = fmean(due)
    if others:
        figures["false_refusal"] = fmean(others)
    times = sorted(outcome.ms for outcome in outcomes if not outcome.error)
    if times:
        figures |= {"p50_ms": median(times), "p95_ms": times[int(0.95 * (len(times) - 1))]}
    return _in_order(figures)


def _means(outcomes: Sequence[Outcome]) -> Figures:
    names = {name for outcome in outcomes for name in outcome.marks}
    figures = {name: fmean(_named(outcomes, name)) for name in names}
    figures["error"] = fmean(bool(outcome.error) for outcome in outcomes) if outcomes else 0.0
    return _in_order(figures | {"n": len(outcomes)})


def _named(outcomes: Sequence[Outcome], name: str) -> Iterator[float]:
    return (outcome.marks[name] for outcome in outcomes if name in outcome.marks)


def _in_order(figures: Figures) -> Figures:
    order = ("n", *ORDER, "citations", "p50_ms", "p95_ms")
    return {name: figures[name] for name in order if name in figures}
