"""Times, figures and names as the gate reads them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.phrasing.dates import Calendar, find_dates
from rag.answering.phrasing.figures import find_figures, stated_by
from rag.answering.phrasing.names import NameKind, find_names
from rag.index.text.terms import fold


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2021年3月6日", [(2021, 3, 6, "")]),
        ("二〇二一年三月", [(2021, 3, None, "")]),
        ("去年8月", [(None, None, None, "去年"), (None, 8, None, "")]),
        ("下午四点", [(None, None, None, "4点")]),
        ("16点", [(None, None, None, "4点")]),
        ("周三上午", [(None, None, None, "周三"), (None, None, None, "上午")]),
        ("第一季度", [(None, None, None, "1季度")]),
        ("正月初八", [(None, None, None, "正月"), (None, None, None, "初八")]),
        ("2021-03-06", [(2021, 3, 6, "")]),
    ],
)
def test_times_are_read(text: str, found: list[tuple[object, ...]]) -> None:
    assert [(date.year, date.month, date.day, date.word) for date in find_dates(text)] == found


@pytest.mark.parametrize("text", ["3个月", "18年", "6号线", "一周年", "30日元", "月饼", "三点五万", "13月"])
def test_what_is_no_time_is_not(text: str) -> None:
    assert [date for date in find_dates(text) if date.year or date.month] == []


@pytest.mark.parametrize(
    ("printed", "said", "held"),
    [
        ("2021年3月6日开馆", "2021年3月", True),
        ("2021年3月6日开馆", "3月6日", True),
        ("2021年3月6日开馆", "3月7日", False),
        ("2021年3月开馆,6月闭馆", "2022年3月", False),
        ("2021年开馆。次年6月闭馆,2022年重开", "2022年6月", True),
        ("3月6日和8日", "3月8日", True),
        ("3月6日和5月8日", "3月8日", False),
        ("今年3月", "去年3月", False),
        ("晚上10点闭馆", "22点", True),
    ],
)
def test_a_passage_holds_a_time_or_not(printed: str, said: str, held: bool) -> None:
    calendar = Calendar(fold(printed), None)
    assert all(calendar.holds(date) for date in find_dates(fold(said))) is held


def test_the_day_of_a_record_tells_what_this_year_is() -> None:
    printed_in = Calendar("去年建了冰库", "2021-06-18")
    (year,) = find_dates("2020年")
    assert printed_in.holds(year)
    assert not Calendar("去年建了冰库", None).holds(year)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31)))
def test_every_day_holds_itself_and_not_the_next(day: date) -> None:
    def written(one: date) -> str:
        return f"{one.year}年{one.month}月{one.day}日"

    calendar = Calendar(written(day), None)
    (mention,) = find_dates(written(day))
    (following,) = find_dates(written(day + timedelta(days=1)))
    assert calendar.holds(mention)
    assert not calendar.holds(following)


@pytest.mark.parametrize(
    ("said", "printed", "held"),
    [
        ("1200名", "一千二百名", True),
        ("一万二千人", "1.2万人", True),
        ("40%", "百分之四十", True),
        ("四成", "40%", True),
        ("40%", "40个", False),
        ("40个百分点", "40%", False),
        ("约1.1万人", "11415人", True),
        ("约1.2万人", "11415人", False),
        ("超过1500家", "1573家", True),
        ("超过1600家", "1573家", False),
        ("近1600家", "1573家", True),
        ("近7000名", "超过7000名", False),
        ("1500家", "1573家", False),
        ("3家", "3名", False),
        ("3位", "3名", True),
        ("第三届", "3届", False),
        ("第三届", "第3届", True),
        ("5.52亿元", "5.52亿元", True),
        ("5.52万元", "5.52亿元", False),
    ],
)
def test_a_figure_is_stated_by_another_or_not(said: str, printed: str, held: bool) -> None:
    (figure,) = find_figures(fold(said))
    assert bool(stated_by(figure, find_figures(fold(printed)))) is held


@pytest.mark.parametrize("text", ["一家企业", "两级工会", "三农", "百年老店", "2021年3月", "千家万户", "统一"])
def test_words_with_numerals_state_no_figure(text: str) -> None:
    assert find_figures(text) == []


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("馆长马秋兰介绍，座位不够", NameKind.PERSON, "马秋兰"),
        ("，阿依·古丽巴合提", NameKind.PERSON, "阿依·古丽巴合提"),
        ("宁德市霞浦县的渔港", NameKind.PLACE, "霞浦县"),
        ("磁灶镇的6个村子", NameKind.PLACE, "磁灶镇"),
        ("海丰冷链公司投资", NameKind.UNKNOWN, "海丰"),
        ("县教育局主办", NameKind.ORGANISATION, "县教育局"),
        ("应急管理部主办", NameKind.UNKNOWN, "管理部"),
        ("剧目《借东风》", NameKind.QUOTED, "借东风"),
        ("用上了LoRa传感器", NameKind.LATIN, "lora"),
        ("来自日本的客人", NameKind.PLACE, "日本"),
    ],
)
def test_names_are_found(text: str, kind: NameKind, name: str) -> None:
    assert (kind, name) in {(one.kind, one.text) for one in find_names(fold(text))}


@pytest.mark.parametrize(
    "text", ["这座城市惠及职工", "他们来到山村", "今年公司招人", "有关部门介绍", "渔民们在村里唱戏", "办理工会会员证"]
)
def test_plain_words_are_no_names(text: str) -> None:
    assert find_names(fold(text)) == []


@given(st.text(alphabet="渔港3万年月日县市“”《》·李公司ab-., 第", max_size=25))
def test_names_and_times_stand_where_they_say(text: str) -> None:
    folded = fold(text)
    for name in find_names(folded):
        assert folded[name.start : name.end] == name.text
    for mention in find_dates(folded):
        assert folded[mention.start : mention.end] == mention.text
