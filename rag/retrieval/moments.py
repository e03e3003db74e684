"""Stretches of days that hang on the day they are counted from, and the days they come to.

Days are ordinals (`date.toordinal`), ranges of them include both ends.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date
from enum import IntEnum

Days = tuple[int, int]
"""First and last day."""


class Unit(IntEnum):
    """What a moment counts in; the value is how many days one has at most."""

    DAYS = 1
    WEEKS = 7
    MONTHS = 31
    YEARS = 366


@dataclass(frozen=True, slots=True)
class Moment:
    """A year, month, week or day, or a part of one."""

    unit: Unit
    count: int | None
    """Units from the day counted from: 0 the running one, -1 the one before; the year itself where `absolute`; None
    for a part of a year that is not named."""
    low: tuple[int, int] = (1, 1)
    """Where the part begins: (month, day) of a year, (0, day) of a month, (0, weekday) of a week, Monday being 1."""
    high: tuple[int, int] = (12, 31)
    """Where it ends, in the same terms. Days that a month lacks end with it; month 14 is February of the next year."""
    absolute: bool = False

    def days(self, today: date) -> Days:
        """The days of it, counted from a day."""
        count = self.count or 0
        if self.unit is Unit.DAYS:
            return today.toordinal() + count, today.toordinal() + count
        if self.unit is Unit.WEEKS:
            sunday = today.toordinal() - today.isoweekday() + 7 * count
            return sunday + self.low[1], sunday + self.high[1]
        if self.unit is Unit.MONTHS:
            month = today.month + count
            return _day(today.year, month, self.low[1]), _day(today.year, month, self.high[1])
        return self.days_in(count if self.absolute else today.year + count)

    def days_in(self, year: int) -> Days:
        """The days that a part of a year comes to in one year."""
        return _day(year, *self.low), _day(year, *self.high)


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one moment to another."""

    first: Moment
    last: Moment | None
    """The same as `first` for a single moment; None when it goes on to this day (2019年以来)."""

    @property
    def any_year(self) -> bool:
        """True where no year is said (十月底)."""
        return self.first.count is None

    @property
    def absolute(self) -> bool:
        """True where it is the same whatever day it is counted from."""
        return self.first.absolute and self.last is not None and self.last.absolute

    def days(self, today: date) -> Days:
        """The days of it, counted from a day; one without a year is the latest that has begun by then."""
        if self.any_year:
            found = self.days_in(today.year)
            return found if found[0] <= today.toordinal() else self.days_in(today.year - 1)
        low = self.first.days(today)[0]
        high = today.toordinal() if self.last is None else self.last.days(today)[1]
        return min(low, high), max(low, high)

    def days_in(self, year: int) -> Days:
        """The days of one without a year, were it of this one."""
        low, high = self.first.days_in(year)
        if self.last is not None:
            high = self.last.days_in(year)[1]
        # 11月至2月 ends in the next year.
        return (low, high) if low <= high else (low, (self.last or self.first).days_in(year + 1)[1])


def _day(year: int, month: int, day: int) -> int:
    """A day's ordinal; months below 1 and above 12 count on into other years, days stop at the month's end."""
    years, index = divmod(month - 1, 12)
    year = min(max(year + years, MINYEAR), MAXYEAR)
    return date(year, index + 1, min(max(day, 1), monthrange(year, index + 1)[1])).toordinal()
