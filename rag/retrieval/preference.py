"""How well the dates of articles fit the dates that a question names: a preference among hits, never a filter.

A relative date counts twice, from the reader's day and from the newest article's: "last year" over the papers of 2016
means 2015 as well as the year before today, and whatever reading no article answers to has no effect. A date without a
year counts most as its latest occurrence by either day, and less in any other year.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from rag.retrieval.moments import Days, Stretch, Unit

STRENGTH = 0.3
"""How much more an article counts whose date fits: docs/retrieval.md has the figures against more and less."""

_OTHER_YEAR = 0.5
"""For the right month of another year, where the question says no year."""
_VAGUE = 0.7
"""For an article that is dated by year or month only, and the question's days lie somewhere in it."""
_LATE = 0.8
"""For what is printed soon after the question's days: papers report afterwards, figures of March come out in April."""
_NEXT_DAYS = 2
"""Printed the next day, or on Monday, is printed in time."""
_LONG = 92
"""Days from which a stretch is a year's or more: annual figures come out within a quarter, others within a month."""


def prefer(fused: Sequence[tuple[int, float]], fits: NDArray[np.float32] | None) -> list[tuple[int, float]]:
    """Rows with their scores, best first, those raised whose dates fit.

    A score grows by a share of itself, so what has little to do with the question gains little; then all are scaled so
    that the best score stays what it was.

    Args:
        fused: rows with scores in [0, 1], best first.
        fits: (n,) of every row of the index, in [0, 1]; None prefers nothing.
    """
    if fits is None or not fused:
        return list(fused)
    raised = [(row, score * (1 + STRENGTH * float(fits[row]))) for row, score in fused]
    raised.sort(key=lambda entry: (-entry[1], entry[0]))
    scale = fused[0][1] / raised[0][1] if raised[0][1] else 1.0
    return [(row, scale * score) for row, score in raised]


class ArticleDates:
    """The dates of all articles of an index.

    Args:
        days: (n, 2) int32, first and last day of every article's date as ordinals, 0 where it has none.
    """

    def __init__(self, days: NDArray[np.int32]) -> None:
        # Thousands of articles share a date: each is looked at once.
        distinct, inverse = np.unique(days, axis=0, return_inverse=True)
        self._first, self._last = distinct.reshape(-1, 2).T.astype(np.int64)
        self._inverse = inverse.reshape(-1)
        self._dated = self._first > 0

    def fit(self, stretches: Sequence[Stretch], today: date) -> NDArray[np.float32] | None:
        """(n,) how well each article fits the stretch that it fits best, in [0, 1]; None where nothing fits at all.

        Args:
            stretches: what the question names, from `parse_dates`.
            today: the reader's day.
        """
        if not stretches or not self._dated.any():
            return None
        best = np.zeros(len(self._first), np.float32)
        for stretch in stretches:
            for days in self._readings(stretch, today):
                np.maximum(best, self._fit(days), out=best)
            if stretch.any_year:
                for year in self._years():
                    np.maximum(best, _OTHER_YEAR * self._fit(stretch.days_in(year)), out=best)
        fits: NDArray[np.float32] = best[self._inverse]
        return fits if best.any() else None

    def newest(self, today: date, unit: Unit) -> date | None:
        """The day of the newest article that is dated at least as exactly as the unit and not ahead of today."""
        exact = self._dated & (self._last - self._first < unit) & (self._first <= today.toordinal())
        if not exact.any():
            return None
        return date.fromordinal(min(int(self._last[exact].max()), today.toordinal()))

    def _readings(self, stretch: Stretch, today: date) -> set[Days]:
        readings = {stretch.days(today)}
        if not stretch.absolute and (newest := self.newest(today, stretch.first.unit)):
            readings.add(stretch.days(newest))
        return readings

    def _years(self) -> list[int]:
        first, last = self._first[self._dated], self._last[self._dated]
        years = {date.fromordinal(int(day)).year for day in {*first.tolist(), *last.tolist()}}
        # What happened in December is printed in January.
        return sorted(years | {year - 1 for year in years})

    def _fit(self, days: Days) -> NDArray[np.float32]:
        """(distinct dates,) how well each fits one stretch of days."""
        low, high = days
        within = (self._first >= low) & (self._last <= high + _NEXT_DAYS)
        around = (self._first <= high) & (self._last >= low)
        wait = _LONG if high - low >= _LONG else Unit.MONTHS
        delay = self._first - high
        late = np.where((delay > 0) & (delay <= wait), _LATE * (1 - delay / (2 * wait)), 0.0)
        fit = np.where(within, 1.0, np.where(around, _VAGUE, late))
        return np.where(self._dated, fit, 0.0).astype(np.float32)
