"""Answers over all articles: a line an entity, and how much was looked through."""

from __future__ import annotations

import re

import pytest

from rag.answering.reading.question import Level, parse_question
from rag.answering.wording.aggregates import entity_name, has_predicate, place_fits, short_name
from rag.index.storage.generation import Generation
from rag.library import Library
from rag.types import Article, Filters
from tests.rag.index.fakes import make_article


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("- ")]


def test_a_line_for_every_member_and_none_besides(town: Library) -> None:
    answer = town.ask("哪些县成立了养蜂合作社？")
    assert sorted(re.findall(r"^- (.*?)：", answer.answer, re.MULTILINE)) == ["湖北省十堰市房县", "陕西省汉中市留坝县"]
    assert {citation.article_id for citation in answer.citations} == {"bees-north", "bees-south"}


def test_each_line_is_cited_once(town: Library) -> None:
    answer = town.ask("哪些县成立了养蜂合作社？")
    assert [len(re.findall(r"\[\d+\]", line)) for line in lines(answer.answer)] == [1, 1]


def test_the_closing_line_counts_the_articles(town: Library) -> None:
    answer = town.ask("哪些县成立了养蜂合作社？")
    closing = answer.answer.splitlines()[-1]
    assert f"{town.status().counts.articles}篇" in closing


def test_how_many_is_answered_with_a_count(town: Library) -> None:
    answer = town.ask("有几个县成立了养蜂合作社？")
    assert re.match(r"共2个", answer.answer)
    assert len(lines(answer.answer)) == 2


def test_no_more_lines_than_the_question_says_there_are(town: Library) -> None:
    assert len(lines(town.ask("哪两个县成立了养蜂合作社？").answer)) == 2
    assert len(lines(town.ask("哪两篇报道写了木偶剧团？").answer)) <= 2


def test_members_come_from_what_the_filters_leave(town: Library) -> None:
    answer = town.ask("哪些县成立了养蜂合作社？", filters=Filters(places=("陕西",)))
    assert {citation.article_id for citation in answer.citations} == {"bees-north"}


def test_a_choice_is_met_by_either(town: Library) -> None:
    answer = town.ask("哪些报道提到了冰库或石板桥？")
    assert {citation.article_id for citation in answer.citations} == {"ice", "bridge"}


def test_the_sentence_that_decides_is_cited_not_the_first(town: Library) -> None:
    answer = town.ask("哪些报道提到了身份证？")
    (citation,) = answer.citations
    assert (citation.article_id, "身份证" in citation.quote) == ("reading", True)


def test_members_print_the_figure_of_the_question(town: Library) -> None:
    answer = town.ask("哪些地方的木偶剧团去年演出了95场？")
    assert {citation.article_id for citation in answer.citations} == {"school"}


def test_members_print_the_name_that_is_quoted(town: Library) -> None:
    answer = town.ask("哪些报道写了“小铜锣”剧团？")
    assert {citation.article_id for citation in answer.citations} == {"puppets"}


def test_what_no_article_has_is_refused(town: Library) -> None:
    assert not town.ask("哪些城市建成了地铁？").answered


def test_who_wrote_it_is_shown_beside_what_it_tells(town: Library) -> None:
    answer = town.ask("哪些报道是林潮生写的？")
    assert {citation.article_id for citation in answer.citations} == {"ice", "puppets"}
    assert len(lines(answer.answer)) == 2


def test_of_a_place_alone_the_sentence_that_names_it_is_cited(town: Library) -> None:
    answer = town.ask("陕西有哪些县被单独报道？")
    assert [citation.article_id for citation in answer.citations] == ["bees-north"]
    assert "留坝" in answer.citations[0].quote


def article(*place: str, title: str = "渡口添船") -> Article:
    return make_article(["渡口添了船。"], title=title, place=place)


@pytest.mark.parametrize(
    ("level", "place", "name"),
    [
        (Level.PROVINCE, ("福建省", "宁德市", "霞浦县"), "福建省"),
        (Level.CITY, ("福建省", "宁德市", "霞浦县"), "福建省宁德市"),
        (Level.CITY, ("重庆市", "北碚区"), "重庆市"),
        (Level.CITY, ("福建省",), ""),
        (Level.COUNTY, ("福建省", "宁德市", "霞浦县"), "福建省宁德市霞浦县"),
        (Level.COUNTY, ("福建省", "宁德市"), ""),
        (Level.PLACE, ("福建省", "宁德市"), "福建省宁德市"),
        (Level.PLACE, (), "《渡口添船》"),
        (Level.PROVINCE, (), ""),
    ],
)
def test_what_a_line_is_headed_with(level: Level, place: tuple[str, ...], name: str) -> None:
    assert entity_name(level, article(*place)) == name


def test_a_report_is_named_by_its_headline_and_place() -> None:
    assert entity_name(Level.REPORT, article("福建省", "宁德市")) == "《渡口添船》（福建省宁德市）"
    assert entity_name(Level.REPORT, article(title="")) == "page.txt"


@pytest.mark.parametrize(
    ("asked", "predicate"),
    [("哪些报道是关于陕西的？", False), ("哪些县成立了养蜂合作社？", True), ("哪些城市有夜读的图书馆？", True)],
)
def test_whether_more_than_a_place_is_asked_for(asked: str, predicate: bool) -> None:
    assert has_predicate(parse_question(asked)) is predicate


def test_a_place_fits_at_any_level(generation: Generation) -> None:
    ice = generation.article("ice")
    assert place_fits(("福建省",), ice)
    assert place_fits(("福建省", "宁德市", "霞浦县"), ice)
    assert not place_fits(("广东省", "深圳市"), ice)
    assert place_fits((), ice)


@pytest.mark.parametrize(("name", "short"), [("江苏省", "江苏"), ("广西壮族自治区", "广西"), ("房县", "房县")])
def test_short_names(name: str, short: str) -> None:
    assert short_name(name) == short
