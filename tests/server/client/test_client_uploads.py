"""Files of a corpus, put and deleted by the client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rag.settings import Settings
from server.client import (
    Conflict,
    NotFound,
    Unauthorized,
    UsageError,
)
from server.state import build_state
from tests.server.client.clients import Make, got, make, scripted
from tests.server.conftest import serve_state

__all__ = ["make"]  # the fixture

KEY = "k3y-that-nobody-may-see"


@pytest.mark.parametrize("path", ["", "/a.txt", "a//b.txt", "../a.txt", "a/../../b.txt", "a/."])
async def test_a_path_that_leaves_the_corpus_is_not_sent(path: str, make: Make) -> None:
    with pytest.raises(UsageError, match="below the corpus"):
        await got(scripted(make, []).upload(path, b"x"))
    with pytest.raises(UsageError, match="below the corpus"):
        await got(scripted(make, []).delete(path))


async def test_an_upload_is_its_bytes(make: Make, tmp_path: Path) -> None:
    sent: list[httpx.Request] = []
    stored = {"source": "x", "outcome": "created", "bytes": 1, "sha256": "0", "refresh": "needed"}

    def take(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(201, json=stored)

    file = tmp_path / "page.txt"
    file.write_bytes("头版\r\n".encode("gb18030"))
    paper = scripted(make, take)
    assert (await got(paper.upload("2024/一 版.txt", file))).outcome == "created"
    await got(paper.upload("%2e%2e/a?b", b"x", overwrite=False, refresh=True))
    assert [request.method for request in sent] == ["PUT", "PUT"]
    assert sent[0].content == file.read_bytes()
    assert [request.url.path for request in sent] == ["/v1/corpus/2024/一 版.txt", "/v1/corpus/%2e%2e/a?b"]
    assert [request.headers.get("If-None-Match") for request in sent] == [None, "*"]
    assert [request.url.query for request in sent] == [b"", b"refresh=true"]


@pytest.fixture
def kept(workdir: Path) -> Iterator[tuple[str, Path]]:
    """A server that takes files, and its corpus."""
    corpus = workdir / "pages"
    corpus.mkdir()
    settings = Settings(corpus=corpus, api_keys=KEY, allow_upload=True, watch=False)
    with serve_state(build_state(settings)) as caller:
        yield str(caller.base_url), corpus


async def test_files_of_a_real_corpus_come_and_go(kept: tuple[str, Path], make: Make) -> None:
    url, corpus = kept
    with pytest.raises(Unauthorized):
        await got(make(url).upload("a.txt", b"x"))
    paper = make(url, KEY)
    text = "渡口添了夜班船\n　　从本周起，渡口的末班船改在十一点。\n".encode()
    put = await got(paper.upload("2024/头版.txt", text))
    assert (put.outcome, put.source, put.refresh) == ("created", "2024/头版.txt", "needed")
    assert (corpus / "2024" / "头版.txt").read_bytes() == text
    assert (await got(paper.upload("2024/头版.txt", text * 2))).outcome == "replaced"
    with pytest.raises(Conflict):
        await got(paper.upload("2024/头版.txt", text, overwrite=False))
    await got(paper.delete("2024/头版.txt"))
    assert not (corpus / "2024" / "头版.txt").exists()
    with pytest.raises(NotFound):
        await got(paper.delete("2024/头版.txt"))
