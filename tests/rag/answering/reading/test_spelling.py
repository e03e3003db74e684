"""Slips in a question, mended from what it found."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.answering.reading.spelling import is_pinyin, respell

_PASSAGES = ["三沙渔港的冰库投用了，渔港里船靠着船。", "渔港一天装冰两百吨。", "渔港的夜读角也亮着灯。"]


def known(pair: str) -> bool:
    return any(pair in passage for passage in _PASSAGES)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("yugang 的冰库有多大?", "渔港 的冰库有多大?"),
        ("Yugang的冰库有多大?", "渔港的冰库有多大?"),
        ("渔港的bingku duoda", "渔港的冰库 多大"),
        ("鱼港的冰库有多大?", "渔港的冰库有多大?"),
    ],
)
def test_what_sounds_alike_is_replaced(typed: str, meant: str) -> None:
    assert respell(typed, _PASSAGES, known) == meant


@pytest.mark.parametrize(
    "typed", ["渔港的冰库有多大?", "渔港夜读角几点关门?", "how big is it?", "GPS 5G 冰库", "？", ""]
)
def test_a_clean_question_is_left_alone(typed: str) -> None:
    assert respell(typed, _PASSAGES, known) == typed


@pytest.mark.parametrize("typed", ["shanyao 的冰库有多大?", "山药的冰库有多大?"])
def test_what_sounds_like_nothing_found_is_left_alone(typed: str) -> None:
    assert respell(typed, _PASSAGES, known) == typed


def test_a_homophone_that_is_printed_once_is_chance() -> None:
    assert respell("业读角几点关门?", _PASSAGES, known) == "业读角几点关门?"


def test_nothing_is_replaced_without_passages() -> None:
    assert respell("鱼港 yugang", [], known) == "鱼港 yugang"


@settings(max_examples=40)
@given(st.text(alphabet="渔港冰库船灯?，的在哪", max_size=16))
def test_known_pairs_are_never_changed(question: str) -> None:
    assert respell(question, _PASSAGES, lambda pair: True) == question


@pytest.mark.parametrize(
    ("word", "pinyin"),
    [("yugang", True), ("xian", True), ("Wuxi", True), ("GPS", False), ("wifi5", False), ("club", False)],
)
def test_what_can_be_read_as_pinyin(word: str, pinyin: bool) -> None:
    assert is_pinyin(word) is pinyin
