"""What stands before the routes: who may call, from where, and how much a request may hold.

In this order, so that nothing is read for a caller who may not call: the Host and Origin headers (a server that is open
on loopback must not answer pages that a browser brought from elsewhere), the key, the size of the body.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.errors import SettingsError
from rag.settings import Settings
from server.errors import plain_problem, problem_response
from server.schemas import Problem

MAX_BODY_BYTES = 1_000_000
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """True when only this machine can reach what is bound to `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_binding(settings: Settings) -> None:
    """Refuses to serve the network without keys.

    Raises:
        SettingsError: `host` is not loopback and `api_keys` is empty.
    """
    if not settings.api_keys and not is_loopback(settings.host):
        raise SettingsError(
            f"host is {settings.host or 'every address'}, which others can reach, and no api_keys are set.",
            hint="Set WENBAO_API_KEYS to one or more keys, or leave host at 127.0.0.1.",
        )


class Guard:
    """ASGI middleware that turns away what the routes should not see, each with a problem.

    Args:
        app: the application behind it.
        keys: accepted keys; empty: /v1 is open, to callers that name this machine as their host.
        host: the address that the server binds to.
    """

    def __init__(self, app: ASGIApp, keys: Collection[str], host: str) -> None:
        self._app = app
        self._keys = [key.encode() for key in keys]
        self._names = _LOOPBACK_NAMES | {host.lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        problem = self._key_problem(scope, headers) if self._keys else self._host_problem(headers)
        if problem is None:
            body = await _read(receive, headers)
            if isinstance(body, Problem):
                problem = body
            else:
                await self._app(scope, _replay(body, receive), send)
                return
        challenge = {"WWW-Authenticate": 'Bearer realm="wenbao"'} if problem.status == 401 else {}
        await problem_response(problem, challenge)(scope, receive, send)

    def _key_problem(self, scope: Scope, headers: Headers) -> Problem | None:
        path = scope["path"]
        if path != "/v1" and not path.startswith("/v1/"):
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        key = given.strip().encode("latin-1")
        # Every key is compared, in constant time each, so that the time tells nothing.
        matches = [hmac.compare_digest(key, accepted) for accepted in self._keys]
        if scheme.lower() == "bearer" and any(matches):
            return None
        detail = "The key is not one that this server accepts." if given else "This server asks for a key."
        return plain_problem("unauthorized", 401, detail, "Send the header `Authorization: Bearer KEY`.")

    def _host_problem(self, headers: Headers) -> Problem | None:
        hint = "Call it by the name localhost, or set api_keys to open it to other names."
        if _host_name(f"//{headers.get('host', '')}") not in self._names:
            return plain_problem("misdirected", 421, "Without keys this server answers to localhost only.", hint)
        origin = headers.get("origin")
        if origin is not None and _host_name(origin) not in self._names:
            return plain_problem("foreign-origin", 403, "Without keys this server serves no other site's pages.", hint)
        return None


def _host_name(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


async def _read(receive: Receive, headers: Headers) -> list[Message] | Problem:
    """The messages of a whole body, or the problem that it is too large; that is told before it is all read."""
    too_large = plain_problem(
        "too-large", 413, f"The request holds more than {MAX_BODY_BYTES:,} bytes.", "Send a shorter history."
    )
    declared = headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
        return too_large
    messages: list[Message] = []
    size = 0
    while True:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if size > MAX_BODY_BYTES:
            return too_large
        if not message.get("more_body", False):
            return messages


def _replay(messages: list[Message], receive: Receive) -> Receive:
    """Hands out what has been read, then what comes after it."""
    waiting = iter(messages)

    async def again() -> Message:
        for message in waiting:
            return message
        return await receive()

    return again
