"""The corpus browser over a paper whose files, places and headlines mean to drive the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import StoreError
from rag.types import IndexReport, IndexStatus, Progress, Skipped
from tests.tui.conftest import NARROW, WIDE, ready
from tests.tui.corpus.test_corpus import field, labels, rows, said, tree
from tests.tui.hostile import EVERYTHING, EVIL, FIRST, SECOND, HostileLibrary, LoudDriver, faults
from tests.tui.paper import serving
from tui.screens.corpus import CorpusScreen
from tui.screens.index import IndexScreen


class HostileCorpus(HostileLibrary):
    """Its files and places are hostile, too, and so is what is said of the index."""

    def status(self) -> IndexStatus:
        return replace(super().status(), skipped=(Skipped(EVERYTHING, EVIL),))


@pytest.fixture
def server(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr("textual.drivers.headless_driver.HeadlessDriver", LoudDriver)

    def build(progress: object) -> IndexReport:
        assert callable(progress)
        progress(Progress(EVERYTHING, 1, 3, rate=1.0, seconds_left=2.0))
        raise StoreError(EVERYTHING, hint=EVIL)

    with serving(HostileCorpus(articles_known=(FIRST, SECOND)), builder=build) as url:
        yield url


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_nothing_of_a_corpus_drives_the_terminal(server: str, size: tuple[int, int]) -> None:
    async with ready(server, size, notifications=True) as screenful:
        await screenful.press("ctrl+b")
        await screenful.until(lambda: isinstance(screenful.app.screen, CorpusScreen) and rows(screenful).current)
        await screenful.until(lambda: len(labels(screenful)) >= 4)
        assert faults(screenful) == []
        await screenful.press("space")
        assert faults(screenful) == []
        tree(screenful).focus()
        for _ in range(6):  # down the folders and places, each opened, marked and chosen
            await screenful.press("down", "right", "space", "enter")
            assert faults(screenful) == []
        field(screenful, "place").focus()
        await screenful.press("省")
        assert faults(screenful) == []
        await screenful.press("escape", "R")
        await screenful.until(lambda: "could not be refreshed" in said(screenful))
        assert faults(screenful) == []
        await screenful.press("i")
        assert isinstance(screenful.app.screen, IndexScreen)
        assert faults(screenful) == []
        await screenful.press("pagedown", "escape", "a")
        await screenful.until(lambda: screenful.app.screen is screenful.screen)
        assert faults(screenful) == []
