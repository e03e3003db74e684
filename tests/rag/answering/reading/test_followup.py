"""Questions that lean on what was said before."""

from __future__ import annotations

import pytest

from rag.answering.reading.followup import make_standalone
from rag.types import Turn


def talk(*contents: str) -> list[Turn]:
    """Messages in turn, the user's first."""
    return [Turn("assistant" if number % 2 else "user", content) for number, content in enumerate(contents)]


@pytest.mark.parametrize(
    "history", [[], talk("", "请问您想知道什么？"), [Turn("assistant", "欢迎。")], talk("  ")], ids=str
)
def test_without_a_question_before_it_a_question_stands(history: list[Turn]) -> None:
    standalone = make_standalone("它的团长是谁？", history)
    assert (standalone.text, standalone.topic) == ("它的团长是谁？", "")


@pytest.mark.parametrize(
    "asked",
    [
        "晋江市磁灶镇的木偶剧团去年演出了多少场？",
        "“小铜锣”剧团的团长是谁？",
        "泰顺县木偶剧团有几名演员？",
        "哪些城市开办了免费的木偶夜校？",
        "哪些城市开办了免费的木偶夜校",
        "谁当上了首届木偶技艺大赛的冠军？",
        "磁灶那位修木偶的老师傅带了几个徒弟？",
        "前街开张那场演出来了多少人？",
    ],
)
def test_a_question_that_says_all_is_left_alone(asked: str) -> None:
    standalone = make_standalone(asked, talk("留坝县养蜂合作社有多少户社员？", "96户。[1]"))
    assert (standalone.text, standalone.topic) == (asked, "")


@pytest.mark.parametrize(
    "asked", ["哪些人参加？", "那位老师傅带了几个徒弟？", "是谁在管这间冰库？", "一共来了多少人？"]
)
def test_a_question_that_leaves_its_subject_out_is_completed(asked: str) -> None:
    standalone = make_standalone(asked, talk("留坝县养蜂合作社有多少户社员？", "有社员96户，分在三个村。[1]"))
    assert "留坝县养蜂合作社" in standalone.text


@pytest.mark.parametrize("asked", ["房县呢？", "那房县呢？", "那么，房县呢", "还有房县呢？"])
def test_another_place_takes_the_place_of_the_first(asked: str) -> None:
    standalone = make_standalone(asked, talk("留坝县养蜂合作社有多少户社员？", "96户。[1]"))
    assert standalone.text.rstrip("?？") == "房县养蜂合作社有多少户社员"


def test_another_thing_takes_the_place_of_the_first() -> None:
    standalone = make_standalone("那演员呢？", talk("晋江市木偶剧团的团长是谁？", "吴美兰。[1]"))
    assert "晋江市" in standalone.text
    assert "演员" in standalone.text
    assert "团长" not in standalone.text


def test_a_pronoun_stands_for_the_short_answer() -> None:
    standalone = make_standalone("它的投资有多少？", talk("三沙渔港的冰库由哪家公司投资？", "海丰冷链公司[1]"))
    assert "海丰冷链公司的投资" in standalone.text
    assert "[1]" not in standalone.text


def test_a_pronoun_after_a_long_answer_stands_for_the_topic() -> None:
    history = talk("留坝县养蜂合作社有多少户社员？", "留坝县成立养蜂合作社，入社的社员有96户，共养蜂8400箱。[1]")
    standalone = make_standalone("它的理事长是谁？", history)
    assert "留坝县养蜂合作社" in standalone.text
    assert "理事长" in standalone.text
    assert "它" not in standalone.text


def test_the_topic_outlives_a_follow_up() -> None:
    history = talk("留坝县养蜂合作社有多少户社员？", "96户。[1]", "那一共养蜂多少箱？", "8400箱。[1]")
    standalone = make_standalone("理事长是谁？", history)
    assert "留坝县养蜂合作社" in standalone.topic
    assert "留坝县养蜂合作社" in standalone.text


def test_a_new_subject_starts_anew() -> None:
    history = talk(
        "留坝县养蜂合作社有多少户社员？", "96户。[1]", "霞浦县三沙渔港新建的冰库是哪家公司投资的？", "海丰冷链公司。[1]"
    )
    standalone = make_standalone("一共存冰多少吨？", history)
    assert "冰库" in standalone.text
    assert "养蜂" not in standalone.text
