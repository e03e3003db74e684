"""A reader's shell: one bash over all blocks of a page, in which `wenbao` is answered by this process.

The command line is the real one, from its arguments to its exit status. That it runs in here, with the models that are
open already, saves the seconds that each process would take to load them; what is typed, piped and redirected around it
is bash's affair.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager
from pathlib import Path
from typing import Self
from unittest.mock import patch

from rag.cli.main import run
from tests.docs.blocks import ROOT

PATIENCE = 120.0
"""Seconds that one command may take."""

_CLIENT = """
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect(sys.argv[1])
    asked = {"arguments": sys.argv[2:], "folder": os.getcwd(), "environment": dict(os.environ)}
    socket.send_fds(line, [json.dumps(asked).encode()], [0, 1, 2])
    line.shutdown(socket.SHUT_WR)
    sys.exit(int(line.recv(16) or 1))
"""


class ShellError(Exception):
    """A command did not end in time, or ended the shell."""


class Shell:
    """Bash in a folder, to be used in a `with`.

    Args:
        folder: where it starts.
        environment: the variables it starts with; the commands of `programs` come first on its path.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        # Not below the test's folder: a socket's path has room for a hundred characters.
        aside = Path(self._closing.enter_context(tempfile.TemporaryDirectory(prefix="wenbao-docs-")))
        self._listener = self._closing.enter_context(socket.socket(socket.AF_UNIX))
        self._listener.bind(str(aside / "socket"))
        self._listener.listen()
        (aside / "client.py").write_text(_CLIENT, encoding="utf-8")
        answered = f'exec {sys.executable} -IS {aside / "client.py"} {aside / "socket"} "$@"'
        bin_folder = programs(aside / "bin", wenbao=answered)
        self._script = aside / "script"
        self._bash = self._closing.enter_context(
            subprocess.Popen(
                ["bash", "--noprofile", "--norc"],
                cwd=self._folder,
                env={**self._environment, "PATH": f"{bin_folder}:{os.environ['PATH']}"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        )
        self._closing.callback(self._bash.kill)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def run(self, script: str, *, strict: bool = False) -> tuple[str, int]:
        """What a command, or a script of several, prints to either stream, and its exit status.

        Args:
            script: what the reader types.
            strict: whether the first command that fails ends it, and the shell with it.

        Raises:
            ShellError: it took too long, or the shell has ended.
        """
        assert self._bash.stdin is not None
        self._script.write_text(f"set -e\n{script}\nset +e\n" if strict else script + "\n", encoding="utf-8")
        self._bash.stdin.write(b". %s </dev/null; printf '\\n\\036%%d\\036' $?\n" % str(self._script).encode())
        self._bash.stdin.flush()
        return self._heard()

    def _heard(self) -> tuple[str, int]:
        assert self._bash.stdout is not None
        heard, until = b"", time.monotonic() + PATIENCE
        while not (ended := re.search(rb"\n\036(\d+)\036\Z", heard)):
            ready, _, _ = select.select([self._bash.stdout, self._listener], [], [], until - time.monotonic())
            if not ready:
                raise ShellError(f"still running after {PATIENCE:.0f} s; it printed: {heard.decode()}")
            if self._listener in ready:
                self._answer()
            if self._bash.stdout in ready:
                more = os.read(self._bash.stdout.fileno(), 65536)
                if not more:
                    raise ShellError(f"a command failed; until then: {heard.decode()}")
                heard += more
        return heard[: ended.start()].decode(), int(ended[1])

    def _answer(self) -> None:
        """Runs the `wenbao` that has been called, and tells its status."""
        line, _ = self._listener.accept()
        with line:
            message, descriptors, _, _ = socket.recv_fds(line, 1 << 20, 3)
            while more := line.recv(1 << 20):
                message += more
            asked = json.loads(message)
            environment = patch.dict(os.environ, asked["environment"], clear=True)
            with chdir(asked["folder"]), environment, _streams(descriptors):
                status = run(asked["arguments"])
            line.sendall(b"%d" % status)


@contextmanager
def _streams(descriptors: list[int]) -> Iterator[None]:
    """Makes a process's streams those of another."""
    with ExitStack() as open_files:
        for name, descriptor in zip(("stdin", "stdout", "stderr"), descriptors, strict=True):
            stream = os.fdopen(descriptor, "r" if name == "stdin" else "w", encoding="utf-8")
            open_files.enter_context(stream)
            open_files.enter_context(patch.object(sys, name, stream))
        yield


def programs(folder: Path, **others: str) -> Path:
    """A folder of programs for a reader's path: `python` is the one that runs the tests, `make` says what it would do.

    Args:
        folder: where to put them.
        others: further ones, each a line of shell.
    """
    folder.mkdir()
    python = f'PYTHONPATH={ROOT} exec {sys.executable} "$@"'
    made = {"python": python, "python3": python, "make": f'exec {shutil.which("make")} -n -C {ROOT} "$@"'}
    for name, line in (made | others).items():
        (folder / name).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder
