"""`wenbao index --ray local` as a program of its own, and what Ctrl-C leaves of it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from rag.errors import ExitCode
from tests.rag.index.fakes import records, write_records

pytestmark = pytest.mark.ray

MARK = "WENBAO_TEST_MARK"


def marked(mark: str) -> dict[int, int]:
    """Processes that were started with this mark in their environment, each with a descriptor that tells its end."""
    found: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"{MARK}={mark}".encode() in (entry / "environ").read_bytes():
                found[int(entry.name)] = os.pidfd_open(int(entry.name))
        except (PermissionError, ProcessLookupError, FileNotFoundError):
            continue  # not ours, or gone while we looked
    return found


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="looks at processes as Linux shows them")
def test_ctrl_c_leaves_the_journal_and_no_process(ray: Any, tmp_path: Path) -> None:
    write_records(tmp_path / "corpus" / "a.jsonl", records(count=100))
    mark = uuid.uuid4().hex
    command = [sys.executable, "-m", "rag", "index", str(tmp_path / "corpus"), "--vectors", str(tmp_path / "vectors")]
    with subprocess.Popen(
        [*command, "--ray", "local"],
        stderr=subprocess.PIPE, text=True, start_new_session=True, env={**os.environ, MARK: mark},
    ) as run:  # fmt: skip
        assert run.stderr is not None
        told = []
        for line in run.stderr:
            told.append(line)
            if line.startswith("embedding "):
                break
        processes = marked(mark)
        assert len(processes) > 3, f"no Ray was started: {told}"
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to all of its foreground
        told += run.stderr.readlines()
    assert run.returncode == ExitCode.INTERRUPTED, told
    assert "what has been embedded is kept" in told[-1]
    assert not any("Traceback" in line for line in told)
    for pid, descriptor in processes.items():
        assert select.select([descriptor], [], [], 60)[0], f"process {pid} outlives the run"
        os.close(descriptor)
    assert list((tmp_path / "vectors").glob("journal-*"))
    ended = subprocess.run([*command, "--json", "--no-reader"], capture_output=True, text=True, check=True)
    report = json.loads(ended.stdout)
    assert 0 < report["embedded"] < report["counts"]["chunks"]
