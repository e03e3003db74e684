"""What a process holds in memory, and which part of it the system could drop: Linux only."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.errors import InputError

_REGION = re.compile(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+\s*(?P<name>.*)")


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes of a process that are in memory now."""

    private: float
    """Its own: heap, stacks, what it wrote to."""
    mapped: float
    """Pages of files, shared with every other process that maps them, dropped and read again as the system likes."""
    files: dict[str, float]
    """Of the mapped part, by the file's name."""

    @property
    def resident(self) -> float:
        """RSS: both together."""
        return self.private + self.mapped


@dataclass(frozen=True, slots=True)
class Run:
    """A command that has ended."""

    seconds: float
    peak: float
    """Most megabytes that were resident at one time, mapped files included."""


def memory_of(pid: int) -> Memory:
    """What a process holds.

    Raises:
        InputError: the system has no /proc, or no such process.
    """
    path = Path(f"/proc/{pid}/smaps")
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error}", hint="Memory is measured on Linux only.") from error
    private = mapped = 0.0
    files: dict[str, float] = {}
    name, resident = "", 0.0
    for line in lines:
        region = _REGION.fullmatch(line)
        if region:
            name = Path(region["name"]).name
        elif line.startswith("Rss:"):
            resident = _megabytes(line)
        elif line.startswith("Anonymous:"):
            own = _megabytes(line)
            private, mapped = private + own, mapped + resident - own
            files[name] = files.get(name, 0.0) + resident - own
    return Memory(private, mapped, {name: size for name, size in files.items() if size})


def timed_run(command: Sequence[str | Path], environment: dict[str, str]) -> Run:
    """Runs a command to its end.

    Raises:
        InputError: it failed; the message ends with what it said last.
    """
    began = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None  # noqa: S101  # it was asked for
        said = process.stderr.read().decode(errors="replace")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise InputError(f"{' '.join(map(str, command))} failed: {said.strip()[-300:]}")
    return Run(time.perf_counter() - began, usage.ru_maxrss / 1024)


def _megabytes(line: str) -> float:
    return int(line.split()[1]) / 1024
