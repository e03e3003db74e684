"""Sentences weighed against a question."""

from __future__ import annotations

import pytest

from rag.answering.finding.evidence import asks_for_author, content_words, sentences_of
from rag.answering.reading.question import parse_question
from rag.index.storage.generation import Generation
from rag.types import BlockRole
from tests.rag.answering.conftest import Look
from tests.rag.index.fakes import make_article


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        ("秦州区图书馆夜读区有多少个座位？", "260个座位"),
        ("三沙渔港的冰库由哪家公司投资？", "海丰冷链公司"),
        ("歙县的石板桥为什么停用？", "洪水冲坏了桥墩"),
        ("晋江木偶剧团最年轻的演员几岁？", "17岁"),
        ("留坝县养蜂合作社的理事长是谁？", "田守义"),
    ],
)
def test_the_best_sentence_answers(look: Look, asked: str, held: str) -> None:
    _, evidences = look(asked)
    assert held in evidences[0].sentence.text


def test_signals_are_shares_and_the_best_come_first(look: Look) -> None:
    query, evidences = look("养蜂合作社有多少户社员？")
    best = [evidence for evidence in evidences if evidence.similarity]
    assert [evidence.score for evidence in best] == sorted((evidence.score for evidence in best), reverse=True)
    for evidence in evidences:
        assert 0 <= evidence.coverage <= 1 + 1e-9
        assert 0 <= evidence.similarity <= 1
        assert not any(word in evidence.sentence.text for word in evidence.missing if word in query.known)


def test_what_the_question_says_itself_is_not_what_it_asks_for(look: Look) -> None:
    _, evidences = look("50周岁以下的社员有多少户？", "bees-north")
    for evidence in evidences:
        assert "50周岁以下" not in [evidence.sentence.text[start:end] for start, end in evidence.expected]


def test_the_rarer_word_weighs_more(look: Look) -> None:
    query, _ = look("理事长和合作社")
    assert query.weights["理事长"] > query.weights["合作社"]


def test_words_that_the_corpus_lacks_are_told_apart(look: Look) -> None:
    query, _ = look("冰库里有鲸鱼吗？")
    assert "鲸鱼" in query.weights
    assert "鲸鱼" not in query.known
    assert "冰库" in query.known
    assert query.total == pytest.approx(sum(query.weights[word] for word in query.known))


def test_question_words_say_nothing() -> None:
    assert content_words("什么是谁的呢？") == []
    assert "冰库" in content_words("冰库的冰库在哪里？")


def test_sentences_are_pieces_of_the_article(generation: Generation) -> None:
    for article in generation.articles():
        for sentence in sentences_of(article):
            assert sentence.text == article.text[sentence.start : sentence.end] != ""
            assert sentence.whole[0] <= sentence.start < sentence.end <= sentence.whole[1]


def test_headlines_stand_apart_from_sentences() -> None:
    article = make_article(["渡口添了船。早班六点开。"], title="渡口添船")
    found = [(sentence.role, sentence.text) for sentence in sentences_of(article)]
    assert found == [
        (BlockRole.TITLE, "渡口添船"),
        (BlockRole.BODY, "渡口添了船。"),
        (BlockRole.BODY, "早班六点开。"),
    ]


def test_a_long_sentence_is_read_in_pieces_that_cover_it() -> None:
    text = "".join(f"第{number}条渡船修好下水并且换上新的发动机，" for number in range(12)) + "船队齐了。"
    sentences = sentences_of(make_article([text]))
    assert len(sentences) > 1
    assert "".join(sentence.text for sentence in sentences) == text
    assert {sentence.whole for sentence in sentences} == {(0, len(text))}


def test_the_dateline_is_no_part_of_the_sentence() -> None:
    (sentence,) = sentences_of(make_article(["本报讯(记者何雨青)渡口添了两条船。"]))
    assert sentence.text == "渡口添了两条船。"


@pytest.mark.parametrize(
    ("asked", "author"),
    [("这篇报道是谁写的？", True), ("照片是哪位记者拍的？", True), ("谁修好了桥？", False), ("报道了什么？", False)],
)
def test_a_question_for_the_author(asked: str, author: bool) -> None:
    assert asks_for_author(parse_question(asked)) is author
