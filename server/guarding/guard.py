"""What stands before the routes: who may call, from where, and how much a request may hold.

In this order, so that nothing is read for a caller who may not call: the names in the request
(`server.guarding.origins`), the key and its role (`server.guarding.keys`), the body, a place among the requests worked
on, the time (`server.guarding.limits`). What is turned away is answered by `refuse`, and by nothing else.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping
from functools import partial

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.errors import SettingsError
from rag.settings import SETTINGS_FILE, Settings
from server.errors import plain_problem, problem_of, problem_response
from server.guarding.keys import Keyring, Role, plain_in_file
from server.guarding.limits import Body, Places, replay, run_timed
from server.guarding.origins import Origins
from server.inert import inert
from server.refusals import Forbidden, Refusal, TooLate, TooMany
from server.schemas import Problem

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json"})
"""Answered without a key, and however many requests there are. Every other path is guarded, known or not."""
CORPUS_PATH = "/v1/corpus/"

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="wenbao"'}
_log = logging.getLogger(__name__)


def is_loopback(host: str) -> bool:
    """True when only this machine can reach what is bound to `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_binding(settings: Settings) -> None:
    """Refuses to serve what would be open to those that it should not be; warns of keys that lie about.

    Raises:
        SettingsError: `host` is not loopback, or `cors_origins` has every site, and `api_keys` is empty; or one of the
            keys is no key.
    """
    if not Keyring.of(settings):
        if not is_loopback(settings.host):
            raise SettingsError(
                f"host is {settings.host or 'every address'}, which others can reach, and no api_keys are set.",
                hint="Set WENBAO_API_KEYS to one or more keys, or leave host at 127.0.0.1.",
            )
        if "*" in settings.cors_origins:
            raise SettingsError(
                "cors_origins is *, so that the pages of every site may call, and no api_keys are set.",
                hint="Set WENBAO_API_KEYS to one or more keys, or name the sites.",
            )
    if plain := plain_in_file(settings):
        _log.warning(
            "%d of the api_keys stand in %s as they are, for everyone who can read it; `wenbao key hash` makes what "
            "may stand there instead",
            plain,
            SETTINGS_FILE,
        )


async def refuse(
    scope: Scope, receive: Receive, send: Send, problem: Problem, headers: Mapping[str, str] | None = None
) -> None:
    """Answers a request that no route gets to see. The one way in which the guard answers."""
    await problem_response(problem, headers)(scope, receive, send)


class Guard:
    """ASGI middleware that turns away what the routes should not see, each with a problem.

    Args:
        app: the application behind it.
        settings: keys, names and limits.

    Raises:
        SettingsError: one of the keys is no key.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._keys = Keyring.of(settings)
        self._origins = Origins(settings.host, settings.cors_origins, keyed=bool(self._keys))
        self._places = Places(settings.max_concurrent)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        send = inert(self._origins.opened(headers, send))
        preflight = self._origins.preflight(scope["method"], headers)
        if preflight is not None and not isinstance(preflight, Problem):
            await preflight(scope, receive, send)
            return
        problem = preflight or self._origins.problem(headers)
        if problem is None and scope["path"] not in OPEN_PATHS:
            problem = self._key_problem(scope, headers)
        if problem is not None:
            await refuse(scope, receive, send, problem, _CHALLENGE if problem.status == 401 else None)
            return
        try:
            await self._admit(scope, self._body(scope, headers, receive), send)
        except Refusal as refusal:
            await refuse(scope, receive, send, problem_of(refusal))

    def _key_problem(self, scope: Scope, headers: Headers) -> Problem | None:
        if not self._keys:
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        role = self._keys.role_of(given.strip().encode("latin-1")) if scheme.lower() == "bearer" else None
        if role is None:
            detail = "The key is not one that this server accepts." if given else "This server asks for a key."
            return plain_problem("unauthorized", 401, detail, "Send the header `Authorization: Bearer KEY`.")
        if role is Role.READ and _writes(scope["method"], scope["path"]):
            forbidden = Forbidden(
                f"{scope['method']} {scope['path'][:200]} needs a key that may write, and this one may read.",
                hint="Use a key with the role write: `wenbao key new --role write` makes one.",
            )
            return problem_of(forbidden)
        return None

    def _body(self, scope: Scope, headers: Headers, receive: Receive) -> Body:
        limits = self._settings
        if _is_upload(scope):
            most, advice = limits.max_upload_bytes, "Cut the file; the server's setting is max_upload_bytes."
        else:
            most, advice = limits.max_body_bytes, "Send a shorter history; the server's setting is max_body_bytes."
        return Body(receive, headers, most, limits.body_timeout_s, advice)

    async def _admit(self, scope: Scope, body: Body, send: Send) -> None:
        """Has the application answer.

        Raises:
            Refusal: the body goes beyond a bound, or there is no place left.
        """
        if _is_upload(scope):
            receive: Receive = body.receive
        else:
            messages = await body.read()
            if messages is None:
                return  # nobody is there to be answered
            receive = replay(messages, body.receive)
        if scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        if not self._places.take():
            raise TooMany(
                f"{self._settings.max_concurrent:,} requests are being worked on, and no more are taken.",
                hint="Ask again in a second; the server's setting is max_concurrent.",
            )
        try:
            seconds = self._settings.request_timeout_s + (body.patience if _is_upload(scope) else 0)
            await run_timed(self._app, scope, receive, send, seconds, partial(self._tell_late, scope, receive, send))
        finally:
            self._places.give_back()

    async def _tell_late(self, scope: Scope, receive: Receive, send: Send) -> None:
        late = TooLate(
            f"The reply had not begun after {self._settings.request_timeout_s:g} seconds, and will not come.",
            hint="Ask for less; the server's setting is request_timeout_s.",
        )
        await refuse(scope, receive, send, problem_of(late))


def _is_upload(scope: Scope) -> bool:
    return scope["method"] == "PUT" and str(scope["path"]).startswith(CORPUS_PATH)


def _writes(method: str, path: str) -> bool:
    """True for what changes the corpus or the index. An MCP session is ended with DELETE, which changes neither."""
    return path.startswith("/v1/") and (method in {"PUT", "DELETE", "PATCH"} or (method, path) == ("POST", "/v1/index"))
