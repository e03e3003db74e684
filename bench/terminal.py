"""The terminal UI as its user has it: from the command to the first frame, from a key to its echo, and memory.

    python -m bench.terminal --vectors DIR [--runs 7] [--keys 200] [--columns 160 --rows 48]

Everything is measured from outside, through a pseudo-terminal: `wenbao chat` is started again and again; then one is
typed into while an answer grows on its screen, fifty pieces a second, as a language model would write it, and while
nothing happens. The table says what the targets are and whether they are met; the exit status does not. Linux only.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.common import at_least_one, print_table, run
from bench.memory import memory_of, memory_of_all, processes_of
from bench.screen import Terminal
from bench.served import serving
from bench.streamed import drawn_out

FRAME_S, READY_S, KEY_MS, ALONE_MB, TOGETHER_MB = 0.6, 2.5, 50.0, 250.0, 700.0
"""The targets: to the first frame, to a ready model, from key to paint at p95, memory of the UI and with its server."""
LETTERS = "vwxyzjkoe"
"""Typed in turns: none of them ends or stands in a sequence that moves the cursor or sets a colour."""
QUESTIONS = ("有哪些新措施？", "谁参加了活动？", "什么时候开始？", "哪些城市搭建了婚恋交友平台？", "花了多少钱？")
_READY, _INVITATION = "就绪", "报纸提问".encode()
_ENTER, _ERASE, _LEAVE = "\r", "\x15", "\x11"
_ON = b"\x1b[?1049h"


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the command, of one start."""

    frame: float
    ready: float
    work: float
    """Processor time of the UI's process up to its first frame: what others do on the machine hardly shows in it."""


@dataclass(frozen=True, slots=True)
class Held:
    """Megabytes in memory: of the UI, and of it and its server; resident, and with what is shared counted once."""

    alone: float
    together: float
    share: float
    """The proportional size of both: a page that several processes map is divided among them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.terminal", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vectors", type=Path, required=True, help="folder that holds the index")
    parser.add_argument("--runs", type=at_least_one, default=7, help="starts; the median counts (7)")
    parser.add_argument("--keys", type=at_least_one, default=200, help="keys typed in each state (200)")
    parser.add_argument("--columns", type=at_least_one, default=160, help="of the terminal (160)")
    parser.add_argument("--rows", type=at_least_one, default=48, help="of the terminal (48)")
    options = parser.parse_args(arguments)
    size = (options.columns, options.rows)
    return run(lambda: _measure(options.vectors.resolve(), size, options.runs, options.keys))


def _measure(vectors: Path, size: tuple[int, int], runs: int, keys: int) -> None:
    busy = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as home:
        # Neither the conversations nor the preferences of whoever measures are met or changed.
        places = dict.fromkeys(("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"), home)
        start(vectors, size, places)  # reads the files that the others find in memory
        starts = [start(vectors, size, places) for _ in range(runs)]
        fresh, used = memory(vectors, size, places)
        streaming, idle = echoes(vectors, size, places, keys)
    print_table(("", "measured", "target", "met"), rows_of(starts, streaming, idle, fresh, used))
    shown = ", ".join(f"{one.frame:.2f} and {one.ready:.2f}" for one in starts)
    print(f"\nStarts, seconds to the first frame and to a ready model: {shown}.")
    print(f"{keys} keys in each state, on {size[0]} columns and {size[1]} rows.")
    print(f"Load average {busy:.1f} before and {os.getloadavg()[0]:.1f} after, on {os.cpu_count()} cores.")


def rows_of(
    starts: Sequence[Start], streaming: Sequence[float], idle: Sequence[float], fresh: Held, used: Held
) -> list[list[str]]:
    """The table: what was measured, against its target."""
    frame, ready = (statistics.median(seconds) for seconds in zip(*((s.frame, s.ready) for s in starts), strict=True))
    p50, p95 = np.percentile(streaming, [50, 95]) * 1000
    idle50, idle95 = np.percentile(idle, [50, 95]) * 1000
    return [
        _row("command to first frame", frame, FRAME_S, "{:.2f} s"),
        ["processor time of the UI to its first frame", f"{statistics.median(s.work for s in starts):.2f} s", "", ""],
        _row("command to ready model", ready, READY_S, "{:.2f} s"),
        ["key to paint while an answer streams, p50", f"{p50:.1f} ms", "", ""],
        _row("key to paint while an answer streams, p95", p95, KEY_MS, "{:.1f} ms"),
        ["key to paint else, p50 and p95", f"{idle50:.1f} · {idle95:.1f} ms", "", ""],
        _row("memory of the UI, ready", fresh.alone, ALONE_MB, "{:.0f} MB"),
        _row(f"memory of the UI, after {len(QUESTIONS)} questions", used.alone, ALONE_MB, "{:.0f} MB"),
        _row("with its server, ready", fresh.together, TOGETHER_MB, "{:.0f} MB"),
        _row(f"with its server, after {len(QUESTIONS)} questions", used.together, TOGETHER_MB, "{:.0f} MB"),
        ["the same, what both map counted once", f"{fresh.share:.0f} · {used.share:.0f} MB", "", ""],
    ]


def _row(name: str, measured: float, target: float, form: str) -> list[str]:
    return [name, form.format(measured), f"< {form.format(target)}", "yes" if measured < target else "**no**"]


def chat(size: tuple[int, int], places: dict[str, str], *flags: str) -> Terminal:
    """`wenbao chat` in Chinese, of this checkout."""
    root = str(Path(__file__).parents[1])
    environment = {"PYTHONPATH": root, "LC_ALL": "C.UTF-8", **places}
    return Terminal([sys.executable, "-m", "rag", "chat", "--language", "zh", *flags], size, environment)


def start(vectors: Path, size: tuple[int, int], places: dict[str, str]) -> Start:
    """Starts the program once, and leaves it."""
    with chat(size, places, "--vectors", str(vectors)) as terminal:
        frame = terminal.until(lambda: _ON in terminal.written and terminal.text().strip())
        work = worked(terminal.pid)
        ready = terminal.until(terminal.shows(_READY))
        terminal.send(_LEAVE)
        terminal.wait()
    return Start(frame - terminal.started, ready - terminal.started, work)


def worked(pid: int) -> float:
    """Seconds of processor time that a process has taken, of its own and not of its children."""
    # user, system; proc(5), without the name, which may hold anything
    ticks = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def memory(vectors: Path, size: tuple[int, int], places: dict[str, str]) -> tuple[Held, Held]:
    """What is held once an index is ready, and after questions."""
    with chat(size, places, "--vectors", str(vectors)) as terminal:
        terminal.until(terminal.shows(_READY))
        ask(terminal, QUESTIONS[0])  # the reader loads behind the first one
        fresh = _held(terminal.pid)
        for question in QUESTIONS[1:]:
            ask(terminal, question)
        return fresh, _held(terminal.pid)


def ask(terminal: Terminal, question: str) -> None:
    """Asks, and waits until the answer, or that there is none, stands below the question."""
    terminal.send(question)
    terminal.until(terminal.shows(question))
    terminal.send(_ENTER)
    # The bar at the left of an answer has a colour of its own once it is whole; the words below it are its own.
    terminal.until(lambda: re.search(rf"{re.escape(question)}(?s:.*)(?:出处|最接近)", terminal.text()))


def _held(pid: int) -> Held:
    pids = processes_of(pid)
    return Held(memory_of(pid).resident, memory_of_all(pids).resident, sum(map(_proportional, pids)))


def _proportional(pid: int) -> float:
    """Megabytes of a process, what it shares divided among those that share it."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    match = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(match[1]) / 1024 if match else 0.0


def echoes(vectors: Path, size: tuple[int, int], places: dict[str, str], keys: int) -> tuple[list[float], list[float]]:
    """Seconds from each key to its echo, while an answer streams and while nothing happens."""
    seconds = keys * 0.08 + 5  # longer than the typing takes
    with (
        serving(vectors, None) as (_, port),
        drawn_out(f"http://127.0.0.1:{port}", seconds) as address,
        chat(size, places, "--url", address) as terminal,
    ):
        terminal.until(terminal.shows(_READY))
        terminal.is_drawing = False
        idle = [echo(terminal, number) for number in range(keys)]
        erase(terminal)
        terminal.is_drawing = True
        terminal.send(QUESTIONS[0])
        terminal.until(terminal.shows(QUESTIONS[0]))
        terminal.send(_ENTER)
        terminal.until(terminal.shows("慢慢地"))
        terminal.is_drawing = False
        streaming = [echo(terminal, number) for number in range(keys)]
        mark = len(terminal.written)
        # Else it was not measured what was to be measured.
        terminal.until(lambda: "打字的人".encode() in terminal.written[mark:], patience=seconds)
    return streaming, idle


def echo(terminal: Terminal, number: int) -> float:
    """Types a letter that is not on the screen, and waits for it to be drawn."""
    if number and number % len(LETTERS) == 0:
        erase(terminal)
    letter = LETTERS[number % len(LETTERS)]
    mark = len(terminal.written)
    sent = terminal.send(letter)
    return terminal.until(lambda: letter.encode() in terminal.written[mark:]) - sent


def erase(terminal: Terminal) -> None:
    """Empties the box, and waits until it says what it is for."""
    mark = len(terminal.written)
    terminal.send(_ERASE)
    terminal.until(lambda: _INVITATION in terminal.written[mark:])


if __name__ == "__main__":
    sys.exit(main())
