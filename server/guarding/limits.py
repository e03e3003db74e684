"""How much a request may hold, how long it may take, and how many are worked on at once.

A body is read whole before a route sees it, within bounds of size and time; only an upload is handed on piece by piece,
under the same bounds. A reply must have begun in time: what is late goes on in its thread, unheard, and holds its
place until it ends, so that late work cannot pile up behind replies that were sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.errors import InputError
from rag.settings import Settings
from rag.types import Turn
from server.refusals import TooLarge, TooSlow

BODY_RATE = 50_000
"""Bytes that buy a body another second."""

_log = logging.getLogger(__name__)


def check_talk(settings: Settings, question: str, history: Sequence[Turn] = ()) -> None:
    """Lets a question and its conversation through if they are within the limits set.

    Raises:
        InputError: one of them is longer; it says which.
    """
    found = {
        "max_question_chars": (len(question), settings.max_question_chars, "characters of the question"),
        "max_history_turns": (len(history), settings.max_history_turns, "earlier messages"),
        "max_history_chars": (
            sum(len(turn.content) for turn in history),
            settings.max_history_chars,
            "characters of earlier messages",
        ),
    }
    for name, (given, most, what) in found.items():
        if given > most:
            raise InputError(
                f"{given:,} {what} are more than the {most:,} that this server takes",
                hint=f"Send less: leave out what came first. The server's setting is {name}.",
            )


class Body:
    """The body of one request, within its bounds.

    Args:
        receive: where it comes from.
        most: bytes that it may hold.
        seconds: time that it may take, beside a second for every `BODY_RATE` bytes.
        advice: what to do about one that is too large.
    """

    def __init__(self, receive: Receive, headers: Headers, most: int, seconds: float, advice: str) -> None:
        self._receive = receive
        self._most = most
        self._seconds = seconds
        self._began = asyncio.get_running_loop().time()
        self._size = 0
        self._ended = False
        self._too_large = TooLarge(f"The request holds more than {most:,} bytes.", hint=advice)
        declared = headers.get("content-length", "")
        self._is_declared_larger = declared.isdecimal() and int(declared) > most

    @property
    def patience(self) -> float:
        """Seconds that the largest body may take."""
        return self._seconds + self._most / BODY_RATE

    async def receive(self) -> Message:
        """The next message, as ASGI has it.

        Raises:
            TooLarge: the body goes beyond its bound, or says so before it comes.
            TooSlow: it has not come in time.
        """
        if self._ended:
            return await self._receive()
        if self._is_declared_larger:
            raise self._too_large
        try:
            async with asyncio.timeout_at(self._began + self._seconds + self._size / BODY_RATE):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow(
                f"The request's body did not come within {self._seconds:g} seconds.",
                hint="Send it again, on a faster line; the server's setting is body_timeout_s.",
            ) from None
        self._size += len(message.get("body", b""))
        if self._size > self._most:
            raise self._too_large
        self._ended = not message.get("more_body", False)
        return message

    async def read(self) -> list[Message] | None:
        """Every message; None when the caller went away before the end of its body.

        Raises:
            TooLarge: as `receive`.
            TooSlow: as `receive`.
        """
        messages = []
        while not self._ended:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                return None
            messages.append(message)
        return messages


def replay(messages: Sequence[Message], receive: Receive) -> Receive:
    """Hands out what has been read, then what comes after it."""
    waiting = iter(messages)

    async def again() -> Message:
        for message in waiting:
            return message
        return await receive()

    return again


class Places:
    """As many requests as are worked on at once. Only for one event loop."""

    def __init__(self, most: int) -> None:
        self._free = most

    def take(self) -> bool:
        """Takes a place if one is free; then give it back."""
        if not self._free:
            return False
        self._free -= 1
        return True

    def give_back(self) -> None:
        """Frees a place that was taken."""
        self._free += 1


async def run_timed(
    app: ASGIApp, scope: Scope, receive: Receive, send: Send, seconds: float, on_late: Callable[[], Awaitable[None]]
) -> None:
    """Runs an application whose reply must begin within `seconds`, or else `on_late` sends another.

    Returns once the application has ended, late or not; nothing of a late reply is sent.
    """
    begun = False
    late: asyncio.Task[None] | None = None

    async def told() -> None:
        _log.warning("%s %s took longer than %g s and is answered no more", scope["method"], scope["path"], seconds)
        await on_late()

    def fire() -> None:
        nonlocal late
        if not begun:
            late = asyncio.ensure_future(told())

    async def watch(message: Message) -> None:
        nonlocal begun
        if late is None:
            begun = True
            await send(message)

    timer = asyncio.get_running_loop().call_later(seconds, fire)
    try:
        await app(scope, receive, watch)
    finally:
        timer.cancel()
        if late is not None:
            await late
