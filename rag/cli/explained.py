"""Explanations as lines to read: short tables, and a reader's words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rag.cli.progress import clipped
from rag.cli.tables import table
from rag.steering import one_line

if TYPE_CHECKING:
    from rag.explanations import (
        AnswerExplanation,
        ArticleStanding,
        LegScore,
        LegStanding,
        Missing,
        QuestionExplanation,
        SearchExplanation,
        SentenceExplanation,
        SignalExplanation,
    )

_TITLE_COLUMNS = 40
_RULES = {
    "passage": "the best sentence, where it is likely enough to answer",
    "yes-no": "the best sentence, with a verdict in front",
    "comparison": "one figure of the same kind for either side",
    "all-articles": "a line for every article that fits",
    "listing": "a line for every article of a place or an author",
}


def answer_explanation_lines(explanation: AnswerExplanation, titles: Sequence[str]) -> list[str]:
    """Why an answer was accepted or refused, then the figures behind its hits.

    Args:
        titles: of the hits' articles, in order.
    """
    return [
        explanation.reason,
        f"decided by: {_RULES.get(explanation.rule, explanation.rule)}",
        *_question_lines(explanation.question),
        *_missing_lines(explanation.missing),
        *(f"against it: {reason}" for reason in explanation.against),
        *_sentence_lines("best sentence", explanation.sentence),
        f"articles read: {explanation.articles_read:,}",
        *_signal_lines(explanation.signals, explanation.intercept, explanation.confidence),
        "",
        *search_explanation_lines(explanation.search, titles),
    ]


def search_explanation_lines(explanation: SearchExplanation, titles: Sequence[str]) -> list[str]:
    """What was looked for, and the score of each hit in either leg.

    Args:
        titles: of the hits' articles, in order.
    """
    dated = any(hit.dates for hit in explanation.hits)
    header = [
        "",
        "score",
        "meaning",
        "cosine",
        "adds",
        "words",
        "BM25",
        "adds",
        *(["dates"] if dated else []),
        "lacks",
        "article",
    ]
    rows = [
        [
            f"{hit.rank}.",
            f"{hit.score:.3f}",
            *_leg_cells(hit.dense, 3),
            *_leg_cells(hit.lexical, 1),
            *([f"{hit.dates:+.3f}"] if dated else []),
            clipped(" ".join(hit.lacking), _TITLE_COLUMNS) or "nothing",
            clipped(one_line(title), _TITLE_COLUMNS),
        ]
        for hit, title in zip(explanation.hits, titles, strict=True)
    ]
    words = " · ".join(f"{term.word} {term.passages:,}" for term in explanation.terms)
    weight = explanation.dense_weight
    return [
        f"words looked for, and how many of {explanation.passages:,} passages hold them: {words or 'none'}",
        f"searched {explanation.searched:,} passages; {explanation.candidates:,} were put forward; "
        f"by meaning counts {weight:.0%}, by words {1 - weight:.0%}",
        *(["", *table(header, rows, left=(len(header) - 2, len(header) - 1))] if rows else []),
    ]


def standing_lines(standing: ArticleStanding) -> list[str]:
    """Where an article stood on its way to an answer, and what kept it out."""
    title = f"《{standing.title}》 " if standing.title else ""
    lines = [one_line(f"{title}{standing.article_id} · {standing.source}"), f"{standing.verdict}: {standing.reason}"]
    if standing.standalone_question != standing.question:
        lines.append(f"looked up: {standing.standalone_question}")
    best = standing.best
    if best is not None:
        ranked = f"{best.rank:,}, score {best.score:.3f}" if best.rank is not None else "not put forward by either leg"
        passages = f"{standing.passages:,} passages" if standing.passages > 1 else "its one passage"
        holds, lacks = " ".join(best.held) or "none", " ".join(best.lacking) or "none"
        lines += [
            "",
            f"best of {passages}: {best.text}",
            *table(
                ["", "rank", "score", "put forward"],
                [_standing_cells("by meaning", best.dense, 3), _standing_cells("by words", best.lexical, 1)],
            ),
            f"of {standing.searched:,} passages searched; after fusion: {ranked}",
            f"words of the question that it holds: {holds}; lacks: {lacks}",
        ]
    rank = f"{standing.article_rank:,}" if standing.article_rank is not None else "not found"
    lines += ["", f"among the articles found: {rank}; sentences read of {standing.articles_read:,}"]
    lines += _sentence_lines("its best sentence", standing.sentence)
    if standing.confidence is not None:
        lines.append(
            f"which answers with a probability of {standing.confidence:.2f}; the threshold is {standing.threshold:g}"
        )
    if standing.chosen is not None and standing.chosen != standing.sentence:
        lines += _sentence_lines("best sentence of all", standing.chosen)
    return lines


def _leg_cells(leg: LegScore, digits: int) -> list[str]:
    return [
        f"#{leg.rank:,}" if leg.rank is not None else "-",
        f"{leg.score:.{digits}f}" if leg.score is not None else "-",
        f"{leg.share:+.3f}",
    ]


def _standing_cells(name: str, leg: LegStanding, digits: int) -> list[str]:
    rank = f"{leg.rank:,}" if leg.rank is not None else "-"
    return [name, rank, f"{leg.score:.{digits}f}", "yes" if leg.put_forward else "no"]


def _question_lines(question: QuestionExplanation) -> Iterator[str]:
    asked = [question.form, f"expects {question.expected}"]
    asked += [f"by {question.level}"] if question.level else []
    asked += [f"counted in {question.unit}"] if question.unit else []
    asked += [f"{question.wanted} of them"] if question.wanted else []
    asked += [f"one of: {' '.join(question.focus)}"] if question.focus else []
    yield f"read as: {question.text} ({', '.join(asked)})"


def _missing_lines(missing: Missing) -> Iterator[str]:
    """A line for each kind of thing that the question names and the evidence lacks."""
    kinds = {
        "nowhere in the corpus": missing.corpus,
        "not in the evidence": missing.evidence,
        "places not in the article": missing.places,
        "quoted names not in the article": missing.names,
        "dates not in the article": missing.dates,
        "asked for, and not in the article": missing.asked_for,
    }
    yield from (f"{kind}: {' '.join(words)}" for kind, words in kinds.items() if words)


def _sentence_lines(what: str, sentence: SentenceExplanation | None) -> Iterator[str]:
    if sentence is not None:
        title = f"《{sentence.title}》 " if sentence.title else ""
        yield one_line(f"{what} (score {sentence.score:.2f}, {title}{sentence.source}): {sentence.text}")


def _signal_lines(signals: Sequence[SignalExplanation], intercept: float, confidence: float | None) -> Iterator[str]:
    """The signals that count, largest effect first, and what they come to."""
    if confidence is None:
        return
    counting = sorted((one for one in signals if one.value), key=lambda one: -abs(one.value * one.weight))
    rows = [
        [one.meaning, f"{one.value:.2f}", f"{one.weight:+.2f}", f"{one.value * one.weight:+.2f}"] for one in counting
    ]
    total = intercept + sum(one.value * one.weight for one in signals)
    yield ""
    yield from table(["signal", "value", "weight", "adds"], [["to begin with", "", "", f"{intercept:+.2f}"], *rows])
    yield f"together {total:+.2f}, which is a probability of {confidence:.2f}"
