"""A server for one client on this machine: a process of its own, a free loopback port, a key that nobody else has.

The parent opens the listening socket and hands it down, so the address is known at once and early calls simply wait.
The child lives as long as its standard input is open: it ends with its parent, however that ends. POSIX only, for the
socket is inherited.
"""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rag.errors import ServerError
from server.process.sockets import base_url, bind

if TYPE_CHECKING:
    from rag.settings import Settings

_HOST = "127.0.0.1"
STOP_S = 15.0
"""How long the child may take to stop by itself: requests under way and an index job's step come to their end."""
_PATIENCE_S = 5
"""What the child gives requests under way: the one who asked is about to go."""
RUNS_S = 10.0
"""A process that has not run for as long is not started again at once: it would most likely end as soon."""
_STDERR_TAIL = 2_000
_ROOT = Path(__file__).resolve().parents[2]
# Not `-m server`: that would take a package called server from the working folder, whoever's it is.
_CHILD = "import sys; sys.path.append(sys.argv[1]); from server.__main__ import main; sys.exit(main(sys.argv[2:]))"


class PrivateServer:
    """Context manager that runs the server and gives `(base_url, api_key)`. Entering it does not wait for anything.

    Args:
        settings: as for `serve`; host, port and keys are replaced. Or only those that flags give: then the child reads
            the others itself, and the parent is spared the half second that loading what reads them takes.
    """

    def __init__(self, settings: Settings | Mapping[str, object]) -> None:
        self._settings = settings
        self._key = secrets.token_urlsafe(32)
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._address = ("", self._key)
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  # closed by stop()

    def __enter__(self) -> tuple[str, str]:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> tuple[str, str]:
        """Starts the process.

        Returns:
            The base address and the key to call it with.

        Raises:
            ServerError: the process cannot be started.
        """
        self._started_at = time.monotonic()
        with bind(_HOST, 0) as listener:
            port = listener.getsockname()[1]
            try:
                self._process = self._spawn(listener)
                if self._process.stdin is not None:
                    self._process.stdin.write(_packed(self._settings, self._key, port) + b"\n")
                    self._process.stdin.flush()
            except OSError as error:
                self.stop()
                raise ServerError(f"cannot start a server: {error}", hint="Run `wenbao doctor`.") from error
        self._address = base_url(_HOST, port), self._key
        return self._address

    def revive(self) -> tuple[str, str]:
        """Starts the process again, at another address, where it has ended: it was killed for its memory, perhaps.

        Returns:
            The base address and the key to call it with now.

        Raises:
            ServerError: it cannot be started, or was so less than `RUNS_S` ago; then with the last it said.
        """
        if self._process is None or self._process.poll() is None:
            return self._address
        if time.monotonic() - self._started_at < RUNS_S:
            self.check()
        self._process.communicate()
        return self.start()

    def check(self) -> None:
        """Tells whether the process still runs, for a client that cannot reach it.

        Raises:
            ServerError: it has ended, with the last it said.
        """
        if self._process is not None and self._process.poll() is not None:
            raise ServerError(
                f"The private server has ended with status {self._process.returncode}. {self._last_words()}".strip(),
                hint="Start `wenbao chat` again; `wenbao doctor` looks for the cause.",
            )

    def stop(self) -> None:
        """Ends the process and waits for it. Stopping twice is as good as once."""
        process, self._process = self._process, None
        if process is not None:
            try:
                process.communicate(timeout=STOP_S)  # closes its standard input
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
        self._stderr.close()

    def _spawn(self, listener: socket.socket) -> subprocess.Popen[bytes]:
        descriptor = listener.fileno()
        return subprocess.Popen(  # noqa: S603  # our own interpreter and code
            [sys.executable, "-P", "-c", _CHILD, str(_ROOT), "--inherit", str(descriptor)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._stderr,
            pass_fds=[descriptor],
            start_new_session=True,  # the client's Ctrl-C is not the server's
        )

    def _last_words(self) -> str:
        self._stderr.seek(0)
        return self._stderr.read()[-_STDERR_TAIL:].decode("utf-8", "replace").strip()


def run_inherited(descriptor: int) -> None:
    """The child's part: serves on the inherited socket until standard input ends, by the settings on its first line."""
    from server.state import build_state

    state = build_state(_unpacked(sys.stdin.buffer.readline()))
    state.live.open()  # the model loads outside Python's lock, and meanwhile what serves is imported

    from server.process.run import make_server

    server = make_server(state, on_ready=lambda: None)

    def stop_with_parent() -> None:
        sys.stdin.buffer.read()
        server.should_exit = True

    threading.Thread(target=stop_with_parent, daemon=True).start()
    with socket.socket(fileno=descriptor) as listener:
        server.run(sockets=[listener])


def _packed(settings: Settings | Mapping[str, object], key: str, port: int) -> bytes:
    """Settings on one line, keys in the clear: they go through a pipe that only the two processes hold."""
    values = dict(settings)
    for name, value in values.items():
        if hasattr(value, "get_secret_value"):
            values[name] = value.get_secret_value()
    given = {"host": _HOST, "port": port, "api_keys": key, "shutdown_timeout_s": _PATIENCE_S}
    return json.dumps(values | given, default=str).encode()


def _unpacked(line: bytes) -> Settings:
    from rag.settings import load_settings

    return load_settings(**json.loads(line))
