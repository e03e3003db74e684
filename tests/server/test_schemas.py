"""The wire models: strict requests, names as the contract has them, nothing of the library at run time."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from server.schemas import (
    MAX_QUESTION,
    ArticleDetail,
    ArticleOut,
    ArticlesQuery,
    AskRequest,
    AskResponse,
    CitationOut,
    FiltersIn,
    HitOut,
    SearchRequest,
    SearchResponse,
)
from tests.server.fakes import ARTICLES, FakeLibrary

HIT = "rank article_id chunk_id title byline place date source spans text score ranks others"
CITATION = "n article_id chunk_id title byline date source spans quote page"
ARTICLE = "article_id title kicker byline place date kind source spans chars lead"
ASK = "answered answer citations hits standalone_question answerer generation took_ms warnings explanation"


def test_replies_have_the_contract_s_fields_and_no_others() -> None:
    answer = AskResponse.from_answer(FakeLibrary().ask("云溪镇的书屋")).model_dump(mode="json")
    assert list(answer) == ASK.split()
    assert list(answer["hits"][0]) == HIT.split()
    assert answer["hits"][0]["ranks"] == {"dense": None, "lexical": 1}
    assert list(answer["citations"][0]) == CITATION.split()
    assert answer["citations"][0]["spans"] == [[11, 56]]
    found = SearchResponse.from_result(FakeLibrary().search("书屋")).model_dump()
    assert list(found) == ["query", "mode", "generation", "took_ms", "hits", "explanation"]
    article = ArticleOut.from_article(ARTICLES[0]).model_dump(mode="json")
    assert list(article) == ARTICLE.split()
    assert article["kind"] == "news"
    assert article["place"] == ["浙江省", "云溪镇"]


def test_a_hit_names_the_articles_that_print_the_same() -> None:
    hit = FakeLibrary().search("书屋").hits[0]
    assert HitOut.from_hit(hit).others == ()
    other = HitOut.from_hit(replace(hit, others=ARTICLES[1:])).model_dump(mode="json")["others"]
    assert [list(one) for one in other] == [["article_id", "title", "byline", "date", "source"]]
    assert (other[0]["article_id"], other[0]["source"]) == ("folder/b#2", ARTICLES[1].source)
    older = HitOut.from_hit(hit).model_dump(mode="json")
    del older["others"]
    assert HitOut.model_validate(older).others == ()


def test_an_article_s_runs_and_blocks_put_its_text_together() -> None:
    from tests.server.fakes import PAGES

    for article in ARTICLES:
        detail = ArticleDetail.from_article(article)
        page = PAGES[detail.source]
        assert "".join(page[start:end] for start, end in detail.runs) == detail.text
        assert "".join(detail.text[block.start : block.end] for block in detail.blocks) == detail.text
        assert detail.blocks[0].role == "title"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "query"),
        ({"query": "问" * (MAX_QUESTION + 1)}, "query"),
        ({"query": 7}, "query"),
        ({"query": "\ud800"}, "query"),
        ({"query": "桥", "top_k": 0}, "top_k"),
        ({"query": "桥", "top_k": 101}, "top_k"),
        ({"query": "桥", "top_k": "10"}, "top_k"),
        ({"query": "桥", "top_k": True}, "top_k"),
        ({"query": "桥", "mode": "both"}, "mode"),
        ({"query": "桥", "topk": 3}, "topk"),
        ({"query": "桥", "filters": {"city": ["云溪"]}}, "filters.city"),
        ({"query": "桥", "filters": {"places": "云溪"}}, "filters.places"),
        ({"query": "桥", "filters": {"places": [""]}}, "filters.places.0"),
        ({"query": "桥", "filters": {"date_from": "2020-02-30"}}, "filters.date_from"),
        ({"query": "桥", "filters": {"date_from": "20200203"}}, "filters.date_from"),
        ({"query": "桥", "filters": {"date_from": "2020-02-03", "date_to": "2020-02-02"}}, "filters"),
    ],
)
def test_a_search_that_cannot_be_used_names_the_field(body: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SearchRequest.model_validate(body)
    assert [".".join(map(str, error["loc"])) for error in caught.value.errors()] == [field]


@pytest.mark.parametrize(
    "body",
    [
        {"question": "问" * 5_000},
        {"question": "谁？", "answerer": "human"},
        {"question": "谁？", "stream": "yes"},
        {"question": "谁？", "history": [{"role": "system", "content": "x"}]},
        {"question": "谁？", "history": [{"role": "user", "content": "x", "name": "y"}]},
        {"question": "谁？", "history": [{"role": "user"}]},
    ],
)
def test_a_question_that_cannot_be_used_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AskRequest.model_validate(body)


def test_defaults_are_the_contract_s() -> None:
    search, ask, listing = SearchRequest(query="桥"), AskRequest(question="桥？"), ArticlesQuery()
    assert (search.top_k, search.mode, search.filters) == (10, "hybrid", None)
    assert (ask.history, ask.top_k, ask.stream, ask.answerer) == ([], 10, False, "auto")
    assert (listing.limit, listing.cursor) == (20, None)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_blanks_around_a_question_are_all_that_is_taken_off(text: str) -> None:
    question = AskRequest(question=f"\u3000 {text}\n").question
    assert question.split() == text.split()
    assert question == question.strip()


def test_every_request_field_is_described() -> None:
    for model in (SearchRequest, AskRequest, FiltersIn, ArticlesQuery, HitOut, CitationOut):
        for name, schema in model.model_json_schema()["properties"].items():
            assert name in {"article_id", "chunk_id", "ranks"} or schema.get("description"), (model, name)


def test_clients_import_the_models_without_the_library() -> None:
    code = "import sys, server.schemas; print([m for m in sys.modules if m.split('.')[0] in ('rag', 'fastapi')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
