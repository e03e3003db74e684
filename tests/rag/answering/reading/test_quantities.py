"""Numbers read from print."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.reading.quantities import counted_quantities, find_quantities, quantities_with_words


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("7.4万人", 74_000, "人"),
        ("3000余名", 3_000, "名"),
        ("三千余名", 3_000, "名"),
        ("四十五家", 45, "家"),
        ("两百一十三场", 213, "场"),
        ("十二个", 12, "个"),
        ("二十", 20, ""),
        ("1,234,567元", 1_234_567, "元"),
        ("1，200元", 1_200, "元"),
        ("1.2亿元", 120_000_000, "元"),
        ("2万余人次", 20_000, "人次"),
        ("十余万册", 100_000, ""),
        ("60多万户", 600_000, "户"),
        ("12.5%", 12.5, "%"),
        ("40个百分点", 40, "个百分点"),
        ("18周岁", 18, "周岁"),
        ("260平方米", 260, "平方米"),
        ("一万二千", 12_000, ""),
        ("一万二", 12_000, ""),
        ("一万一千余名", 11_000, "名"),
        ("一亿二千万元", 120_000_000, "元"),
        ("两百零二", 202, ""),
        ("二〇二一年", 2_021, "年"),
        ("三点五万", 35_000, ""),
        ("百分之四十", 40, "%"),
        ("百分之十二点五", 12.5, "%"),
        ("三成", 30, "%"),
        ("千分之三", 0.3, "%"),
    ],
)
def test_a_quantity_has_its_value_and_unit(text: str, value: float, unit: str) -> None:
    (quantity,) = find_quantities(text)
    assert quantity.value == pytest.approx(value)
    assert quantity.unit == unit
    assert text[quantity.start : quantity.end] == text.removesuffix("册")


def test_quantities_come_in_order_with_their_places() -> None:
    text = "渔港有冰库3座，工人一百二十名，占38%的码头"
    found = find_quantities(text)
    assert [(quantity.value, quantity.unit) for quantity in found] == [(3, "座"), (120, "名"), (38, "%")]
    assert [text[quantity.start : quantity.end] for quantity in found] == ["3座", "一百二十名", "38%"]


@pytest.mark.parametrize("text", ["三四个", "数百名", "几十家"])
def test_what_is_left_vague_is_no_number(text: str) -> None:
    assert find_quantities(text) == []


def test_a_text_without_numbers_has_none() -> None:
    assert find_quantities("渔港静悄悄") == []


@given(st.integers(0, 10**9), st.sampled_from(["人", "家", "元", "公里", ""]))
def test_digits_are_read_back(value: int, unit: str) -> None:
    for written in (str(value), f"{value:,}"):
        (quantity,) = find_quantities(f"共{written}{unit}。")
        assert (quantity.value, quantity.unit) == (value, unit)


@given(
    st.lists(
        st.sampled_from(["船", "3", "千", "万", "亿", "余", "个", "，", "，5", ".", "零", "%", "十"]), max_size=14
    ).map("".join)
)
def test_any_text_can_be_read(text: str) -> None:
    found = find_quantities(text)
    assert all(0 <= quantity.start < quantity.end <= len(text) for quantity in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


_REPORT = "2021年合作社有社员96户，养蜂8400箱，去年卖蜜12万元。"


@pytest.mark.parametrize(("word", "value"), [("社员", 96), ("养蜂", 8_400), ("卖蜜", 120_000)])
def test_a_word_counts_for_the_quantity_beside_it(word: str, value: float) -> None:
    beside = {quantity.value: held for held, quantity in counted_quantities(_REPORT, [word])}
    assert beside == {number: int(number == value) for number in (96, 8_400, 120_000)}


def test_years_count_nothing() -> None:
    assert 2021 not in [quantity.value for _, quantity in counted_quantities(_REPORT, ["社员"])]


def test_a_word_behind_a_mark_belongs_to_the_next_quantity() -> None:
    (held, _), (held_next, _) = counted_quantities("卖出300箱，蜂王5只", ["蜂王"])
    assert (held, held_next) == (0, 1)


def test_a_text_without_numbers_counts_nothing() -> None:
    assert counted_quantities("没有数", ["社员"]) == []


def test_the_words_beside_a_quantity_end_at_the_next_mark() -> None:
    beside = {quantity.value: words for quantity, words in quantities_with_words(_REPORT)}
    assert beside == {96: "合作社有社员", 8_400: "养蜂箱", 120_000: "去年卖蜜"}
