"""A number that a question states, held against the number that is printed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.wording.claims import Bound, decide_claim, read_claim, same_kind
from rag.library import Library
from tests.rag.answering.conftest import Look


@pytest.mark.parametrize(
    ("asked", "value", "unit", "bound"),
    [
        ("社员超过100户吗", 100, "户", Bound.ABOVE),
        ("演出达到了180场吗", 180, "场", Bound.AT_LEAST),
        ("演员不到30名吗", 30, "名", Bound.BELOW),
        ("演员不超过30名吗", 30, "名", Bound.AT_MOST),
        ("卖蜜收入在300万元以上吗", 3_000_000, "元", Bound.AT_LEAST),
        ("有500个人报名吗", 500, "人", Bound.STATED),
        ("剧团去年演了95场吗", 95, "场", Bound.STATED),
        ("2021年社员超过100户吗", 100, "户", Bound.ABOVE),
        ("是2021年建的吗", 2021, "年", Bound.STATED),
    ],
)
def test_the_number_that_is_stated(asked: str, value: float, unit: str, bound: Bound) -> None:
    claim = read_claim(asked)
    assert claim is not None
    assert (claim.quantity.value, claim.quantity.unit, claim.bound) == (value, unit, bound)


@pytest.mark.parametrize("asked", ["冰库投用了吗", "没超过100户吗", "社员数没有达到100户吗"])
def test_no_claim_without_a_number_or_with_a_denied_one(asked: str) -> None:
    assert read_claim(asked) is None


def verdict(look: Look, asked: str, article_id: str) -> str | None:
    query, evidences = look(asked, article_id)
    claim = read_claim(query.question.text)
    assert claim is not None
    finding = decide_claim(claim, query, evidences)
    return finding and finding.words


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("留坝县养蜂合作社的社员超过90户吗？", "是，超过90户。"),
        ("留坝县养蜂合作社的社员超过96户吗？", "没有，没超过96户。"),
        ("留坝县养蜂合作社的社员达到96户吗？", "是，达到96户。"),
        ("留坝县养蜂合作社的社员达到120户吗？", "没有，不到120户。"),
        ("留坝县养蜂合作社的社员不到100户吗？", "是，不到100户。"),
        ("留坝县养蜂合作社的社员不到80户吗？", "不是，不止80户。"),
        ("留坝县养蜂合作社的社员不超过96户吗？", "是，没超过96户。"),
        ("留坝县养蜂合作社有96户社员吗？", "是。"),
        ("留坝县养蜂合作社有69户社员吗？", "不是。"),
        ("留坝县养蜂合作社有大约100户社员吗？", "是。"),
        ("去年留坝县合作社卖蜜收入超过300万元吗？", "是，超过300万元。"),
        ("去年留坝县合作社卖蜜收入是400万元吗？", "不是。"),
    ],
)
def test_the_number_beside_the_words_decides(look: Look, asked: str, said: str) -> None:
    assert verdict(look, asked, "bees-north") == said


def test_where_no_number_of_the_kind_is_printed_nothing_is_decided(look: Look) -> None:
    assert verdict(look, "留坝县养蜂合作社有3吨蜂蜜吗？", "bees-north") is None


def test_the_verdict_stands_before_the_number_that_decides(town: Library) -> None:
    answer = town.ask("六个村合办的木偶剧团去年演出超过200场吗？")
    assert answer.answer.startswith("没有")
    assert "180场" in answer.citations[0].quote


@given(st.sampled_from("名人位家所个场元吨"), st.sampled_from("名人位家所个场元吨"))
def test_kinds_are_alike_both_ways(one: str, other: str) -> None:
    assert same_kind(one, one)
    assert same_kind(one, other) == same_kind(other, one)
