"""The API as the terminal sees it: the client that every program may use, with failures as kinds that have words.

A server that is still loading (503 with Retry-After) is waited for; everything else that goes wrong is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from enum import StrEnum
from types import TracebackType
from typing import Self

import httpx

from server.client import (
    AsyncAnswerStream,
    AsyncWenbao,
    ConnectionFailed,
    ProblemError,
    TimedOut,
    UsageError,
    WenbaoError,
)
from server.client.transport import checked_address
from server.schemas import (
    AnswererChoice,
    ArticleDetail,
    ArticlesResponse,
    AskResponse,
    FiltersIn,
    IndexOut,
    JobOut,
    Mode,
    PlacesResponse,
    ReadyOut,
    SearchResponse,
    SourcesResponse,
    TurnIn,
)

QUICK_TRIES, QUICK_PAUSE = 30, 0.1
"""How often, and after how many seconds, a server is asked again at first: one that has just started is soon ready."""
MAX_PAUSE = 5.0
"""Longest pause between two tries, whatever Retry-After says: a reader is waiting."""


_NO_PROBLEM = "about:blank"
"""The type of a problem that is made of a status only, where the reply holds none."""


class Trouble(StrEnum):
    """Kinds of failure; the interface has words for each."""

    ADDRESS = "address"
    """The address is not one."""
    UNREACHABLE = "unreachable"
    BROKEN = "broken"
    """The connection broke while an answer was coming."""
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


class WhileLoading:
    """Has a server that is still loading asked until it has loaded, however long that takes."""

    def pause(self, tries: int, response: httpx.Response) -> float | None:
        """Seconds to wait before the next try; None where the reply is not "still loading"."""
        if response.status_code != httpx.codes.SERVICE_UNAVAILABLE or "Retry-After" not in response.headers:
            return None
        if tries <= QUICK_TRIES:
            return QUICK_PAUSE
        given = response.headers["Retry-After"]
        return min(float(given), MAX_PAUSE) if given.isdecimal() else 1.0


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
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.base_url = _checked(base_url)
        try:
            self._api = AsyncWenbao(
                self.base_url,
                api_key,
                retries=WhileLoading(),
                on_wait=lambda _: on_wait() if on_wait is not None else None,
                transport=transport,
                pause=pause,
            )
        except UsageError as error:  # the address is good, so it is the key
            raise ClientError(Trouble.KEY, self.base_url) from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections."""
        await self._api.close()

    async def ready(self) -> ReadyOut:
        """Returns once an index is loaded."""
        with self._told():
            return await self._api.ready()

    async def ask(
        self,
        question: str,
        history: Sequence[TurnIn] = (),
        *,
        top_k: int = 10,
        filters: FiltersIn | None = None,
        answerer: AnswererChoice = "auto",
        explain: bool = False,
    ) -> AskResponse:
        """Asks a question; `history` is the conversation before it, oldest first."""
        with self._told():
            return await self._api.ask(
                question, history=history, top_k=top_k, filters=filters, answerer=answerer, explain=explain
            )

    @asynccontextmanager
    async def asking(
        self, question: str, history: Sequence[TurnIn] = (), *, filters: FiltersIn | None = None
    ) -> AsyncIterator[AsyncAnswerStream]:
        """Asks a question whose answer comes piece by piece. Leaving the block early ends the work on the server."""
        with self._told():
            stream = await self._api.ask_stream(question, history=history, filters=filters)
            async with stream:
                try:
                    yield stream
                except ConnectionFailed as error:
                    raise ClientError(Trouble.BROKEN, self.base_url, error.detail) from error

    async def search(
        self, query: str, *, top_k: int = 10, mode: Mode = "hybrid", filters: FiltersIn | None = None
    ) -> SearchResponse:
        """Finds passages."""
        with self._told():
            return await self._api.search(query, top_k=top_k, mode=mode, filters=filters)

    async def article(self, article_id: str) -> ArticleDetail:
        """One article with its text."""
        with self._told():
            return await self._api.article(article_id)

    async def articles(
        self,
        *,
        source: str | None = None,
        place: str | None = None,
        q: str | None = None,
        date_from: str | None = None,
        date_to: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> ArticlesResponse:
        """One page of the listing."""
        with self._told():
            return await self._api.articles_page(
                source=source, place=place, q=q, date_from=date_from, date_to=date_to, limit=limit, cursor=cursor
            )

    async def sources(self, *, under: str = "", limit: int = 100, cursor: str | None = None) -> SourcesResponse:
        """The folders and files in a folder of the corpus, or at its top; one page of them."""
        with self._told():
            return await self._api.sources(under=under, limit=limit, cursor=cursor)

    async def places(self, *, q: str | None = None, under: str | None = None, limit: int = 20) -> PlacesResponse:
        """The places that most articles are about, by their names or by the place that they lie in."""
        with self._told():
            return await self._api.places(q=q, under=under, limit=limit)

    async def index(self) -> IndexOut:
        """The loaded generation and the running refresh."""
        with self._told():
            return await self._api.index()

    async def start_index(self) -> JobOut:
        """Starts a refresh of the index, or names the running one."""
        with self._told():
            return await self._api.start_refresh()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Failures of a call as kinds."""
        try:
            yield
        except TimedOut as error:
            raise ClientError(Trouble.TIMEOUT, self.base_url, error.detail) from error
        except ConnectionFailed as error:
            raise ClientError(Trouble.UNREACHABLE, self.base_url, error.detail) from error
        except ProblemError as error:
            raise _problem(error) from error
        except WenbaoError as error:
            raise ClientError(Trouble.REPLY, error.where, error.detail, status=error.status) from error


def _problem(error: ProblemError) -> ClientError:
    """A reply that is no success, as what it means to a reader."""
    match error.status:
        case httpx.codes.UNAUTHORIZED:
            # The server's hint is for who writes programs; ours says where a reader gives the key.
            return ClientError(Trouble.KEY, error.where, error.detail, status=error.status)
        case httpx.codes.FORBIDDEN:
            kind = Trouble.KEY
        case int(status) if httpx.codes.is_client_error(status) and error.type == _NO_PROBLEM:
            kind = Trouble.REPLY  # our servers say what is wrong with a request; this one is of another kind, or time
        case _:
            kind = Trouble.PROBLEM
    return ClientError(kind, error.where, error.detail, error.hint, error.status)


def _checked(base_url: str) -> str:
    try:
        return checked_address(base_url)
    except UsageError as error:
        raise ClientError(Trouble.ADDRESS, base_url) from error
