"""What a server under load is measured on: an index and a corpus of its own, its process, a refresh, the cores."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.common import read_lines
from bench.memory import processes_of
from rag.errors import InputError

_PATIENCE_S = 120.0
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Refresh:
    """An index job that ran while the server was searched."""

    began: float
    ended: float
    """Both on `time.perf_counter`'s clock."""
    state: str
    embedded: int
    """Passages that it embedded."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Seconds of processor time that were taken."""

    server: float
    """By the server and its index jobs."""
    callers: float
    """By this process."""
    all: float
    """By whatever runs on the machine."""

    @classmethod
    def now(cls, pid: int) -> Cores:
        """Since the start of each process, and of the system; workers count with the process that started them."""
        ticks = os.sysconf("SC_CLK_TCK")
        # user, system, and the same of children that have ended: proc(5), without the name, which may hold anything
        server = [
            ticks_taken
            for process in processes_of(pid)
            for ticks_taken in Path(f"/proc/{process}/stat")
            .read_text(encoding="utf-8")
            .rpartition(")")[2]
            .split()[11:15]
        ]
        user, nice, system, _, _, interrupts, soft, stolen, *_ = map(
            int, Path("/proc/stat").read_text(encoding="utf-8").split()[1:11]
        )
        taken = user + nice + system + interrupts + soft + stolen
        return cls(sum(map(int, server)) / ticks, time.process_time(), taken / ticks)

    def __sub__(self, earlier: Cores) -> Cores:
        return Cores(self.server - earlier.server, self.callers - earlier.callers, self.all - earlier.all)

    @property
    def others(self) -> float:
        """By what has nothing to do with the measurement."""
        return max(0.0, self.all - self.server - self.callers)


@contextmanager
def refreshing(port: int, after: float | None) -> Iterator[list[Refresh]]:
    """Starts an index job some seconds into the block, and lists it at the end of the block; None starts none.

    Raises:
        InputError: the job was not started, or had not ended in time.
    """
    told: list[Refresh] = []
    problems: list[str] = []

    def refresh() -> None:
        time.sleep(after or 0)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=_PATIENCE_S) as client:
                told.append(_refresh(client))
        except (httpx.HTTPError, InputError) as error:
            problems.append(str(error))

    thread = threading.Thread(target=refresh)
    if after is not None:
        thread.start()
    yield told
    if after is not None:
        thread.join()
    if problems:
        raise InputError(f"the index was not refreshed: {problems[0]}", hint="Look at GET /v1/index of a server.")


def _refresh(client: httpx.Client) -> Refresh:
    began = time.perf_counter()
    started = client.post("/v1/index")
    if started.status_code != httpx.codes.ACCEPTED:
        raise InputError(f"POST /v1/index was answered with {started.status_code}: {started.text[:300]}")
    while time.perf_counter() < began + _PATIENCE_S:
        time.sleep(_LOOK_S)
        status = client.get("/v1/index").json()
        if status.get("job") is None or status["job"]["state"] != "running":
            last = status.get("job") or status["last_job"]
            report = last.get("report") or {}
            return Refresh(began, time.perf_counter(), last["state"], report.get("embedded", 0))
    raise InputError(f"the job had not ended after {_PATIENCE_S:g} s")


@contextmanager
def material(vectors: Path, corpus: Path | None) -> Iterator[tuple[Path, Path | None]]:
    """The index and the corpus to serve: as they are without a corpus, else copies, with a record edited.

    Raises:
        InputError: the corpus has no file of records.
    """
    if corpus is None:
        yield vectors, None
        return
    with tempfile.TemporaryDirectory() as folder:
        copied, records = Path(folder, "vectors"), Path(folder, "corpus")
        shutil.copytree(vectors, copied)
        if corpus.is_dir():
            shutil.copytree(corpus, records)
        else:
            records = Path(folder, corpus.name)
            shutil.copy(corpus, records)
        edit_largest(records)
        yield copied, records


def edit_largest(corpus: Path) -> Path:
    """Adds a sentence to the middle record of the largest file of records of a corpus, and names the file.

    Raises:
        InputError: there is no such file.
    """
    files = [file for file in ([corpus] if corpus.is_file() else corpus.rglob("*")) if file.is_file()]
    files = [file for file in files if file.name.endswith((".jsonl", ".jsonl.gz"))]
    if not files:
        raise InputError(f"no file of records in {corpus}", hint="Give a corpus with a .jsonl or .jsonl.gz file.")
    largest = max(files, key=lambda file: (file.stat().st_size, file.name))
    records = list(read_lines(largest))
    middle = records[len(records) // 2]
    middle["text"] = f"{middle['text']}这一句是{len(middle['text'])}字之后加的。"
    content = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
    largest.write_bytes(gzip.compress(content, compresslevel=1) if largest.suffix == ".gz" else content)
    return largest


@contextmanager
def serving(vectors: Path, corpus: Path | None, workers: int = 1) -> Iterator[tuple[int, int]]:
    """A running `wenbao serve` that does not watch its corpus: its process id and its port, once it is ready.

    Raises:
        InputError: it ended, or was not ready in time.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "rag", "serve", "--vectors", str(vectors), "--port", str(port)]
    command += ["--workers", str(workers)] if workers > 1 else []
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "WENBAO_WATCH": "false"}
    if corpus is not None:
        environment["WENBAO_CORPUS"] = str(corpus)
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait(process, f"http://127.0.0.1:{port}/readyz")
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    end = time.monotonic() + _PATIENCE_S
    while process.poll() is None and time.monotonic() < end:
        try:
            if httpx.get(address).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.1)
    raise InputError("`wenbao serve` did not get ready", hint="Run it by hand over the same --vectors to see why.")
