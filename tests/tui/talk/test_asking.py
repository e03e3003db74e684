"""Answers that stream, that are stopped, and that break; questions within a part of the corpus; long conversations."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from rag.errors import StoreError
from server.schemas import AskResponse, FiltersIn
from tests.tui.conftest import NARROW, WIDE, Screenful, opened, ready
from tests.tui.paper import FARE, LANTERN, SPEED, PaperLibrary
from tests.tui.talk.test_references import settled
from tui.talk.asking import Pace
from tui.talk.session import Stage, Turn
from tui.text import typesetting
from tui.widgets.turn import TurnView

BOTH = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])


@dataclass
class Faucet:
    """Stands between a client and a server, and holds back what comes once certain bytes do."""

    address: str = ""
    before: bytes = b"never"
    """Held back from the first of these bytes on."""
    holding: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while something is held back."""
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    cut: bool = False
    """Ends the connection instead of sending what is held back."""

    async def pour(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = b""
        while chunk := await reader.read(4096):
            seen += chunk
            if self.before in seen and not self.let_go.is_set():
                cut_at = len(chunk) - (len(seen) - seen.index(self.before))
                writer.write(chunk[: max(cut_at, 0)])
                await writer.drain()
                self.holding.set()
                await self.let_go.wait()
                if self.cut:
                    break
                chunk = chunk[max(cut_at, 0) :]
            seen = seen[-len(self.before) :]
            writer.write(chunk)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def faucet(address: str, before: bytes) -> AsyncIterator[Faucet]:
    """A server's address once more, with what it sends held back."""
    parts, held = urlsplit(address), Faucet(before=before)
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        their_reader, their_writer = await asyncio.open_connection(parts.hostname, parts.port)
        up = asyncio.create_task(Faucet().pour(reader, their_writer))
        tasks.update({up, asyncio.create_task(held.pour(their_reader, writer))})

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    held.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield held
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def send(screenful: Screenful, question: str) -> Turn:
    """Sends a question without waiting for its answer."""
    known = len(screenful.turns)
    screenful.box.focus()
    screenful.box.insert(question)
    await screenful.press("enter")
    await screenful.until(lambda: len(screenful.turns) > known)
    return screenful.turns[-1].turn


# --------------------------------------------------------------------------------------------------------- streaming


async def test_what_was_found_is_told_before_the_answer_comes(address: str, library: PaperLibrary) -> None:
    library.hits_first = True
    library.gate.clear()
    async with ready(address) as screenful:
        turn = await send(screenful, "渡轮")
        await screenful.until(lambda: turn.stage is Stage.STREAMING)
        assert "3 passages found" in screenful.text()
        library.gate.set()
        await screenful.until(lambda: turn.stage is Stage.ANSWERED)
        assert "passages found" not in screenful.text()
        assert f"{SPEED}[1]" in screenful.text()


@BOTH
async def test_the_marks_of_an_answer_that_comes_can_be_followed(address: str, size: tuple[int, int]) -> None:
    async with faucet(address, b"event: done") as held, ready(held.address, size) as screenful:
        turn = await send(screenful, "渡轮")
        await screenful.until(lambda: len(turn.references) == 3)
        assert turn.stage is Stage.STREAMING
        assert f"{SPEED}[1]" in screenful.text()
        await screenful.click("[2]", shift=1)
        await screenful.until(lambda: screenful.article.article is not None)
        article = screenful.article.article
        assert article is not None
        assert "".join(article.text[start:end] for start, end in screenful.article.ranges) == FARE
        held.let_go.set()
        await screenful.until(lambda: turn.stage is Stage.ANSWERED)
        # The place that was chosen stays the one that is shown.
        assert turn.current == 1
        await screenful.until(lambda: "Citation 2 (2 of 3)" in screenful.text() or screenful.app.size.width < 100)


async def test_the_keys_walk_an_answer_that_comes(address: str) -> None:
    async with faucet(address, b"event: done") as held, ready(held.address) as screenful:
        turn = await send(screenful, "渡轮")
        await screenful.until(lambda: len(turn.references) == 3)
        await screenful.press("escape", "3")
        await screenful.until(lambda: turn.current == 2)
        assert turn.references[2].quote == LANTERN
        held.let_go.set()
        await screenful.until(lambda: turn.stage is Stage.ANSWERED)
        assert turn.current == 2


@BOTH
async def test_a_stream_that_breaks_is_told_and_keeps_the_question(address: str, size: tuple[int, int]) -> None:
    async with faucet(address, b"event: done") as held, ready(held.address, size) as screenful:
        held.cut = True
        turn = await send(screenful, "渡轮")
        await screenful.until(lambda: turn.partial)
        held.let_go.set()
        await screenful.until(lambda: turn.stage is Stage.FAILED)
        assert "The answer broke off" in screenful.text()
        assert f"{SPEED}[1]" in screenful.text()
        assert screenful.box.text == "渡轮"
        await screenful.press("enter")
        await screenful.until(lambda: len(screenful.turns) == 2 and screenful.turns[1].turn.stage is Stage.ANSWERED)


async def test_a_failure_behind_the_hits_is_told_in_the_servers_words(address: str, library: PaperLibrary) -> None:
    library.hits_first = True
    library.failure = StoreError("the disk is gone", hint="Plug it in again.")
    async with ready(address) as screenful:
        view = await screenful.ask("渡轮")
        assert view.turn.stage is Stage.FAILED
        assert "the disk is gone" in screenful.text()
        assert "→ Plug it in again." in screenful.text()


async def test_many_wishes_at_once_are_granted_once() -> None:
    granted: list[float] = []
    loop = asyncio.get_running_loop()
    pace = Pace(lambda: granted.append(loop.time()), seconds=0.05)
    for _ in range(3):
        wished = len(granted)
        for _ in range(100):
            pace.wish()
        while len(granted) == wished:
            await asyncio.sleep(0)
    assert len(granted) == 3
    assert all(later - earlier >= 0.045 for earlier, later in pairwise(granted))
    pace.wish()
    pace.forget()
    assert pace._waiting is None


# ---------------------------------------------------------------------------------------------------------- stopping


@BOTH
async def test_a_question_is_stopped_and_the_server_is_told(
    address: str, library: PaperLibrary, size: tuple[int, int]
) -> None:
    library.hits_first = True
    library.gate.clear()
    async with ready(address, size) as screenful:
        turn = await send(screenful, "渡轮")
        await screenful.until(lambda: turn.stage is Stage.STREAMING and "^X Stop" in screenful.lines()[-1])
        await screenful.press("ctrl+x")
        await screenful.until(lambda: library.called_off == 1)
        assert turn.stage is Stage.STOPPED
        assert "■ Stopped" in screenful.text()
        assert screenful.box.text == "渡轮"
        assert "^X Stop" not in screenful.lines()[-1]
        library.gate.set()
        await screenful.press("enter")
        await screenful.until(lambda: len(screenful.turns) == 2 and screenful.turns[1].turn.stage is Stage.ANSWERED)
        # What was stopped is no part of the conversation.
        assert library.asked[-1][1] == ()


async def test_the_bottom_line_stops_by_mouse(address: str, library: PaperLibrary) -> None:
    library.gate.clear()
    async with ready(address) as screenful:
        turn = await send(screenful, "渡轮")
        await screenful.until(lambda: turn.stage is Stage.ASKING and "^X Stop" in screenful.lines()[-1])
        await screenful.click("^X Stop")
        await screenful.until(lambda: turn.stage is Stage.STOPPED)


async def test_stopping_one_question_lets_the_next_go_ahead(address: str, library: PaperLibrary) -> None:
    library.gate.clear()
    async with ready(address) as screenful:
        first = await send(screenful, "渡轮")
        second = await send(screenful, "水位")
        await screenful.until(lambda: first.stage is Stage.ASKING)
        await screenful.press("ctrl+x")
        library.gate.set()
        await screenful.until(lambda: second.stage is Stage.ANSWERED)
        assert first.stage is Stage.STOPPED


async def test_a_question_that_waits_for_the_server_can_be_stopped(address: str, library: PaperLibrary) -> None:
    started = threading.Event()

    def connect() -> tuple[str, None]:
        assert started.wait(30)
        return address, None

    async with opened(connect) as screenful:
        first = await send(screenful, "渡轮")
        second = await send(screenful, "水位")
        await screenful.press("ctrl+x")
        await screenful.until(lambda: second.stage is Stage.STOPPED)
        started.set()
        await screenful.until(lambda: first.stage is Stage.ANSWERED)
        assert [question for question, _ in library.asked] == ["渡轮"]


async def test_ctrl_x_cuts_what_is_chosen_while_nothing_is_asked(address: str) -> None:
    async with ready(address) as screenful:
        screenful.box.insert("渡轮多快")
        screenful.box.select_all()
        await screenful.press("ctrl+x")
        assert screenful.box.text == ""
        assert screenful.app.clipboard == "渡轮多快"


async def test_a_new_conversation_calls_off_what_is_asked(address: str, library: PaperLibrary) -> None:
    library.gate.clear()
    async with ready(address) as screenful:
        await send(screenful, "渡轮")
        await screenful.until(lambda: library.asked)
        await screenful.press("ctrl+l")
        await screenful.until(lambda: library.called_off == 1)
        assert screenful.box.text == ""


# --------------------------------------------------------------------------------------------- a part of the corpus


@BOTH
async def test_questions_go_to_the_selected_part_until_it_is_cleared(
    address: str, library: PaperLibrary, size: tuple[int, int]
) -> None:
    async with ready(address, size) as screenful:
        screenful.screen.select(FiltersIn(places=["浙江省"]), "浙江[b]")
        await screenful.until(lambda: "only within: 浙江[b]" in screenful.text())
        await screenful.ask("渡轮")
        asked = library.within[-1]
        assert asked is not None
        assert asked.places == ("浙江省",)
        assert "within: 浙江[b]" in screenful.text()
        await screenful.press("f3")
        assert "只问：浙江[b]" in screenful.text()
        await screenful.press("f3", "ctrl+g")
        await screenful.until(lambda: "only within" not in screenful.text())
        await screenful.ask("水位")
        cleared = library.within[-1]
        assert cleared is None or not cleared.places


# ------------------------------------------------------------------------------------------------ long conversations


def long_answer(lines: int) -> str:
    return "\n\n".join(f"第{number}段，**水位**照常记下，风从江上来，船都靠了岸[1]。" for number in range(lines))


async def test_hundreds_of_turns_cost_what_one_does(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Turn] = []
    relabel = TurnView.relabel

    def drawing(view: TurnView) -> None:
        drawn.append(view.turn)
        relabel(view)

    monkeypatch.setattr(TurnView, "relabel", drawing)
    async with ready(address) as screenful:
        widgets = len(screenful.screen.query("*"))
        turns = [settled(answered=True) for _ in range(200)]
        screenful.screen._asking.conversation.turns += turns
        await screenful.conversation.add(*turns)
        assert len(screenful.screen.query("*")) <= widgets + 200
        await screenful.until(lambda: len(drawn) >= 200)
        drawn.clear()
        view = await screenful.ask_and_read("渡轮")
        await screenful.press("escape", "n", "n", "p")
        assert view.region.y < screenful.app.size.height
        assert set(drawn) == {view.turn}


async def test_an_answer_that_grows_is_set_anew_where_it_grows_only(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapped: list[str] = []
    wrap = typesetting.wrap
    monkeypatch.setattr(
        typesetting, "wrap", lambda text, width, **indents: (wrapped.append(text), wrap(text, width, **indents))[1]
    )
    async with ready(address) as screenful:
        turn = Turn("水位", Stage.STREAMING)
        await screenful.conversation.add(turn)
        answer = long_answer(100)
        turn.grow(answer)
        screenful.conversation.update_turn(turn)
        await screenful.until(lambda: len(wrapped) >= 100)
        for piece in ("又有", "一段", "新的\n\n", "再起"):
            wrapped.clear()
            turn.grow(piece)
            screenful.conversation.update_turn(turn)
            await screenful.pilot.pause()
            assert 0 < len(set(wrapped)) <= 2, wrapped


async def test_the_reader_who_scrolls_away_from_a_growing_answer_is_left_there(address: str) -> None:
    async with ready(address, NARROW) as screenful:
        turns = [settled(answered=True) for _ in range(10)]
        turn = Turn("水位", Stage.STREAMING)
        await screenful.conversation.add(*turns, turn)
        pane = screenful.conversation

        async def grow(lines: int) -> None:
            turn.grow(long_answer(lines))
            pane.update_turn(turn)
            pane.follow_turn(turn)
            await screenful.pilot.pause()
            await screenful.pilot.pause()

        await grow(3)
        await grow(20)
        top = pane.scroll_offset.y
        assert screenful.turns[-1].region.y == pane.content_region.y
        await grow(20)
        assert pane.scroll_offset.y == top
        pane.scroll_to(y=2, animate=False)
        await screenful.until(lambda: pane.scroll_offset.y == 2)
        await grow(20)
        assert pane.scroll_offset.y == 2


def test_a_reply_in_mid_stream_takes_the_streams_place() -> None:
    whole = settled(answered=True).reply
    assert isinstance(whole, AskResponse)
    turn = Turn("渡轮多快？")
    turn.find(whole.hits)
    turn.grow("从青石港")
    turn.cite(whole.citations[0])
    turn.current = 0
    assert turn.references[0].others == 2
    turn.settle(whole)
    assert (turn.partial, turn.found, turn.current) == ("", (), 0)
    assert turn.references == settled(answered=True).references
