"""The retriever as LangChain itself uses it."""

from __future__ import annotations

import asyncio

import pytest

from rag.errors import InputError
from rag.integrations.passages import Searching, found_passages
from rag.library import Library
from server.client import Rejected
from tests.rag.integrations.conftest import PLACE, QUESTION

pytest.importorskip(
    "langchain_core",
    reason="langchain-core is not installed: `make test-integrations` tests with it",
    exc_type=ImportError,
)

from rag.integrations.langchain import WenbaoRetriever  # needs what is looked for above


def test_documents_are_the_passages(paper: Searching) -> None:
    documents = WenbaoRetriever(paper=paper, top_k=4).invoke(QUESTION)
    expected = found_passages(paper, QUESTION, 4, "hybrid")
    assert [(one.id, one.page_content, one.metadata) for one in documents] == [
        (passage.chunk_id, passage.text, passage.metadata) for passage in expected
    ]
    assert {"title", "source", "spans", "date", "place", "score", "chunk_id"} <= documents[0].metadata.keys()


def test_one_query_may_be_put_otherwise(paper: Searching, in_place: object) -> None:
    retriever = WenbaoRetriever(paper=paper, top_k=20)
    assert len(retriever.invoke(QUESTION, top_k=2)) == 2
    with pytest.raises((InputError, Rejected), match="top_k"):
        retriever.invoke(QUESTION, top_k=0)
    there = retriever.invoke(QUESTION, filters=in_place)
    assert there
    assert there == WenbaoRetriever(paper=paper, top_k=20, filters=in_place).invoke(QUESTION)
    assert all(one.metadata["place"][0].startswith(PLACE) for one in there)
    assert [one.id for one in retriever.invoke(QUESTION, mode="dense")] != [
        one.id for one in retriever.invoke(QUESTION, mode="lexical")
    ]


def test_it_is_a_link_of_a_chain(sample_library: Library) -> None:
    chain = WenbaoRetriever(paper=sample_library, top_k=3) | (
        lambda documents: [one.metadata["source"] for one in documents]
    )
    sources = chain.invoke(QUESTION)
    assert len(sources) == 3
    assert all(source.startswith("page-") for source in sources)
    assert chain.batch([QUESTION, QUESTION]) == [sources, sources]
    assert asyncio.run(chain.ainvoke(QUESTION)) == sources


def test_what_cannot_be_searched_is_refused_when_it_is_made() -> None:
    with pytest.raises(ValueError, match="Searching"):
        WenbaoRetriever(paper="http://127.0.0.1:8000")


def test_it_can_be_shown_without_its_library(sample_library: Library) -> None:
    shown = WenbaoRetriever(paper=sample_library, top_k=3).model_dump()
    assert "paper" not in shown
    assert shown["top_k"] == 3
