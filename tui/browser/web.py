"""The terminal UI in a browser: textual-serve, one process of the UI for each tab, and who may open one.

Whoever reaches the page types into a terminal of this user. So every request must show a key that only the printed
address holds (the first visit puts it into a cookie), name the host that it was printed with, and come from no other
site's page. Everything that the page loads comes from here: it works offline.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp_jinja2
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from textual_serve.app_service import AppService
from textual_serve.server import Server

from tui.i18n import Words

STOP_S = 3.0
"""How long the UI of a tab may take to leave before it is killed."""
FONT_SIZES = range(8, 41)
"""Pixels that `?fontsize=` may ask for."""
_FONT_SIZE = 16
_MOST_CELLS = 1000
"""More columns or rows than any screen has: they would only take memory."""
_PAGES = Path(__file__).parent / "pages"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may have the terminal."""

    key: str
    cookie: str
    """Name of the cookie that holds the key: of each port its own, for cookies know no ports."""
    names: frozenset[str] | None
    """Hosts that a request may name; None: any, where others may come under names that nobody knows here."""

    def complaint(self, request: web.Request) -> tuple[int, str] | None:
        """The status and the catalogue's key of why a request must not be answered; None where it may be."""
        if self.names is not None and _host_name(f"//{request.host}") not in self.names:
            return 421, "web.host"
        # A browser always tells where a page comes from that opens a socket; what is no browser has to say it as well.
        origin = request.headers.get("Origin", "" if request.path == "/ws" else None)
        if origin is not None and origin != f"http://{request.host}":
            return 403, "web.origin"
        if not (self.is_key(request.query.get("key")) or self.is_key(request.cookies.get(self.cookie))):
            return 401, "web.key"
        return None

    def is_key(self, given: str | None) -> bool:
        """Whether that is the key, found out in the same time whatever it is."""
        return given is not None and secrets.compare_digest(given.encode(), self.key.encode())


class Tab(AppService):
    """The process of one tab: started without a shell, ended with its tab, and its tab with it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], **passed: Any) -> None:
        super().__init__("", **passed)
        self._arguments = command
        self._given = environment

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        environment = self._build_environment(*map(_bounded, (width, height)))
        environment |= {"TEXTUAL_DRIVER": "tui.browser.tab:TabDriver", **self._given}
        self._process = await asyncio.create_subprocess_exec(
            *self._arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, start_new_session=True
        )
        self._stdin = self._process.stdin
        return self._process

    async def set_terminal_size(self, width: int, height: int) -> None:
        await super().set_terminal_size(_bounded(width), _bounded(height))

    async def run(self) -> None:
        await super().run()
        await self.remote_close()  # also where it has ended without saying so

    async def stop(self) -> None:
        process = self._process
        try:
            async with asyncio.timeout(STOP_S):
                await super().stop()
                if process is not None:
                    await process.wait()
        except TimeoutError:
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()


class TerminalServer(Server):
    """textual-serve behind a guard, with a page of our own.

    Args:
        command: starts the UI of a tab.
        environment: variables that it is given beside ours; secrets go here, for every user sees a command line.
        guard: who may have it.
        words: the page's words.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], guard: Guard, words: Words) -> None:
        super().__init__("", templates_path=_PAGES)
        self._arguments = command
        self._environment = environment
        self._guard = guard
        self._words = words
        self._sockets: set[web.WebSocketResponse] = set()

    async def make_app(self) -> web.Application:
        """The application, for a runner of whoever serves it."""
        app = await self._make_app()
        app.router.add_get("/page.js", _script)
        app.middlewares.append(self._guarded())
        app.on_response_prepare.append(_harden)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Says nothing: the command line tells the address."""

    async def on_shutdown(self, app: web.Application) -> None:  # noqa: ARG002  # the base class's signature
        """Ends every session."""
        await asyncio.gather(*(socket.close() for socket in list(self._sockets)))

    def _guarded(self) -> Middleware:
        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            complaint = self._guard.complaint(request)
            if complaint is not None:
                status, words = complaint
                return web.Response(status=status, text=self._words(words))
            if "key" in request.query:
                # Out of the address bar and the history, into a cookie that no script and no other site gets.
                moved = web.Response(status=303, headers={"Location": request.path})
                moved.set_cookie(self._guard.cookie, self._guard.key, httponly=True, samesite="Strict")
                return moved
            return await handler(request)

        return guarded

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page with the terminal."""
        asked = request.query.get("fontsize", "")
        size = int(asked) if asked.isdecimal() and int(asked) in FONT_SIZES else _FONT_SIZE
        texts = {
            name: self._words(key)
            for name, key in {
                "title": "web.title",
                "starting": "web.starting",
                "closed": "web.closed",
                "again": "web.again",
                "no_script": "web.no_script",
                "failed": "web.failed",
            }.items()
        }
        context = {**texts, "language": self._words.language, "font_size": size, "socket": f"ws://{request.host}/ws"}
        return aiohttp_jinja2.render_template("app_index.html", request, context)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """The socket of a tab: what is typed goes to a process of its own, what that draws comes back."""
        websocket = web.WebSocketResponse(heartbeat=15)
        await websocket.prepare(request)
        self._sockets.add(websocket)
        tab = Tab(
            self._arguments,
            self._environment,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=websocket.close,
            download_manager=self.download_manager,
        )
        try:
            await tab.start(*(_cells(request.query.get(name, "")) for name in ("width", "height")))
            await self._process_messages(websocket, tab)
        finally:
            self._sockets.discard(websocket)
            await tab.stop()
        return websocket


def serve(
    listener: socket.socket,
    command: Sequence[str],
    environment: Mapping[str, str],
    words: Words,
    *,
    is_open: bool = False,
    on_ready: Callable[[str], None],
) -> None:
    """Serves the terminal UI on a socket until the process is told to end.

    Args:
        listener: a bound socket that listens.
        command: starts the UI of a tab, connected to a server that they share.
        environment: variables that it is given; the key of that server belongs here.
        words: the page's words.
        is_open: whether the machine's own names are not the only ones that it may be called by.
        on_ready: told the path to open, the key with it, once the socket answers.

    Raises:
        KeyboardInterrupt: it was ended by Ctrl-C.
    """
    key, port = secrets.token_urlsafe(24), listener.getsockname()[1]
    guard = Guard(key, f"wenbao-{port}", None if is_open else _LOOPBACK)
    server = TerminalServer(command, environment, guard, words)
    if asyncio.run(_serve(server, listener, lambda: on_ready(f"/?key={key}"))) == signal.SIGINT:
        raise KeyboardInterrupt


async def _serve(server: TerminalServer, listener: socket.socket, on_ready: Callable[[], None]) -> int:
    """Serves until a signal comes, and returns it."""
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, _tell, told, number)
    runner = web.AppRunner(await server.make_app(), access_log=None, shutdown_timeout=2 * STOP_S)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        on_ready()
        return await told
    finally:
        await runner.cleanup()


def _tell(told: asyncio.Future[int], number: int) -> None:
    if not told.done():
        told.set_result(number)


async def _script(request: web.Request) -> web.FileResponse:  # noqa: ARG001  # aiohttp's signature
    return web.FileResponse(_PAGES / "page.js")


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Content-Security-Policy"] = _POLICY.format(host=request.host)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"


def _cells(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else 80


def _bounded(cells: int) -> int:
    return max(1, min(int(cells), _MOST_CELLS))


def _host_name(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
