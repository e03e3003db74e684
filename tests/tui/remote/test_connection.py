"""The server goes and comes back, wants another key, or is none of ours: it is said, and nothing typed is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from tests.tui.conftest import NARROW, WIDE, opened, ready
from tests.tui.paper import PaperLibrary, serving
from tests.tui.paper_server import PaperServer
from tui.history.keeper import Keeper
from tui.talk.session import Stage

BOTH = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])


@pytest.fixture
def servers(workdir: Path) -> Iterator[list[PaperServer]]:
    """Processes to be ended with the test."""
    started: list[PaperServer] = []
    yield started
    for server in started:
        server.kill()


@BOTH
async def test_a_server_that_is_killed_and_started_again(servers: list[PaperServer], size: tuple[int, int]) -> None:
    servers.append(PaperServer())
    async with ready(servers[0].url, size) as screenful:
        await screenful.ask_and_read("渡轮")
        servers[0].kill()
        view = await screenful.ask("水位多少")
        assert view.turn.stage is Stage.FAILED
        assert screenful.box.text == "水位多少"
        await screenful.until(lambda: "not ready, retrying" in screenful.lines()[0])
        assert "cannot be reached" in screenful.text()
        # What is typed meanwhile stays, and what was answered can still be read.
        screenful.box.insert("？")
        await screenful.press("escape", "n")
        assert screenful.article.article is not None
        await screenful.press("escape")
        servers.append(await asyncio.to_thread(PaperServer, servers[0].port))
        await screenful.until(lambda: "not ready" not in screenful.lines()[0])
        await screenful.until(lambda: not screenful.screen.query_one("#trouble").display)
        assert screenful.box.text == "水位多少？"
        screenful.box.focus()
        await screenful.press("enter")
        await screenful.until(lambda: screenful.turns[-1].turn.stage is Stage.ANSWERED)
        assert [view.turn.stage for view in screenful.turns] == [Stage.ANSWERED, Stage.FAILED, Stage.ANSWERED]


@BOTH
async def test_a_server_that_is_killed_while_an_answer_comes(servers: list[PaperServer], size: tuple[int, int]) -> None:
    servers.append(PaperServer())
    async with ready(servers[0].url, size) as screenful:
        screenful.box.insert("慢慢说渡轮")
        await screenful.press("enter")
        assert await asyncio.to_thread(servers[0].told) == "asked"
        await screenful.until(lambda: screenful.turns[0].turn.stage is Stage.STREAMING)
        screenful.box.insert("下一个")
        servers[0].kill()
        await screenful.until(lambda: screenful.turns[0].turn.stage is Stage.FAILED)
        assert screenful.box.text == "下一个"  # what is being typed goes before the question that failed
        assert "No answer" in screenful.text()
        await screenful.until(lambda: "not ready, retrying" in screenful.lines()[0])
        screenful.box.load_text("")
        await screenful.press("up")
        assert screenful.box.text == "慢慢说渡轮"
        screenful.box.load_text("渡轮")
        await screenful.press("enter")
        assert screenful.turns[1].turn.stage is Stage.WAITING
        servers.append(await asyncio.to_thread(PaperServer, servers[0].port))
        await screenful.until(lambda: screenful.turns[1].turn.stage is Stage.ANSWERED)


async def test_questions_typed_while_the_server_is_away_are_asked_in_their_order(servers: list[PaperServer]) -> None:
    servers.append(PaperServer())
    async with ready(servers[0].url) as screenful:
        servers[0].kill()
        await screenful.ask("渡轮")
        await screenful.until(lambda: "not ready" in screenful.lines()[0])
        for question in ("水位", "渡轮"):
            screenful.box.load_text(question)
            await screenful.press("enter")
        servers.append(await asyncio.to_thread(PaperServer, servers[0].port))
        await screenful.press("f5")
        await screenful.until(lambda: all(view.turn.stage is Stage.ANSWERED for view in screenful.turns[1:]))
        assert len(screenful.turns) == 3


async def test_a_server_that_comes_back_elsewhere_is_found(servers: list[PaperServer]) -> None:
    """As the private server of `wenbao chat` does, which takes a free port each time it is started."""
    servers.append(PaperServer())
    async with opened(lambda: (servers[-1].url, None)) as screenful:
        await screenful.ask_and_read("渡轮")
        servers[0].kill()
        assert (await screenful.ask("水位")).turn.stage is Stage.FAILED
        servers.append(await asyncio.to_thread(PaperServer))
        await screenful.press("enter")
        await screenful.until(lambda: screenful.turns[-1].turn.stage is Stage.ANSWERED)
        await screenful.press("escape", "n")
        await screenful.until(lambda: screenful.article.article is not None)


async def test_two_beside_each_other_share_the_index_and_the_history(address: str, tmp_path: Path) -> None:
    history = tmp_path / "history.sqlite"
    async with ready(address, keeper=Keeper(history)) as one, ready(address, keeper=Keeper(history)) as other:
        await one.ask("渡轮")
        await other.ask("水位")
        await one.ask("读数")
        kept = Keeper(history)
        records = await kept.conversations()
        assert sorted((record.title, record.turns) for record in records) == [("水位", 1), ("渡轮", 2)]
        kept.close()
        await one.press("escape", "ctrl+o")
        await one.until(lambda: "渡轮" in one.text() and "水位" in one.text())


# --------------------------------------------------------------------------------------------------------- other keys


@BOTH
async def test_a_wrong_key_says_where_the_right_one_goes(
    workdir: Path, library: PaperLibrary, size: tuple[int, int]
) -> None:
    with serving(library, api_keys="right") as address:
        async with opened(address, size, key="wrong") as screenful:
            await screenful.until(lambda: "does not accept this key" in screenful.text())
            assert "--api-key" in screenful.text()
            screenful.box.insert("渡轮")
            await screenful.press("enter")
            assert screenful.turns[0].turn.stage is Stage.WAITING


async def test_a_key_that_may_only_read_asks_and_reads_but_does_not_refresh(
    workdir: Path, library: PaperLibrary
) -> None:
    with serving(library, api_keys="read:reader,write:writer") as address:
        async with ready(address, key="reader", notifications=True) as screenful:
            assert (await screenful.ask_and_read("渡轮")).turn.stage is Stage.ANSWERED
            await screenful.press("escape", "ctrl+b", "R")
            await screenful.until(lambda: "does not accept this key" in " ".join(screenful.text().split()))
            await screenful.press("escape")
            assert (await screenful.ask("水位")).turn.stage is Stage.ANSWERED


# ------------------------------------------------------------------------------------------------- other servers


class _Stranger(BaseHTTPRequestHandler):
    """Answers everything in its own way."""

    replies: ClassVar[dict[str, tuple[int, str, str]]] = {}

    def do_GET(self) -> None:
        status, kind, body = self.replies.get(self.path, self.replies[""])
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Nothing: the tests' output is no log."""


@contextmanager
def stranger(**replies: tuple[int, str, str]) -> Iterator[str]:
    """A server that is not ours; replies by path, `_` for all others, a slash written as `__`."""
    by_path = {f"/{path}".replace("__", "/") if path != "_" else "": reply for path, reply in replies.items()}
    handler = type("Handler", (_Stranger,), {"replies": by_path})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join(30)


OLD_READY = (200, "application/json", '{"status": "ok", "generation": "g1"}')


@BOTH
@pytest.mark.parametrize(
    "replies",
    [
        {"_": (200, "text/html", "<h1>Welcome</h1>")},
        {"_": (404, "text/plain", "nothing here")},
        {"_": (200, "application/json", "[1, 2]")},
        # A server of before: it is ready, and knows nothing of an index.
        {"readyz": OLD_READY, "_": (404, "application/json", '{"detail": "Not Found"}')},
        {"readyz": OLD_READY, "v1__index": (200, "application/json", '{"articles": 3}'), "_": (404, "text/plain", "")},
    ],
    ids=["website", "not found", "other api", "no index", "other index"],
)
async def test_an_address_that_is_no_server_of_ours_is_told(
    size: tuple[int, int], replies: dict[str, tuple[int, str, str]]
) -> None:
    with stranger(**replies) as address:
        async with opened(address, size) as screenful:
            await screenful.until(lambda: "does not reply as wenbao's API does" in screenful.text())
            assert "both versions agree" in " ".join(screenful.text().split())
            await screenful.until(lambda: "not ready, retrying" in screenful.lines()[0])
            screenful.box.insert("渡轮")
            await screenful.press("enter")
            assert screenful.turns[0].turn.stage is Stage.WAITING


async def test_half_a_character_in_a_reply_is_a_reply_that_is_not_ours() -> None:
    index = '{"generation": "g1", "corpus": "\\ud800", "is_sample": false}'
    with stranger(readyz=OLD_READY, _=(200, "application/json", index)) as address:
        async with opened(address) as screenful:
            await screenful.until(lambda: "does not reply as wenbao's API does" in screenful.text())


@pytest.mark.parametrize("address", ["nonsense", "ftp://127.0.0.1", "http://", "http://127.0.0.1:99999"])
async def test_what_is_no_address_is_told_as_such(address: str) -> None:
    async with opened(address) as screenful:
        await screenful.until(lambda: "is not the address of a server" in screenful.text())
        assert "http://127.0.0.1:8000" in screenful.text()
