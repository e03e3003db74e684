"""The connection to the server: opened behind the first frame, tried until an index is loaded, and again on demand.

Nothing here touches a widget; what happens is told to the screen through callbacks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.schemas import IndexOut
    from tui.remote.client import Client, ClientError

Connect = Callable[[], tuple[str, str | None]]
"""Returns the server's address and key; may take its time, it runs in a thread of its own. Called before each try.

Whatever it raises is shown in words, with the exception's `hint` where it has one.
"""

RETRY_SECONDS = 3.0


class Link:
    """Holds the client, and whether the server can be asked.

    Args:
        connect: gives address and key.
        pause: waits so many seconds; replaced in tests.
    """

    on_state: Callable[[str, str], object]
    """Told each change: a key of the catalogue (`link.…`) and the address that it is about."""
    on_trouble: Callable[[ClientError], object]
    """Told why the server cannot be asked; it is tried again in a while."""

    def __init__(self, connect: Connect, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._connect = connect
        self.on_state = lambda _key, _where: None
        self.on_trouble = lambda _error: None
        self._pause = pause
        self._client: Client | None = None
        self._address: tuple[str, str | None] | None = None
        self._outdated: list[Client] = []
        """Clients of addresses where the server is not any more; calls of theirs may be under way still."""
        self._ready = asyncio.Event()
        self._hurry = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether the server can be asked."""
        return self._ready.is_set()

    @property
    def pause(self) -> Callable[[float], Awaitable[None]]:
        """Waits so many seconds, as this connection does."""
        return self._pause

    async def client(self) -> Client:
        """The client, as soon as the server can be asked."""
        await self._ready.wait()
        assert self._client is not None  # noqa: S101  # set before the event is
        return self._client

    async def establish(self) -> IndexOut:
        """Connects and waits for the index, as often as it takes.

        Returns:
            The index that the server has loaded.
        """
        self._ready.clear()
        self.on_state("link.opening", "")
        # Imported late and in a thread: httpx and pydantic take 200 ms that the first frame does not wait for.
        error_type = await asyncio.to_thread(_client_error)
        while True:
            self._hurry.clear()
            try:
                index = await self._try()
            except error_type as error:
                self.on_state("link.broken", error.where)
                self.on_trouble(error)
                await self._pause_or_hurry()
            else:
                self.on_state("link.ready", "")
                self._ready.set()
                return index

    def hurry(self) -> None:
        """Tries again now instead of after the pause."""
        self._hurry.set()

    async def close(self) -> None:
        """Closes the connections."""
        for client in (*self._outdated, self._client):
            if client is not None:
                await client.close()

    async def _try(self) -> IndexOut:
        # Asked each time: a server that has ended may have been started again, somewhere else.
        address = await asyncio.to_thread(self._where)
        if self._client is None or address != self._address:
            client = await asyncio.to_thread(self._open, *address)
            if self._client is not None:
                self._outdated.append(self._client)
            self._client, self._address = client, address
        self.on_state("link.connecting", self._client.base_url)
        await self._client.ready()
        # Anyone may ask whether the server is ready; this call finds out whether it takes the key.
        return await self._client.index()

    def _where(self) -> tuple[str, str | None]:
        from tui.remote.client import ClientError, Trouble

        try:
            return self._connect()
        except Exception as error:  # the contract of `Connect`: the server's start may fail in any way, and is shown
            raise ClientError(Trouble.START, "", str(error), getattr(error, "hint", "")) from error

    def _open(self, base_url: str, api_key: str | None) -> Client:
        from tui.remote.client import Client

        return Client(base_url, api_key, on_wait=self._loading, pause=self._pause)

    def _loading(self) -> None:
        self.on_state("link.loading", "")

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
    from tui.remote.client import ClientError

    return ClientError
