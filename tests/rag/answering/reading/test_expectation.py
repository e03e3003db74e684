"""What a sentence holds of the kind that is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.answering.reading.expectation import find_expected
from rag.answering.reading.question import parse_question


def found(asked: str, sentence: str) -> list[str]:
    return [sentence[start:end] for start, end in find_expected(parse_question(asked), sentence)]


@pytest.mark.parametrize(
    ("asked", "sentence", "held"),
    [
        ("夜读区有多少个座位？", "夜读区共有260个座位，每晚开放。", "260个"),
        ("船队有多少艘船？", "船队有渔船四十五艘。", "四十五艘"),
        ("冰库投资了多少钱？", "冰库由渔业公司投资4800万元建设。", "4800万元"),
        ("修桥用了多久？", "老桥修了18个月才通车。", "18个月"),
        ("茶馆什么时候开张？", "茶馆于2021年3月6日重新开张。", "2021年3月6日"),
        ("咨询电话是多少？", "咨询电话是0559-6514321。", "0559-6514321"),
        ("剧团的口号是什么？", "剧团把“戏送到门口”写在车上。", "“戏送到门口”"),
        ("谁教孩子们唱戏？", "校长周远舟表示，孩子们胆子大了。", "周远舟"),
        ("哪个县成立了合作社？", "陕西省留坝县成立了养蜂合作社。", "留坝县"),
        ("哪家公司建了冰库？", "冰库由海丰冷链公司建设。", "冷链公司"),
    ],
)
def test_a_sentence_that_holds_the_kind(asked: str, sentence: str, held: str) -> None:
    assert any(held in piece for piece in found(asked, sentence))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("夜读区有多少个座位？", "夜读区每晚开放，灯光柔和。"),
        ("冰库投资了多少钱？", "冰库有3座，存冰充足。"),
        ("修桥用了多久？", "老桥修好了，两岸通车。"),
        ("茶馆什么时候开张？", "茶馆重新开张了。"),
        ("咨询电话是多少？", "可到窗口咨询12个问题。"),
        ("剧团演了几场？", "剧团有演员24名。"),
        ("哪个县成立了合作社？", "山里的合作社成立了。"),
    ],
)
def test_a_sentence_that_holds_none(asked: str, sentence: str) -> None:
    assert found(asked, sentence) == []


def test_a_number_is_met_in_units_that_print_uses_alike() -> None:
    assert found("多少名演员报名？", "报名的演员有24人。")
    assert not found("多少名演员报名？", "报名费为24元。")


def test_any_sentence_meets_a_question_that_asks_for_no_kind() -> None:
    assert found("合作社做了什么？", "蜂农分了箱。") == ["蜂农分了箱。"]
    assert found("合作社做了什么？", "") == []


_ASKED = [
    "多少个座位？",
    "多少钱？",
    "谁？",
    "哪里？",
    "哪些剧目？",
    "何时？",
    "多久？",
    "电话？",
    "为什么？",
    "叫什么？",
    "哪家公司？",
    "哪个县？",
]


@settings(max_examples=40)
@given(st.sampled_from(_ASKED), st.text(alphabet="一二百万3.,，、年月日个元张王说公司县《》“”的和因", max_size=30))
def test_ranges_lie_in_the_sentence_and_hold_something(asked: str, sentence: str) -> None:
    for start, end in find_expected(parse_question(asked), sentence):
        assert 0 <= start < end <= len(sentence)
