"""The answer to a question that one article answers: the sentence, or the clauses of it, and what completes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.answering.finding.clauses import best_window
from rag.answering.finding.evidence import Evidence, Query, content_words
from rag.answering.reading.expectation import find_expected
from rag.answering.reading.question import Expected, Question
from rag.answering.wording.composing import Draft, Quote
from rag.index.copies.likeness import profile, repeats

SHORT = 110
"""Characters of the first quotation: what a reader takes in at a glance."""
WHOLE = 150
"""Characters of an answer with its second quotation."""
LONG = 420
"""Characters of an answer that lists things."""
_ANSWER = 1.0
"""What it is worth that a run of clauses holds the answer that the reader sees."""
CLOSE = 0.6
"""How far behind the best a second sentence may be to be shown: it is right about one time in ten then."""


def passage_draft(query: Query, evidences: Sequence[Evidence]) -> Draft:
    """Quotes the best evidence, shortened to the clauses that answer, and a second sentence where it is as good.

    Args:
        evidences: best first, at least one.
    """
    question = query.question
    lists = question.expected is Expected.ITEMS or (question.wanted or 0) > 1
    best = evidences[0]
    quotes = [_shorten(query, best, LONG if lists else SHORT)]
    room = (LONG if lists else WHOLE) - len(quotes[0].text)
    for other in evidences[1:4]:
        if other.score < best.score - CLOSE:
            break
        quote = _shorten(query, other, min(room, LONG if lists else SHORT))
        if len(quote.text) <= room and not _overlaps(quote, quotes):
            quotes.append(quote)
            room -= len(quote.text)
            if not lists:
                break
    return Draft(tuple(quotes))


def _shorten(query: Query, evidence: Evidence, limit: int) -> Quote:
    sentence = evidence.sentence
    if limit > SHORT:  # a list is quoted with the sentence around it
        sentence = replace(sentence, start=sentence.whole[0], end=sentence.whole[1])

    answer = sentence.article.text[slice(*evidence.answer)] if evidence.answer else ""

    def gain(text: str) -> float:
        # What the reader takes for the answer is kept, whatever else has to go.
        return window_gain(query, query.question, text) + (_ANSWER if answer and answer in text else 0.0)

    start, end = best_window(sentence.text, max(limit, 24), gain)
    return trimmed(Quote(sentence.article, sentence.start + start, sentence.start + end))


def window_gain(query: Query, question: Question, text: str) -> float:
    """How much of the question a piece of a sentence holds, and whether it holds what is asked for."""
    held = set(content_words(text, query.analyzer)) & query.weights.keys()
    coverage = sum(query.weights[word] for word in held) / (sum(query.weights.values()) or 1.0)
    novel = [span for span in find_expected(question, text) if text[span[0] : span[1]] not in question.text]
    return coverage + (0.5 if novel and question.expected is not Expected.ANY else 0.0)


def trimmed(quote: Quote) -> Quote:
    """The quotation without the comma that a window may end with."""
    end = quote.end
    while end > quote.start + 1 and quote.article.text[end - 1] in ",，、;；:： ":
        end -= 1
    return Quote(quote.article, quote.start, end)


def _overlaps(quote: Quote, others: Sequence[Quote]) -> bool:
    return any(
        quote.start < other.end and other.start < quote.end
        if quote.article.article_id == other.article.article_id
        else repeats(profile(quote.text), profile(other.text))  # a copy of the report, which is told already
        for other in others
    )
