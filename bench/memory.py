"""What a process holds in memory, and which part of it the system could drop: Linux only."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.errors import InputError

# A process counts what its parent held when it was forked, so a large one cannot start what it wants to measure.
_LAUNCHER = """
import resource, subprocess, sys, time
began = time.perf_counter()
ended = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(ended.returncode)
"""
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


def processes_of(pid: int) -> list[int]:
    """A process and those that it and they have started and that still run, itself first."""
    found = [pid]
    for process in found:  # grows while it is walked
        for task in Path(f"/proc/{process}/task").glob("*/children"):
            found += map(int, task.read_text(encoding="utf-8").split())
    return found


def memory_of_all(pids: Sequence[int]) -> Memory:
    """What processes hold together; a page of a file counts for each that maps it.

    Raises:
        InputError: as `memory_of`.
    """
    each = [memory_of(pid) for pid in pids]
    files: Counter[str] = Counter()
    for one in each:
        files.update(one.files)
    return Memory(sum(one.private for one in each), sum(one.mapped for one in each), dict(files))


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


def timed_run(command: Sequence[str], environment: dict[str, str]) -> Run:
    """Runs a command to its end.

    Raises:
        InputError: it failed; the message ends with what it said last.
    """
    launched = [sys.executable, "-c", _LAUNCHER, *command]
    ended = subprocess.run(launched, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise InputError(f"{' '.join(command)} failed: {ended.stderr.strip()[-300:]}")
    seconds, kilobytes = ended.stdout.split()
    return Run(float(seconds), int(kilobytes) / 1024)


def _megabytes(line: str) -> float:
    return int(line.split()[1]) / 1024
