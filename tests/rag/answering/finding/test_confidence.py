"""What speaks for and against showing evidence as an answer."""

from __future__ import annotations

import pytest

from rag.answering.finding.confidence import fitting_articles, foreign_places, judge
from rag.index.storage.generation import Generation
from tests.rag.answering.conftest import Look


def test_evidence_that_answers_is_accepted(look: Look) -> None:
    query, evidences = look("秦州区图书馆夜读区有多少个座位？")
    confidence = judge(query, evidences[0])
    assert confidence.accepted
    assert 0 <= confidence.value <= 1


@pytest.mark.parametrize(
    ("asked", "weakened"),
    [
        ("秦州区图书馆夜读区有多少个座位？", "深圳市图书馆夜读区有多少个座位？"),
        ("“小铜锣”剧团的团长是谁？", "“大铜锣”剧团的团长是谁？"),
        ("留坝县养蜂合作社有多少户社员？", "留坝县养蜂合作社有多少辆校车？"),
    ],
    ids=["another place", "another name", "another thing"],
)
def test_what_the_article_lacks_lowers_the_confidence(look: Look, asked: str, weakened: str) -> None:
    query, evidences = look(asked)
    article_id = evidences[0].sentence.article.article_id
    other_query, other_evidences = look(weakened, article_id)
    sure, unsure = judge(query, evidences[0]), judge(other_query, other_evidences[0])
    assert unsure.value < sure.value
    assert unsure.reasons


def test_a_figure_is_missed_where_one_is_asked_for(look: Look) -> None:
    query, evidences = look("秦州区图书馆夜读区有多少个座位？", "reading")
    with_figure = next(evidence for evidence in evidences if "260个" in evidence.sentence.text)
    without = next(evidence for evidence in evidences if "夜航船" in evidence.sentence.text)
    assert judge(query, without).value < judge(query, with_figure).value


@pytest.mark.parametrize(
    ("asked", "article_id", "too_few"),
    [
        ("木偶剧团6个村子的团长分别是谁？", "puppets", 1),
        ("木偶剧团的团长是谁？", "puppets", 0),
        ("木偶剧团的演出和演员分别是多少？", "puppets", 0),
        ("团长分别是谁和吴美兰？", "puppets", 0),
    ],
)
def test_one_thing_does_not_answer_for_each_of_several(look: Look, asked: str, article_id: str, too_few: int) -> None:
    query, evidences = look(asked, article_id)
    assert judge(query, evidences[0]).signals.too_few == too_few


@pytest.mark.parametrize(
    ("asked", "foreign"),
    [
        ("深圳市图书馆有多少个座位？", ["深圳市"]),
        ("秦州区图书馆有多少个座位？", []),
        ("天水的图书馆有多少个座位？", []),
        ("图书馆有多少个座位？", []),
    ],
)
def test_places_that_are_not_the_article_s(look: Look, generation: Generation, asked: str, foreign: list[str]) -> None:
    query, _ = look(asked, "reading")
    assert foreign_places(query, generation.article("reading")) == foreign


def test_articles_of_another_place_are_left_out(look: Look, generation: Generation) -> None:
    query, _ = look("房县养蜂合作社有多少户社员？")
    pairs = [(generation.article(name), 0.5) for name in ("bees-north", "bees-south")]
    assert [article.article_id for article, _ in fitting_articles(query, pairs)] == ["bees-south"]


def test_all_articles_stay_where_none_fits(look: Look, generation: Generation) -> None:
    query, _ = look("深圳市养蜂合作社有多少户社员？")
    pairs = [(generation.article(name), 0.5) for name in ("bees-north", "bees-south")]
    assert fitting_articles(query, pairs) == pairs
