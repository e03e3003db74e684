"""The real application over an invented paper, and the terminal UI on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from tests.tui.paper import PaperLibrary, serving
from tui.app import WenbaoApp
from tui.history.keeper import Keeper
from tui.home.home import Home
from tui.remote.link import Connect, Link
from tui.screens.chat import ChatScreen
from tui.widgets.article import ArticlePane
from tui.widgets.conversation import ConversationPane
from tui.widgets.question import QuestionBox
from tui.widgets.turn import TurnView

NARROW = (80, 24)
WIDE = (160, 48)


class CurrentLibrary:
    """Stands for the library of the test that runs, so that one server serves them all."""

    library = PaperLibrary()

    def __getattr__(self, name: str) -> object:
        return getattr(self.library, name)


@pytest.fixture(scope="session")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, CurrentLibrary]]:
    current = CurrentLibrary()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("server"))
        context = serving(current)
        url = context.__enter__()
    yield url, current
    context.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def _nobodys_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the preferences and keys of whoever runs it."""
    monkeypatch.setenv("WENBAO_CONFIG", str(tmp_path_factory.getbasetemp() / "config"))


@pytest.fixture
def library() -> Iterator[PaperLibrary]:
    library = PaperLibrary()
    yield library
    library.gate.set()


@pytest.fixture
def address(_server: tuple[str, CurrentLibrary], library: PaperLibrary) -> str:
    """Where `library` is served."""
    url, current = _server
    current.library = library
    return url


async def shortly(seconds: float) -> None:
    """Instead of a pause that a reader would have: shorter."""
    await asyncio.sleep(min(seconds, 0.2))


@dataclass
class Screenful:
    """A running app, and what a reader would look at."""

    app: WenbaoApp
    pilot: Pilot[None]

    @property
    def screen(self) -> ChatScreen:
        screen = self.app.screen_stack[1]
        assert isinstance(screen, ChatScreen)
        return screen

    @property
    def box(self) -> QuestionBox:
        return self.screen.query_one(QuestionBox)

    @property
    def article(self) -> ArticlePane:
        return self.screen.query_one(ArticlePane)

    @property
    def conversation(self) -> ConversationPane:
        return self.screen.query_one(ConversationPane)

    @property
    def turns(self) -> list[TurnView]:
        return list(self.screen.query(TurnView))

    async def until(self, condition: Callable[[], object]) -> None:
        """Lets the app work until something is so."""
        async with asyncio.timeout(20):
            while not condition():
                await self.pilot.pause()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def ask(self, question: str) -> TurnView:
        """Types a question, sends it, and waits for what becomes of it."""
        known = len(self.turns)
        self.box.focus()
        self.box.insert(question)
        await self.press("enter")
        await self.until(lambda: len(self.turns) > known and self.turns[-1].turn.stage.settled)
        return self.turns[-1]

    async def ask_and_read(self, question: str) -> TurnView:
        """The same, and waits for the first cited article."""
        view = await self.ask(question)
        await self.until(lambda: self.article.article is not None)
        return view

    def lines(self) -> list[str]:
        """The screen, line by line."""
        return ["".join(segment.text for segment in strip) for strip in self.app.screen._compositor.render_strips()]

    def text(self) -> str:
        return "\n".join(self.lines())

    def find(self, words: str) -> tuple[int, int]:
        """Cell column and row where words stand on the screen."""
        from rich.cells import cell_len

        for row, line in enumerate(self.lines()):
            if words in line:
                return cell_len(line[: line.index(words)]), row
        raise AssertionError(f"{words!r} is not on the screen:\n{self.text()}")

    async def click(self, words: str, shift: int = 0) -> None:
        """Clicks on the first cell of words on the screen."""
        column, row = self.find(words)
        await self.pilot.click(offset=(column + shift, row))
        await self.pilot.pause()

    def shown(self, widget: Widget) -> bool:
        """Whether a pane is on the screen."""
        return widget.display and widget.region.area > 0


@asynccontextmanager
async def opened(
    server: str | Connect,
    size: tuple[int, int] = WIDE,
    language: str = "en",
    key: str | None = None,
    *,
    notifications: bool = False,
    home: Home | None = None,
    keeper: Keeper | None = None,
) -> AsyncIterator[Screenful]:
    """The app on a server; it has not connected yet. Short messages are shown where `notifications` asks for them."""
    connect: Connect = (lambda: (server, key)) if isinstance(server, str) else server
    app = WenbaoApp(Link(connect, pause=shortly), language, home, keeper)
    app.animation_level = "none"
    async with app.run_test(size=size, notifications=notifications) as pilot:
        screenful = Screenful(app, pilot)
        await screenful.until(lambda: len(app.screen_stack) > 1 and screenful.screen.is_mounted)
        yield screenful


@asynccontextmanager
async def ready(
    server: str,
    size: tuple[int, int] = WIDE,
    language: str = "en",
    key: str | None = None,
    *,
    notifications: bool = False,
    home: Home | None = None,
    keeper: Keeper | None = None,
) -> AsyncIterator[Screenful]:
    """The app, connected and with its guidance on the screen."""
    async with opened(server, size, language, key, notifications=notifications, home=home, keeper=keeper) as screenful:
        await screenful.until(lambda: len(screenful.conversation._samples) > 0)
        yield screenful
