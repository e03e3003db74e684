"""A headless Chromium, driven over its own protocol: opens a page, types, and tells what the terminal on it shows."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
"""Where it is; None where it is not installed."""
PATIENCE_S = 60.0
# The page keeps its terminal to itself. Its constructor sets `terminal` and then `fitAddon`: that is when it is caught.
_CATCH = """
Object.defineProperty(Object.prototype, 'fitAddon', {configurable: true, set(value) {
    window.shownTerminal = this.terminal;
    Object.defineProperty(this, 'fitAddon', {value, writable: true, configurable: true, enumerable: true});
}});
"""
_LINES = """
(() => { const buffer = window.shownTerminal?.buffer.active; if (!buffer) return [];
  return Array.from({length: window.shownTerminal.rows},
    (_, row) => buffer.getLine(buffer.viewportY + row)?.translateToString(true) ?? ''); })()
"""


class Page:
    """One page of a running Chromium."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.requested: list[str] = []
        """Every address that the page has asked for."""

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """A call of the DevTools protocol, and its result.

        Raises:
            RuntimeError: Chromium refuses it.
        """
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self._socket.receive()
                if message.type is not WSMsgType.TEXT:
                    raise RuntimeError(f"Chromium has gone away: {message}")
                told = json.loads(message.data)
                if told.get("method") in {"Network.requestWillBeSent", "Network.webSocketCreated"}:
                    about = told["params"]
                    self.requested.append(about.get("url") or about["request"]["url"])
                if told.get("id") == number:
                    if "error" in told:
                        raise RuntimeError(f"{method}: {told['error']}")
                    result: dict[str, Any] = told["result"]
                    return result

    async def open(self, address: str) -> None:
        for domain in ("Page", "Runtime", "Network"):
            await self.call(f"{domain}.enable")
        await self.call("Page.addScriptToEvaluateOnNewDocument", source=_CATCH)
        await self.call("Page.navigate", url=address)

    async def value(self, expression: str) -> Any:
        """What a script on the page comes to."""
        told = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return told["result"].get("value")

    async def lines(self) -> list[str]:
        """What stands on the terminal's screen."""
        lines: list[str] = await self.value(_LINES)
        return lines

    async def until(self, *words: str) -> str:
        """Waits until all of the words stand on the terminal's screen, and returns what does.

        Raises:
            TimeoutError: they do not; says what does.
        """
        text = ""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not (text and all(word in text for word in words)):
                    # The page draws a frame meanwhile, as long as it takes.
                    try:
                        await self.call("Runtime.evaluate", expression=_FRAME, awaitPromise=True)
                        text = "\n".join(await self.lines())
                    except RuntimeError as error:
                        if "navigated" not in str(error):  # a page that is left takes what was asked of it along
                            raise
                        text = ""
        except TimeoutError as error:
            raise TimeoutError(f"{words} are not on the page, which shows\n{text}") from error
        return text

    async def compose(self, reading: str, words: str) -> None:
        """Types as an input method does: shows what is composed, then puts the words in its place."""
        await self.call("Input.imeSetComposition", text=reading, selectionStart=len(reading), selectionEnd=len(reading))
        await self.call("Input.insertText", text=words)

    async def press(self, key: str, code: int, text: str = "", modifiers: int = 0) -> None:
        """A key on the keyboard; `modifiers` as the protocol has them, 2 is Ctrl."""
        named = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        await self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **named)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **named)

    async def picture(self) -> bytes:
        """The page as PNG."""
        told = await self.call("Page.captureScreenshot", format="png", optimizeForSpeed=False)
        return base64.b64decode(told["data"])


_FRAME = "new Promise(done => requestAnimationFrame(() => setTimeout(done, 20)))"


@asynccontextmanager
async def opened(address: str, size: tuple[int, int] = (1000, 640)) -> AsyncIterator[Page]:
    """A page with an address, in a Chromium of its own with an empty profile; `size` is its window in pixels."""
    assert PROGRAM is not None
    width, height = size
    with tempfile.TemporaryDirectory() as profile:
        process = subprocess.Popen(
            [
                PROGRAM,
                "--headless=new",
                "--no-sandbox",  # of the machines that test, many let nobody make the namespaces that it needs
                "--disable-dev-shm-usage",
                "--enable-unsafe-swiftshader",  # the page draws with WebGL, also where there is no graphics processor
                "--hide-scrollbars",
                "--no-first-run",
                "--remote-debugging-port=0",
                f"--user-data-dir={profile}",
                f"--window-size={width},{height}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            port = await asyncio.to_thread(_port, process)
            async with ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as response:
                    targets = await response.json()
                place = next(target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page")
                async with session.ws_connect(place, max_msg_size=0) as socket:
                    page = Page(socket)
                    await page.open(address)
                    yield page
        finally:
            process.terminate()
            await asyncio.to_thread(process.communicate)


def _port(process: subprocess.Popen[bytes]) -> str:
    """The port of the protocol, as Chromium tells it."""
    assert process.stderr is not None
    for line in process.stderr:
        if listening := re.search(rb"DevTools listening on ws://127\.0\.0\.1:(\d+)/", line):
            return listening[1].decode()
    raise RuntimeError(f"{PROGRAM} has ended with {process.wait()}")
