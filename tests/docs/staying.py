"""Commands that stay until they are ended: started, waited for until they tell an address or draw, and ended."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import pexpect

from rag.errors import ExitCode
from tests.docs.blocks import ROOT
from tests.docs.shell import programs

_STAYS = re.compile(
    r"\bwenbao\b(?!.*--(?:help|write-keys)\b).*?\s(?P<kind>chat|web|serve|mcp(?=.*--http)|index(?=.*--watch))\b"
)
_FREE_PORT = {"web", "serve", "mcp"}
_ADDRESS = r"https?://\S+[^\n]*\n"
_UP = {"chat": "wenbao|问报", "index": r"[^\n]+\n"} | dict.fromkeys(_FREE_PORT, _ADDRESS)
_QUIT = "\x11"  # Ctrl+Q
PATIENCE = 90


def kind_of(command: str) -> str | None:
    """The command that stays; None of one that ends by itself."""
    found = _STAYS.search(command)
    return found["kind"] if found else None


def started(command: str, kind: str, folder: Path, environment: Mapping[str, str]) -> str:
    """What it says until it is up; then it is told to end, as its reader would.

    Servers take a free port, whichever the command names.

    Raises:
        AssertionError: it ended with an error, or nothing came in time.
    """
    line = command + (" --port 0" if kind in _FREE_PORT else "")
    with ExitStack() as closing:
        aside = Path(closing.enter_context(tempfile.TemporaryDirectory()))
        path = programs(aside / "bin", wenbao=f'PYTHONPATH={ROOT} exec {sys.executable} -m rag "$@"')
        process = pexpect.spawn(
            "bash",
            ["--noprofile", "--norc", "-c", line],
            cwd=str(folder),
            env={**environment, "PATH": f"{path}:{os.environ['PATH']}", "TERM": "xterm-256color"},
            encoding="utf-8",
            dimensions=(40, 120),
            timeout=PATIENCE,
        )
        closing.callback(process.close, force=True)
        try:
            process.expect(_UP[kind])
            said = f"{process.before}{process.after}".replace("\r\n", "\n")
            process.send(_QUIT) if kind == "chat" else process.sendintr()
            process.expect(pexpect.EOF)
        except (pexpect.EOF, pexpect.TIMEOUT) as error:
            raise AssertionError(f"`{line}` is not up, or does not end: {process.before}") from error
        process.wait()
        assert process.exitstatus in {ExitCode.OK, ExitCode.INTERRUPTED}, f"`{line}`: {process.exitstatus}\n{said}"
        return said
