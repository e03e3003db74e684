"""Calls to Milvus: the client loaded when first needed, retried by itself, its errors told as ours.

The client is one for a process and an address. While nobody answers, a call is tried again with growing pauses until
its patience is over; then it fails as `StoreUnavailable`, and the next call tries anew: a server that is back is used.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any

from rag.errors import IndexDamaged, StoreError, StoreUnavailable
from rag.index.milvus.address import Address

TOKEN = "WENBAO_STORE_TOKEN"  # noqa: S105  # the variable's name
"""Environment variable that holds `user:password`, or a key."""
READ_S = 3.0
"""Seconds that a search is tried for while nobody answers: a server that restarts may take less, a reader waits."""
WRITE_S = 60.0
"""Seconds that a batch of writing is tried for: a run of hours should outlive a restart."""
CALL_S = 60.0
"""Seconds that one call may take where somebody does answer."""

_NOISY = ("pymilvus", "milvus_lite", "grpc._server")
"""They log every error that they raise, and Milvus Lite every call that it does not know, with a traceback."""
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0
_NO_COLLECTION = 100
_NOT_LOADED = 101
_NOT_CONNECTED = 2
_clients: dict[str, Any] = {}
_connecting = threading.Lock()


class NotLoaded(StoreError):
    """Milvus holds the collection and does not have it at hand, as after a restart of Milvus Lite."""


class Connection:
    """Calls the client of one address. Opens nothing until it is used.

    Args:
        address: of the Milvus server, or the file of Milvus Lite.
    """

    def __init__(self, address: Address) -> None:
        self.address = address

    def call(self, method: str, *arguments: Any, patience: float | None = None, **options: Any) -> Any:
        """What a method of `pymilvus.MilvusClient` returns.

        Args:
            patience: seconds for which it is tried again while nobody answers; None is that of a search.

        Raises:
            StoreUnavailable: no server answers there, or not in time.
            IndexDamaged: the collection is gone.
            NotLoaded: it has to be loaded first.
            StoreError: the client is not installed, or the server refused the call.
        """
        end, pause = time.monotonic() + (READ_S if patience is None else patience), _FIRST_PAUSE_S
        while True:
            try:
                return getattr(_client(self.address), method)(*arguments, timeout=CALL_S, **options)
            except StoreError:
                raise
            except Exception as error:
                told = self._told(error)
                if not isinstance(told, StoreUnavailable) or self.address.is_file or time.monotonic() + pause > end:
                    raise told from error
                _forget(self.address)
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _told(self, error: Exception) -> StoreError:
        """Ours for one of the client's; what is no error of the client's is raised as it is."""
        import grpc
        from pymilvus.exceptions import MilvusException

        if isinstance(error, grpc.RpcError) or _is_away(error):
            return unavailable(self.address, error)
        if not isinstance(error, MilvusException):
            raise error
        if error.code == _NO_COLLECTION:
            return IndexDamaged(
                f"Milvus at {self.address} does not hold this index any more: {error.message}",
                hint="Build it anew: `wenbao index --anew`.",
            )
        kind = NotLoaded if error.code == _NOT_LOADED or "call load()" in str(error.message) else StoreError
        return kind(f"Milvus at {self.address} refused a call: {error.message}", hint="The log of Milvus says more.")


def disconnect(address: Address) -> None:
    """Closes the client of an address; of Milvus Lite, also lets go of its file, for another process."""
    if _forget(address) and address.is_file:
        from milvus_lite import server_manager_instance

        server_manager_instance.release_server(address.uri)


def _forget(address: Address) -> bool:
    """Has the next call connect anew; False where nobody was connected."""
    with _connecting:
        client = _clients.pop(address.uri, None)
    if client is not None:
        client.close()
    return client is not None


def unavailable(address: Address, error: Exception) -> StoreUnavailable:
    """Says which address does not answer, and what to do."""
    reason = " ".join(str(getattr(error, "message", "") or error).split())[:200]
    if address.is_file:
        return StoreUnavailable(
            f"the Milvus Lite file {address.uri} cannot be opened: {reason}",
            hint="One process at a time can open it. End the other one, or serve the file to several: "
            f"`milvus-lite server --data-dir {address.uri}`, and set store to milvus://127.0.0.1:19530.",
        )
    return StoreUnavailable(
        f"Milvus at {address} does not answer: {reason}",
        hint="Start it, or look at the address in `store`, the network and WENBAO_STORE_TOKEN; nothing is lost.",
    )


def _is_away(error: Exception) -> bool:
    """True where the client gave up on a server that is not there, or does not answer."""
    import grpc
    from pymilvus.exceptions import ConnectError, ConnectionConfigException, MilvusException, MilvusUnavailableException

    if isinstance(error, ConnectError | ConnectionConfigException | MilvusUnavailableException | OSError):
        return True
    code = error.code if isinstance(error, MilvusException) else None
    return code == _NOT_CONNECTED or isinstance(code, grpc.StatusCode) or isinstance(error.__cause__, grpc.RpcError)


def _client(address: Address) -> Any:
    """The process's client of an address, connected at the first call."""
    with _connecting:
        if address.uri not in _clients:
            _clients[address.uri] = _connected(address)
        return _clients[address.uri]


def _connected(address: Address) -> Any:
    try:
        import pymilvus

        if address.is_file:
            import milvus_lite  # noqa: F401  # named here, where its absence is told
    except ImportError as error:
        raise StoreError(
            f"store is {address}, and the package {error.name or 'pymilvus'} is not installed",
            hint="Install it: `pip install 'wenbao[milvus]'`.",
        ) from error
    for name in _NOISY if address.is_file else _NOISY[:1]:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return pymilvus.MilvusClient(uri=address.uri, token=os.environ.get(TOKEN, ""), timeout=CALL_S)
