"""Which of two is more, and yes or no: only where the text decides it."""

from __future__ import annotations

import pytest

from rag.answering.finding.evidence import Evidence, sentences_of
from rag.answering.reading.question import parse_question
from rag.answering.wording.verdicts import (
    Side,
    best_pair,
    comparison_draft,
    read_comparison,
    read_sides,
    side_question,
    yes_no_draft,
)
from rag.library import Library
from tests.rag.answering.conftest import Look
from tests.rag.index.fakes import make_article


@pytest.mark.parametrize(
    ("asked", "left", "right", "smaller"),
    [
        ("留坝县和房县，哪个县的蜂箱多？", "留坝县", "房县", False),
        ("留坝县与房县，谁的蜂箱更少？", "留坝县", "房县", True),
        ("早班跟晚班，哪个更早？", "早班", "晚班", True),
        ("早班和晚班，哪个更晚？", "早班", "晚班", False),
    ],
)
def test_the_sides_of_a_comparison(asked: str, left: str, right: str, smaller: bool) -> None:
    comparison = read_comparison(parse_question(asked))
    assert comparison is not None
    assert (comparison.left, comparison.right, comparison.smaller_wins) == (left, right, smaller)
    assert side_question(comparison, left).startswith(left)


def test_what_is_compared_is_asked_of_either_side() -> None:
    comparison = read_comparison(parse_question("留坝县和房县，哪个县的蜂箱多？"))
    assert comparison is not None
    assert all("蜂箱" in side_question(comparison, side) for side in (comparison.left, comparison.right))


@pytest.mark.parametrize("asked", ["谁的蜂箱多？", "留坝县的蜂箱有多少？", "留坝县和房县哪个先成立合作社？"])
def test_no_comparison_without_two_sides_and_a_measure(asked: str) -> None:
    assert read_comparison(parse_question(asked)) is None


@pytest.mark.parametrize(
    ("asked", "verdict"),
    [
        ("留坝县和房县的养蜂合作社，哪个的社员多？", "房县"),
        ("房县和留坝县的养蜂合作社，哪个的社员多？", "房县"),
        ("留坝县养蜂合作社和房县养蜂合作社，谁的社员更少？", "留坝县"),
        ("房县养蜂合作社和留坝县养蜂合作社，谁的社员更少？", "留坝县"),
    ],
)
def test_the_verdict_does_not_hang_on_the_order(town: Library, asked: str, verdict: str) -> None:
    answer = town.ask(asked)
    assert answer.answer.startswith(verdict)
    assert {citation.article_id for citation in answer.citations} == {"bees-north", "bees-south"}
    assert "96户" in answer.answer
    assert "131户" in answer.answer


def test_equal_figures_are_called_equal(town: Library) -> None:
    answer = town.ask("留坝县养蜂合作社和房县养蜂合作社，哪个养蜂箱数多？")
    assert answer.answer.startswith("一样")
    assert len(answer.citations) == 2


def test_two_payments_are_compared_by_what_they_have_in_common() -> None:
    comparison = read_comparison(parse_question("留坝县给每户的补助和房县给每户的补助，哪个多？"))
    assert comparison is not None
    assert comparison.attribute == "补助"


def sides(text: str, left: str, right: str, attribute: str) -> list[Side] | None:
    article = make_article([text])
    evidence = Evidence(sentences_of(article)[0], 1.0, 1.0, 0.0, 1.0, 1.0, (), False, ())
    pair = best_pair(read_sides(left, [evidence], attribute), read_sides(right, [evidence], attribute))
    return list(pair) if pair else None


def test_what_is_paid_is_counted_in_money_and_told_apart_by_name() -> None:
    text = "县里办了12家育秧棚，给茶农每户补助3000元、给蜂农每户补助2000元。"
    pair = sides(text, "蜂农的补助", "茶农的补助", "补助")
    assert pair is not None
    assert [side.quantity.value for side in pair] == [2000, 3000]


def test_one_figure_is_not_both_sides() -> None:
    assert sides("县里给茶农和蜂农每户补助3000元。", "蜂农的补助", "茶农的补助", "补助") is None


def test_sides_that_share_a_beginning_are_named_in_full() -> None:
    comparison = read_comparison(parse_question("合作社的蜂箱补助和运费补助，哪个高？"))
    pair = sides("合作社发蜂箱补助300元、运费补助80元。", "合作社的蜂箱补助", "合作社的运费补助", "补助")
    assert comparison is not None
    assert pair is not None
    assert str(comparison_draft(comparison, *pair).parts[0]).startswith("合作社的蜂箱补助更高")


def test_a_number_that_is_not_printed_is_not_affirmed(look: Look) -> None:
    query, evidences = look("三沙渔港新建的冰库一次可存冰5万吨吗？", "ice")
    draft = yes_no_draft(query, evidences[0], evidences)
    assert draft is not None
    assert str(draft.parts[0]).startswith("不是")


def test_half_an_hour_is_a_number_too(look: Look) -> None:
    assert verdict(look, "渔民陈阿水船靠码头半小时就能装冰吗？", "ice") is None


def verdict(look: Look, asked: str, *article_ids: str) -> str | None:
    """The words before the quotation; None where the evidence is left to speak for itself."""
    query, evidences = look(asked, *article_ids)
    draft = yes_no_draft(query, evidences[0])
    return None if draft is None else str(draft.parts[0])


def test_what_is_not_needed(look: Look) -> None:
    said = verdict(look, "进秦州区图书馆需要缴纳押金吗？", "reading")
    assert said is not None
    assert said.startswith("不需要")


@pytest.mark.parametrize(("age", "kept"), [(45, True), (50, True), (51, False), (62, False)])
def test_a_limit_from_above(look: Look, age: int, kept: bool) -> None:
    said = verdict(look, f"{age}岁的社员可以报名学开网店吗？", "bees-north")
    assert said is not None
    assert said.startswith("是" if kept else "不")


def test_the_verdict_is_followed_by_the_sentence_that_decides(town: Library) -> None:
    answer = town.ask("62岁的社员可以报名学开网店吗？")
    assert "50周岁以下" in answer.citations[0].quote


def test_a_plain_statement_is_affirmed(town: Library) -> None:
    assert town.ask("霞浦县渔港的冰库投用了吗？").answer.startswith("是")
