"""Answers over the built-in sample and the invented town: cited, exact, or refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.library import Library
from rag.settings import sample_path
from rag.types import Answer, Filters, Turn
from tests.rag.answering.checks import check_answer
from tests.rag.town import RECORDS

_QUESTIONS: list[dict[str, Any]] = [
    json.loads(line) for line in (sample_path().parent / "questions.jsonl").read_text(encoding="utf-8").splitlines()
]
_TOWN = {f"town.jsonl#{record['id']}": str(record["text"]) for record in RECORDS}


@pytest.fixture(scope="module")
def sample_generation(sample_library: Library) -> Iterator[Generation]:
    opened = Store(Path(sample_library.status().vectors)).current()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    """The sample's pages, newlines untouched."""
    pages = {}
    for path in sample_path().glob("*.txt"):
        with path.open(encoding="utf-8", newline="") as file:
            pages[path.name] = file.read()
    return pages


@pytest.fixture(scope="module")
def answers(sample_library: Library) -> dict[str, Answer]:
    """Every question of the sample, asked once."""
    return {
        item["qid"]: sample_library.ask(item["question"], history=[Turn(**turn) for turn in item.get("history", [])])
        for item in _QUESTIONS
    }


def test_every_answer_is_exact(
    answers: dict[str, Answer], sample_generation: Generation, sources: dict[str, str]
) -> None:
    for answer in answers.values():
        check_answer(answer, sample_generation, sources)


def test_every_refusal_says_so_and_cites_nothing(answers: dict[str, Answer]) -> None:
    refusals = [answer for answer in answers.values() if not answer.answered]
    assert refusals
    for answer in refusals:
        assert answer.answer.startswith("资料中没有提到") or answer.question.isascii()
        assert answer.citations == ()
        assert answer.hits


def test_the_leading_example_is_answered(answers: dict[str, Answer]) -> None:
    answer = answers[next(item["qid"] for item in _QUESTIONS if item["question"] == "哪些城市搭建了婚恋交友平台？")]
    assert answer.answered
    assert "邯郸" in answer.answer
    assert len(answer.citations) == 1
    assert "邯工佳缘" in answer.citations[0].quote


def test_an_english_question_is_refused_in_english(town: Library) -> None:
    answer = town.ask("Who won the chess championship in Reykjavik?", filters=Filters(sources=("nowhere/",)))
    assert not answer.answered
    assert answer.answer.startswith("The pages do not say")


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        ("秦州区图书馆夜读区有多少个座位？", "260个"),
        ("三沙渔港的冰库由哪家公司投资？", "海丰冷链公司"),
        ("歙县修桥的石匠叫什么名字？", "汪德顺"),
        ("歙縣的諮詢電話是多少？", "0559-6514321"),
        ("那个，三沙渔港的冰库花了多少钱来着", "4800万元"),
        ("qinzhouqu 图书馆夜读区有多少个座位？", "260个"),
        ("How many seats does the reading room of the library have?", "260个"),
    ],
)
def test_short_questions_over_the_town(town: Library, generation: Generation, asked: str, held: str) -> None:
    answer = town.ask(asked)
    check_answer(answer, generation, _TOWN)
    assert held in answer.answer


@pytest.mark.parametrize("asked", ["深圳市图书馆夜读区有多少个座位？", "火星上有几座火山？", "谁获得了物理学奖？"])
def test_what_the_town_does_not_say_is_refused(town: Library, generation: Generation, asked: str) -> None:
    answer = town.ask(asked)
    check_answer(answer, generation, _TOWN)
    assert not answer.answered


def test_a_mended_question_is_shown(town: Library) -> None:
    answer = town.ask("qinzhouqu 图书馆夜读区有多少个座位？")
    assert answer.question == "qinzhouqu 图书馆夜读区有多少个座位？"
    assert "秦州区" in answer.standalone_question


def test_a_clean_question_is_looked_up_as_typed(town: Library) -> None:
    asked = "秦州区图书馆夜读区有多少个座位？"
    assert town.ask(asked).standalone_question == asked


def test_a_follow_up_is_read_with_the_conversation(town: Library, generation: Generation) -> None:
    history = [Turn("user", "留坝县养蜂合作社有多少户社员？"), Turn("assistant", "96户。[1]")]
    answer = town.ask("那房县呢？", history=history)
    check_answer(answer, generation, _TOWN)
    assert "131户" in answer.answer
    assert "房县" in answer.standalone_question
    assert "留坝" not in answer.standalone_question


@pytest.mark.parametrize(
    ("filters", "article_ids"),
    [
        (Filters(places=("湖北",)), {"bees-south"}),
        (Filters(article_ids=("bees-north",)), {"bees-north"}),
        (Filters(date_from="2022-05-21", date_to="2022-05-21"), {"bees-south"}),
        (Filters(sources=("town.jsonl#bees-north",)), {"bees-north"}),
    ],
)
def test_nothing_is_read_that_the_filters_leave_out(town: Library, filters: Filters, article_ids: set[str]) -> None:
    answer = town.ask("养蜂合作社有多少户社员？", filters=filters)
    assert answer.answered
    assert {citation.article_id for citation in answer.citations} == article_ids
    assert {hit.article.article_id for hit in answer.hits} == article_ids


def test_filters_that_leave_nothing_leave_no_answer(town: Library) -> None:
    answer = town.ask("养蜂合作社有多少户社员？", filters=Filters(sources=("elsewhere/",)))
    assert (answer.answered, answer.citations, answer.hits) == (False, (), ())


@pytest.mark.parametrize("top_k", [1, 3])
def test_top_k_limits_the_hits_and_not_the_answer(town: Library, top_k: int) -> None:
    answer = town.ask("哪些县成立了养蜂合作社？", top_k=top_k)
    assert len(answer.hits) == top_k
    assert len(answer.citations) == 2


def test_a_language_model_that_is_not_there_is_said(town: Library) -> None:
    answer = town.ask("剧团的团长是谁？", answerer="llm")
    assert answer.answerer == "extractive"
    assert len(answer.warnings) == 1
    assert town.ask("剧团的团长是谁？").warnings == ()


def test_the_same_question_has_the_same_answer(town: Library) -> None:
    first, second = (town.ask("木偶剧团演出了哪些剧目？") for _ in range(2))
    assert (first.answer, first.citations, first.hits) == (second.answer, second.citations, second.hits)
