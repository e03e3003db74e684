"""The gate for an English sentence about Chinese passages, with which it shares figures and readings but no words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.answering.phrasing.dates import Date
from rag.answering.phrasing.english import english_dates, english_figures, english_names, named_in
from rag.answering.phrasing.figures import Figure, states
from rag.answering.phrasing.passages import Passage, Piece
from rag.answering.phrasing.verdict import Flaw, FlawKind, Verdict
from rag.answering.reading.quantities import find_quantities
from rag.answering.wording.composing import Quote
from rag.embedding.base import Embedder

CLOSE = 0.78
"""Cosine from which the bundled model takes an English and a Chinese sentence to say the same: translations come to
0.79 to 0.86, sentences about other things to 0.69 to 0.77."""
MOST_QUOTES = 3

Fact = Callable[[Piece], bool]


def check_english(sentence: str, passages: Sequence[Passage], embedder: Embedder) -> Verdict:
    """Holds an English sentence against Chinese passages, taken together."""
    everything = "\n".join(passage.all for passage in passages)
    figures, dates = english_figures(sentence), english_dates(sentence)
    printed = _figures(everything)
    flaws = [Flaw(FlawKind.NUMBER, one.text) for one in figures if not any(states(one, other) for other in printed)]
    flaws += [Flaw(FlawKind.DATE, date.text) for date in dates if not any(one.calendar.holds(date) for one in passages)]
    flaws += [Flaw(FlawKind.NAME, word) for word in english_names(sentence) if not named_in(word, everything)]
    quotes, closeness = _nearest(sentence, [*map(_figure, figures), *map(_date, dates)], passages, embedder)
    if not flaws and closeness < CLOSE:
        flaws.append(Flaw(FlawKind.FAR, sentence))
    return Verdict(tuple(flaws), quotes, 0.0, closeness)


def _figures(folded: str) -> list[Figure]:
    """Every number of a folded text, those of dates included: English says 2 days where print says 3月1日至2日."""
    return [
        Figure(quantity, folded[quantity.start : quantity.end], "", ordinal=False)
        for quantity in find_quantities(folded)
    ]


def _figure(figure: Figure) -> Fact:
    return lambda piece: any(states(figure, other) for other in _figures(piece.folded))


def _date(date: Date) -> Fact:
    return lambda piece: piece.calendar.holds(date)


def _nearest(
    sentence: str, facts: Sequence[Fact], passages: Sequence[Passage], embedder: Embedder
) -> tuple[tuple[Quote, ...], float]:
    """The sentences of the passages that are nearest in meaning and hold the facts, and the best cosine."""
    pieces = [(passage, piece) for passage in passages for piece in passage.pieces]
    if not pieces:
        return (), 0.0
    texts = [passage.article.text[piece.span[0] : piece.span[1]] for passage, piece in pieces]
    vectors = embedder.embed_passages([sentence, *texts])
    cosines = (vectors[1:] @ vectors[0]).tolist()
    held = [frozenset(number for number, fact in enumerate(facts) if fact(piece)) for _, piece in pieces]
    chosen: list[int] = []
    known: frozenset[int] = frozenset()
    while len(chosen) < MOST_QUOTES:
        best = max(range(len(pieces)), key=lambda at: (len(held[at] - known), cosines[at]))
        if chosen and not held[best] - known:
            break
        chosen.append(best)
        known |= held[best]
    quotes = []
    for at in chosen:
        article, (start, end) = pieces[at][0].article, pieces[at][1].span
        text = article.text[start:end]
        quotes.append(Quote(article, start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())))
    return tuple(quotes), max(cosines[at] for at in chosen)
