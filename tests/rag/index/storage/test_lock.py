"""One writer: who holds the lock is named, and a dead holder holds nothing."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from rag.errors import IndexLocked
from rag.index.storage.lock import HOLDER_FILE, holder, is_locked, writer_lock

ROOT = Path(__file__).parents[4]

_HOLDER = """
import sys
from pathlib import Path
from rag.index.storage.lock import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    """A process that holds the lock until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_holder_is_named_until_it_lets_go(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
    process = hold(tmp_path)
    try:
        assert is_locked(tmp_path)
        with (
            pytest.raises(IndexLocked, match=f"process {process.pid} on {socket.gethostname()}") as caught,
            writer_lock(tmp_path),
        ):
            pass
        assert "since 20" in caught.value.message
        assert caught.value.hint
    finally:
        process.communicate(timeout=60)
    assert not is_locked(tmp_path)
    assert not (tmp_path / HOLDER_FILE).exists()


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_killed_holder_stops_nobody_and_is_not_blamed(tmp_path: Path) -> None:
    process = hold(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert json.loads((tmp_path / HOLDER_FILE).read_text(encoding="utf-8"))["pid"] == process.pid
    assert not is_locked(tmp_path)
    assert holder(tmp_path) == "another process"
    with writer_lock(tmp_path):
        assert holder(tmp_path).startswith(f"process {os.getpid()} ")
    assert not (tmp_path / HOLDER_FILE).exists()


@pytest.mark.parametrize("note", ["", "{", "[]", '{"pid": "x", "host": "y", "since": "z"}', '{"pid": 1}'])
def test_a_note_that_cannot_be_read_names_nobody(note: str, tmp_path: Path) -> None:
    (tmp_path / HOLDER_FILE).write_text(note, encoding="utf-8")
    assert holder(tmp_path) == "another process"


def test_a_holder_on_another_machine_is_taken_at_its_word(tmp_path: Path) -> None:
    note = {"pid": 1 << 22, "host": "elsewhere", "since": "2020-01-01T00:00:00+00:00"}
    (tmp_path / HOLDER_FILE).write_text(json.dumps(note), encoding="utf-8")
    assert "elsewhere" in holder(tmp_path)


def test_finding_out_does_not_get_in_a_writers_way(tmp_path: Path) -> None:
    """Whoever looks holds the lock for a moment; a writer waits longer than that."""
    import threading

    (tmp_path / "writer.lock").touch()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            is_locked(tmp_path)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(20):
            with writer_lock(tmp_path):
                pass
    finally:
        stop.set()
        looking.join()
