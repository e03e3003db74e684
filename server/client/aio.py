"""`AsyncWenbao`: the API of one server, for programs that do other things meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from server.client import calls
from server.client.calls import Call, FiltersLike, Reply, TurnLike
from server.client.errors import ConnectionFailed, RefreshFailed
from server.client.events import EventReader, StreamEvent
from server.client.refreshing import LOOK_SECONDS, Wait, report_of
from server.client.retries import Retries, RetryPolicy
from server.client.transport import REPLY_SECONDS, arguments, options, read, refusal, translated
from server.schemas import (
    AnswererChoice,
    ArticleDetail,
    ArticleOut,
    ArticlesResponse,
    AskResponse,
    CorpusFileOut,
    HealthOut,
    IndexOut,
    JobOut,
    Mode,
    PlacesResponse,
    ReadyOut,
    ReportOut,
    SearchResponse,
    SourcesResponse,
)


class AsyncAnswerStream:
    """The events of an answer as they come. Closing it ends the work on the server, and so does the end of
    an `async with`.

    Iterate once. `reply` is the whole reply once the last event has come, None before.
    """

    def __init__(self, response: httpx.Response, where: str) -> None:
        self._response = response
        self._where = where
        self._events = self._read()
        self.reply: AskResponse | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __aiter__(self) -> AsyncIterator[StreamEvent]:
        return self._events

    async def __anext__(self) -> StreamEvent:
        return await anext(self._events)

    async def close(self) -> None:
        """Lets go of the connection. Closing twice is as good as once."""
        await self._events.aclose()
        await self._response.aclose()

    async def _read(self) -> AsyncGenerator[StreamEvent, None]:
        reader = EventReader(self._where)
        try:
            with translated(self._where):
                async for chunk in self._response.aiter_bytes():
                    for event in reader.feed(chunk):
                        if isinstance(event, AskResponse):
                            self.reply = event
                        yield event
            if self.reply is None:
                raise ConnectionFailed("The stream ended before the answer did.", where=self._where, hint="Ask again.")
        finally:
            await self._response.aclose()


class AsyncWenbao:
    """Calls the API of one server. Use it as a context manager, or close it; for one event loop.

    Args:
        base_url: address of the server, such as `http://127.0.0.1:8000`.
        api_key: sent as a bearer token; None where the server is open.
        timeout: seconds to wait for a reply, and for each event of a stream; or httpx's own kind.
        retries: what follows when the server is too busy or still loading.
        on_wait: told the seconds before each pause of `retries`.
        transport: another transport than the network.
        pause: waits so many seconds.

    Raises:
        UsageError: the address or the key cannot be used.
    """

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8000",
        api_key: str | None = None,
        *,
        timeout: float | httpx.Timeout = REPLY_SECONDS,
        retries: RetryPolicy | None = None,
        on_wait: Callable[[float], object] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._http = httpx.AsyncClient(**options(base_url, api_key, timeout), transport=transport)
        self.base_url = str(self._http.base_url).rstrip("/")
        self._retries = retries or Retries()
        self._on_wait = on_wait
        self._pause = pause

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    # ------------------------------------------------------------------------------------------------------- asking

    async def search(
        self,
        query: str,
        *,
        top_k: int = 10,
        mode: Mode = "hybrid",
        filters: FiltersLike | None = None,
        explain: bool = False,
    ) -> SearchResponse:
        """The passages that fit a query best."""
        return await self._call(calls.search(query, top_k, mode, filters, explain))

    async def ask(
        self,
        question: str,
        *,
        history: Sequence[TurnLike] = (),
        top_k: int = 10,
        filters: FiltersLike | None = None,
        answerer: AnswererChoice = "auto",
        explain: bool = False,
    ) -> AskResponse:
        """A cited answer, or an honest refusal; `history` is the conversation before it, oldest first."""
        return await self._call(calls.ask(question, history, top_k, filters, answerer, explain))

    async def ask_stream(
        self,
        question: str,
        *,
        history: Sequence[TurnLike] = (),
        top_k: int = 10,
        filters: FiltersLike | None = None,
        answerer: AnswererChoice = "auto",
        explain: bool = False,
    ) -> AsyncAnswerStream:
        """As `ask`, piece by piece: what was found, then the text as it comes, each citation at its mark."""
        call = calls.ask(question, history, top_k, filters, answerer, explain, stream=True)
        response = await self._send(call, stream=True)
        where = self._where(call)
        refused = refusal(response, where)
        if refused is not None:
            raise refused
        return AsyncAnswerStream(response, where)

    # ----------------------------------------------------------------------------------------------------- articles

    async def articles(
        self,
        *,
        source: str | None = None,
        place: str | None = None,
        q: str | None = None,
        date_from: str | None = None,
        date_to: str | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[ArticleOut]:
        """Every article of the listing, in corpus order; the pages are fetched as they are needed."""
        cursor: str | None = None
        while True:
            page = await self.articles_page(
                source=source,
                place=place,
                q=q,
                date_from=date_from,
                date_to=date_to,
                limit=page_size,
                cursor=cursor,
            )
            for article in page.items:
                yield article
            cursor = page.next_cursor
            if cursor is None:
                return

    async def articles_page(
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
        """One page of the listing; `next_cursor` of the page before gives the next."""
        return await self._call(calls.articles(source, place, q, date_from, date_to, limit, cursor))

    async def sources(self, *, under: str = "", limit: int = 100, cursor: str | None = None) -> SourcesResponse:
        """The folders and files in a folder of the corpus, which ends in `/`, or at its top; one page of them."""
        return await self._call(calls.sources(under, limit, cursor))

    async def places(self, *, q: str | None = None, under: str | None = None, limit: int = 20) -> PlacesResponse:
        """The places that most articles are about: whose name holds `q`, and which lie right below `under`."""
        return await self._call(calls.places(q, under, limit))

    async def article(self, article_id: str) -> ArticleDetail:
        """One article with its text.

        Raises:
            NotFound: no article has this id.
        """
        return await self._call(calls.article(article_id))

    # -------------------------------------------------------------------------------------------------- the index

    async def index(self) -> IndexOut:
        """The loaded generation and the running refresh."""
        return await self._call(calls.index())

    async def start_refresh(self) -> JobOut:
        """Starts a refresh of the index, or names the one that runs, which may have begun before the last change."""
        return await self._call(calls.start_refresh())

    async def wait_for_refresh(
        self, job: JobOut, *, on_progress: Callable[[JobOut], object] | None = None, timeout: float | None = None
    ) -> ReportOut:
        """Waits for the end of a refresh, and tells each look at it.

        Raises:
            RefreshFailed: it ended without success, or the server was started anew.
            TimedOut: it takes longer than `timeout` seconds; it goes on.
        """
        wait = Wait(job, self.base_url, timeout)
        while True:
            now = wait.look(await self.index())
            if on_progress is not None:
                on_progress(now)
            if now.state != "running":
                return report_of(now, self.base_url)
            await self._pause(LOOK_SECONDS)

    async def refresh(
        self, *, on_progress: Callable[[JobOut], object] | None = None, timeout: float | None = None
    ) -> ReportOut:
        """Brings the index up to date with the corpus as it is now, and waits for that.

        A refresh that runs already is waited for first: it may have read the corpus before the last change.
        """
        while True:
            call = calls.start_refresh()
            response = await self._send(call)
            job = read(call, response, self._where(call))
            if response.status_code == httpx.codes.ACCEPTED:
                return await self.wait_for_refresh(job, on_progress=on_progress, timeout=timeout)
            try:
                await self.wait_for_refresh(job, on_progress=on_progress, timeout=timeout)
            except RefreshFailed:
                continue  # ours is still to come, and tells by itself whether it fails

    # ------------------------------------------------------------------------------------------------- the corpus

    async def upload(
        self, path: str, content: bytes | Path, *, overwrite: bool = True, refresh: bool = False
    ) -> CorpusFileOut:
        """Puts a file into the corpus, whole or not at all.

        Args:
            path: where, below the corpus; folders are made.
            content: its bytes, or the file that has them.
            overwrite: whether it may take the place of another.
            refresh: starts a refresh of the index too; unless the server watches its corpus, one is needed for the
                file to be found.

        Raises:
            UsageError: `path` does not lie below the corpus.
            Conflict: there is a file already, and `overwrite` is false.
            Forbidden: the server takes no uploads, or not with this key.
        """
        held = await asyncio.to_thread(content.read_bytes) if isinstance(content, Path) else content
        return await self._call(calls.upload(path, held, overwrite, refresh))

    async def delete(self, path: str, *, refresh: bool = False) -> None:
        """Takes a file out of the corpus; its articles are found until the next refresh.

        Raises:
            NotFound: there is no such file.
            Forbidden: as for `upload`.
        """
        await self._call(calls.delete(path, refresh))

    # --------------------------------------------------------------------------------------------------- the server

    async def health(self) -> HealthOut:
        """Whether the process answers."""
        return await self._call(calls.health())

    async def ready(self) -> ReadyOut:
        """Returns once an index is loaded.

        Raises:
            Unavailable: none is, and waiting does not help.
        """
        return await self._call(calls.ready())

    def _where(self, call: Call[Reply]) -> str:
        return f"{self.base_url}{call.path}"

    async def _call(self, call: Call[Reply]) -> Reply:
        return read(call, await self._send(call), self._where(call))

    async def _send(self, call: Call[Reply], *, stream: bool = False) -> httpx.Response:
        """The reply to a call, sent again as `retries` has it; a refusal is read, a stream is not."""
        tries = 1
        while True:
            with translated(self.base_url):
                response = await self._http.send(self._http.build_request(**arguments(call)), stream=stream)
                if stream and not response.is_success:
                    await response.aread()
                    await response.aclose()
            seconds = self._retries.pause(tries, response) if call.is_safe and response.is_error else None
            if seconds is None:
                return response
            if self._on_wait is not None:
                self._on_wait(seconds)
            await self._pause(seconds)
            tries += 1
