"""The API as the terminal sees it: httpx in, wire models out, `ClientError` on failure.

A server that is still loading (503 with Retry-After) is waited for; everything else that goes wrong is said in words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlsplit

import httpx
from pydantic import BaseModel, ValidationError

from server.schemas import (
    AnswererChoice,
    ArticleDetail,
    ArticlesResponse,
    AskRequest,
    AskResponse,
    FiltersIn,
    IndexOut,
    JobOut,
    Mode,
    Problem,
    ReadyOut,
    SearchRequest,
    SearchResponse,
    TurnIn,
)

Reply = TypeVar("Reply", bound=BaseModel)

CONNECT_SECONDS = 5.0
REPLY_SECONDS = 180.0
"""A language model on a slow machine may take minutes for an answer."""
MAX_PAUSE = 5.0
"""Longest pause between two tries, whatever Retry-After says: a reader is waiting."""


class Trouble(StrEnum):
    """Kinds of failure; the interface has words for each."""

    ADDRESS = "address"
    """The address is not one."""
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    KEY = "key"
    """The server wants a key, or another one."""
    PROBLEM = "problem"
    """The server says what is wrong, in `detail`."""
    REPLY = "reply"
    """The reply is not what wenbao's API sends."""
    START = "start"
    """The server could not be started at all."""


class ClientError(Exception):
    """A call that failed.

    Args:
        kind: what kind of failure.
        where: the address that was called.
        detail: what is wrong, in the server's or the network's words; may be empty.
        hint: what to do next, in the server's words; empty where it gives none.
        status: the HTTP status; None where no reply came.
    """

    def __init__(self, kind: Trouble, where: str, detail: str = "", hint: str = "", status: int | None = None) -> None:
        super().__init__(f"{kind}: {where}: {detail}" if detail else f"{kind}: {where}")
        self.kind = kind
        self.where = where
        self.detail = detail
        self.hint = hint
        self.status = status


class Client:
    """Calls the API of one server.

    Args:
        base_url: address of the server, such as `http://127.0.0.1:8000`.
        api_key: sent as a bearer token; None where the server is open.
        on_wait: told before each pause while the server is loading.
        transport: another transport than the network, for tests.
        pause: waits so many seconds; replaced in tests.

    Raises:
        ClientError: the address or the key cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        on_wait: Callable[[], None] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.base_url = _checked_address(base_url)
        self._on_wait = on_wait
        self._pause = pause
        if api_key is not None and not (api_key.isascii() and api_key.isprintable()):
            raise ClientError(Trouble.KEY, self.base_url)
        self._http = httpx.AsyncClient(
            base_url=self.base_url,
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx.Timeout(REPLY_SECONDS, connect=CONNECT_SECONDS),
            transport=transport,
            # A proxy from the environment cannot reach a loopback address.
            trust_env=not _is_loopback(self.base_url),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def ready(self) -> ReadyOut:
        """Returns once an index is loaded."""
        return await self._call(ReadyOut, "GET", "/readyz")

    async def ask(
        self,
        question: str,
        history: Sequence[TurnIn] = (),
        *,
        top_k: int = 10,
        filters: FiltersIn | None = None,
        answerer: AnswererChoice = "auto",
    ) -> AskResponse:
        """Asks a question; `history` is the conversation before it, oldest first."""
        request = AskRequest.model_construct(
            question=question, history=list(history), top_k=top_k, filters=filters, answerer=answerer
        )
        return await self._call(AskResponse, "POST", "/v1/ask", request)

    async def search(
        self, query: str, *, top_k: int = 10, mode: Mode = "hybrid", filters: FiltersIn | None = None
    ) -> SearchResponse:
        """Finds passages."""
        request = SearchRequest.model_construct(query=query, top_k=top_k, mode=mode, filters=filters)
        return await self._call(SearchResponse, "POST", "/v1/search", request)

    async def article(self, article_id: str) -> ArticleDetail:
        """One article with its text."""
        return await self._call(ArticleDetail, "GET", f"/v1/articles/{quote(article_id, safe='')}")

    async def articles(
        self,
        *,
        source: str | None = None,
        place: str | None = None,
        q: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> ArticlesResponse:
        """One page of the listing."""
        asked = {"source": source, "place": place, "q": q, "limit": limit, "cursor": cursor}
        params = {name: value for name, value in asked.items() if value is not None}
        return await self._call(ArticlesResponse, "GET", "/v1/articles", params=params)

    async def index(self) -> IndexOut:
        """The loaded generation and the running refresh."""
        return await self._call(IndexOut, "GET", "/v1/index")

    async def start_index(self) -> JobOut:
        """Starts a refresh of the index, or names the running one."""
        return await self._call(JobOut, "POST", "/v1/index")

    async def _call(
        self,
        reply: type[Reply],
        method: str,
        path: str,
        body: BaseModel | None = None,
        params: dict[str, Any] | None = None,
    ) -> Reply:
        """Sends a request until the server has loaded, and reads the reply."""
        json = body.model_dump(mode="json", exclude_none=True) if body is not None else None
        while True:
            response = await self._send(method, path, json, params)
            seconds = _retry_after(response)
            if seconds is None:
                break
            if self._on_wait is not None:
                self._on_wait()
            await self._pause(seconds)
        where = f"{self.base_url}{path}"
        if response.is_error or response.is_redirect:
            raise _refusal(response, where)
        try:
            return reply.model_validate_json(response.content)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"])
            detail = f"{field}: {first['msg']}" if field else first["msg"]
            raise ClientError(Trouble.REPLY, where, detail, status=response.status_code) from error

    async def _send(self, method: str, path: str, json: Any, params: dict[str, Any] | None) -> httpx.Response:
        try:
            return await self._http.request(method, path, json=json, params=params)
        except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
            raise ClientError(Trouble.TIMEOUT, self.base_url, str(error)) from error
        except httpx.HTTPError as error:
            raise ClientError(Trouble.UNREACHABLE, self.base_url, str(error)) from error


def _checked_address(base_url: str) -> str:
    """The address without what the paths bring along."""
    address = base_url.strip().rstrip("/").removesuffix("/v1")
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ClientError(Trouble.ADDRESS, base_url)
    return address


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds to wait before the next try; None where the reply is not "still loading"."""
    if response.status_code != httpx.codes.SERVICE_UNAVAILABLE or "Retry-After" not in response.headers:
        return None
    given = response.headers["Retry-After"]
    return min(float(given), MAX_PAUSE) if given.isdecimal() else 1.0


def _problem(response: httpx.Response) -> Problem:
    """The problem that a reply carries, or one made of its status where it carries none."""
    try:
        return Problem.model_validate_json(response.content)
    except ValidationError:
        return Problem(
            type="about:blank",
            title=response.reason_phrase,
            status=response.status_code,
            detail=f"{response.status_code} {response.reason_phrase}".strip(),
        )


def _refusal(response: httpx.Response, where: str) -> ClientError:
    problem = _problem(response)
    unauthorised = response.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
    fields = [f"{error.field}: {error.message}" for error in problem.errors or ()]
    detail = "; ".join([problem.detail or problem.title, *fields])
    return ClientError(
        Trouble.KEY if unauthorised else Trouble.PROBLEM, where, detail, problem.hint or "", response.status_code
    )
