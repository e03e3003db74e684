"""Which names the server answers to, and which sites' pages may call it.

Without keys whoever can reach the server may use it, and so might any page in a browser on this machine: by a name of
its own that it makes lead to loopback (DNS rebinding), or as a foreign origin. So the Host must be a name of this
machine, and the Origin as well, or one of `cors_origins`. With keys neither is asked: a page does not know the key, a
browser does not add it by itself, and behind a proxy the server goes by any name. Whether a page may *read* a reply is
the browser's to enforce, by the CORS headers here: none are sent but to `cors_origins`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import Message, Send

from server.errors import plain_problem
from server.schemas import Problem

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_METHODS = "GET, POST, PUT, DELETE"
_EXPOSED = "ETag, Location, Retry-After, WWW-Authenticate, X-Request-ID"
_PREFLIGHT_S = 600
"""How long a browser may remember that it may call."""
_HEADER_NAMES = re.compile(r"[A-Za-z0-9\-, ]{0,2000}")


class Origins:
    """The rules of one server.

    Args:
        host: the address that it binds to.
        allowed: origins whose pages may call it; `*` for all.
        keyed: True when it asks for keys.
    """

    def __init__(self, host: str, allowed: Collection[str], keyed: bool) -> None:
        self._names = _LOOPBACK_NAMES | {host.lower()}
        self._allowed = frozenset(allowed)
        self._keyed = keyed

    def problem(self, headers: Headers) -> Problem | None:
        """Why a request must not be answered, by the names in it."""
        if self._keyed:
            return None
        hint = "Call it by the name localhost, or set api_keys to open it to other names."
        if _host_name(f"//{headers.get('host', '')}") not in self._names:
            return plain_problem("misdirected", 421, "Without keys this server answers to localhost only.", hint)
        origin = headers.get("origin")
        if origin is not None and not self._is_listed(origin) and _host_name(origin) not in self._names:
            return plain_problem(
                "foreign-origin",
                403,
                "Without keys this server serves no other site's pages.",
                "Name the site in cors_origins, or set api_keys.",
            )
        return None

    def preflight(self, method: str, headers: Headers) -> Response | Problem | None:
        """The reply to a browser that asks whether a page may call; None for any other request, or with CORS off."""
        if not self._allowed or method != "OPTIONS" or "access-control-request-method" not in headers:
            return None
        if not self._is_listed(headers.get("origin", "")):
            return plain_problem(
                "foreign-origin", 403, "The page's site is none of cors_origins.", "Add it there to let it call."
            )
        asked = headers.get("access-control-request-headers", "")
        return Response(
            status_code=204,
            headers={
                "Access-Control-Allow-Methods": _METHODS,
                "Access-Control-Allow-Headers": asked if _HEADER_NAMES.fullmatch(asked) else "",
                "Access-Control-Max-Age": str(_PREFLIGHT_S),
            },
        )

    def opened(self, headers: Headers, send: Send) -> Send:
        """A `send` that tells the browser of a listed site that its page may read the reply."""
        if not self._allowed:
            return send
        origin = headers.get("origin", "")
        granted = ("*" if "*" in self._allowed else origin) if self._is_listed(origin) else ""

        async def open_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                reply = MutableHeaders(scope=message)
                reply.add_vary_header("Origin")
                if granted:
                    reply["Access-Control-Allow-Origin"] = granted
                    reply["Access-Control-Expose-Headers"] = _EXPOSED
            await send(message)

        return open_and_send

    def _is_listed(self, origin: str) -> bool:
        return origin in self._allowed or (bool(origin) and "*" in self._allowed)


def _host_name(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
