"""A real language model over the built-in sample, where one is configured: whatever it says, what is shown holds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from rag.answering.phrasing.gate import Gate
from rag.answering.phrasing.prompt import make_passages
from rag.embedding.base import Embedder
from rag.index.storage.store import Store
from rag.library import Library
from rag.settings import Settings

# Read while tests are collected: they run in a clean environment.
_URL, _MODEL, _KEY = (os.environ.get(f"WENBAO_LLM_{name}") for name in ("BASE_URL", "MODEL", "API_KEY"))
QUESTIONS = [
    "无锡的指导站占地多少平方米？",
    "昆明形象设计比赛的第一名是谁？",
    "技能共富贷的利率最低是多少？",
    "邯郸的平台叫什么名字？",
    "宁海的帮帮团是哪一年组建的？",
    "淮北的环卫工人喝到了什么汤？",
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not _URL, reason="no language model is configured (WENBAO_LLM_BASE_URL, WENBAO_LLM_MODEL)"),
]


@pytest.fixture(scope="module")
def library(sample_index: Settings, embedder: Embedder) -> Iterator[Library]:
    key = SecretStr(_KEY) if _KEY else None
    settings = sample_index.model_copy(update={"llm_base_url": _URL, "llm_model": _MODEL, "llm_api_key": key})
    opened = Library(settings, Store(Path(sample_index.vectors)), embedder)
    yield opened
    opened.close()


def test_the_model_answers_and_every_sentence_of_it_is_borne_out(library: Library, embedder: Embedder) -> None:
    answers = [library.ask(question) for question in QUESTIONS]
    assert any(answer.answerer == "llm" for answer in answers), [answer.warnings for answer in answers]
    gate = Gate(embedder)
    for answer in answers:
        assert answer.answered
        for citation in answer.citations:
            article = library.article(citation.article_id)
            assert citation.quote in article.text
        if answer.answerer == "llm":
            quoted = [library.article(citation.article_id) for citation in answer.citations]
            passages = make_passages([(article, 0, article.chars) for article in quoted], budget=20_000)
            for sentence in filter(None, map(str.strip, _sentences(answer.answer))):
                choices = [[passage] for passage in passages] + [list(passages)]
                assert gate.choose(sentence, choices).passed, sentence


def test_what_the_pages_do_not_say_the_model_is_not_asked_to_invent(library: Library) -> None:
    answer = library.ask("登月飞船的船长叫什么名字？", answerer="llm")
    assert not answer.answered


def _sentences(answer: str) -> list[str]:
    return re.split(r"(?:\[\d+\])+\n?", answer)
