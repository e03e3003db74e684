"""A program in a pseudo-terminal, and what stands on its screen: for measuring and testing it as a user has it.

What the program writes is read by a thread as it comes, drawn by a terminal emulator, and kept with the time of its
arrival. POSIX only.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import pexpect
import pyte
from wcwidth import wcwidth

PATIENCE_S = 60.0


class Terminal:
    """Context manager that starts a program on a terminal of its own, and leaves nothing of it running.

    Args:
        command: the program and its arguments.
        size: columns and rows.
        environment: what it is given beside this process's variables.
        folder: where it runs; None: here.
    """

    def __init__(
        self,
        command: Sequence[str],
        size: tuple[int, int] = (80, 24),
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        columns, rows = size
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._changed = threading.Condition()
        self.written = bytearray()
        """All that the program has written."""
        self.is_drawing = True
        """False: what is written is kept and not drawn, for drawing takes time from a program that is measured."""
        self.arrivals: list[float] = []
        """When each piece of it came, on `time.perf_counter`'s clock."""
        self.started = time.perf_counter()
        # A size among the variables, where readline puts it, would count for more than that of the terminal.
        inherited = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
        self.process = pexpect.spawn(
            command[0],
            list(command[1:]),
            env={**inherited, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})},
            cwd=folder,
            dimensions=(rows, columns),
            echo=False,
            timeout=PATIENCE_S,
        )
        self.process.delaybeforesend = None
        self._waking, self._wake = os.pipe()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.isalive():
            self.process.kill(signal.SIGTERM)
            self._reader.join(PATIENCE_S)
        self.hang_up()

    @property
    def pid(self) -> int:
        return int(self.process.pid)

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row of the terminal's cursor."""
        return self._screen.cursor.x, self._screen.cursor.y

    def lines(self) -> list[str]:
        """What stands on the screen, a double-width character as one."""
        with self._changed:
            return [self._line(row).rstrip() for row in range(self._screen.lines)]

    def text(self) -> str:
        return "\n".join(self.lines())

    def send(self, keys: str) -> float:
        """Types, and tells when."""
        now = time.perf_counter()
        self.process.send(keys)
        return now

    def resize(self, columns: int, rows: int) -> None:
        """Changes the terminal's size, of which the program is told by a signal."""
        with self._changed:
            self._screen.resize(rows, columns)
        self.process.setwinsize(rows, columns)

    def hang_up(self) -> None:
        """Closes the terminal, as closing its window does."""
        if self._wake >= 0:
            # As long as somebody reads of it, the system keeps it open.
            os.close(self._wake)
            self._wake = -1
            self._reader.join(PATIENCE_S)
            os.close(self._waking)
        self.process.close(force=True)

    def until(self, condition: Callable[[], object], patience: float | None = None) -> float:
        """Waits until something is so, looking each time the program has written.

        Returns:
            When the writing came that made it so, on `time.perf_counter`'s clock.

        Raises:
            TimeoutError: it was not so in time; says what stands on the screen.
        """
        deadline = time.perf_counter() + (PATIENCE_S if patience is None else patience)
        with self._changed:
            while not condition():
                left = deadline - time.perf_counter()
                if left <= 0 or (not self._reader.is_alive() and not condition()):
                    raise TimeoutError(f"it did not come to that; the screen shows\n{self.text()}")
                self._changed.wait(min(left, 1.0))
            return self.arrivals[-1] if self.arrivals else time.perf_counter()

    def shows(self, *words: str) -> Callable[[], bool]:
        """Whether all of the words stand on the screen, for `until`."""
        return lambda: all(word in self.text() for word in words)

    def wait(self) -> int:
        """Waits for the program to end by itself, and returns its exit status; negative: the signal that ended it.

        Raises:
            TimeoutError: it does not end.
        """
        self._reader.join(PATIENCE_S)
        if self._reader.is_alive():
            raise TimeoutError(f"it does not end; the screen shows\n{self.text()}")
        self.process.wait()
        status, number = self.process.exitstatus, self.process.signalstatus
        return int(status) if status is not None else -int(number or 0)

    def _line(self, row: int) -> str:
        """A line of the screen; pyte's own fails on half a wide character that was written over."""
        drawn, column = [], 0
        while column < self._screen.columns:
            char = self._screen.buffer[row][column].data or " "
            drawn.append(char)
            column += 2 if wcwidth(char[0]) == 2 else 1
        return "".join(drawn)

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self.process.child_fd, self._waking], [], [])
            if self._waking in ready:
                return
            try:
                data = os.read(self.process.child_fd, 65536)
            except OSError:  # the program has ended, or the terminal is closed
                data = b""
            now = time.perf_counter()
            with self._changed:
                if data:
                    self.written += data
                    self.arrivals.append(now)
                    if self.is_drawing:
                        self._stream.feed(data)
                self._changed.notify_all()
            if not data:
                return


def ended(*pids: int) -> None:
    """Waits for processes to end, whoever their parents are now.

    Raises:
        TimeoutError: one does not.
    """
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if not select.select([descriptor], [], [], PATIENCE_S)[0]:
                raise TimeoutError(f"process {pid} is still there")
        finally:
            os.close(descriptor)
