"""The client: what it sends, what it waits for, and how it says what went wrong."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from rag.errors import IndexMissing
from server.schemas import FiltersIn, TurnIn
from tests.tui.paper import SPEED, PaperLibrary, serving
from tui.remote.client import QUICK_PAUSE, QUICK_TRIES, Client, ClientError, Trouble

Handler = Callable[[httpx.Request], httpx.Response]


def scripted(handler: Handler, **options: object) -> Client:
    return Client("http://paper.test", transport=httpx.MockTransport(handler), **options)  # type: ignore[arg-type]


async def test_every_call_of_the_real_server(address: str, library: PaperLibrary) -> None:
    async with Client(address) as client:
        assert (await client.ready()).generation == "g1"
        reply = await client.ask("渡轮", [TurnIn(role="user", content="早")], filters=FiltersIn(places=["浙江"]))
        assert reply.answered
        assert reply.citations[0].quote == SPEED
        assert [turn.content for turn in library.asked[0][1]] == ["早"]
        listing = await client.articles(limit=2)
        assert [article.article_id for article in listing.items] == ["ferry", "lanterns"]
        assert (await client.articles(limit=2, cursor=listing.next_cursor)).next_cursor is None
        # An id may hold a slash.
        assert (await client.article("long/gauge")).title == "水文站的一年"
        assert (await client.index()).counts.articles == 4
        assert (await client.start_index()).job_id


async def test_a_missing_article_is_told_in_the_servers_words(address: str) -> None:
    async with Client(address) as client:
        with pytest.raises(ClientError, match="no article x") as caught:
            await client.article("x")
    assert (caught.value.kind, caught.value.status) == (Trouble.PROBLEM, 404)
    assert caught.value.hint == "Look the ids up in the listing."


async def test_a_refused_field_is_named(address: str) -> None:
    async with Client(address) as client:
        with pytest.raises(ClientError, match="question") as caught:
            await client.ask("长" * 5_000)
    assert caught.value.status == 422


@pytest.mark.parametrize("key", [None, "wrong", "ключ", "with\nbreak"])
async def test_a_bad_key_is_told(workdir: Path, library: PaperLibrary, key: str | None) -> None:
    with serving(library, api_keys="right") as address:
        with pytest.raises(ClientError) as caught:
            async with Client(address, key) as client:
                await client.index()
        assert caught.value.kind is Trouble.KEY
        async with Client(address, "right") as client:
            assert (await client.index()).generation == "g1"


async def test_a_loading_server_is_waited_for(workdir: Path, library: PaperLibrary) -> None:
    opened, waits = threading.Event(), []

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) >= 3:
            opened.set()

    with serving(library, opened=opened) as address:
        async with Client(address, on_wait=lambda: waits.append(-1), pause=pause) as client:
            assert (await client.ask("渡轮")).answered
    assert waits[0] == -1
    assert waits[1] > 0


@pytest.mark.parametrize(("header", "seconds"), [("3", 3.0), ("120", 5.0), ("Fri, 01 Jan 2100 00:00:00 GMT", 1.0)])
async def test_retry_after_bounds_the_pause(header: str, seconds: float) -> None:
    replies = iter(
        [
            *(httpx.Response(503, headers={"Retry-After": header}) for _ in range(QUICK_TRIES + 1)),
            httpx.Response(200, json={"generation": "g"}),
        ]
    )
    waits: list[float] = []

    async def pause(wanted: float) -> None:
        waits.append(wanted)

    async with scripted(lambda _: next(replies), pause=pause) as client:
        assert (await client.ready()).generation == "g"
    assert waits == [QUICK_PAUSE] * QUICK_TRIES + [seconds]


async def test_no_index_is_an_error_and_not_waited_for(workdir: Path, library: PaperLibrary) -> None:
    missing = IndexMissing("no index in vectors", hint="Run `wenbao index`.")
    with serving(library, opening_error=missing) as address:
        async with Client(address) as client:
            with pytest.raises(ClientError, match="no index in vectors") as caught:
                await client.ready()
    assert caught.value.hint == "Run `wenbao index`."


async def test_nobody_there_is_unreachable() -> None:
    with socket.socket() as taken:  # bound and not listening: nothing answers, and nobody else takes the port
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with Client(address) as client:
            with pytest.raises(ClientError) as caught:
                await client.ready()
    assert (caught.value.kind, caught.value.where) == (Trouble.UNREACHABLE, address)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ReadTimeout("slow"), Trouble.TIMEOUT),
        (httpx.ConnectTimeout("slow"), Trouble.UNREACHABLE),
        (httpx.RemoteProtocolError("cut off"), Trouble.UNREACHABLE),
    ],
)
async def test_network_failures_have_kinds(error: Exception, kind: Trouble) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    async with scripted(fail) as client:
        with pytest.raises(ClientError) as caught:
            await client.ready()
    assert caught.value.kind is kind


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (httpx.Response(200, text="<html>a login page</html>"), Trouble.REPLY),
        (httpx.Response(200, json={"generation": 3}), Trouble.REPLY),
        (httpx.Response(302, headers={"Location": "/login"}), Trouble.PROBLEM),
        (httpx.Response(502, text="bad gateway"), Trouble.PROBLEM),
        (httpx.Response(403, text="no"), Trouble.KEY),
    ],
)
async def test_replies_of_other_programs_are_told(response: httpx.Response, kind: Trouble) -> None:
    async with scripted(lambda _: response) as client:
        with pytest.raises(ClientError) as caught:
            await client.ready()
    assert caught.value.kind is kind
    assert caught.value.status == response.status_code


@pytest.mark.parametrize(
    "address", ["", "paper", "localhost:8000", "ftp://paper", "http://", "http://a:99999", "http://[x"]
)
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(ClientError) as caught:
        Client(address)
    assert caught.value.kind is Trouble.ADDRESS


@pytest.mark.parametrize("address", ["http://paper.test", " http://paper.test/ ", "http://paper.test/v1/"])
async def test_the_address_may_bring_a_path_along(address: str) -> None:
    seen: list[str] = []

    def reply(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, json={"items": [], "next_cursor": None})

    async with Client(address, transport=httpx.MockTransport(reply)) as client:
        await client.articles(place="江苏")
    assert seen == ["http://paper.test/v1/articles?place=%E6%B1%9F%E8%8B%8F&limit=20"]


async def test_search_reads_hits() -> None:
    hit = {
        "rank": 1,
        "article_id": "a",
        "chunk_id": "c",
        "title": "t",
        "byline": "",
        "place": [],
        "date": None,
        "source": "s",
        "spans": [[0, 2]],
        "text": "灯会",
        "score": 0.5,
        "ranks": {"dense": 1, "lexical": None},
    }
    body = {"query": "灯", "mode": "lexical", "generation": "g", "took_ms": 1.0, "hits": [hit]}
    async with scripted(lambda _: httpx.Response(200, json=body)) as client:
        result = await client.search("灯", mode="lexical", top_k=3)
    assert result.hits[0].spans == ((0, 2),)
