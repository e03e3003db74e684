"""The look, held still: few pictures, each of the real server's answer, in every size, language and theme."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import NARROW, WIDE, Screenful
from tui.app import WenbaoApp
from tui.home.home import Home
from tui.home.preferences import Preferences
from tui.remote.link import Link

QUESTION = "渡轮多久到对岸？"
UNKNOWN = "船厂的预算是多少？"
Steps = Callable[[Screenful], Awaitable[None]]


@pytest.fixture(autouse=True)
def _one_time_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times are shown as they are where the reader sits."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


async def guidance(_: Screenful) -> None:
    """What is there before anything is asked."""


async def answer(screenful: Screenful) -> None:
    await screenful.ask_and_read(QUESTION)


async def second_citation(screenful: Screenful) -> None:
    await answer(screenful)
    await screenful.press("escape", "2")


async def refusal(screenful: Screenful) -> None:
    await screenful.ask(UNKNOWN)


async def finding(screenful: Screenful) -> None:
    await second_citation(screenful)
    await screenful.press("o", "f", *"渡轮")
    await screenful.until(lambda: "1/" in screenful.text())


async def corpus(screenful: Screenful) -> None:
    await screenful.press("ctrl+b")
    await screenful.until(lambda: all(words in screenful.text() for words in ("long.txt", "青石港", "水文站的一年")))


async def conversations(screenful: Screenful) -> None:
    await screenful.press("ctrl+o")
    await screenful.until(lambda: len(screenful.app.screen_stack) > 2)


async def palette(screenful: Screenful) -> None:
    await screenful.press("ctrl+p", *"theme")


async def keys(screenful: Screenful) -> None:
    await screenful.press("f1")


LOOKS: list[tuple[Steps, tuple[int, int], str, str]] = [
    (guidance, NARROW, "zh", "dark"),
    (guidance, WIDE, "en", "light"),
    (answer, NARROW, "en", "light"),
    (second_citation, NARROW, "zh", "light"),
    (second_citation, WIDE, "zh", "dark"),
    (refusal, NARROW, "zh", "dark"),
    (refusal, WIDE, "en", "contrast"),
    (finding, WIDE, "en", "dark"),
    (corpus, WIDE, "zh", "light"),
    (corpus, NARROW, "en", "dark"),
    (conversations, NARROW, "zh", "dark"),
    (palette, NARROW, "en", "light"),
    (keys, WIDE, "zh", "dark"),
]


def _name(look: tuple[Steps, tuple[int, int], str, str]) -> str:
    steps, size, language, theme = look
    return f"{steps.__name__}-{'narrow' if size == NARROW else 'wide'}-{language}-{theme}"


@pytest.mark.parametrize("look", LOOKS, ids=map(_name, LOOKS))
def test_look(snap_compare: Any, address: str, look: tuple[Steps, tuple[int, int], str, str]) -> None:
    steps, size, language, theme = look
    app = WenbaoApp(Link(lambda: (address, None)), language, Home(Preferences(theme=theme, reduced_motion=True)))

    async def go(pilot: Pilot[None]) -> None:
        screenful = Screenful(app, pilot)
        await screenful.until(lambda: len(app.screen_stack) > 1 and screenful.conversation._samples)
        await steps(screenful)
        await screenful.pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=go)
