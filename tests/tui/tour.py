"""The pictures of docs/terminal.md, drawn by the real program over the built-in sample.

    python -m tests.tui.tour [NAME …]

Indexes the sample, serves it, goes through the screens as a reader would, and writes docs/terminal/NAME.svg for each
picture, or those that are named. That of a browser is taken by Chromium, and left as it is where there is none.
"""

from __future__ import annotations

import asyncio
import html
import itertools
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.cells import cell_len

from rag.index.building.builder import build_index
from rag.settings import Settings
from server.process.private import PrivateServer
from tests.tui.browser import chromium
from tests.tui.browser.test_web import served
from tests.tui.conftest import Screenful, ready
from tui.history.keeper import Keeper

FOLDER = Path(__file__).parents[2] / "docs" / "terminal"
BROWSER = "browser.png"
LIST = "淄博的工会驿站分为哪三种？"
PLATFORMS = "哪些城市搭建了婚恋交友平台？"
UNKNOWN = "火星上有几座邮局？"
# A picture fetches nothing: whoever looks at it has fonts of his own.
_TEXT = re.compile(
    r'<text class="([^"]*)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)" clip-path="[^"]*">([^<]*)</text>'
)
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the tour: how large the terminal is, and what a reader does until it shows that."""

    steps: Callable[[Screenful], Awaitable[None]]
    size: tuple[int, int] = (110, 30)
    language: str = "zh"


async def shows(screenful: Screenful, *words: str) -> None:
    """Waits until words stand on the screen."""
    await screenful.until(lambda: all(word in screenful.text() for word in words))


async def answer(screenful: Screenful) -> None:
    await screenful.ask_and_read(LIST)
    await screenful.press("escape", "1")
    await shows(screenful, "驿站")


async def article(screenful: Screenful) -> None:
    await screenful.ask_and_read(LIST)
    await screenful.press("escape", "1")
    await screenful.until(lambda: screenful.shown(screenful.article))


async def refusal(screenful: Screenful) -> None:
    await screenful.ask(UNKNOWN)
    await shows(screenful, "没有找到依据")


async def explanation(screenful: Screenful) -> None:
    await screenful.ask_and_read(PLATFORMS)
    await screenful.press("escape", "e")
    await screenful.until(lambda: len(screenful.app.screen_stack) > 2)
    await screenful.until(lambda: "page-1.txt" in screenful.text())


async def full(screenful: Screenful) -> None:
    await screenful.ask_and_read(LIST)
    await screenful.press("escape", "1", "o")
    await screenful.until(lambda: len(screenful.app.screen_stack) > 2)
    await screenful.press("f")
    await screenful.press(*"驿站")
    await shows(screenful, "驿站")


async def conversations(screenful: Screenful) -> None:
    for question in (LIST, UNKNOWN, PLATFORMS):
        await screenful.press("ctrl+l")
        await screenful.ask(question)
    await screenful.press("ctrl+o")
    await shows(screenful, LIST, UNKNOWN, PLATFORMS)


async def searching(screenful: Screenful) -> None:
    await conversations(screenful)
    await screenful.press("slash")
    await screenful.press(*"驿站")
    await screenful.until(lambda: UNKNOWN not in screenful.text())


async def corpus(screenful: Screenful) -> None:
    await screenful.press("ctrl+b")
    await shows(screenful, "page-1.txt")


async def palette(screenful: Screenful) -> None:
    await screenful.ask_and_read(PLATFORMS)
    await screenful.press("ctrl+p")
    await screenful.until(lambda: len(screenful.app.screen_stack) > 2)
    await screenful.press(*"主题")
    await screenful.pilot.pause()


async def keys(screenful: Screenful) -> None:
    await screenful.press("f1")
    await screenful.until(lambda: len(screenful.app.screen_stack) > 2)


async def light(screenful: Screenful) -> None:
    screenful.app.theme = "light"
    await screenful.ask_and_read(PLATFORMS)
    await screenful.press("escape", "1")
    await shows(screenful, "[1]")


async def contrast(screenful: Screenful) -> None:
    screenful.app.theme = "contrast"
    await refusal(screenful)


PICTURES = {
    "answer": Picture(answer),
    "article": Picture(article, size=(80, 24)),
    "refusal": Picture(refusal),
    "explanation": Picture(explanation),
    "full": Picture(full),
    "conversations": Picture(conversations),
    "searching": Picture(searching),
    "corpus": Picture(corpus),
    "palette": Picture(palette),
    "keys": Picture(keys),
    "light": Picture(light, language="en"),
    "contrast": Picture(contrast, size=(80, 24)),
}


async def draw(picture: Picture, address: str, key: str, history: Path) -> str:
    """A picture as SVG: the screen that the steps lead to.

    Args:
        picture: which.
        address: of a server over the sample.
        key: of that server.
        history: the file that keeps the conversations.
    """
    async with ready(address, picture.size, picture.language, key, keeper=Keeper(history)) as screenful:
        await picture.steps(screenful)
        await screenful.pilot.wait_for_animation()
        screenful.app.query("Toast").remove()
        await screenful.pilot.pause()
        return set_wide(_FONTS.sub("", screenful.app.export_screenshot(title="wenbao chat", simplify=True)))


def set_wide(svg: str) -> str:
    """The picture with every character in its cell, however wide the fonts are of whoever looks at it.

    Rich, which draws it, gives each character one cell. Here characters of one cell and those of two are set apart from
    each other, each run at its place and as wide as its cells.
    """

    def widened(match: re.Match[str]) -> str:
        look, place, row, length, content = match.groups()
        text, column = html.unescape(content), float(place)
        cell = float(length) / len(text)
        drawn = []
        for width, group in itertools.groupby(text, cell_len):
            run = "".join(group)
            if run.strip():
                size = f'x="{column:.6g}" y="{row}" textLength="{cell * width * len(run):.6g}"'
                drawn.append(f'<text class="{look}" {size}>{html.escape(run, quote=False)}</text>')
            column += cell * width * len(run)
        return "".join(drawn)

    # Names and clippings of every line, which take half of the file, serve pages that hold several pictures.
    svg = re.sub(r"<clipPath id=\"[^\"]*-line-\d+\">.*?</clipPath>\s*", "", svg, flags=re.DOTALL)
    return re.sub(r"terminal-\d+", "t", _TEXT.sub(widened, svg))


async def photograph(vectors: Path, folder: Path) -> bytes:
    """`wenbao web` in a browser, as PNG; `folder` is where it runs."""
    with served(folder, "--vectors", str(vectors)) as (_, address, path):
        async with chromium.opened(f"{address}{path}", (1000, 620)) as page:
            await page.until("就绪", "向报纸提问")
            await page.compose("na xie cheng shi", PLATFORMS)
            await page.until(PLATFORMS)
            await page.press("Enter", 13, "\r")
            await page.until("邯郸市", "[1]", "抛绣球")
            return await page.picture()


async def _make(names: Sequence[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(vectors=Path(scratch, "vectors"))
        build_index(settings)
        with PrivateServer(settings) as (address, key):
            for name in names:
                if name in PICTURES:
                    drawn = await draw(PICTURES[name], address, key, Path(scratch, f"{name}.sqlite"))
                    (FOLDER / f"{name}.svg").write_text(drawn, encoding="utf-8")
        if "browser" in names and chromium.PROGRAM is None:
            sys.stderr.write("note: Chromium is not installed; the picture of a browser is left as it is\n")
        elif "browser" in names:
            (FOLDER / BROWSER).write_bytes(await photograph(settings.vectors, Path(scratch)))


def main(names: Sequence[str]) -> int:
    """Draws the pictures that are named, or all; returns the exit status."""
    every = [*PICTURES, "browser"]
    unknown = [name for name in names if name not in every]
    if unknown:
        sys.stderr.write(f"error: no picture is called {', '.join(unknown)}\nhint: there are {', '.join(every)}\n")
        return 2
    asyncio.run(_make(names or every))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
