"""What a question over all articles says of the things it asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.finding.evidence import make_query
from rag.answering.reading.question import parse_question
from rag.answering.wording.predicate import (
    Part,
    Predicate,
    author_asked,
    day_asked,
    query_of_members,
    read_predicate,
    said_of_members,
    split_choices,
)
from rag.embedding.base import Embedder
from rag.index.storage.generation import Generation


@pytest.mark.parametrize(
    ("asked", "author"),
    [
        ("哪些报道的记者是林潮生？", "林潮生"),
        ("记者林潮生写过哪些报道？", "林潮生"),
        ("哪几篇报道是林潮生写的？", "林潮生"),
        ("由高原采写的报道有哪些？", "高原"),
        ("哪些报道写了木偶剧团？", ""),
    ],
)
def test_the_author_that_is_named(asked: str, author: str) -> None:
    assert author_asked(parse_question(asked)) == author


@pytest.mark.parametrize(
    ("asked", "day"),
    [("5月20日报纸上写了哪几件事？", "5月20日"), ("2022年5月20号有哪些报道？", "5月20日"), ("5月有哪些报道？", "")],
)
def test_the_day_that_is_named(asked: str, day: str) -> None:
    assert day_asked(parse_question(asked)) == day


@pytest.mark.parametrize(
    "asked",
    [
        "福建有哪几个县被单独报道？",
        "哪些报道是林潮生写的？",
        "陕西的两篇报道分别讲了什么？",
        "5月20日这天，报纸上写了哪两件事？",
        "福建有哪些县市上了报？",
    ],
)
def test_of_a_place_an_author_or_a_day_alone_nothing_is_said(asked: str) -> None:
    query = said_of_members(parse_question(asked))
    assert not any(character.isalnum() for character in query), query


@pytest.mark.parametrize(
    "asked",
    [
        "哪些县成立了养蜂合作社？",
        "成立了养蜂合作社的县区有哪些？",
        "有几个县成立了养蜂合作社？",
        "哪些报道提到了成立养蜂合作社？",
    ],
)
def test_however_it_is_asked_the_same_is_said(generation: Generation, embedder: Embedder, asked: str) -> None:
    words = query_of_members(make_query(parse_question(asked), generation, embedder)).weights
    assert {"成立", "养蜂", "合作社"} <= words.keys()
    assert not {"县", "县区", "报道", "提到", "哪些"} & words.keys()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("给邮递员或渔船船长修车", [["邮递员", "渔船船长"], ["修车"]]),
        ("发电影票、公园门票", [["电影票", "公园门票"]]),
        ("种茶或者养蜂的", [["种茶", "养蜂"]]),
        ("修桥", [["修桥"]]),
        ("", []),
    ],
)
def test_choices_stand_together(text: str, parts: list[list[str]]) -> None:
    found = split_choices(text)
    assert [part for part in found if len(part) > 1] == [part for part in parts if len(part) > 1]
    assert "".join(word for part in found for word in part) == "".join(word for part in parts for word in part)


@given(st.text(alphabet="渔船或者、和修桥的（）a1 ，还是以及", max_size=16))
def test_any_text_falls_into_parts(text: str) -> None:
    assert all(part and all(part) for part in split_choices(text))


def predicate(*choices: dict[str, float]) -> Predicate:
    part = Part(min(max(choice.values()) for choice in choices), choices)
    plain = Part(1.0, ({"服务": 1.0},))
    return Predicate({word: weight for choice in choices for word, weight in choice.items()}, (part, plain), ())


def test_any_choice_holds_a_part_and_rare_words_count_most() -> None:
    either = predicate({"邮递员": 3.0}, {"船长": 4.0})
    assert either.held({"邮递员"}) == either.held({"船长"}) == pytest.approx(0.9)
    assert either.held({"服务"}) == pytest.approx(0.1)
    assert either.held({"邮递员", "服务"}) == pytest.approx(1.0)
    assert either.held(()) == 0.0


def test_one_choice_at_least_is_touched() -> None:
    either = predicate({"邮递员": 3.0}, {"船长": 4.0})
    assert either.met_by({"船长"})
    assert not either.met_by({"服务"})


def test_choices_that_are_not_taken_are_not_missed() -> None:
    either = predicate({"邮递员": 3.0}, {"船长": 4.0})
    assert either.needed({"船长"}) == {"船长": 4.0}


def test_a_figure_has_to_be_printed(generation: Generation, embedder: Embedder) -> None:
    read = read_predicate(make_query(parse_question("哪些地方的剧团演了180场？"), generation, embedder))
    assert read.figures == ((180.0, "场"),)
    assert read.figures_in("去年演出180场。")
    assert read.figures_in("演了一百八十场")
    assert not read.figures_in("去年演出95场。")


def test_a_word_that_no_article_has_counts_against_all(generation: Generation, embedder: Embedder) -> None:
    known = read_predicate(make_query(parse_question("哪些县成立了合作社？"), generation, embedder))
    unknown = read_predicate(make_query(parse_question("哪些县成立了航天局？"), generation, embedder))
    terms = set(generation.analyzer.terms("留坝县成立养蜂合作社"))
    assert known.held(terms) == pytest.approx(1.0)
    assert unknown.held(terms) < 0.5
