"""Which articles a listing or a filter lets through: sources, places, dates, words and the pages of a listing."""

from __future__ import annotations

import base64
import binascii
import json
from calendar import monthrange
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rag.corpus import places
from rag.errors import InputError
from rag.index.text.terms import fold
from rag.types import Filters, Span

_Value = TypeVar("_Value")


class Listing:
    """The small columns of all articles, in memory.

    Args:
        rows: article_id, source, place as JSON and date of every article, in corpus order.
    """

    def __init__(self, rows: Iterable[tuple[str, str, str, str | None]]) -> None:
        self._ids: list[str] = []
        self._sources: list[str] = []
        self._places: list[str] = []
        self._dates: list[str | None] = []
        for article_id, source, place, day in rows:
            self._ids.append(article_id)
            self._sources.append(source)
            self._places.append(place)
            self._dates.append(day)
        self._ordinals = {article_id: ordinal for ordinal, article_id in enumerate(self._ids)}

    def matching(self, filters: Filters) -> NDArray[np.bool_]:
        """(articles,) true for those that every given filter lets through."""
        chosen = np.ones(len(self._ids), np.bool_)
        if filters.sources:
            chosen &= self._each(self._sources, lambda source: source_matches(source, filters.sources))
        if filters.places:
            chosen &= self._each(self._places, lambda place: _place_matches(place, filters.places))
        if filters.date_from or filters.date_to:
            first, last = date_range(filters.date_from, filters.date_to)
            chosen &= self._each(self._dates, lambda day: date_matches(day, first, last))
        if filters.article_ids:
            wanted = [self._ordinals[name] for name in filters.article_ids if name in self._ordinals]
            chosen &= np.isin(np.arange(len(self._ids)), wanted)
        return chosen

    def places_matching(self, filters: Filters) -> tuple[str, ...] | None:
        """The places, as they are stored, that the filters let through; None where they name none."""
        if not filters.places:
            return None
        return tuple(sorted(place for place in set(self._places) if _place_matches(place, filters.places)))

    def days(self) -> NDArray[np.int32]:
        """(articles, 2) first and last day of every article's date, as `date.toordinal` counts; 0 where it has none."""
        known: dict[str | None, Span] = {day: days_of(day) for day in set(self._dates)}
        return np.asarray([known[day] for day in self._dates], np.int32).reshape(-1, 2)

    def page(
        self,
        filters: Filters,
        q: str | None,
        limit: int,
        cursor: str | None,
        holding: Callable[[str], set[int]],
    ) -> tuple[list[int], str | None, int]:
        """Ordinals of one page, the cursor of the next, None at the end, and how many there are on all pages.

        Args:
            holding: the ordinals of the articles that hold some folded words.
        """
        chosen = self.matching(filters)
        if q and q.strip():
            held = holding(fold(q.strip()))
            chosen &= np.isin(np.arange(len(self._ids)), np.fromiter(held, np.int64, len(held)))
        total = int(chosen.sum())
        chosen[: self._after(cursor)] = False
        ordinals = [int(ordinal) for ordinal in np.flatnonzero(chosen)[: limit + 1]]
        page = ordinals[:limit]
        return page, self._cursor(page[-1]) if len(ordinals) > limit and page else None, total

    def _cursor(self, ordinal: int) -> str:
        return base64.urlsafe_b64encode(json.dumps([self._ids[ordinal], ordinal]).encode()).decode("ascii")

    def _after(self, cursor: str | None) -> int:
        """The first ordinal of the page that a cursor asks for."""
        if not cursor:
            return 0
        try:
            article_id, ordinal = json.loads(base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True))
            # In a newer generation the article may stand elsewhere; if it is gone, its old place is the best guess.
            return self._ordinals.get(str(article_id), int(ordinal)) + 1
        except (ValueError, TypeError, binascii.Error) as error:
            raise InputError(
                "the cursor is not one that a listing gave", hint="Leave it out to start at the beginning."
            ) from error

    @staticmethod
    def _each(values: Sequence[_Value], test: Callable[[_Value], bool]) -> NDArray[np.bool_]:
        """The test of every value; equal values, which are many, are tested once."""
        known: dict[_Value, bool] = {}
        for value in values:
            if value not in known:
                known[value] = test(value)
        return np.fromiter((known[value] for value in values), np.bool_, len(values))


def source_matches(source: str, wanted: Sequence[str]) -> bool:
    """True for the source itself, for what lies in a folder (`2024/`), and for the records of a file."""
    return any(
        source == name or (name.endswith("/") and source.startswith(name)) or source.startswith(f"{name}#")
        for name in wanted
    )


def date_range(date_from: str | None, date_to: str | None) -> tuple[str, str]:
    """First and last day as ISO 8601; an open end reaches as far as dates go.

    Raises:
        InputError: not a day, or a range that ends before it begins.
    """
    first, last = _day("date_from", date_from or "0001-01-01"), _day("date_to", date_to or "9999-12-31")
    if first > last:
        raise InputError(f"date_from {first} is after date_to {last}", hint="Swap the two.")
    return first, last


def date_matches(day: str | None, first: str, last: str) -> bool:
    """True when a day, or any day of a month or year, lies in the range."""
    if not day:
        return False
    parts = [part for part in day[:10].split("-") if part.isdigit()]
    if not parts or len(parts[0]) != 4:
        return False
    year = parts[0]
    month = int(parts[1]) if len(parts) > 1 else None
    if month is None or not 1 <= month <= 12 or int(year) == 0:
        return f"{year}-01-01" <= last and f"{year}-12-31" >= first
    if len(parts) > 2:
        return first <= f"{year}-{month:02}-{int(parts[2]):02}" <= last
    return f"{year}-{month:02}-01" <= last and f"{year}-{month:02}-{monthrange(int(year), month)[1]:02}" >= first


def days_of(day: str | None) -> Span:
    """First and last day of an ISO 8601 day, month or year, as `date.toordinal` counts; (0, 0) for what is none."""
    parts = [int(part) for part in (day or "")[:10].split("-") if part.isdigit()]
    try:
        year, month, number = (*parts, 0, 0)[:3]
        first = date(year, month or 1, number or 1)
    except ValueError:
        return 0, 0
    if not month:
        return first.toordinal(), date(year, 12, 31).toordinal()
    return first.toordinal(), first.toordinal() + (0 if number else monthrange(year, month)[1] - 1)


def _place_matches(place: str, wanted: Sequence[str]) -> bool:
    path = json.loads(place)
    return any(places.matches(path, name) for name in wanted)


def _day(name: str, value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise InputError(f"{name} is {value!r}, which is no day", hint="Write it as 2024-05-31.") from error
