"""What the words of a question say about its answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.reading.question import Expected, Form, Level, check_question, number_of, parse_question
from rag.errors import InputError
from rag.index.text.terms import simplify


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("剧团的团长是谁？", Expected.PERSON),
        ("哪位石匠修的桥？", Expected.PERSON),
        ("展览在哪里举行？", Expected.PLACE),
        ("哪家公司建了冰库？", Expected.ORGANISATION),
        ("什么时候开始放水？", Expected.TIME),
        ("茶馆哪一年重新开张？", Expected.TIME),
        ("修桥用了多久？", Expected.DURATION),
        ("工期是多少个月？", Expected.DURATION),
        ("冰库投资了多少钱？", Expected.MONEY),
        ("夜读区有多少个座位？", Expected.NUMBER),
        ("剧团演了几场？", Expected.NUMBER),
        ("茶馆的报名电话是多少？", Expected.PHONE),
        ("为什么要改道？", Expected.REASON),
        ("木偶剧团的口号是什么？", Expected.NAME),
        ("剧团演出了哪些剧目？", Expected.ITEMS),
        ("养蜂合作社做了什么？", Expected.ANY),
        ("Who runs the library?", Expected.PERSON),
        ("When does it open?", Expected.TIME),
        ("Where was the fair held?", Expected.PLACE),
        ("How many seats are there?", Expected.NUMBER),
        ("How much did the ice store cost?", Expected.MONEY),
        ("How long did the work take?", Expected.DURATION),
        ("Why was the bridge closed?", Expected.REASON),
    ],
)
def test_the_kind_that_is_asked_for(text: str, expected: Expected) -> None:
    assert parse_question(text).expected is expected


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("剧团的团长是谁？", Form.PASSAGE),
        ("图书馆在哪个市？", Form.PASSAGE),
        ("哪些县成立了养蜂合作社？", Form.AGGREGATE),
        ("有几个省份种了海水稻？", Form.AGGREGATE),
        ("留坝县和房县，哪个县的蜂箱多？", Form.COMPARISON),
        ("小学和中学相比，谁的学生更少？", Form.COMPARISON),
        ("进图书馆需要办证吗？", Form.YES_NO),
        ("冰库是不是免费使用？", Form.YES_NO),
        ("有没有人报名？", Form.YES_NO),
        ("进图書館需要辦證嗎？", Form.YES_NO),
    ],
)
def test_the_form_of_the_answer(text: str, form: Form) -> None:
    assert parse_question(text).form is form


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("有几个省份种了海水稻？", Level.PROVINCE),
        ("哪些城市开通了夜班公交？", Level.CITY),
        ("哪些县成立了养蜂合作社？", Level.COUNTY),
        ("哪些地方办了庙会？", Level.PLACE),
        ("哪些企业参加了展销？", Level.ORGANISATION),
        ("哪几篇报道写了养蜂？", Level.REPORT),
        ("开通了夜班公交的城市有哪些？", Level.CITY),
        ("种了海水稻的省份一共有几个？", Level.PROVINCE),
        ("5月20日这天，报纸上写了哪两件事？", Level.REPORT),
        ("哪些活动请来了木偶剧团？", Level.REPORT),
        ("有哪几场比赛在渔港举行？", Level.REPORT),
        ("哪些活动在晋江市举行？", None),
        ("“小铜锣”剧团参加了哪些活动？", None),
        ("剧团演出了哪些剧目？", None),
        ("剧团的团长是谁？", None),
    ],
)
def test_the_level_of_an_aggregate(text: str, level: Level | None) -> None:
    question = parse_question(text)
    assert question.level is level
    assert (question.form is Form.AGGREGATE) == (level is not None)


def test_how_many_lines_there_are_no_sentence_has_to_say() -> None:
    assert parse_question("有几个县成立了养蜂合作社？").expected is Expected.ANY


@pytest.mark.parametrize(
    ("text", "unit"),
    [("夜读区有多少个座位？", "个"), ("剧团演了几场？", "场"), ("客流有多少人次？", "人次"), ("团长是谁？", "")],
)
def test_the_unit_that_is_counted(text: str, unit: str) -> None:
    assert parse_question(text).unit == unit


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("哪7个村子合办了剧团？", 7), ("哪两家公司中标？", 2), ("哪十二个乡镇通了水？", 12), ("哪些乡镇通了水？", None)],
)
def test_how_many_the_question_says_there_are(text: str, wanted: int | None) -> None:
    assert parse_question(text).wanted == wanted


@pytest.mark.parametrize(
    ("text", "focus"),
    [
        ("他用的是什么牌子的拖拉机？", ("牌子",)),
        ("剧团的团长是谁？", ("团长",)),
        ("一共有多少名志愿者？", ("志愿者",)),
        ("什么时候开始放水？", ()),
        ("养蜂合作社成立了。", ()),
    ],
)
def test_the_noun_that_is_asked_for(text: str, focus: tuple[str, ...]) -> None:
    assert parse_question(text).focus == focus


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("“星火”剧团的团长是谁？", ("星火",)),
        ("《渔歌》和《晚潮》是谁唱的？", ("渔歌", "晚潮")),
        ("「星火」劇團的團長是誰？", ("星火",)),
        ("剧团的团长是谁？", ()),
    ],
)
def test_names_in_quotation_marks(text: str, quoted: tuple[str, ...]) -> None:
    assert parse_question(text).quoted == quoted


@pytest.mark.parametrize(
    ("rough", "plain"),
    [
        ("那个，图书馆几点关门来着", "图书馆几点关门"),
        ("請問圖書館館長是誰？", "图书馆馆长是谁?"),
        ("ｗｉｆｉ密码是什么？", "wifi密码是什么?"),
        ("我想知道渔港有几艘船呀？", "渔港有几艘船?"),
    ],
)
def test_fillers_widths_and_traditional_characters_go(rough: str, plain: str) -> None:
    assert parse_question(rough).text == plain


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("Who runs the library?", True),
        ("图书馆的wifi是什么？", False),
        ("谁？", False),
        ("12345", False),
        ("??", False),
    ],
)
def test_a_question_in_english(text: str, english: bool) -> None:
    assert parse_question(text).english is english


@given(st.text(alphabet="谁哪几些个多少么吗什和比，？“”《》ab7 　请问那就是", min_size=1, max_size=20))
def test_any_text_can_be_parsed(text: str) -> None:
    question = parse_question(text)
    assert (question.level is not None) == (question.form is Form.AGGREGATE)
    assert question.text == question.text.strip()
    assert all(word in question.text for word in question.focus + question.quoted)


@given(st.text(max_size=30))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert simplify(simplify(text)) == simplify(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("十", 10), ("十二", 12), ("二十", 20), ("一百零三", 103), ("两千三百", 2300), ("几", None), ("", None)],
)
def test_numerals(text: str, value: int | None) -> None:
    assert number_of(text) == value


def test_a_question_is_taken_without_its_outer_blanks() -> None:
    assert check_question(" \u3000团长是谁？\n", 5, "question") == "团长是谁？"


@pytest.mark.parametrize("text", ["", " \n", "\u3000\u3000"])
def test_an_empty_question_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="query is empty") as raised:
        check_question(text, 10, "query")
    assert raised.value.hint


def test_an_over_long_question_is_refused() -> None:
    with pytest.raises(InputError, match="question has 11 characters; at most 10") as raised:
        check_question("长" * 11, 10, "question")
    assert raised.value.hint
