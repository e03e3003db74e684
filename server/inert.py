"""Replies whose text cannot steer the terminal that it is read on, as by a curl in a shell.

JSON escapes only the control characters of ASCII by itself. The others, and those that turn the direction of writing,
are sent as escapes too: whoever parses the reply gets every character as it stands in the paper.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from rag.steering import inert_json

_KINDS = ("application/json", "application/problem+json", "text/event-stream")
"""Only within the strings of JSON can these characters stand, so they can be escaped without reading it."""


def inert(send: Send) -> Send:
    """A `send` that escapes what steers a terminal in JSON, whole or in events."""
    applies = False
    held: Message | None = None

    async def escape_and_send(message: Message) -> None:
        nonlocal applies, held
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            applies = headers.get("content-type", "").startswith(_KINDS)
            if applies and "content-length" in headers:
                held = message  # the length may grow
                return
        elif applies and message["type"] == "http.response.body":
            body = _escaped(message.get("body", b""))
            if held is not None:
                start, held = held, None
                if message.get("more_body", False):
                    del MutableHeaders(scope=start)["content-length"]
                else:
                    MutableHeaders(scope=start)["content-length"] = str(len(body))
                await send(start)
            message = {**message, "body": body}
        await send(message)

    return escape_and_send


def _escaped(body: bytes) -> bytes:
    # A piece may begin or end within a character, which then passes as it is.
    return inert_json(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
