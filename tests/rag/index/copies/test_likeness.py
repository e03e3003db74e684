"""Copies of a report are told from reports that recur."""

from __future__ import annotations

import numpy as np
import opencc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.index.copies.likeness import (
    compared_text,
    profile,
    repeats,
    resemblance,
    same_report,
)
from tests.rag.index.fakes import make_article
from tests.rag.index.reports import REPORT, unlike

WHOLE = "".join(REPORT)
BRIEF = "县气象台昨天发布消息，受冷空气影响，云溪镇今晨气温降到零下3度，镇里组织人手给菜棚加盖草帘，没有发现冻害。"


def alike(first: str, second: str, place: tuple[str, ...] = (), elsewhere: tuple[str, ...] = ()) -> bool:
    one, other = profile(first, place), profile(second, elsewhere)
    assert same_report(one, other) == same_report(other, one)
    return same_report(one, other)


def changed(old: str, new: str) -> str:
    """The report with other words in one or more places."""
    assert old in WHOLE
    return WHOLE.replace(old, new)


@pytest.mark.parametrize(
    "copy",
    [
        pytest.param("".join(REPORT[:-1]), id="last paragraph dropped"),
        pytest.param("记者昨天来到青石滩，老远就听见哗哗的水声。" + "".join(REPORT[1:]), id="lead changed"),
        pytest.param("老磨坊又转起来了 本报综合消息 " + WHOLE, id="headed and signed"),
        pytest.param(WHOLE.replace("，", ",").replace("。", ".").replace("、", " "), id="punctuation"),
        pytest.param("".join(chr(ord(one) + 0xFEE0) if "0" <= one <= "9" else one for one in WHOLE), id="full width"),
        pytest.param(opencc.OpenCC("s2t").convert(WHOLE), id="traditional"),
        pytest.param(changed("三十二根", "32根").replace("六十八岁", "68岁"), id="numbers in digits"),
        pytest.param(changed("1200斤", "1,200 斤").replace("86万元", "86 万元"), id="numbers with commas and blanks"),
        pytest.param("\n".join(REPORT[1:]), id="lead dropped, line breaks"),
    ],
)
def test_copies_are_one_report(copy: str) -> None:
    assert alike(WHOLE, copy)


@pytest.mark.parametrize(
    ("old", "new"),
    [("86万元", "68万元"), ("18个月", "8个月"), ("七成", "六成"), ("1200斤", "1300斤"), ("四十年", "五十年")],
)
def test_another_figure_is_another_report(old: str, new: str) -> None:
    assert resemblance(profile(WHOLE), profile(changed(old, new))) > 0.9
    assert not alike(WHOLE, changed(old, new))


@pytest.mark.parametrize(("old", "new"), [("冯大有", "李建国"), ("丽水", "绍兴")])
def test_another_name_is_another_report(old: str, new: str) -> None:
    assert resemblance(profile(WHOLE), profile(changed(old, new))) > 0.9
    assert not alike(WHOLE, changed(old, new))


def test_unlike_texts_are_two_reports() -> None:
    assert resemblance(profile(unlike(1)), profile(unlike(2))) < 0.2
    assert not alike(unlike(1), unlike(2))
    assert not alike(WHOLE, REPORT[0] + unlike(3))


def test_reports_from_two_places_are_two() -> None:
    wuxi, huishan = ("江苏省", "无锡市"), ("江苏省", "无锡市", "惠山区")
    assert alike(WHOLE, WHOLE, wuxi, huishan)
    assert alike(WHOLE, WHOLE, wuxi)
    assert not alike(WHOLE, WHOLE, wuxi, ("江苏省", "苏州市"))


def test_of_a_brief_only_the_ends_may_differ() -> None:
    assert alike(BRIEF, BRIEF + "（完）")
    assert alike(BRIEF, "又讯：" + BRIEF)
    assert not alike(BRIEF, BRIEF.replace("草帘", "薄膜"))
    assert not alike(BRIEF, BRIEF[:-20] + "没有来得及盖的也没有受损。")


@pytest.mark.parametrize("text", ["", "。。。", "短讯", "一二三四"])
def test_next_to_nothing_is_like_nothing(text: str) -> None:
    assert not alike(text, text)
    assert not repeats(profile(text), profile(WHOLE))


def test_headline_and_byline_are_left_out() -> None:
    byline = "本报讯（记者 林小满）"
    plain = make_article([REPORT[1], REPORT[2]], title="水磨坊修好了")
    signed = make_article([byline + REPORT[1], REPORT[2]], title="四十年后再听水声", byline=byline)
    texts = {compared_text(one.text, one.blocks, one.byline) for one in (plain, signed)}
    assert texts == {REPORT[1] + REPORT[2]}
    only_title = make_article([], title="水磨坊修好了")
    assert compared_text(only_title.text, only_title.blocks) == "水磨坊修好了"


def test_a_passage_is_repeated_where_its_words_and_figures_stand() -> None:
    passage, article = profile(REPORT[2]), profile(WHOLE)
    assert repeats(passage, article)
    assert repeats(profile(REPORT[2].replace("，", "")), article)
    assert not repeats(profile(REPORT[2].replace("86万", "98万")), article)
    assert not repeats(profile(unlike(4)[:80]), article)
    assert not repeats(article, passage)


@settings(deadline=None)  # the first text loads the table of characters
@given(st.text(max_size=400), st.text(max_size=400))
def test_resemblance_is_a_share_and_the_same_both_ways(first: str, second: str) -> None:
    one, other = profile(first), profile(second)
    assert 0 <= resemblance(one, other) == resemblance(other, one) <= 1
    assert resemblance(one, one) == (1 if len(one.shingles) else 0)
    assert same_report(one, other) == same_report(other, one)


@settings(deadline=None)  # the first text loads the table of characters
@given(st.text(alphabet="桥水山田村镇12三", max_size=60))
def test_hashes_are_those_of_the_runs_of_five(text: str) -> None:
    hashes = profile(text).hashes
    runs = [text[at : at + 5] for at in range(len(text) - 4)]
    assert len(hashes) == len(runs)
    assert len(np.unique(hashes)) == len(set(runs))
