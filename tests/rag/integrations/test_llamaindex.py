"""The retriever as LlamaIndex itself uses it."""

from __future__ import annotations

import asyncio

import pytest

from rag.integrations.passages import Searching, found_passages
from rag.library import Library
from tests.rag.integrations.conftest import PLACE, QUESTION

pytest.importorskip(
    "llama_index.core",
    reason="llama-index-core is not installed: `make test-integrations` tests with it",
    exc_type=ImportError,
)

from rag.integrations.llamaindex import WenbaoRetriever  # needs what is looked for above


def test_nodes_are_the_passages(paper: Searching) -> None:
    nodes = WenbaoRetriever(paper, top_k=4).retrieve(QUESTION)
    expected = found_passages(paper, QUESTION, 4, "hybrid")
    assert [(one.node.node_id, one.node.text, one.score, one.node.metadata) for one in nodes] == [
        (passage.chunk_id, passage.text, passage.score, passage.metadata) for passage in expected
    ]
    assert [one.node.ref_doc_id for one in nodes] == [passage.article_id for passage in expected]


def test_a_model_reads_the_headline_and_no_offsets(sample_library: Library) -> None:
    (first,) = WenbaoRetriever(sample_library, top_k=1).retrieve(QUESTION)
    modes = pytest.importorskip("llama_index.core.schema").MetadataMode
    read = first.node.get_content(modes.LLM)
    told = first.node.metadata
    assert told["title"] in read
    assert first.node.text in read
    assert told["chunk_id"] not in read
    assert "None" not in read
    assert first.node.get_content(modes.EMBED) == first.node.text


def test_mode_and_filters_go_along(paper: Searching, in_place: object) -> None:
    there = WenbaoRetriever(paper, top_k=20, filters=in_place).retrieve(QUESTION)
    assert there
    assert all(one.node.metadata["place"][0].startswith(PLACE) for one in there)
    legs = [WenbaoRetriever(paper, mode=mode).retrieve(QUESTION) for mode in ("dense", "lexical")]
    assert [one.node.node_id for one in legs[0]] != [one.node.node_id for one in legs[1]]


def test_asynchronous_programs_are_not_held_up(sample_library: Library) -> None:
    """The search runs beside the loop: what was put behind it is done before it."""

    class Waiting:
        def __init__(self) -> None:
            self.may_go = asyncio.Event()
            self.loop = asyncio.get_running_loop()

        def search(self, query: str, **options: object) -> object:
            asyncio.run_coroutine_threadsafe(self.may_go.wait(), self.loop).result(30)
            return sample_library.search(query, **options)

    async def asked() -> list[str]:
        waiting = Waiting()
        search = asyncio.create_task(WenbaoRetriever(waiting, top_k=2).aretrieve(QUESTION))
        await asyncio.sleep(0)
        waiting.may_go.set()
        return [one.node.node_id for one in await search]

    assert asyncio.run(asked()) == [
        passage.chunk_id for passage in found_passages(sample_library, QUESTION, 2, "hybrid")
    ]
