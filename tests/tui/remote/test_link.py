"""From nothing to a server that answers: what the reader sees meanwhile, and that no question is lost."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from rag.errors import IndexMissing, ServerError
from tests.tui.conftest import NARROW, WIDE, opened, ready
from tests.tui.paper import PaperLibrary, serving
from tui.remote.link import Connect
from tui.talk.session import Stage

BOTH = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])


@BOTH
async def test_the_first_frame_waits_for_nothing_and_questions_are_sent_when_ready(
    address: str, library: PaperLibrary, size: tuple[int, int]
) -> None:
    started = threading.Event()

    def connect() -> tuple[str, None]:
        assert started.wait(30)
        return address, None

    async with opened(connect, size) as screenful:
        assert "starting…" in screenful.text()
        for question in ("渡轮", "水位"):
            screenful.box.insert(question)
            await screenful.press("enter")
        assert [view.turn.stage for view in screenful.turns] == [Stage.WAITING, Stage.WAITING]
        assert "will be sent as soon as the server is ready" in screenful.text()
        started.set()
        await screenful.until(lambda: all(view.turn.stage is Stage.ANSWERED for view in screenful.turns))
        assert [question for question, _ in library.asked] == ["渡轮", "水位"]


async def test_a_loading_index_is_told_and_waited_for(workdir: Path, library: PaperLibrary) -> None:
    loaded = threading.Event()
    with serving(library, opened=loaded) as address:
        async with opened(address) as screenful:
            await screenful.until(lambda: "the server is loading its index" in screenful.text())
            screenful.box.insert("渡轮")
            await screenful.press("enter")
            loaded.set()
            await screenful.until(lambda: screenful.turns[0].turn.stage is Stage.ANSWERED)
            assert "ready" in screenful.lines()[0]


@BOTH
async def test_a_server_that_does_not_start_is_told_with_its_hint(size: tuple[int, int]) -> None:
    def connect() -> tuple[str, None]:
        raise ServerError("no free port", hint="Close something.")

    async with opened(connect, size) as screenful:
        await screenful.until(lambda: "the server did not start: no free port" in screenful.text())
        assert "→ Close something." in screenful.text()
        screenful.box.insert("渡轮")
        await screenful.press("enter", "f3")
        assert "服务没能启动：no free port" in screenful.text()
        assert screenful.turns[0].turn.stage is Stage.WAITING


async def test_an_unreachable_server_is_tried_until_it_is_there(
    workdir: Path, address: str, library: PaperLibrary
) -> None:
    tries: list[str] = []
    there = threading.Event()

    def connect() -> tuple[str, None]:
        # The address that is asked for changes hands: at first nothing listens behind it.
        tries.append("try")
        if not there.is_set():
            raise ServerError("not yet")
        return address, None

    async with opened(connect) as screenful:
        await screenful.until(lambda: len(tries) > 2 and "not ready, retrying" in screenful.text())
        there.set()
        await screenful.press("f5")
        await screenful.until(lambda: "ready" in screenful.lines()[0] and "not yet" not in screenful.text())
        assert (await screenful.ask("渡轮")).turn.stage is Stage.ANSWERED


async def test_nothing_listening_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with opened(address) as screenful:
            await screenful.until(lambda: f"{address} cannot be reached" in screenful.text())
            assert "F5" in screenful.text()


async def test_a_wrong_key_is_told_before_a_question_is_asked(workdir: Path, library: PaperLibrary) -> None:
    with serving(library, api_keys="right") as address:
        async with opened(address, key="wrong") as screenful:
            await screenful.until(lambda: "does not accept this key" in screenful.text())
        async with ready(address, key="right") as screenful:
            assert (await screenful.ask("渡轮")).turn.stage is Stage.ANSWERED


async def test_a_missing_index_is_told_in_the_servers_words(workdir: Path, library: PaperLibrary) -> None:
    missing = IndexMissing("no index in vectors", hint="Run `wenbao index`.")
    with serving(library, opening_error=missing) as address:
        async with opened(address) as screenful:
            await screenful.until(lambda: "no index in vectors" in screenful.text())
            assert "→ Run `wenbao index`." in screenful.text()


async def test_a_lost_server_keeps_the_question_and_is_looked_for_again(workdir: Path, library: PaperLibrary) -> None:
    first = serving(library)
    where = first.__enter__()
    addresses = [where]

    def connect() -> tuple[str, None]:
        return addresses[-1], None

    connecting: Connect = connect
    async with opened(connecting) as screenful:
        await screenful.until(lambda: screenful.conversation._samples)
        first.__exit__(None, None, None)
        view = await screenful.ask("渡轮")
        assert view.turn.stage is Stage.FAILED
        assert f"{where} cannot be reached" in screenful.text()
        assert screenful.box.text == "渡轮"
        await screenful.until(lambda: "not ready, retrying" in screenful.lines()[0])


async def test_an_empty_index_says_what_to_do(address: str, library: PaperLibrary) -> None:
    library.articles_known = ()
    async with opened(address) as screenful:
        await screenful.until(lambda: "The index holds no articles yet" in screenful.text())
