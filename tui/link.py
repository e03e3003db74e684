"""The connection to the server: opened behind the first frame, tried until an index is loaded, and again on demand.

Nothing here touches a widget; what happens is told to the screen through callbacks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.client import Client, ClientError

Connect = Callable[[], tuple[str, str | None]]
"""Returns the server's address and key; may take its time, it runs in a thread of its own.

Whatever it raises is shown in words, with the exception's `hint` where it has one.
"""

RETRY_SECONDS = 3.0


class Link:
    """Holds the client, and whether the server can be asked.

    Args:
        connect: gives address and key.
        on_state: told each change: a key of the catalogue (`link.…`) and the address.
        on_trouble: told why the server cannot be asked; it is tried again in a while.
        pause: waits so many seconds; replaced in tests.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        on_state: Callable[[str, str], None],
        on_trouble: Callable[[ClientError], None],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._connect = connect
        self._on_state = on_state
        self._on_trouble = on_trouble
        self._pause = pause
        self._client: Client | None = None
        self._ready = asyncio.Event()
        self._hurry = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether the server can be asked."""
        return self._ready.is_set()

    async def client(self) -> Client:
        """The client, as soon as the server can be asked."""
        await self._ready.wait()
        assert self._client is not None  # noqa: S101  # set before the event is
        return self._client

    async def establish(self) -> Client:
        """Connects and waits for the index, as often as it takes.

        Returns:
            The client of a server that has an index loaded.
        """
        self._ready.clear()
        self._on_state("link.opening", "")
        # Imported late and in a thread: httpx and pydantic take 200 ms that the first frame does not wait for.
        error_type = await asyncio.to_thread(_client_error)
        while True:
            self._hurry.clear()
            try:
                await self._try()
            except error_type as error:
                self._on_state("link.broken", error.where)
                self._on_trouble(error)
                await self._pause_or_hurry()
            else:
                assert self._client is not None  # noqa: S101  # _try has set it
                self._on_state("link.ready", self._client.base_url)
                self._ready.set()
                return self._client

    def hurry(self) -> None:
        """Tries again now instead of after the pause."""
        self._hurry.set()

    async def close(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            await self._client.close()

    async def _try(self) -> None:
        if self._client is None:
            self._client = await asyncio.to_thread(self._open)
            self._client.on_wait = self._loading
        self._on_state("link.connecting", self._client.base_url)
        await self._client.ready()

    def _open(self) -> Client:
        from tui.client import Client, ClientError, Trouble

        try:
            base_url, api_key = self._connect()
        except Exception as error:  # the contract of `Connect`: the server's start may fail in any way, and is shown
            raise ClientError(Trouble.START, "", str(error), getattr(error, "hint", "")) from error
        return Client(base_url, api_key)

    def _loading(self) -> None:
        assert self._client is not None  # noqa: S101  # it is the client that says so
        self._on_state("link.loading", self._client.base_url)

    async def _pause_or_hurry(self) -> None:
        pause = asyncio.ensure_future(self._pause(RETRY_SECONDS))
        hurry = asyncio.ensure_future(self._hurry.wait())
        try:
            await asyncio.wait({pause, hurry}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiting in (pause, hurry):
                waiting.cancel()
            await asyncio.gather(pause, hurry, return_exceptions=True)


def _client_error() -> type[ClientError]:
    from tui.client import ClientError

    return ClientError
