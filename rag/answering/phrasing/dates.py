"""What a text says of when: years, months, days, hours and the words for them, so that two texts can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.answering.reading.quantities import value_of

_HAN_DAY = r"[一二三四五六七八九十廿]{1,3}"
_DATE = re.compile(
    r"(?:(?P<year>(?<!\d)(?:19|20)\d{2}|[一二][零〇一二三四五六七八九]{3})年(?:度|底|初|末)?的?)?"
    rf"(?:(?<![\d个第])(?P<month>\d{{1,2}}|{_HAN_DAY})月(?!饼|亮|球|季|台)份?)?(?:(?<![\d第])(?P<day>\d{{1,2}}|{_HAN_DAY})(?:日(?!本|均|报)|号(?=[,，。、;；至到起晚早上下开举在]|$)))?"
)
_HOUR = re.compile(
    r"(?<![\d第])(?P<hour>\d{1,2}|[一二三四五六七八九十两]{1,3})(?:点(?!位|名|五|几|多|子|击)|时(?![间候期代常段]))"
)
_ISO = re.compile(r"(?<!\d)(?P<year>\d{4})-(?P<month>\d{2})(?:-(?P<day>\d{2}))?(?!\d)")
_RELATIVE = {"今年": 0, "本年": 0, "去年": -1, "前年": -2, "明年": 1, "后年": 2}
_MONTHS = {"本月": "本月", "这个月": "本月", "上月": "上月", "上个月": "上月", "下月": "下月", "下个月": "下月"}
_DAYS = {"昨天": "昨天", "昨日": "昨天", "今天": "今天", "今日": "今天", "明天": "明天", "明日": "明天", "前天": "前天"}
_PARTS = {"凌晨": "晨", "清晨": "晨", "早晨": "晨", "早上": "晨", "上午": "上午", "中午": "中午", "下午": "下午"} | {
    "傍晚": "晚", "晚上": "晚", "晚间": "晚", "夜里": "晚", "夜间": "晚", "当晚": "晚", "日晚": "晚",
}  # fmt: skip
_FEASTS = "春节 元旦 国庆 端午 中秋 清明 元宵 除夕 重阳 七夕 正月 腊月 上半年 下半年".split()  # noqa: SIM905  # reads better than a list
_PLAIN_WORDS = re.compile("|".join([*_FEASTS, r"初[一二三四五六七八九十](?!中)", r"\d0年代"]))
_WEEKDAY = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天])(?!边|围|年|报|岁)")
_QUARTER = re.compile(r"第?([一二三四1-4])(?:个)?季度")
_WORDS = re.compile("|".join(sorted([*_RELATIVE, *_MONTHS, *_DAYS, *_PARTS], key=len, reverse=True)))


@dataclass(frozen=True, slots=True)
class Date:
    """One mention of a time: the numbers that it names, or a word."""

    text: str
    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None
    word: str = ""
    """Canonical form of what has no number (今年, 上午, 周三, 春节, 16点); empty for a date with one."""


def find_dates(text: str) -> list[Date]:
    """The mentions of time in a folded text, in order."""
    found = [*_numbered(text), *_worded(text)]
    return sorted(found, key=lambda date: date.start)


def _numbered(text: str) -> Iterator[Date]:
    for match in (*_DATE.finditer(text), *_ISO.finditer(text)):
        year, month, day = (value_of(match[name]) if match[name] else None for name in ("year", "month", "day"))
        if (month or 1) > 12 or (day or 1) > 31 or not (year or month or day):
            continue
        whole = [None if number is None else int(number) for number in (year, month, day)]
        yield Date(match.group(), match.start(), match.end(), year=whole[0], month=whole[1], day=whole[2])


def _worded(text: str) -> Iterator[Date]:
    canonical = {**dict.fromkeys(_RELATIVE, ""), **_MONTHS, **_DAYS, **_PARTS}
    for match in _WORDS.finditer(text):
        if match.group() in _PARTS and _HOUR.match(text, match.end()):
            continue  # 下午四点 is an hour: the passage may print 16点
        yield Date(match.group(), match.start(), match.end(), word=canonical[match.group()] or match.group())
    for match in _PLAIN_WORDS.finditer(text):
        yield Date(match.group(), match.start(), match.end(), word=match.group())
    for match in _WEEKDAY.finditer(text):
        yield Date(match.group(), match.start(), match.end(), word=f"周{match[1].replace('天', '日')}")
    for match in _QUARTER.finditer(text):
        yield Date(match.group(), match.start(), match.end(), word=f"{int(value_of(match[1]) or 0)}季度")
    for match in _HOUR.finditer(text):
        if (hour := value_of(match["hour"])) is not None and hour <= 24:
            yield Date(match.group(), match.start(), match.end(), word=f"{int(hour) % 12}点")


class Calendar:
    """The times that a passage names, with what follows from the day it was printed.

    Args:
        text: folded.
        printed: ISO 8601 day, month or year of the article; None where it is not known.
    """

    def __init__(self, text: str, printed: str | None) -> None:
        self._words: set[str] = set()
        self._years: set[int] = set()
        self._months: set[tuple[int | None, int]] = set()
        self._days: set[tuple[int | None, int]] = set()
        published = [int(part) for part in printed.split("-")] if printed else []
        month: int | None = None
        for date in find_dates(text):
            if date.word:
                self._words.add(date.word)
                if date.word in _RELATIVE and published:
                    self._years.add(published[0] + _RELATIVE[date.word])
            if date.year:
                self._years.add(date.year)
            if date.month:
                month = date.month
                self._months.add((date.year, date.month))
            if date.day:
                self._days.add((date.month or month, date.day))
        if published:
            self._years.add(published[0])
            self._words |= {word for word, shift in _RELATIVE.items() if published[0] + shift in self._years}
        if len(published) > 1:
            self._months.add((published[0], published[1]))
        if len(published) > 2:
            self._days.add((published[1], published[2]))

    def holds(self, date: Date) -> bool:
        """Whether the passage names this time, whole: a day with its month, a month with its year."""
        if date.word:
            return date.word in self._words
        if date.year and date.year not in self._years:
            return False
        if date.month:
            years = {year for year, month in self._months if month == date.month}
            # A month without a year beside it may be of any year that the passage names.
            if not years or (date.year and None not in years and date.year not in years):
                return False
        if date.day:
            months = {month for month, day in self._days if day == date.day}
            return bool(months) and (date.month is None or date.month in months or months == {None})
        return True
