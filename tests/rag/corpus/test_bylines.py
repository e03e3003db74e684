"""Bylines of every shape that print has, and lines that only look like one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.corpus import bylines


@pytest.mark.parametrize(
    ("line", "byline"),
    [
        ("本报讯(记者方知秋 通讯员陶一鸣 程晚)春茶开采。", "本报讯(记者方知秋 通讯员陶一鸣 程晚)"),
        ("本报讯 (记者方知秋)春茶开采。", "本报讯 (记者方知秋)"),
        ("本报讯（记者 方知秋）春茶开采。", "本报讯（记者 方知秋）"),
        ("本报讯 昨天，春茶开采。", "本报讯"),
        ("本报 记者方知秋 通讯员 陶一鸣报道 春茶开采。", "本报 记者方知秋 通讯员 陶一鸣报道"),
        ("通讯员 陶一鸣报道 春茶开采。", "通讯员 陶一鸣报道"),
        ("【记者方知秋 程晚 通讯员陶一鸣】春茶开采。", "【记者方知秋 程晚 通讯员陶一鸣】"),
        ("【通讯员陶一鸣】春茶开采。", "【通讯员陶一鸣】"),
        ("(记者 方知秋)春茶开采。", "(记者 方知秋)"),
        ("新华社杭州4月2日电(记者方知秋)春茶开采。", "新华社杭州4月2日电(记者方知秋)"),
        ("记者日前从县茶场了解到，春茶开采。", ""),
        ("媒体争相报道 茶农笑开颜", ""),
        ("春茶开采。", ""),
    ],
)
def test_opening(line: str, byline: str) -> None:
    assert bylines.opening(line) == byline


@pytest.mark.parametrize(
    "line",
    [
        "本报记者 方知秋",
        "本报记者 方知秋 本报通讯员 陶一鸣 程晚",
        "本报记者 阿依古丽·买买提",
        "本报记者 方 圆",
        "□ 方知秋 程晚",
        "■本报记者 方知秋 文/图",
        "文/方知秋",
        "方知秋/文",
        "(记者 方知秋)",
    ],
)
def test_standalone(line: str) -> None:
    assert bylines.is_standalone(line)


@pytest.mark.parametrize(
    "line", ["记者节的由来", "通讯员队伍建设再提速", "本报评论员文章引起热议", "□", "本报记者", "图书馆的夜晚"]
)
def test_not_standalone(line: str) -> None:
    assert not bylines.is_standalone(line)


@pytest.mark.parametrize(
    "line", ["方知秋 摄", "本报通讯员 陶一鸣 摄", "本报讯 通讯员 陶一鸣 摄", "方知秋/摄", "(本报记者 方知秋 摄)"]
)
def test_credit(line: str) -> None:
    assert bylines.is_credit(line)


@pytest.mark.parametrize("line", ["茶园里来了摄影师", "航拍摄影大赛开赛了", "老师傅摄"])
def test_not_credit(line: str) -> None:
    assert not bylines.is_credit(line)


@pytest.mark.parametrize(
    ("line", "signed"),
    [
        ("茶香飘进城。(方知秋 程晚)", "(方知秋 程晚)"),
        ("（陶一鸣）", "（陶一鸣）"),
        ("茶香飘进城。(本报杭州4月2日电)", "(本报杭州4月2日电)"),
        ("茶香飘进城。（据新华社电）", "（据新华社电）"),
        ("茶园分给职工(社员)", ""),
        ("办法已经公布(试行)", ""),
        ("他们喝的是今年的新茶(明前)。", ""),
    ],
)
def test_signature(line: str, signed: str) -> None:
    assert bylines.signature(line) == signed


def test_a_dateline_names_no_author() -> None:
    assert bylines.is_dateline("(本报杭州4月2日电)")
    assert not bylines.is_dateline("(方知秋)")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="本报讯记者通讯员张三丰王 　()（）【】/摄·文图□,，。报道电月日3", max_size=200))
def test_any_line_is_answered(line: str) -> None:
    text = line.strip()
    if text:
        assert bylines.opening(text) in text
        assert bylines.signature(text) in text
        assert bylines.credit_tail(text) in text
        assert bylines.is_standalone(text) in (True, False)
        assert bylines.is_credit(text) in (True, False)


@pytest.mark.parametrize(
    "line", ["本报记者 " + "张三 " * 15 + "。", "本报记者" + "张三李四" * 15 + "!", "通讯员" * 25, "张三/" * 20 + "，"]
)
def test_lines_that_are_almost_bylines_are_no_bylines(line: str) -> None:
    """A pattern with names within names would never come back from these."""
    assert not bylines.is_standalone(line)
    assert not bylines.is_credit(line)
    assert not bylines.signature(line)
