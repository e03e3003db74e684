"""Explanations add up: to the confidence, to the scores, and to what was decided."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import pytest

from rag.answering.explaining import MEANINGS
from rag.answering.finding.confidence import THRESHOLD, Signals
from rag.explanations import AnswerExplanation
from rag.library import Library
from rag.types import Filters, Turn

ASKED = [
    "秦州区图书馆夜读区有多少个座位？",
    "三沙渔港的冰库由哪家公司投资？",
    "深圳市图书馆夜读区有多少个座位？",
    "谁获得了物理学奖？",
    "哪些县成立了养蜂合作社？",
    "留坝县和房县，哪个的养蜂合作社社员多？",
    "剧团去年演出超过一百场吗？",
    "How many seats does the reading room of the library have?",
]


def explained(library: Library, asked: str, **options: object) -> AnswerExplanation:
    explanation = library.ask(asked, explain=True, **options).explanation  # type: ignore[arg-type]
    assert explanation is not None
    return explanation


def test_every_signal_has_a_meaning() -> None:
    assert list(MEANINGS) == [field.name for field in fields(Signals)]


@pytest.mark.parametrize("asked", ASKED)
def test_an_explanation_changes_nothing_and_comes_only_when_asked_for(town: Library, asked: str) -> None:
    plain, told = town.ask(asked), town.ask(asked, explain=True)
    assert plain.explanation is None
    assert told.explanation is not None
    assert replace(told, explanation=None, took_ms=0) == replace(plain, took_ms=0)
    assert told.explanation.accepted is told.answered
    assert told.explanation.standalone_question == told.standalone_question


@pytest.mark.parametrize("asked", ASKED)
def test_the_signals_add_up_to_the_confidence_and_it_decides(town: Library, asked: str) -> None:
    told = explained(town, asked)
    if told.confidence is None:
        assert told.rule == "comparison"
        assert told.signals == ()
    else:
        total = told.intercept + sum(signal.value * signal.weight for signal in told.signals)
        assert told.confidence == pytest.approx(1 / (1 + math.exp(-total)))
        assert told.accepted is (told.confidence >= told.threshold == THRESHOLD)
        assert f"{told.confidence:.2f}" in told.reason
    assert told.reason.startswith("Accepted" if told.accepted else "Refused")


@pytest.mark.parametrize("asked", ASKED)
def test_the_shares_add_up_to_the_scores_of_the_hits(town: Library, asked: str) -> None:
    answer = town.ask(asked, explain=True, top_k=7)
    assert answer.explanation is not None
    hits = answer.explanation.search.hits
    assert [(one.rank, one.chunk_id, one.score) for one in hits] == [
        (hit.rank, hit.chunk.chunk_id, hit.score) for hit in answer.hits
    ]
    for one, hit in zip(hits, answer.hits, strict=True):
        assert one.dense.share + one.lexical.share + one.dates == pytest.approx(hit.score, abs=1e-6)
        assert (one.dense.rank, one.lexical.rank) == (hit.ranks.dense, hit.ranks.lexical)
        assert {*one.held, *one.lacking} == {term.word for term in answer.explanation.search.terms}
        assert not {*one.held} & {*one.lacking}


def test_a_refusal_names_what_is_missing(town: Library) -> None:
    told = explained(town, "深圳市图书馆夜读区有多少个座位？")
    assert not told.accepted
    assert told.missing.places == ("深圳市",)
    assert "another place" in told.against
    assert {signal.name: signal.value for signal in told.signals}["foreign"] == 1.0
    quoted = explained(town, "《白蛇传》是哪个剧团演的？")
    assert quoted.missing.names == ("白蛇传",)
    assert explained(town, "2019年秦州区图书馆夜读区有多少个座位？").missing.dates == ("2019",)
    assert explained(town, "火山喷发以后物理学奖怎么颁发？").missing.corpus != ()


def test_the_question_is_told_as_it_was_read(town: Library) -> None:
    told = explained(town, "歙縣的諮詢電話是多少？").question
    assert (told.text, told.form, told.expected) == ("歙县的咨询电话是多少?", "passage", "phone")
    told = explained(town, "哪些县成立了养蜂合作社？").question
    assert (told.form, told.level) == ("aggregate", "county")
    history = [Turn("user", "留坝县养蜂合作社有多少户社员？"), Turn("assistant", "96户。[1]")]
    assert "房县" in explained(town, "那房县呢？", history=history).standalone_question


def test_the_best_sentence_is_where_it_is_said_to_be(town: Library) -> None:
    told = explained(town, "秦州区图书馆夜读区有多少个座位？").sentence
    assert told is not None
    article = town.article(told.article_id)
    assert "260个座位" in told.text
    assert (
        "".join(article.text[start:end] for start, end in told.spans) == told.text
    )  # a record: its text is its source


def test_where_nothing_is_left_to_read_that_is_the_reason(town: Library) -> None:
    told = explained(town, "谁养蜂？", filters=Filters(sources=("elsewhere/",)))
    assert (told.accepted, told.confidence, told.sentence, told.articles_read) == (False, None, None, 0)
    assert told.reason == "Refused: nothing was found to read."
    assert (told.search.searched, told.search.candidates, told.search.hits) == (0, 0, ())
    assert told.search.passages > 0
    listing = explained(town, "哪些报道的记者是赵不存？")
    assert listing.reason.startswith("Refused: no article is of the place or the author")


@pytest.mark.parametrize(("mode", "weight"), [("hybrid", 0.5), ("dense", 1.0), ("lexical", 0.0)])
def test_a_search_tells_what_each_leg_counts(town: Library, mode: str, weight: float) -> None:
    result = town.search("渔港 冰库", mode=mode, explain=True, top_k=3)  # type: ignore[arg-type]
    assert result.explanation is not None
    assert result.explanation.dense_weight == weight
    first = result.explanation.hits[0]
    assert (first.dense.score is None) is (mode == "lexical")
    assert (first.lexical.score is None) is (mode == "dense")
    assert first.held == ("渔港", "冰库")
    assert town.search("渔港 冰库", mode=mode).explanation is None  # type: ignore[arg-type]


def test_filters_show_in_what_was_searched(town: Library) -> None:
    result = town.search("养蜂", filters=Filters(article_ids=("bees-north",)), explain=True)
    assert result.explanation is not None
    assert result.explanation.searched == len(result.hits) < result.explanation.passages


def test_a_date_in_the_question_shows_in_the_scores(town: Library) -> None:
    result = town.search("2022年的木偶戏", explain=True, top_k=20)
    assert result.explanation is not None
    by_article = {hit.article_id: hit.dates for hit in reversed(result.explanation.hits)}
    dated = {article_id: town.article(article_id).date or "" for article_id in by_article}
    assert min(by_article.values()) < 0 or max(by_article.values()) > 0
    fitting = [change for article_id, change in by_article.items() if dated[article_id].startswith("2022")]
    others = [change for article_id, change in by_article.items() if dated[article_id].startswith("2021")]
    assert max(fitting) >= max(others)
