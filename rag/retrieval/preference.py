"""How well articles fit the dates that a question names: a preference among hits, never a filter.

Two things are looked at: when an article was printed, and which days its words tell of, counted from when it was
printed. Figures of March come out in April and say "last month"; both speak for them, neither alone decides.

A relative date in a question is counted from the reader's day and from the newest article's: "last year" over the
papers of 2016 means 2015. The reader's counts more where any article answers to it; a date without a year means its
latest occurrence by either day, and less so any other year.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from rag.index.storage.listing import days_of
from rag.retrieval.dating import parse_dates
from rag.retrieval.moments import Days, Stretch, Unit
from rag.types import Article

STRENGTH = 0.2
"""How much more an article counts that fits in both ways: docs/retrieval.md has the figures against more and less."""

_PRINTED, _TOLD = 0.6, 0.4
"""What the two ways are worth: figures printed a month late have to outweigh older ones printed in their month."""
_OTHER_YEAR = 0.5
"""For the right month of another year, where the question says no year."""
_OTHER_DAY = 0.5
"""For days counted from the newest article, where other articles answer to those counted from the reader's day."""
_VAGUE = 0.7
"""For an article dated by a year or month that the question's days lie in."""
_LATE = 0.8
"""For what is printed soon after the question's days."""
_NEXT_DAYS = 2
"""Printed the next day, or on Monday, is printed in time."""
_LONG = 92
"""Days from which a stretch is as good as a year: annual figures come out within a quarter, others within a month."""
_AHEAD = 31
"""Days within which a date without a year, in an article, lies ahead rather than a year back."""
_TOLD_WIDER = 0.5
"""For words that tell of a longer time than the question asks about."""


def prefer(fused: Sequence[tuple[int, float]], fits: Mapping[int, float]) -> list[tuple[int, float]]:
    """Rows with their scores, best first, those raised whose dates fit.

    A score grows by a share of itself, so what has little to do with the question gains little; then all are scaled so
    that the best score stays what it was.

    Args:
        fused: rows with scores in [0, 1], best first.
        fits: of rows, in [0, 1]; 0 for those left out.
    """
    if not fits:
        return list(fused)
    raised = [(row, score * (1 + STRENGTH * fits.get(row, 0.0))) for row, score in fused]
    raised.sort(key=lambda entry: (-entry[1], entry[0]))
    scale = fused[0][1] / raised[0][1] if raised and raised[0][1] else 1.0
    return [(row, scale * score) for row, score in raised]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The days that a question asks about, and how well the articles' own dates fit them."""

    readings: tuple[tuple[Days, float], ...]
    """Days with what each reading counts, in [0, 1]."""
    printed: NDArray[np.float32]
    """(articles,) in [0, 1]."""
    choice: float = 1.0
    """How far the days set articles apart: 0 where all that are dated fit, near 1 where few do."""

    @property
    def stretches(self) -> tuple[tuple[int, int, int], ...]:
        """What `printed` is above 0 for, as `Restriction.printed` says it."""
        return tuple((low, high, high + _wait(low, high)) for (low, high), _ in self.readings)

    def fit(self, ordinal: int, told: float = 0.0) -> float:
        """How well an article fits in both ways, in [0, 1].

        Args:
            told: from `told`, of some of its words.
        """
        return self.choice * (_PRINTED * float(self.printed[ordinal]) + _TOLD * told)

    def told(self, text: str, days: Days) -> float:
        """How well the days that a text tells of fit, in [0, 1].

        Args:
            text: words of an article.
            days: of the article's date, (0, 0) where it has none.
        """
        named = [_counted(stretch, days) for stretch in parse_dates(text)]
        return max(
            (count * _overlap(range_, found) for range_, count in self.readings for found in named if found),
            default=0.0,
        )


class ArticleDates:
    """The dates of all articles of an index.

    Args:
        days: (articles, 2) int32, first and last day of every article's date, 0 where it has none.
    """

    def __init__(self, days: NDArray[np.int32]) -> None:
        self._days = days
        # Thousands of articles share a date: each is looked at once.
        distinct, inverse = np.unique(days, axis=0, return_inverse=True)
        self._first, self._last = distinct.reshape(-1, 2).T.astype(np.int64)
        self._inverse = inverse.reshape(-1)
        self._dated = self._first > 0

    def of(self, ordinal: int) -> Days:
        """First and last day of an article's date, (0, 0) where it has none."""
        first, last = self._days[ordinal].tolist()
        return first, last

    def wanted(self, stretches: Sequence[Stretch], today: date) -> Wanted | None:
        """What a question asks for; None where no article's date fits, or all of them do.

        Args:
            stretches: what the question names, from `parse_dates`.
            today: the reader's day.
        """
        if not self._dated.any():
            return None
        wanted = self.asked(stretches, today)
        # What all of the paper answers to sets nothing apart, and would only put undated articles back.
        choice = 1 - float(wanted.printed.sum()) / np.count_nonzero(self._days[:, 0])
        return replace(wanted, choice=choice) if wanted.printed.any() and choice > 0 else None

    def asked(self, stretches: Sequence[Stretch], today: date) -> Wanted:
        """The same, whether it sets articles apart or not."""
        readings: dict[Days, float] = {}
        for stretch in stretches:
            for days, count in self._readings(stretch, today):
                readings[days] = max(count, readings.get(days, 0.0))
        best = np.zeros(len(self._first), np.float32)
        for days, count in readings.items():
            np.maximum(best, count * self._printed(days), out=best)
        return Wanted(tuple(readings.items()), best[self._inverse])

    def newest(self, today: date, unit: Unit) -> date | None:
        """The day of the newest article that is dated at least as exactly as the unit and not ahead of today."""
        exact = self._dated & (self._last - self._first < unit) & (self._first <= today.toordinal())
        if not exact.any():
            return None
        return date.fromordinal(min(int(self._last[exact].max()), today.toordinal()))

    def _readings(self, stretch: Stretch, today: date) -> Iterable[tuple[Days, float]]:
        days = stretch.days(today)
        yield days, 1.0
        if not stretch.absolute and (newest := self.newest(today, stretch.first.unit)):
            yield stretch.days(newest), _OTHER_DAY if self._printed(days).any() else 1.0
        if stretch.any_year:
            yield from ((stretch.days_in(year), _OTHER_YEAR) for year in self._years())

    def _years(self) -> list[int]:
        first, last = self._first[self._dated], self._last[self._dated]
        years = {date.fromordinal(int(day)).year for day in {*first.tolist(), *last.tolist()}}
        # What happened in December is printed in January.
        return sorted(years | {year - 1 for year in years})

    def _printed(self, days: Days) -> NDArray[np.float32]:
        """(distinct dates,) how well each fits one stretch of days."""
        low, high = days
        within = (self._first >= low) & (self._last <= high + _NEXT_DAYS)
        around = (self._first <= high) & (self._last >= low)
        delay, wait = self._last - high, _wait(low, high)
        late = np.where((self._first > high) & (delay <= wait), _LATE * (1 - delay / (2 * wait)), 0.0)
        fit = np.where(within, 1.0, np.where(around, _VAGUE, late))
        return np.where(self._dated, fit, 0.0).astype(np.float32)


def dated_as_asked(question: str, article: Article) -> bool:
    """Whether an article was printed within or soon after the days that a question names, or tells of them.

    Days that the question counts from the reader's are left out.
    """
    stretches = [stretch for stretch in parse_dates(question) if stretch.absolute or stretch.any_year]
    days = days_of(article.date)
    asked = ArticleDates(np.asarray([days], np.int32)).asked(stretches, date.min)
    return bool(asked.printed[0] > 0) or asked.told(article.text, days) > 0


def _wait(low: int, high: int) -> int:
    """Days within which an article comes out about a stretch of days."""
    return _LONG if high - low >= _LONG else int(Unit.MONTHS)


def _counted(stretch: Stretch, days: Days) -> Days | None:
    """The days of a stretch in an article's words, counted from its date; None where that is not exact enough."""
    first, last = days
    if stretch.absolute:
        return stretch.days(date.min)
    if not first or last - first >= stretch.first.unit:
        return None
    counted = stretch.days(date.fromordinal(last))
    if stretch.any_year and counted[1] - counted[0] < Unit.MONTHS:
        # 6月10日 in a paper of the 5th is a day to come.
        return stretch.days(date.fromordinal(min(last + _AHEAD, date.max.toordinal())))
    return counted


def _overlap(wanted: Days, told: Days) -> float:
    if told[0] > wanted[1] or told[1] < wanted[0]:
        return 0.0
    return 1.0 if wanted[0] <= told[0] and told[1] <= wanted[1] else _TOLD_WIDER
