"""An explanation as paragraphs: why a question was answered or refused, and how what was found was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tui.i18n import Words
from tui.text.glyphs import cells
from tui.text.typesetting import RULE, Paragraph, Touch

if TYPE_CHECKING:
    from server.schemas import AskResponse
    from server.schemas.explanations import (
        AnswerExplanationOut,
        HitExplanationOut,
        LegScoreOut,
        MissingOut,
        QuestionExplanationOut,
        SearchExplanationOut,
        SentenceOut,
    )

_BAR = 30
"""Cells of the bar that shows a probability."""
_RULES = {
    "passage": "explain.rule.passage",
    "yes-no": "explain.rule.yes_no",
    "comparison": "explain.rule.comparison",
    "all-articles": "explain.rule.all_articles",
    "listing": "explain.rule.listing",
}
_FORMS = {
    "passage": "explain.form.passage",
    "aggregate": "explain.form.aggregate",
    "comparison": "explain.form.comparison",
    "yes-no": "explain.form.yes_no",
}
_EXPECTED = {
    "person": "explain.expected.person",
    "place": "explain.expected.place",
    "organisation": "explain.expected.organisation",
    "time": "explain.expected.time",
    "duration": "explain.expected.duration",
    "money": "explain.expected.money",
    "number": "explain.expected.number",
    "phone": "explain.expected.phone",
    "reason": "explain.expected.reason",
    "items": "explain.expected.items",
    "name": "explain.expected.name",
    "any": "explain.expected.any",
}
_LEVELS = {
    "province": "explain.level.province",
    "city": "explain.level.city",
    "county": "explain.level.county",
    "place": "explain.level.place",
    "organisation": "explain.level.organisation",
    "report": "explain.level.report",
}
_SIGNALS = {
    "coverage": "explain.signal.coverage",
    "context": "explain.signal.context",
    "similarity": "explain.signal.similarity",
    "prior": "explain.signal.prior",
    "measure_absent": "explain.signal.measure_absent",
    "person_absent": "explain.signal.person_absent",
    "focus_absent": "explain.signal.focus_absent",
    "measured_focus_absent": "explain.signal.measured_focus_absent",
    "foreign": "explain.signal.foreign",
    "misquoted": "explain.signal.misquoted",
    "misdated": "explain.signal.misdated",
    "unseen": "explain.signal.unseen",
    "missing": "explain.signal.missing",
    "too_few": "explain.signal.too_few",
    "margin": "explain.signal.margin",
    "answer_unlike": "explain.signal.answer_unlike",
    "answer_repeats": "explain.signal.answer_repeats",
    "other_year": "explain.signal.other_year",
    "other_place": "explain.signal.other_place",
}


def explained(reply: AskResponse, words: Words) -> list[Paragraph]:
    """A reply's explanation. The target of a hit's paragraphs is its place among the hits, counted from 0."""
    explanation = reply.explanation
    if explanation is None:
        return [Paragraph(words("explain.none"), "note")]
    return [
        *_verdict(explanation, words),
        *_question(explanation.question, words),
        *_missing(explanation.missing, words),
        *_sentence(explanation.sentence, explanation.articles_read, words),
        *_signals(explanation, words),
        *_search(explanation.search, [hit.title for hit in reply.hits], words),
    ]


def _said(table: dict[str, str], value: str, words: Words) -> str:
    """A value in words; one that a newer server has added, as it is."""
    return words(table[value]) if value in table else value


def _verdict(explanation: AnswerExplanationOut, words: Words) -> Iterator[Paragraph]:
    accepted, confidence = explanation.accepted, explanation.confidence
    head = f"✓ {words('explain.accepted')}" if accepted else f"∅ {words('explain.refused')}"
    yield Paragraph(head, "subhead" if accepted else "refusal")
    if confidence is None:
        yield Paragraph(words("explain.unweighed_accepted" if accepted else "explain.unweighed_refused"), "body")
    else:
        key = "explain.above" if accepted else "explain.below"
        values = {"confidence": f"{confidence:.0%}", "threshold": f"{explanation.threshold:.0%}"}
        yield Paragraph(words(key, **values), "body")
        yield _bar(confidence, explanation.threshold)
    yield Paragraph(words("explain.rule", rule=_said(_RULES, explanation.rule, words)), "note")


def _bar(confidence: float, threshold: float) -> Paragraph:
    """A probability as a bar, with the threshold as a stroke across it."""
    filled, mark = round(confidence * _BAR), min(round(threshold * _BAR), _BAR - 1)
    bar = "".join("┃" if cell == mark else "█" if cell < filled else "░" for cell in range(_BAR))
    text = f"{bar} {confidence:.0%}"
    return Paragraph(text, "meta", touches=(Touch(0, min(filled, _BAR), "strong"), Touch(mark, mark + 1, "key")))


def _heading(key: str, words: Words) -> Paragraph:
    return Paragraph(words(key), "subhead", gap=1)


def _question(question: QuestionExplanationOut, words: Words) -> Iterator[Paragraph]:
    yield _heading("explain.question", words)
    yield Paragraph(question.text, "answer")
    form, expected = _said(_FORMS, question.form, words), _said(_EXPECTED, question.expected, words)
    parts = [words("explain.form", form=form, expected=expected)]
    if question.level:
        parts.append(words("explain.level", level=_said(_LEVELS, question.level, words)))
    if question.unit:
        parts.append(words("explain.unit", unit=question.unit))
    if question.wanted:
        parts.append(words("explain.wanted", count=question.wanted))
    if question.focus:
        parts.append(words("explain.focus", words=" ".join(question.focus)))
    yield Paragraph(" · ".join(parts), "note")


def _missing(missing: MissingOut, words: Words) -> Iterator[Paragraph]:
    kinds = {
        "explain.missing.corpus": missing.corpus,
        "explain.missing.evidence": missing.evidence,
        "explain.missing.places": missing.places,
        "explain.missing.names": missing.names,
        "explain.missing.dates": missing.dates,
        "explain.missing.asked": missing.asked_for,
    }
    lacking = [Paragraph(words(key, words=" ".join(found)), "warning", rest=2) for key, found in kinds.items() if found]
    if lacking:
        yield _heading("explain.missing", words)
        yield from lacking


def _sentence(sentence: SentenceOut | None, articles_read: int, words: Words) -> Iterator[Paragraph]:
    yield _heading("explain.sentence", words)
    if sentence is not None:
        yield Paragraph(sentence.text, "answer")
        yield Paragraph(" · ".join(part for part in (sentence.title, sentence.source) if part), "note")
    yield Paragraph(words("explain.read", count=f"{articles_read:,}"), "note")


def _signals(explanation: AnswerExplanationOut, words: Words) -> Iterator[Paragraph]:
    """What counts, largest effect first, and what it comes to."""
    if explanation.confidence is None:
        return
    yield _heading("explain.signals", words)
    yield _adding(explanation.intercept, words("explain.intercept"))
    counting = [signal for signal in explanation.signals if signal.value and signal.weight]
    for signal in sorted(counting, key=lambda one: -abs(one.value * one.weight)):
        meaning = words(_SIGNALS[signal.name]) if signal.name in _SIGNALS else signal.meaning
        adds = signal.value * signal.weight
        yield _adding(adds, f"{meaning} ({signal.value:.2f} × {signal.weight:+.2f})", speaks_against=adds < 0)
    total = explanation.intercept + sum(signal.value * signal.weight for signal in explanation.signals)
    yield _adding(total, words("explain.total", confidence=f"{explanation.confidence:.0%}"), is_total=True)


def _adding(value: float, meaning: str, *, speaks_against: bool = False, is_total: bool = False) -> Paragraph:
    figure = f"{value:+.2f}"
    role = "warning" if speaks_against else "body"
    touches = (Touch(0, len(figure), "strong"),) if is_total else ()
    return Paragraph(f"{figure}  {meaning}", role, rest=len(figure) + 2, touches=touches)


def _search(search: SearchExplanationOut, titles: Sequence[str], words: Words) -> Iterator[Paragraph]:
    yield _heading("explain.search", words)
    terms = " · ".join(f"{term.word} {term.passages:,}" for term in search.terms) or words("explain.no_terms")
    yield Paragraph(words("explain.terms", passages=f"{search.passages:,}", terms=terms), "body")
    shares = {"dense": f"{search.dense_weight:.0%}", "lexical": f"{1 - search.dense_weight:.0%}"}
    counts = {"searched": f"{search.searched:,}", "candidates": f"{search.candidates:,}"}
    yield Paragraph(words("explain.searched", **counts, **shares), "note")
    if search.hits:
        yield RULE
        yield Paragraph(words("explain.hits"), "subhead")
    for index, (hit, title) in enumerate(zip(search.hits, titles, strict=False)):
        yield from _hit(index, hit, title, words)


def _hit(index: int, hit: HitExplanationOut, title: str, words: Words) -> Iterator[Paragraph]:
    mark = f"[{hit.rank}]"
    indent = cells(mark) + 1
    named = " ".join(title.split()) or words("article.untitled")
    yield Paragraph(f"{mark} {named}", "list", rest=indent, touches=(Touch(0, len(mark), "mark"),), target=index)
    values = {
        "score": f"{hit.score:.3f}",
        "dense": _leg(hit.dense, 3, words),
        "lexical": _leg(hit.lexical, 1, words),
    }
    if hit.dates:
        scores = words("explain.scores_dated", **values, dates=f"{hit.dates:+.3f}")
    else:
        scores = words("explain.scores", **values)
    yield Paragraph(scores, "note", first=indent, rest=indent, target=index)
    if hit.lacking:
        lacks = words("explain.lacks", words=" ".join(hit.lacking))
        yield Paragraph(lacks, "note", first=indent, rest=indent, target=index)


def _leg(leg: LegScoreOut, digits: int, words: Words) -> str:
    share = f"{leg.share:.3f}"
    if leg.rank is None or leg.score is None:
        return words("explain.leg_absent", share=share)
    return words("explain.leg", share=share, rank=f"{leg.rank:,}", score=f"{leg.score:.{digits}f}")
