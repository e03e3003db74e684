"""The client of the API, sync and async: every call on a real server, refusals, and what it never shows."""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import IndexMissing
from server.client import (
    AsyncWenbao,
    Conflict,
    ConnectionFailed,
    Forbidden,
    NotFound,
    ProblemError,
    Rejected,
    ReplyError,
    TimedOut,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UsageError,
    Wenbao,
    WenbaoError,
    calls,
)
from server.schemas import FiltersIn, TurnIn
from tests.server.client.clients import Make, every, got, make, scripted
from tests.server.conftest import make_state, serve_state
from tests.server.fakes import ARTICLES, FakeLibrary

__all__ = ["make"]  # the fixture

KEY = "k3y-that-nobody-may-see"


@pytest.fixture
def address(client: httpx.Client) -> str:
    return str(client.base_url).rstrip("/")


async def test_every_call_that_reads(address: str, make: Make, library: FakeLibrary) -> None:
    paper = make(address)
    assert (await got(paper.health())).status == "ok"
    assert (await got(paper.ready())).generation == "g1"
    found = await got(paper.search("石桥", top_k=3, mode="lexical", filters={"sources": ["b/c.txt"]}))
    assert [hit.article_id for hit in found.hits] == ["folder/b#2"]
    assert (library.asked[-1]["top_k"], library.asked[-1]["mode"]) == (3, "lexical")
    history = [TurnIn(role="user", content="早"), {"role": "assistant", "content": "好"}]
    reply = await got(paper.ask("石桥", history=history, filters=FiltersIn(sources=["b/c.txt"]), answerer="extractive"))
    assert reply.answered
    assert reply.citations[0].article_id == "folder/b#2"
    assert [turn.content for turn in library.asked[-1]["history"]] == ["早", "好"]
    assert library.asked[-1]["answerer"] == "extractive"
    assert (await got(paper.index())).counts.articles == 2


async def test_the_listing_is_read_page_by_page(address: str, make: Make) -> None:
    paper = make(address)
    assert [one.article_id for one in await every(paper.articles(page_size=1))] == [one.article_id for one in ARTICLES]
    assert await every(paper.articles(place="无此地")) == []
    assert [one.article_id for one in await every(paper.articles(date_from="2020-03-05"))] == ["a-1"]
    assert [one.source for one in (await got(paper.sources(under="b/"))).items] == ["b/c.txt"]
    assert [one.place for one in (await got(paper.places(q="云溪"))).items] == [("浙江省", "云溪镇")]
    assert [one.place for one in (await got(paper.places(under=""))).items] == [("浙江省",)]
    page = await got(paper.articles_page(limit=1))
    assert page.next_cursor is not None
    assert (await got(paper.articles_page(limit=1, cursor=page.next_cursor))).next_cursor is None


@pytest.mark.parametrize("article_id", ["folder/b#2", "a-1"])
async def test_an_article_is_found_by_any_id(address: str, make: Make, article_id: str) -> None:
    assert (await got(make(address).article(article_id))).article_id == article_id


@pytest.mark.parametrize("article_id", ["..", ".", "../index", "x?limit=1", "a%2f", "全宽　空格", "#"])
async def test_an_id_reaches_the_server_as_it_is(address: str, make: Make, article_id: str) -> None:
    with pytest.raises(NotFound) as caught:
        await got(make(address).article(article_id))
    assert caught.value.detail == f"There is no article {article_id}."
    assert isinstance(caught.value, LookupError)


@given(st.text(min_size=1).filter(lambda text: text.isprintable()))
def test_a_segment_of_a_path_is_one_segment(text: str) -> None:
    path = calls.article(text).path.removeprefix("/v1/articles/")
    assert unquote(path) == text
    assert not {"/", "?", "#"} & set(path)
    assert httpx.URL("http://x/v1/articles/").copy_with(path=f"/v1/articles/{path}").path == f"/v1/articles/{text}"


async def test_a_refused_field_is_named(address: str, make: Make) -> None:
    with pytest.raises(Rejected) as caught:
        await got(make(address).search("桥", top_k=1000))
    assert (caught.value.status, caught.value.errors[0].field) == (422, "top_k")
    assert "top_k" in str(caught.value)
    assert isinstance(caught.value, ValueError)


async def test_a_wrong_key_is_told_and_no_key_is_shown(workdir: Path, make: Make) -> None:
    with serve_state(make_state(api_keys=KEY)) as caller:
        url = str(caller.base_url)
        for key in (None, f"not-{KEY}"):
            paper = make(url, key)
            with pytest.raises(Unauthorized) as caught:
                await got(paper.index())
            shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(paper)
            assert KEY not in shown
            assert caught.value.hint
        assert (await got(make(url, KEY).index())).generation in {None, "g1"}


@pytest.mark.parametrize("key", ["ключ", "with\nbreak"])
def test_a_key_that_no_header_carries_is_told_without_it(key: str, make: Make) -> None:
    with pytest.raises(UsageError) as caught:
        make("http://paper.test", key)
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["", "paper", "localhost:8000", "ftp://paper", "http://", "http://a:99999", "http://u:geheim@paper.test"]
)
def test_an_address_that_is_none_is_told(address: str, make: Make) -> None:
    with pytest.raises(UsageError) as caught:
        make(address)
    assert "geheim" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (413, Rejected),
        (429, TooManyRequests),
        (500, ProblemError),
        (503, Unavailable),
    ],
)
async def test_a_problem_is_an_exception_of_its_status(status: int, kind: type[ProblemError], make: Make) -> None:
    problem = {"type": "urn:x", "title": "T", "status": status, "detail": "D", "hint": "H"}
    paper = scripted(make, lambda _: httpx.Response(status, json=problem, headers={"Retry-After": "99"}))
    with pytest.raises(WenbaoError) as caught:
        await got(paper.search("桥"))
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.title, error.detail, error.hint, error.retry_after) == (status, "T", "D", "H", 99)
    assert error.type == "urn:x"
    assert error.where == "http://paper.test/v1/search"


@pytest.mark.parametrize("reply", [{"text": "<html>a login page</html>"}, {"json": {"generation": 3}}])
async def test_a_reply_of_another_program_is_told(reply: dict[str, Any], make: Make) -> None:
    with pytest.raises(ReplyError) as caught:
        await got(scripted(make, lambda _: httpx.Response(200, **reply)).ready())
    assert caught.value.hint


async def test_a_redirect_is_not_followed_with_the_key(make: Make) -> None:
    paper = scripted(make, lambda _: httpx.Response(302, headers={"Location": "http://elsewhere.test"}), api_key=KEY)
    with pytest.raises(ProblemError, match="302"):
        await got(paper.index())


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (httpx.ReadTimeout("slow"), TimedOut),
        (httpx.ConnectTimeout("slow"), ConnectionFailed),
        (httpx.ConnectError(""), ConnectionFailed),
        (httpx.RemoteProtocolError("cut off"), ConnectionFailed),
    ],
)
async def test_failures_of_the_network_are_of_the_family(failure: Exception, kind: type, make: Make) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise failure

    with pytest.raises(ConnectionError) as caught:
        await got(scripted(make, fail).index())
    assert type(caught.value) is kind
    assert caught.value.where == "http://paper.test"


async def test_no_index_is_told_in_the_servers_words(workdir: Path, make: Make) -> None:
    def opener(_: object) -> FakeLibrary:
        raise IndexMissing("no index there", hint="Run `wenbao index`.")

    with serve_state(make_state(opener=opener)) as caller, pytest.raises(Unavailable) as caught:
        await got(make(str(caller.base_url)).search("桥"))
    assert (caught.value.detail, caught.value.hint) == ("no index there", "Run `wenbao index`.")


@pytest.mark.parametrize("question", ["\ud800", "半\udfff"])
async def test_text_that_cannot_be_sent_is_told_before(question: str, make: Make) -> None:
    with pytest.raises(UsageError, match="half of a character"):
        await got(scripted(make, []).ask(question))
    with pytest.raises(UsageError):
        await got(scripted(make, []).article(question))


async def test_filters_are_sent_as_given(make: Make) -> None:
    sent: list[Any] = []

    def take(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return httpx.Response(200, json={"query": "", "mode": "dense", "generation": "g", "took_ms": 0, "hits": []})

    paper = scripted(make, take)
    await got(paper.search("桥", mode="dense", filters=FiltersIn(places=["江苏"]), explain=True))
    await got(paper.search("桥"))
    assert sent[0]["filters"]["places"] == ["江苏"]
    assert sent[0]["explain"] is True
    assert "filters" not in sent[1]


async def test_the_end_of_a_block_closes_the_client(address: str) -> None:
    with Wenbao(address) as paper:
        paper.health()
    with pytest.raises(RuntimeError, match="closed"):
        paper.health()
    async with AsyncWenbao(address) as other:
        await other.health()
    with pytest.raises(RuntimeError, match="closed"):
        await other.health()
