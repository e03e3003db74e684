"""A trace → why it was answered or refused, in figures and in a reader's words."""

from __future__ import annotations

from dataclasses import asdict

from rag.answering.finding.confidence import INTERCEPTS, THRESHOLD, Confidence, absent
from rag.answering.finding.evidence import Evidence, Query
from rag.answering.reading.question import Question
from rag.answering.trace import Rule, Trace
from rag.explanations import (
    AnswerExplanation,
    Missing,
    QuestionExplanation,
    SearchExplanation,
    SentenceExplanation,
    SignalExplanation,
)
from rag.index.text.terms import PAIR_MARK
from rag.offsets import OffsetMap

MEANINGS = {
    "coverage": "question's words in the sentence",
    "context": "question's words in the headline, lead or sentences beside it",
    "similarity": "closeness of meaning",
    "prior": "the article's score in the search",
    "measure_absent": "a figure or date is asked for, and there is none",
    "person_absent": "a person is asked for, and nobody is named",
    "focus_absent": "what is asked for is not mentioned in the article",
    "measured_focus_absent": "a figure is there, but not what it should count",
    "foreign": "the question names a place that the article does not",
    "misquoted": "the question quotes a name that the article lacks",
    "misdated": "the question names a date that the article lacks",
    "unseen": "question's words that the whole corpus lacks",
    "missing": "question's words that the article's evidence lacks",
    "too_few": "something is asked for of each of several, and there are no two of its kind",
    "margin": "how much likelier the trained reader holds an answer here than none, in tens",
    "answer_unlike": "what the reader takes for the answer is not of the kind asked for",
    "answer_repeats": "share of what it takes for the answer that the question says already",
    "other_year": "the question names a year, and the sentence another one",
    "other_place": "the question names a place, and the sentence another one of its size",
}
"""What each signal of the confidence says of the best sentence."""


def explain_answer(trace: Trace, search: SearchExplanation) -> AnswerExplanation:
    """Why the question of a trace is answered, or refused.

    Args:
        search: the figures behind the hits that are shown.
    """
    decision, query = trace.decision, trace.search.query
    best = decision.evidences[0] if decision.evidences else None
    return AnswerExplanation(
        accepted=decision.draft is not None,
        reason=reason_of(trace),
        rule=decision.rule,
        standalone_question=trace.standalone.text,
        question=_explain_question(query.question),
        confidence=decision.confidence.value if decision.confidence else None,
        threshold=THRESHOLD,
        intercept=decision.confidence.intercept if decision.confidence else INTERCEPTS[False],
        signals=_explain_signals(decision.confidence),
        against=decision.confidence.reasons if decision.confidence else (),
        missing=missing_of(query, best),
        sentence=explain_sentence(best),
        articles_read=len(trace.search.articles),
        search=search,
    )


def reason_of(trace: Trace) -> str:
    """The decision in one sentence."""
    decision = trace.decision
    if decision.confidence is not None:
        value = f"{decision.confidence.value:.2f}"
        if decision.draft is None:
            return (
                f"Refused: the best sentence answers with a probability of {value}, below the threshold {THRESHOLD:g}."
            )
        return f"Accepted: the best sentence answers with a probability of {value}; the threshold is {THRESHOLD:g}."
    if decision.rule is Rule.COMPARISON:
        return "Accepted: a figure of the same kind was found for either side."
    if decision.draft is not None:
        found = len(decision.evidences)
        return f"Accepted: the question asks for whatever there is of a place or an author; articles found: {found}."
    if trace.search.articles and decision.rule in (Rule.LISTING, Rule.ALL_ARTICLES):
        return "Refused: no article is of the place or the author that the question names."
    return "Refused: nothing was found to read."


def missing_of(query: Query, evidence: Evidence | None) -> Missing:
    """What the question names and a sentence, its surroundings or its article lacks."""
    words = [word for word in query.weights if not word.startswith(PAIR_MARK)]
    unseen = tuple(word for word in words if word not in query.known)
    if evidence is None:
        return Missing(corpus=unseen)
    lacks = absent(query, evidence.sentence.article)
    return Missing(
        corpus=unseen,
        evidence=tuple(word for word in words if word in query.known and word in evidence.missing),
        places=lacks.places,
        names=lacks.names,
        dates=lacks.dates,
        asked_for=lacks.asked_for,
    )


def explain_sentence(evidence: Evidence | None) -> SentenceExplanation | None:
    """A sentence with its place in the source."""
    if evidence is None:
        return None
    sentence, article = evidence.sentence, evidence.sentence.article
    return SentenceExplanation(
        article_id=article.article_id,
        title=article.title,
        source=article.source,
        spans=OffsetMap(article.runs, article.spans).spans(sentence.start, sentence.end),
        text=sentence.text,
        score=evidence.score,
    )


def _explain_question(question: Question) -> QuestionExplanation:
    return QuestionExplanation(
        text=question.text,
        form=question.form,
        expected=question.expected,
        unit=question.unit,
        level=question.level,
        wanted=question.wanted,
        focus=question.focus,
        quoted=question.quoted,
        english=question.english,
    )


def _explain_signals(confidence: Confidence | None) -> tuple[SignalExplanation, ...]:
    if confidence is None:
        return ()
    weights = asdict(confidence.coefficients)
    return tuple(
        SignalExplanation(name, MEANINGS[name], value, weights[name])
        for name, value in asdict(confidence.signals).items()
    )
