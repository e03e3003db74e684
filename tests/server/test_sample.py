"""The whole way on a real socket: the built-in sample, the bundled model, the real library."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rag.corpus.files import read_corpus, read_pages
from rag.settings import Settings, sample_path
from rag.types import Page
from server.process.private import PrivateServer
from server.state import build_state
from tests.server.conftest import serve_state
from tests.server.routes.test_routes import events

QUESTION = "哪些城市搭建了婚恋交友平台？"


@pytest.fixture(scope="module")
def sample(sample_index: Settings) -> Iterator[httpx.Client]:
    with serve_state(build_state(sample_index)) as client:
        yield client


def sources() -> dict[str, str]:
    """The sample's pages by source, as the corpus reader decodes them."""
    pages = [page for file in read_corpus(sample_path()).files for page in read_pages(file)]
    return {page.source: page.text for page in pages if isinstance(page, Page)}


def bare(text: str) -> str:
    return "".join(text.split())


def test_citations_equal_their_sources(sample: httpx.Client) -> None:
    reply = sample.post("/v1/ask", json={"question": QUESTION}).json()
    texts = sources()
    assert reply["answered"] is True
    for citation in reply["citations"]:
        raw = "".join(texts[citation["source"]][start:end] for start, end in citation["spans"])
        assert bare(raw) == bare(citation["quote"]) != ""
        assert f"[{citation['n']}]" in reply["answer"]
        article = sample.get(f"/v1/articles/{citation['article_id']}").json()
        assert citation["quote"] in article["text"]
        assert article["text"] == "".join(texts[article["source"]][start:end] for start, end in article["runs"])


def test_a_stream_agrees_with_the_reply(sample: httpx.Client) -> None:
    whole = sample.post("/v1/ask", json={"question": QUESTION}).json()
    told = events(sample.post("/v1/ask", json={"question": QUESTION, "stream": True}))
    done = told[-1][1]
    assert "".join(data["text"] for name, data in told if name == "delta") == done["answer"] == whole["answer"]
    assert [data for name, data in told if name == "citation"] == done["citations"]


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_search_in_every_mode(sample: httpx.Client, mode: str) -> None:
    reply = sample.post("/v1/search", json={"query": "婚恋交友", "mode": mode, "top_k": 3}).json()
    assert [hit["rank"] for hit in reply["hits"]] == [1, 2, 3]
    for hit in reply["hits"]:
        assert mode == "hybrid" or hit["ranks"][mode] is not None
        assert 0 <= hit["score"] <= 1


def test_the_listing_holds_every_article_once(sample: httpx.Client) -> None:
    found: list[str] = []
    cursor = None
    while True:
        params = {"limit": 4} | ({"cursor": cursor} if cursor else {})
        listing = sample.get("/v1/articles", params=params).json()
        found += [article["article_id"] for article in listing["items"]]
        cursor = listing["next_cursor"]
        if cursor is None:
            break
    index = sample.get("/v1/index").json()
    assert len(found) == len(set(found)) == index["counts"]["articles"]
    assert index["is_sample"] is True
    assert index["generation"] == sample.get("/readyz").json()["generation"]


def test_a_refresh_takes_up_a_new_page(workdir: Path, tmp_path: Path) -> None:
    corpus, vectors = tmp_path / "corpus", tmp_path / "vectors"
    corpus.mkdir()
    (corpus / "one.txt").write_text(
        "松湾村修好八座桥\n松湾村用两年修好了八座石桥。孩子上学不再绕路。\n", encoding="utf-8"
    )
    state = build_state(Settings(corpus=corpus, vectors=vectors))
    with serve_state(state) as client:
        assert client.post("/v1/search", json={"query": "石桥"}).status_code == 503
        first = refreshed(client)
        assert first["counts"]["articles"] == 1
        (corpus / "two.txt").write_text("云溪镇书屋夜里开门\n云溪镇的书屋开放到晚上十点。\n", encoding="utf-8")
        second = refreshed(client)
        assert second["counts"]["articles"] == 2
        assert second["generation"] != first["generation"]
        assert second["last_job"]["report"]["kept"] >= 1
        hits = client.post("/v1/search", json={"query": "书屋几点关门"}).json()["hits"]
        assert hits[0]["source"] == "two.txt"


def refreshed(client: httpx.Client) -> dict[str, object]:
    """The index after a refresh that succeeded."""
    assert client.post("/v1/index").status_code == 202
    for thread in threading.enumerate():
        if thread.name == "wenbao-index":
            thread.join(120)
    index = client.get("/v1/index").json()
    assert index["last_job"]["state"] == "succeeded", index["last_job"]
    return index


def test_a_private_server_answers(sample_index: Settings, tmp_path: Path) -> None:
    vectors = tmp_path / "vectors"
    shutil.copytree(sample_index.vectors, vectors)
    with PrivateServer(Settings(vectors=vectors)) as (url, key):
        headers = {"Authorization": f"Bearer {key}"}
        reply = httpx.post(f"{url}/v1/ask", json={"question": QUESTION}, headers=headers, timeout=60, trust_env=False)
        assert reply.json()["answered"] is True


def test_an_explanation_comes_when_it_is_asked_for(sample: httpx.Client) -> None:
    body = {"question": QUESTION, "top_k": 3}
    assert sample.post("/v1/ask", json=body).json()["explanation"] is None
    told = sample.post("/v1/ask", json=body | {"explain": True}).json()
    explanation = told["explanation"]
    assert explanation["accepted"] is told["answered"] is True
    assert [hit["chunk_id"] for hit in explanation["search"]["hits"]] == [hit["chunk_id"] for hit in told["hits"]]
    done = events(sample.post("/v1/ask", json=body | {"explain": True, "stream": True}))[-1][1]
    assert done["explanation"] == explanation
    found = sample.post("/v1/search", json={"query": "婚恋", "explain": True, "top_k": 2}).json()
    for hit, why in zip(found["hits"], found["explanation"]["hits"], strict=True):
        assert why["dense"]["share"] + why["lexical"]["share"] + why["dates"] == pytest.approx(hit["score"], abs=1e-6)
    assert sample.post("/v1/search", json={"query": "婚恋"}).json()["explanation"] is None
    assert sample.post("/v1/search", json={"query": "婚恋", "explain": "yes"}).status_code == 422


def test_nothing_asked_has_nothing_to_explain(sample: httpx.Client) -> None:
    for path, field in (("/v1/ask", "question"), ("/v1/search", "query")):
        reply = sample.post(path, json={field: " ", "explain": True})
        assert (reply.status_code, reply.json()["explanation"]) == (200, None)
