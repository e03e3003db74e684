"""The facts of a sentence, as tests by which the piece of a passage that holds most of them is found."""

from __future__ import annotations

from collections.abc import Callable

from rag.answering.phrasing.dates import Date, find_dates
from rag.answering.phrasing.figures import Figure, find_figures, stated_by
from rag.answering.phrasing.names import Name, find_names
from rag.answering.phrasing.passages import Piece

Fact = Callable[[Piece], bool]
"""Whether a piece of a passage holds one fact of the sentence."""


def words_of(folded: str) -> str:
    """The sentence with its figures and dates, which are compared by value, blanked out."""
    spans = [(figure.quantity.start, figure.quantity.end) for figure in find_figures(folded)]
    for start, end in [*spans, *((date.start, date.end) for date in find_dates(folded))]:
        folded = folded[:start] + " " * (end - start) + folded[end:]
    return folded


def facts_of(folded: str) -> list[Fact]:
    """One test for each figure, date and name of a folded sentence, the figures first, in order."""
    return [
        *(_figure_fact(figure) for figure in find_figures(folded)),
        *(_date_fact(date) for date in find_dates(folded)),
        *(_name_fact(name) for name in find_names(folded)),
    ]


def _figure_fact(figure: Figure) -> Fact:
    return lambda piece: bool(stated_by(figure, piece.figures))


def _date_fact(date: Date) -> Fact:
    return lambda piece: piece.calendar.holds(date)


def _name_fact(name: Name) -> Fact:
    return lambda piece: name.text in piece.folded
