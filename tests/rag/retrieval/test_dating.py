"""Dates in a question, held against jionlp's reading and against what is no date."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.dating import parse_dates

TODAY = date(2020, 5, 6)
"""A Wednesday."""

NUMERALS = ("", *"一二三四五六七八九十", *(f"十{one}" for one in "一二三四五六七八九"), "二十", "二十一", "二十二")


def days(text: str, today: date = TODAY) -> list[tuple[str, str]]:
    """First and last days of the dates in a text."""
    ranges = [stretch.days(today) for stretch in parse_dates(text)]
    return [(date.fromordinal(low).isoformat(), date.fromordinal(high).isoformat()) for low, high in ranges]


def spelt(year: int) -> str:
    return "".join("〇一二三四五六七八九"[int(digit)] for digit in str(year))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("２０１９年３月", "2019-03-01", "2019-03-31"),
        ("二○一九年三月", "2019-03-01", "2019-03-31"),
        ("2018年3月至5月", "2018-03-01", "2018-05-31"),
        ("从2018年11月到2019年2月", "2018-11-01", "2019-02-28"),
        ("2018—2019年", "2018-01-01", "2019-12-31"),
        ("2019年1-6月", "2019-01-01", "2019-06-30"),
        ("2019年3月5日-8日", "2019-03-05", "2019-03-08"),
        ("2019年前11个月", "2019-01-01", "2019-11-30"),
        ("2018年12月至今", "2018-12-01", "2020-05-06"),
        ("98年5月", "1998-05-01", "1998-05-31"),
        ("上個月", "2020-04-01", "2020-04-30"),
        ("上個月底", "2020-04-21", "2020-04-30"),
        ("上月15日", "2020-04-15", "2020-04-15"),
        ("本月中旬", "2020-05-11", "2020-05-20"),
        ("上上个月", "2020-03-01", "2020-03-31"),
        ("上週末", "2020-05-02", "2020-05-03"),
        ("这个星期天", "2020-05-10", "2020-05-10"),
        ("去冬", "2019-11-07", "2020-02-28"),
        ("今春", "2020-02-03", "2020-05-31"),
        ("1-4月份", "2020-01-01", "2020-04-30"),
        ("十月举办", "2019-10-01", "2019-10-31"),
        ("年初", "2020-01-01", "2020-02-29"),
        ("11月至2月", "2019-11-01", "2020-02-29"),
        ("2019年全市举行的3月招聘会", "2019-03-01", "2019-03-31"),
        ("截至2022年12月底", "2022-12-21", "2022-12-31"),
        ("2019年2月31日", "2019-02-28", "2019-02-28"),
    ],
)
def test_a_date_is_read_as_its_days(text: str, first: str, last: str) -> None:
    assert days(text) == [(first, last)]
    assert days(f"请问{text}，镇上来了多少人？") == [(first, last)]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "5G",
            "两会",
            "十强",
            "三八妇女节",
            "12345热线",
            "1998名",
            "1300元",
            "515年",
            "19年",
            "90后",
            "2019级",
            "1号楼",
        ),
        *(
            "五月花",
            "十月革命",
            "三月三",
            "正月",
            "3个月",
            "8月龄",
            "两年",
            "5年来",
            "半年",
            "每年底",
            "2000年历史",
            "一年中",
        ),
        *("过去年均", "以上年龄", "如今年轻人", "以前年度", "日本周刊", "登上月球", "基本月薪", "目前天气", "这周围"),
        *(
            "明年",
            "下个月",
            "2019年以前",
            "2019年3月之前",
            "比去年",
            "较2019年",
            "去年同期",
            "与2018年相比",
            "2019年13月",
        ),
        *("", "什么时候", "0000年", "2019.3.15.7", "138-2019-031"),
    ],
)
def test_what_is_no_date_is_not_read(text: str) -> None:
    # A month that no year has leaves nothing, not its year.
    assert days(text) == []
    assert days(f"问问{text}的情况？") == []


def test_several_dates_are_several() -> None:
    assert days("2018年和2019年哪一年多？") == [("2018-01-01", "2018-12-31"), ("2019-01-01", "2019-12-31")]
    assert days("2018年的灯会，去年的灯会，2018年的灯会") == [
        ("2018-01-01", "2018-12-31"),
        ("2019-01-01", "2019-12-31"),
    ]


def exact() -> list[str]:
    """Expressions that jionlp reads rightly and to the day."""
    found = []
    for year in (1998, 2016, 2019):
        found += [
            f"{year}年",
            f"{spelt(year)}年",
            f"{year}年度",
            f"{year}年上半年",
            f"{year}年下半年",
            f"{year}年前三季度",
        ]
        found += [f"{year}年{form}季度" for at in (1, 2, 3, 4) for form in (f"第{NUMERALS[at]}", NUMERALS[at], at)]
        for month in range(1, 13):
            found += [f"{year}年{month}月{rest}" for rest in ("", "上旬", "中旬", "下旬", f"{month + 9}日", "以来")]
            found += [f"{year}年{NUMERALS[month]}月", f"{spelt(year)}年{NUMERALS[month]}月", f"{year}-{month:02}-15"]
            found += [f"{year}年{month}月至{year}年12月", f"{year}/{month}/{month}"]
    for year in ("大前年", "前年", "去年", "今年"):
        found += [f"{year}{part}" for part in ("", "上半年", "下半年", "第二季度")]
        found += [f"{year}{month}月" for month in range(1, 13)]
        found += [f"{year}{NUMERALS[month]}月{NUMERALS[month + 3]}日" for month in range(1, 13)]
    found += [f"{month}月{month + 1}日" for month in range(1, 5)]
    found += ["上周", "本周", "上上周", "上个星期", "上周三", "上星期五", "昨天", "昨日", "前天", "今天", "大前天"]
    return [*found, "上半年", "一季度", "首季度"]


def wider() -> list[str]:
    """Expressions without sharp borders, where ours are the wider ones."""
    found = ["近三年", "近10年", "近3个月", "最近两周", "过去5天", "90年代", "上世纪八十年代", "年初"]
    for year in ("2019年", "去年"):
        found += [f"{year}{part}" for part in ("底", "年底", "初", "春天", "夏季", "秋天", "冬季")]
        found += [f"{year}{month}月{part}" for month in range(1, 13) for part in ("初", "底", "末")]
    return found


@pytest.fixture(scope="module")
def reference() -> Callable[[str], tuple[str, str]]:
    """jionlp's reading, counted from `TODAY`; its greeting stays off the screen."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        import jionlp

    def read(text: str) -> tuple[str, str]:
        first, last = jionlp.parse_time(text, time_base=time.mktime(TODAY.timetuple()))["time"]
        return first[:10], last[:10]

    return read


def test_as_jionlp_reads_them(reference: Callable[[str], tuple[str, str]]) -> None:
    expressions = exact()
    assert len(set(expressions)) > 500
    assert [text for text in expressions if days(text) != [reference(text)]] == []


def test_no_narrower_than_jionlp_where_borders_are_vague(reference: Callable[[str], tuple[str, str]]) -> None:
    for text in wider():
        [(first, last)] = days(text)
        low, high = reference(text)
        assert first <= low <= high <= last, text


years = st.integers(1000, 2199)
months = st.integers(1, 12)
words = st.text(st.sampled_from("柳溪县举办灯会和书市有多少人参加？，。的"), max_size=12)


@given(years, months, words, words)
def test_a_month_is_found_wherever_it_stands(year: int, month: int, before: str, after: str) -> None:
    for text in (f"{year}年{month}月", f"{year}年{NUMERALS[month]}月", f"{spelt(year)}年{month}月"):
        [(first, last)] = days(f"{before}{text},{after}")
        assert first == f"{year:04}-{month:02}-01"
        assert last[:7] == first[:7]
        assert date.fromordinal(date.fromisoformat(last).toordinal() + 1).day == 1


@given(years, months, years, months)
def test_a_range_reaches_from_the_one_to_the_other(first: int, month: int, last: int, other: int) -> None:
    (low, month), (high, other) = sorted([(first, month), (last, other)])
    [(begins, ends)] = days(f"{low}年{month}月至{high}年{other}月")
    assert (begins, ends[:7]) == (f"{low:04}-{month:02}-01", f"{high:04}-{other:02}")


@given(
    st.text(st.sampled_from("去今前上本近大个年月日周旬季度底初末至到-比以来一二十〇0129 年月"), max_size=24),
    st.dates(),
)
def test_whatever_is_read_is_a_range_of_days(text: str, today: date) -> None:
    for stretch in parse_dates(text):
        low, high = stretch.days(today)
        assert 1 <= low <= high


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert isinstance(parse_dates(text), tuple)
