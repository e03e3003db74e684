"""`serve` and `chat` as a user runs them: processes of their own, on a real socket and a real terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from rag.errors import ExitCode
from rag.settings import Settings

ROOT = Path(__file__).parents[3]
PATIENCE_S = 60.0


def call_of(settings: Settings, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "rag", "--vectors", str(settings.vectors), *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leaves no process behind, whatever a test finds."""
    try:
        yield
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()


def test_serve_tells_its_address_answers_and_stops_on_an_interrupt(sample_index: Settings, tmp_path: Path) -> None:
    process = subprocess.Popen(
        call_of(sample_index, "serve", "--port", "0"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    with ended(process):
        assert process.stderr is not None
        assert process.stdout is not None
        told = process.stderr.readline().decode()
        assert told.startswith("wenbao: http://127.0.0.1:")
        url = told.removeprefix("wenbao: ").strip()
        reply = httpx.post(f"{url}/v1/search", json={"query": "婚恋", "top_k": 1}, timeout=PATIENCE_S)
        assert [hit["rank"] for hit in reply.json()["hits"]] == [1]
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == ExitCode.INTERRUPTED
        assert process.stderr.read().decode().strip() == "stopped"
        assert process.stdout.read() == b""


def test_serve_without_keys_stays_on_this_machine(
    sample_index: Settings, capsys: pytest.CaptureFixture[str], workdir: Path
) -> None:
    from rag.cli.main import run

    assert run(["--vectors", str(sample_index.vectors), "serve", "--host", "0.0.0.0"]) == ExitCode.USAGE  # noqa: S104
    told = capsys.readouterr()
    assert "error: " in told.err
    assert "hint: " in told.err


def read_until(terminal: int, wanted: str) -> str:
    """What a terminal shows up to some words."""
    shown = b""
    while wanted.encode() not in shown:
        ready, _, _ = select.select([terminal], [], [], PATIENCE_S)
        assert ready, f"{wanted} did not come; the terminal shows {shown[-2000:]!r}"
        shown += os.read(terminal, 65536)
    return shown.decode("utf-8", "replace")


def test_chat_opens_on_a_terminal_and_leaves_it_as_it_was(sample_index: Settings, tmp_path: Path) -> None:
    terminal, inner = pty.openpty()
    process = subprocess.Popen(
        call_of(sample_index, "chat", "--language", "en"),
        cwd=tmp_path,
        env=environment(),
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    with ended(process):
        read_until(terminal, "\x1b[?1049h")  # the screen of full-screen programs is on
        read_until(terminal, "sample")  # the server behind it has answered
        os.write(terminal, b"\x11")  # Ctrl-Q
        read_until(terminal, "\x1b[?1049l")
        assert process.wait(PATIENCE_S) == ExitCode.OK
    os.close(terminal)
