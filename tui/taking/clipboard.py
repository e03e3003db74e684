"""The clipboard, whichever there is: through a program of this machine, through tmux, or through the terminal itself.

A terminal over ssh has the reader's clipboard and the machine has not, so programs of the machine are asked at home
only. The terminal is asked with OSC 52, which it obeys or not, and never tells.
"""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from tui.taking.inert import inert

LONGEST_OSC = 74_994
"""Characters of base64 that xterm and those who follow it take; longer ones are cut or dropped without a word."""
TIME_LIMIT_S = 3.0
"""How long a program may take; a display that has gone makes it wait for ever."""


class Way(Enum):
    """How a text went to the clipboard."""

    PROGRAM = auto()
    """A program of this machine took it."""
    TMUX = auto()
    """It is in tmux's buffer, and tmux passes it on to a terminal that takes it."""
    TERMINAL = auto()
    """The terminal was told; whether it listens cannot be known."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of a text."""

    way: Way
    program: str = ""
    """Name of the program; empty for the terminal."""


class TooLong(Exception):
    """No program takes the text, and it is more than terminals take."""


@dataclass(frozen=True, slots=True)
class _Program:
    command: tuple[str, ...]
    way: Way = Way.PROGRAM
    needs: str = ""
    """Name of an environment variable without which it finds no clipboard."""
    encoding: str = "utf-8"
    environment: tuple[tuple[str, str], ...] = ()


_PROGRAMS = (
    _Program(("wl-copy",), needs="WAYLAND_DISPLAY"),
    _Program(("xclip", "-selection", "clipboard", "-in"), needs="DISPLAY"),
    _Program(("xsel", "--clipboard", "--input"), needs="DISPLAY"),
    # It reads its input in the locale's encoding, which is not UTF-8 everywhere.
    _Program(("pbcopy",), environment=(("LC_CTYPE", "UTF-8"),)),
    # Windows, and Linux inside it. The byte order mark tells it that this is no code page.
    _Program(("clip.exe",), encoding="utf-16"),
)
_TMUX = _Program(("tmux", "load-buffer", "-w", "-"), way=Way.TMUX, needs="TMUX")


async def copy(text: str, write: Callable[[str], object], environment: Mapping[str, str] = os.environ) -> Copied:
    """Puts a text on the clipboard, made harmless first, for a clipboard is pasted into terminals.

    Args:
        text: what to copy.
        write: writes to the terminal.
        environment: where the session's displays, tmux and ssh are looked up.

    Raises:
        TooLong: the terminal is the only way, and it would not take so much.
    """
    text = inert(text)
    for program in programs(environment):
        if await asyncio.to_thread(_run, program, text, environment):
            return Copied(program.way, program.command[0])
    write(osc52(text, in_tmux="TMUX" in environment))
    return Copied(Way.TERMINAL)


def programs(environment: Mapping[str, str]) -> Sequence[_Program]:
    """The programs that may know the reader's clipboard, the best first."""
    remote = any(environment.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"))
    known = (_TMUX,) if remote else (*_PROGRAMS, _TMUX)
    return [program for program in known if not program.needs or environment.get(program.needs)]


def osc52(text: str, *, in_tmux: bool = False) -> str:
    """What tells a terminal to put a text on its clipboard.

    Args:
        text: what to copy.
        in_tmux: wrapped so that a tmux that allows it hands it through to the terminal around it.

    Raises:
        TooLong: more than terminals take.
    """
    packed = base64.b64encode(text.encode("utf-8")).decode("ascii")
    if len(packed) > LONGEST_OSC:
        raise TooLong
    sequence = f"\x1b]52;c;{packed}\x07"
    return sequence + "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\" if in_tmux else sequence


def _run(program: _Program, text: str, environment: Mapping[str, str]) -> bool:
    """Whether the program took the text."""
    path = shutil.which(program.command[0], path=environment.get("PATH"))
    if path is None:
        return False
    try:
        # Output goes nowhere: some of them stay behind to serve the clipboard, and would hold a pipe open meanwhile.
        finished = subprocess.run(  # noqa: S603  # a fixed list of names, no shell
            [path, *program.command[1:]],
            input=text.encode(program.encoding),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIME_LIMIT_S,
            env={**environment, **dict(program.environment)},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return finished.returncode == 0
