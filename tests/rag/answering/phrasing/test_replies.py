"""What models write, read as sentences with marks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.phrasing.replies import read_reply


@pytest.mark.parametrize(
    "written",
    [
        "冰库有三座[1][3]。",
        "冰库有三座。[1][3]",
        "冰库有三座 [1, 3]。",
        "冰库有三座【1】【3】。",
        "冰库有三座［１］［3］。",
        "冰库有三座[^1][^3]。",
        "冰库有三座[资料1、3]。",
        "- 冰库有三座[1][3]。",
        "1. **冰库**有三座[1][3]。",
        "## 冰库有三座[1,3]。",
        "```\n冰库有三座[1][3]。\n```",
    ],
)
def test_marks_are_read_in_every_shape(written: str) -> None:
    (statement,) = read_reply(written)
    assert statement.text == "冰库有三座。"
    assert statement.marks == (1, 3)


def test_a_range_of_marks_is_written_out() -> None:
    assert read_reply("冰库有三座[2-4]。")[0].marks == (2, 3, 4)


def test_sentences_keep_their_own_marks_and_lines() -> None:
    statements = read_reply("渔港建于2019年[1]。冰库有三座；[2]码头长1.5公里[3]。\n船主是林潮生[1]。")
    assert [(one.text, one.marks, one.opens_line) for one in statements] == [
        ("渔港建于2019年。", (1,), True),
        ("冰库有三座；", (2,), False),
        ("码头长1.5公里。", (3,), False),
        ("船主是林潮生。", (1,), True),
    ]


def test_english_sentences_are_told_apart() -> None:
    statements = read_reply("The harbour has 3 ice houses [1]. It opened in 2019. [2] Boats pay 4.5 yuan [1].")
    assert [one.marks for one in statements] == [(1,), (2,), (1,)]
    assert statements[2].text == "Boats pay 4.5 yuan."


def test_a_link_is_no_mark() -> None:
    assert read_reply("见[1](http://example.org)。")[0].marks == ()


@pytest.mark.parametrize(
    "written",
    [
        "资料中没有提到。",
        "根据提供的资料，无法确定年度预算。",
        "文中并未说明原因。",
        "The pages do not say.",
        "This is not mentioned.",
    ],
)
def test_a_refusal_is_known_for_one(written: str) -> None:
    assert all(one.declines for one in read_reply(written))


@pytest.mark.parametrize("written", ["渔港没有冰库[1]。", "冰库有三座[1]。", "船主说他不愿意出海[1]。"])
def test_a_statement_is_no_refusal(written: str) -> None:
    assert not any(one.declines for one in read_reply(written))


@pytest.mark.parametrize(
    "written",
    [
        "根据资料[1]中的描述。",
        "以上是根据资料整理的回答。",
        "希望以上信息对您有帮助！",
        "回答如下：",
        "Here is the answer:",
        "Based on the passages [1].",
    ],
)
def test_talk_about_the_reply_is_left_out(written: str) -> None:
    assert read_reply(written) == []
    assert [one.text for one in read_reply(f"冰库有三座[1]。{written}")] == ["冰库有三座。"]


@pytest.mark.parametrize(
    "written", ["根据资料，冰库有三座[1]。", "根据协议书的内容建了冰库[1]。", "据介绍，如有需要可以租用[1]。"]
)
def test_what_says_something_is_kept(written: str) -> None:
    assert len(read_reply(written)) == 1


def test_a_sentence_that_was_cut_is_left_out() -> None:
    assert [one.text for one in read_reply("冰库有三座[1]。码头长", cut=True)] == ["冰库有三座。"]
    assert len(read_reply("冰库有三座[1]。码头长[1]。", cut=True)) == 2


_SENTENCE = st.text(alphabet="渔港冰库三座船潮0123ab，", min_size=1, max_size=12).filter(
    lambda text: any(one in "渔港冰库船潮" for one in text[:1])
)


@given(st.lists(st.tuples(_SENTENCE, st.lists(st.integers(1, 99), max_size=3, unique=True)), min_size=1, max_size=5))
def test_what_is_written_is_what_is_read(written: list[tuple[str, list[int]]]) -> None:
    reply = "".join(f"{text}{''.join(f'[{mark}]' for mark in marks)}。" for text, marks in written)
    assert [(one.text, list(one.marks)) for one in read_reply(reply)] == [
        (f"{text}。", marks) for text, marks in written
    ]


@given(st.text(alphabet="渔港[]【】1,-。.*#`\n ^", max_size=30))
def test_any_reply_can_be_read(reply: str) -> None:
    for statement in read_reply(reply):
        assert statement.text.strip() == statement.text != ""
