"""Work in a thread for a client that may go away, and the server-sent events that such work writes.

The work is called off the moment its client is gone, and the reply ends only when the thread has: what the work holds
(a place in the pool, a connection to a language model) is free again then.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TypeVar

from anyio import CancelScope, to_thread
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.types import Receive, Send

from rag.cancellation import Cancellation
from rag.errors import Cancelled

HEARTBEAT_S = 10.0
"""Silence after which a comment is sent, so that proxies keep the connection and a client that has gone is noticed."""
HEARTBEAT = ": heartbeat\n\n"
CLIENT_GONE = 499
"""Status of a reply that nobody is there to read; it stands in logs and figures only."""
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

EVENT_SCHEMA = {
    "type": "object",
    "description": "One event of the stream.",
    "properties": {
        "event": {"type": "string", "description": "Its name, where it has one."},
        "data": {"type": "string", "description": "JSON on one line."},
    },
    "required": ["data"],
}
"""What OpenAPI says of each event."""

# A piece of an answer ends behind a mark, a sentence or a line.
_PIECE = re.compile(r".+?(?:(?:\[\d+\])+|[。！？!?\n]+(?!\[\d)|\Z)", re.DOTALL)
# These end a line for many readers of event streams though not for the format, and JSON leaves them as they are.
_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}

Tell = Callable[[str], None]
"""Takes a piece of the stream; to be called in the thread of the work."""
Work = Callable[[Tell, Cancellation], None]
Result = TypeVar("Result")

_log = logging.getLogger(__name__)


def event(data: BaseModel | str, *, name: str | None = None, exclude_none: bool = False) -> str:
    """One event as it is sent: its name, where it has one, and its data on one line."""
    body = data if isinstance(data, str) else data.model_dump_json(exclude_none=exclude_none)
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {body.translate(_LINE_ENDS)}\n\n"


def pieces(answer: str) -> list[str]:
    """An answer cut behind marks, sentences and lines; joined, the pieces are the answer."""
    return _PIECE.findall(answer)


class EventStream(StreamingResponse):
    """Sends what `work` tells, piece by piece, with heartbeats where it is silent.

    Args:
        work: runs in a thread; the status is sent already, so it tells its own errors. What it raises is logged, and
            the stream then ends without an end of its own, which clients take for a broken connection.
    """

    def __init__(self, work: Work) -> None:
        self._told = _told(work)
        super().__init__(self._told, media_type="text/event-stream", headers=STREAM_HEADERS)

    async def stream_response(self, send: Send) -> None:
        # A client that goes away while something is being sent leaves the generator where it stands: it is closed here.
        async with aclosing(self._told):
            await super().stream_response(send)


async def _told(work: Work) -> AsyncGenerator[str, None]:
    """What the work tells, as it comes, and heartbeats. Closing it calls the work off and waits for its thread."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    cancellation = Cancellation()

    def tell(piece: str | None) -> None:
        loop.call_soon_threadsafe(queue.put_nowait, piece)

    def run() -> None:
        try:
            work(tell, cancellation)
        except Cancelled:
            _log.info("a streamed answer was called off: its client has gone")
        finally:
            tell(None)

    worker = asyncio.create_task(to_thread.run_sync(run))
    try:
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    piece = await queue.get()
            except TimeoutError:
                yield HEARTBEAT
                continue
            if piece is None:
                break
            yield piece
    finally:
        cancellation.cancel()
        with CancelScope(shield=True):
            await worker


async def run_while_heard(work: Callable[[Cancellation], Result], receive: Receive) -> Result:
    """Runs work in a thread, and calls it off when the client goes away.

    Args:
        work: its errors are raised here.
        receive: the request's, whose body has been read.

    Raises:
        Cancelled: the client has gone.
    """
    cancellation = Cancellation()

    async def listen() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        cancellation.cancel()

    listener = asyncio.create_task(listen())
    try:
        return await to_thread.run_sync(work, cancellation)
    finally:
        cancellation.cancel()
        listener.cancel()
