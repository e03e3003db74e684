"""Dates in a question → stretches of days: 去年, 2019年3月, 上个月, 十月底, 近三年, 2018年3月至5月.

A closed set of expressions is read, in digits and in Chinese numerals. What lies ahead (明年), what only ends somewhere
(2019年以前) and feasts narrow nothing and are not read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from rag.retrieval.moments import Moment, Stretch, Unit

_Part = tuple[tuple[int, int], tuple[int, int]]

_WHOLE_YEAR: _Part = ((1, 1), (12, 31))
_YEARS_AGO = {"大前年": 3, "前年": 2, "去年": 1, "上一年": 1, "上年": 1, "今年": 0, "本年": 0, "这一年": 0}
_DAYS_AGO = {"大前": 3, "前": 2, "昨": 1, "今": 0}
_AGO = {"上上": 2, "上": 1, "本": 0, "这": 0}
_UNITS = {"年": Unit.YEARS, "月": Unit.MONTHS, "周": Unit.WEEKS, "星期": Unit.WEEKS, "天": Unit.DAYS, "日": Unit.DAYS}
_THIRDS = {"上旬": (1, 10), "中旬": (11, 20), "下旬": (21, 31), "初": (1, 10), "底": (21, 31), "末": (21, 31)}
_THIRDS |= {"上半月": (1, 15), "下半月": (16, 31)}
_PARTS: dict[str, _Part] = {
    **dict.fromkeys("上前", ((1, 1), (6, 31))),
    **dict.fromkeys("下后", ((7, 1), (12, 31))),
    **dict.fromkeys("底末", ((11, 1), (12, 31))),
    "初": ((1, 1), (2, 31)),
    # Seasons reach from the earlier beginning, the almanac's, to the later end, the weather's.
    "春": ((2, 3), (5, 31)),
    "夏": ((5, 5), (8, 31)),
    "秋": ((8, 7), (11, 30)),
    "冬": ((11, 7), (14, 28)),
}

_HAN = "一二三四五六七八九十"
_NUMBER = rf"\d{{1,2}}|[{_HAN}]{{1,3}}"
_DAY = rf"(?:(?P<day>{_NUMBER})[日号]|份?的?(?P<third>[上中下]旬|[上下]半月|初|底|末)|份)?"
_STRETCH = (
    rf"第?(?P<quarter>[一二三四1-4首])个?季度|[前头](?P<quarters>[二两三23])个?季度|[前头](?P<months>{_NUMBER}|两)个?月"
    r"|(?P<half>[上下前后])半年"
)
_WITHIN = (
    rf"(?:的?(?:(?P<month>{_NUMBER})月{_DAY}|{_STRETCH}|年?(?P<edge>初(?!中|[{_HAN}])|[底末])"
    r"|(?P<season>[春夏秋冬])[天季]?))?"
)
# Behind a month in Chinese numerals stands what stands behind a date: 五月花 and 十月革命 are names.
_GOES_ON = (
    rf"(?=[{_HAN}]+[日号]|[上中下]旬|[上下]半月|期间|$"
    r"|[份底初末的里间以至到起前后举召开启发共全有,。?!、;:()\s~—–-])"
)

_UNTIL = re.compile(r"(?:日|号|份)?\s*(?:至|到|-|~|—+|–)\s*")
_UNTIL_DAY = re.compile(rf"\s*(?:至|到|-|~|—+|–)\s*({_NUMBER})[日号]")
_SINCE = re.compile(r"份?(?:以来|至今|之?后(?!半)|以后|起|开始)")
_UP_TO = re.compile(r"份?(?:之前|以前|前(?![后期半\d一二两三]))")
# What an article or a question compares with is not what it is about.
_COMPARED = re.compile(r"(?:的?同期|的?同比|相比|比)")
_TRIGGER = re.compile(r"[年月日号天晚早周季週號星昨今去]|\d[-/.]\d")
# The traditional forms of the characters that the rules look at: folding all of a text takes ten times as long.
_SIMPLER = str.maketrans("這個過後來禮餘週號間級歷歲兩開啟發舉裡裏較頭", "这个过后来礼余周号间级历岁两开启发举里里较头")
_SPELT_YEAR = re.compile(rf"[一二][〇零○{_HAN[:9]}]{{3}}(?=年)")
_YEAR_TO_YEAR = re.compile(r"(?<!\d)((?:1\d|20|21)\d\d)(?=\s*(?:至|到|-|~|—+|–)\s*(?:1\d|20|21)\d\d年)")
_MONTH_TO_MONTH = re.compile(rf"(?<![\d./{_HAN}-])({_NUMBER})(?=\s*(?:至|到|-|~|—+|–)\s*(?:{_NUMBER})月)")
_DIGITS = {**{character: str(at) for at, character in enumerate("〇一二三四五六七八九")}, "零": "0", "○": "0"}


@dataclass(frozen=True, slots=True)
class _Found:
    """An expression and where it stands."""

    start: int
    end: int
    stretch: Stretch


def parse_dates(text: str) -> tuple[Stretch, ...]:
    """The dates that a text names, in order, each once; () for one that names none.

    Args:
        text: in any script and width; it is folded here.
    """
    if not _TRIGGER.search(text):
        return ()
    text = _spelt_out(unicodedata.normalize("NFKC", text).translate(_SIMPLER))
    stretches: list[Stretch] = []
    for stretch in _joined(text, _expressions(text)):
        before = stretches[-1] if stretches else None
        if before is not None and stretch.any_year and (dated := _in_year_of(before, stretch)):
            # 2019年全市…3月: the month is one of that year, and says more exactly what the year says.
            if (before.first.low, before.first.high) == _WHOLE_YEAR:
                stretches.pop()
            stretch = dated
        stretches.append(stretch)
    return tuple(dict.fromkeys(stretches))


def _spelt_out(text: str) -> str:
    """Years in digits, and both ends of a range with their unit."""
    text = _SPELT_YEAR.sub(lambda match: "".join(_DIGITS[character] for character in match[0]), text)
    return _MONTH_TO_MONTH.sub(r"\1月", _YEAR_TO_YEAR.sub(r"\1年", text))


def _expressions(text: str) -> list[_Found]:
    """What the rules find, of overlapping finds the first and longest."""
    found = [
        _Found(*match.span(), stretch)
        for needed, pattern, read in _RULES
        if any(word in text for word in needed)
        for match in pattern.finditer(text)
        if (stretch := read(match))
    ]
    kept: list[_Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _joined(text: str, found: list[_Found]) -> Iterator[Stretch]:
    """The stretches, ranges put together, those that only end somewhere left out."""
    at = 0
    while at < len(found):
        one, at = found[at], at + 1
        if text[one.start - 1 : one.start] in ("比", "较") or _COMPARED.match(text, one.end):
            continue
        until = _UNTIL.match(text, one.end)
        if until and at < len(found) and found[at].start == until.end():
            last = found[at].stretch
            at += 1
            if last.any_year:
                last = _in_year_of(one.stretch, last) or last
            yield Stretch(one.stretch.first, last.last)
        elif (day := _UNTIL_DAY.match(text, one.end)) and (last_day := _number(day[1])):
            moment = one.stretch.first
            yield Stretch(moment, replace(moment, high=(moment.high[0], last_day)))
        elif _SINCE.match(text, one.end):
            yield Stretch(one.stretch.first, None)
        elif not _UP_TO.match(text, one.end):
            yield one.stretch


def _in_year_of(dated: Stretch, stretch: Stretch) -> Stretch | None:
    """A stretch without a year put into the year of another; None where that has no one year."""
    first = dated.first
    if first.unit is not Unit.YEARS or first.count is None or dated.last is None or dated.last.count != first.count:
        return None
    moments = (
        moment and replace(moment, count=first.count, absolute=first.absolute)
        for moment in (stretch.first, stretch.last)
    )
    return Stretch(*moments)  # type: ignore[arg-type]  # the first is never None


def _single(moment: Moment) -> Stretch:
    return Stretch(moment, moment)


def _of_year(match: re.Match[str]) -> Stretch | None:
    named = match.groupdict()
    part = _part(named)
    if part is None:
        return None
    if named.get("relative"):
        return _single(Moment(Unit.YEARS, -_YEARS_AGO[named["relative"]], *part))
    year = int(named["year"] or named["short"] or 0)
    if year < 100:  # 98年3月, 19年3月
        year += 2000 if year < 50 else 1900
    return _single(Moment(Unit.YEARS, year, *part, absolute=True))


def _of_season(match: re.Match[str]) -> Stretch:
    return _single(Moment(Unit.YEARS, -_YEARS_AGO[f"{match['ago']}年"], *_PARTS[match["season"]]))


def _of_any_year(match: re.Match[str]) -> Stretch | None:
    part = _part(match.groupdict())
    return _single(Moment(Unit.YEARS, None, *part)) if part else None


def _part(named: dict[str, str | None]) -> _Part | None:
    """The part of a year that a match names; None for one that no year has."""
    if month := named.get("month") or named.get("spelt"):
        number, days = _number(month), (1, 31)
        if third := named.get("third"):
            days = _THIRDS[third]
        elif day := named.get("day"):
            days = (_number(day), _number(day))
        return ((number, days[0]), (number, days[1])) if 1 <= number <= 12 and 1 <= days[0] <= 31 else None
    if quarter := named.get("quarter"):
        last = 3 * (1 if quarter == "首" else _number(quarter))
        return (last - 2, 1), (last, 31)
    if counted := named.get("quarters") or named.get("months"):
        last = _number(counted) * (3 if named.get("quarters") else 1)
        return ((1, 1), (last, 31)) if 1 <= last <= 12 else None
    return _PARTS.get(named.get("half") or named.get("edge") or named.get("season") or "", _WHOLE_YEAR)


def _of_month(match: re.Match[str]) -> Stretch:
    low, high = _THIRDS.get(match["third"] or "", (1, 31))
    if match["day"]:
        low = high = _number(match["day"])
    return _single(Moment(Unit.MONTHS, -_AGO[match["ago"]], (0, low), (0, high)))


def _of_week(match: re.Match[str]) -> Stretch:
    low, high = (6, 7) if match["day"] == "末" else (1, 7)
    if match["day"] and match["day"] != "末":
        low = high = 7 if match["day"] in "日天" else _number(match["day"])
    return _single(Moment(Unit.WEEKS, -_AGO[match["ago"]], (0, low), (0, high)))


def _of_day(match: re.Match[str]) -> Stretch:
    return _single(Moment(Unit.DAYS, -_DAYS_AGO[match["ago"]]))


def _rolling(match: re.Match[str]) -> Stretch:
    unit = _UNITS[match["unit"]]
    part = {Unit.YEARS: _WHOLE_YEAR, Unit.WEEKS: ((0, 1), (0, 7))}.get(unit, ((0, 1), (0, 31)))
    return Stretch(Moment(unit, -_number(match["count"]), *part), Moment(unit, 0, *part))


def _decade(match: re.Match[str]) -> Stretch:
    year = int(match["year"]) if match["year"] else 1900 + _number(match["decade"])
    return Stretch(Moment(Unit.YEARS, year, absolute=True), Moment(Unit.YEARS, year + 9, absolute=True))


def _number(text: str) -> int:
    """25, 二十五, 十, 两."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.replace("两", "二").rpartition("十")
    return (10 * (_HAN.index(tens[-1]) + 1 if tens else 1) if ten else 0) + (_HAN.index(ones[-1]) + 1 if ones else 0)


_Reader = Callable[[re.Match[str]], Stretch | None]

# What a text must hold one of, the expression, and what reads it. The words before and after say what is no date:
# 过去年均, 以上年龄, 日本周刊, 登上月球, 目前天气.
_RULES: tuple[tuple[tuple[str, ...], re.Pattern[str], _Reader], ...] = tuple(
    (needed, re.compile(pattern), read)
    for needed, pattern, read in (
        (
            ("-", "/", "."),
            r"(?<![\d./-])(?P<year>(?:1\d|20|21)\d\d)(?:-|/|\.)(?P<month>1[0-2]|0?[1-9])"
            r"(?:(?:-|/|\.)(?P<day>3[01]|[12]\d|0?[1-9]))?(?![\d.])",
            _of_year,
        ),
        (
            ("年",),
            r"(?:(?<![\d.第])(?:(?P<year>(?:1\d|20|21)\d\d)年|(?P<short>\d\d)年(?=\d{1,2}月))|(?P<relative>大前年|去年"
            r"|(?<![以之目当先此提])前年|上一年|(?<![以网线路晚身岁])上年|(?<!如)今年|(?<![日基])本年|这一年))"
            rf"(?<!过去年)(?![级多代龄货轻夜纪产均薪味]|的?历史|以上|生人|生的)度?{_WITHIN}",
            _of_year,
        ),
        (("去", "今"), r"(?P<ago>[去今])(?P<season>[春夏秋冬])", _of_season),
        (
            ("月",),
            rf"(?P<ago>上上|(?<![以网线路晚身登])上|(?<![日基])本|这)个?月(?![球亮饼嫂光薪台租壤]){_DAY}",
            _of_month,
        ),
        (
            ("周", "星期", "礼拜"),
            r"(?P<ago>上上|(?<![以网线路晚身])上|(?<![日基])本|这)个?(?:周(?![期边围岁年长密])|星期|礼拜)(?P<day>[一二三四五六日天末])?",
            _of_week,
        ),
        (
            ("前", "昨", "今"),
            r"(?P<ago>大前|(?<![目以之当先日年月天提])前|昨|(?<![如当])今)[天日晚晨早夜]",
            _of_day,
        ),
        (
            ("近", "过去"),
            rf"(?:最?近|过去)[的这]?(?P<count>{_NUMBER}|两)[多余]?(?:个(?=月|星期))?(?P<unit>年|(?<=个)月|周|星期|天|日)",
            _rolling,
        ),
        (("年代",), rf"(?<!\d)(?:(?P<year>\d{{3}}0)|(?P<decade>[1-9]0|[{_HAN[1:9]}]十))年代", _decade),
        (("月",), rf"(?<![\d个.])(?P<month>\d{{1,2}})月(?!龄){_DAY}", _of_any_year),
        (("月",), rf"(?<![{_HAN}个])(?P<spelt>[{_HAN}]{{1,2}})月{_GOES_ON}{_DAY}", _of_any_year),
        (
            ("季度", "半年", "前", "头"),
            rf"(?<![\d{_HAN}]年)(?<![\d{_HAN}每第])(?:{_STRETCH})",
            _of_any_year,
        ),
        (
            ("年初", "年底", "年末", "岁末"),
            rf"(?<![\d{_HAN}每半])[年岁](?P<edge>初(?!中|[{_HAN}])|[底末])",
            _of_any_year,
        ),
    )
)
