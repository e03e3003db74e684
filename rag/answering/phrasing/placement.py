"""Whether a passage says a figure of the same thing, and of the same time, as the sentence that repeats it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag.answering.phrasing.dates import Date, find_dates
from rag.answering.phrasing.facts import Fact, facts_of, words_of
from rag.answering.phrasing.figures import Figure, find_figures, same_unit, states
from rag.answering.phrasing.passages import Passage, Piece, pairs_of

BOUND_ELSEWHERE = 0.34
"""How much better another figure of the passage must fit the words beside a figure, for it to be the wrong one."""
SAME_EVENT = 0.5
"""Share of a sentence's words that a sentence of the passage must hold, to tell of the same event at another time."""

_EDGE = re.compile(r"[,，;；。、:：()（）“”?!\n]")
_NEAR_FIGURE = 12


def _labels(text: str, figures: Sequence[Figure]) -> list[frozenset[str]]:
    """The character pairs beside each figure: back to the mark or figure before it, on to the next mark."""
    labels = []
    for number, figure in enumerate(figures):
        start, end = figure.quantity.start, figure.quantity.end
        floor = figures[number - 1].quantity.end if number else 0
        gap = _EDGE.split(text[max(start - _NEAR_FIGURE, floor) : start])
        # What stands between two figures of one clause is what the first of them counts.
        before = gap[-1] if not number or len(gap) > 1 or start - _NEAR_FIGURE >= floor else ""
        behind = _EDGE.split(text[end : end + _NEAR_FIGURE])[0]
        labels.append(pairs_of(before) | pairs_of(behind))
    return labels


@dataclass(frozen=True, slots=True)
class _Labelled:
    """A figure of a passage with the words beside it and the sentence that it stands in."""

    figure: Figure
    label: frozenset[str]
    piece: Piece


def misplaced(folded: str, passages: Sequence[Passage]) -> Iterator[str]:
    """Figures and dates of a sentence that the passages give for something else, while they give others for this.

    The words beside each of the passage's figures are its label. Words count by how few figures share them: what all
    of them are about tells none apart. A figure whose sentence holds more of what else is said stands firm.
    """
    labelled = [
        _Labelled(figure, label, piece)
        for passage in passages
        for piece in passage.pieces
        for figure, label in zip(piece.figures, _labels(piece.folded, piece.figures), strict=True)
    ]
    shares = Counter(pair for one in labelled for pair in one.label)
    facts, dates, figures = facts_of(folded), find_dates(folded), find_figures(folded)
    wanted = pairs_of(words_of(folded))
    for number, (figure, words) in enumerate(zip(figures, _labels(folded, figures), strict=True)):
        comparable = [one for one in labelled if _comparable(figure, one.figure)]
        fits = [one for one in comparable if states(figure, one.figure)]
        if not fits or figure.ordinal:
            continue
        if all(_dated_otherwise(dates, one.piece) for one in fits):
            yield figure.text
            continue
        rest = facts[:number] + facts[number + 1 :]
        anchors = {one.piece: _anchored(one.piece, rest, wanted) for one in comparable}
        likeness = max(_likeness(words, one.label, shares) for one in fits)
        anchored = max(anchors[one.piece] for one in fits)
        others = (one for one in comparable if one not in fits and anchors[one.piece] >= anchored)
        counted = bool(figure.quantity.unit)
        if any(
            bool(one.figure.quantity.unit) == counted
            and _likeness(words, one.label, shares) - likeness >= BOUND_ELSEWHERE
            for one in others
        ):
            yield figure.text
    if dates and _told_of_another_time(folded, dates, passages):
        yield dates[0].text


def _anchored(piece: Piece, facts: Sequence[Fact], wanted: frozenset[str]) -> float:
    """How much of what else a sentence says stands in a piece: facts, and all of its words as much as two of them."""
    return sum(fact(piece) for fact in facts) + 2 * len(wanted & piece.pairs) / (len(wanted) or 1)


def _told_of_another_time(folded: str, dates: Sequence[Date], passages: Sequence[Passage]) -> bool:
    """Whether the passage's sentence about the same event names another time for it."""
    wanted = pairs_of(words_of(folded))
    pieces = [piece for passage in passages for piece in passage.pieces]
    if not wanted or not pieces:
        return False
    nearest = max(pieces, key=lambda piece: len(wanted & piece.pairs))
    return len(wanted & nearest.pairs) >= SAME_EVENT * len(wanted) and _dated_otherwise(dates, nearest)


def _comparable(figure: Figure, source: Figure) -> bool:
    return not source.ordinal and same_unit(figure.quantity.unit, source.quantity.unit)


def _dated_otherwise(dates: Sequence[Date], piece: Piece) -> bool:
    """Whether the passage's sentence names a time of the same kind as the reply's, and another one."""
    printed = find_dates(piece.folded)
    for part in ("year", "month", "day"):
        said = {getattr(date, part) for date in dates} - {None}
        known = {getattr(date, part) for date in printed} - {None}
        if said and known and not said & known:
            return True
    return False


def _likeness(words: frozenset[str], label: frozenset[str], shares: Mapping[str, int]) -> float:
    """How much of a label the words repeat, in [0, 1]; 0 where they have hardly anything of it."""
    weight = sum(1 / shares[pair] for pair in label)
    return sum(1 / shares[pair] for pair in label & words) / weight if weight >= 0.5 else 0.0
