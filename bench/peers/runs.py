"""Runs the steps of every row, each in a process of its own, and keeps what they gave after every step.

A step that is done is not done again, so a run that was stopped goes on where it was. A step that fails is kept with
the reason and ends its row; it is tried again by the next run.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.peers import material, worker
from bench.peers.engines import base
from bench.peers.material import Sizes
from bench.peers.rows import OURS, Row
from rag import __version__
from rag.embedding.model import CACHE_VARIABLE

ROOT = Path(__file__).resolve().parents[2]
STEP_LIMIT = 1800
"""Seconds after which a step counts as failed."""


class StepFailed(Exception):
    """What a step's process said last."""


@dataclass
class Results:
    """Everything measured so far; `report` makes tables of it."""

    sizes: Sizes
    machine: dict[str, str]
    measured: str
    """Day of the first step, ISO 8601."""
    versions: dict[str, dict[str, str | None]] = field(default_factory=dict)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Row → step → what it gave; `error` where one failed; `load`: the system's over the minute before."""

    @classmethod
    def read(cls, path: Path) -> Results:
        """What `write` wrote."""
        kept = json.loads(path.read_text(encoding="utf-8"))
        return cls(**(kept | {"sizes": Sizes(**kept["sizes"])}))

    def write(self, path: Path) -> None:
        """All of it, in one step."""
        part = path.with_suffix(".part")
        part.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        part.replace(path)


class Runner:
    """Measures rows over one folder of material.

    Args:
        folder: where the material is and everything else goes.
        sizes: of the material.
        pythons: the interpreter of wenbao, and the one of the others.
    """

    def __init__(self, folder: Path, sizes: Sizes, pythons: tuple[Path, Path]) -> None:
        self._folder = folder
        self._ours, self._theirs = pythons
        path = folder / material.RESULTS
        kept = Results.read(path) if path.exists() else None
        if kept is None or kept.sizes != sizes:
            kept = Results(sizes, machine(), time.strftime("%Y-%m-%d"))
        self.results = kept

    def measure(self, rows: Sequence[Row]) -> Results:
        """Every row, one after the other."""
        for row in rows:
            done = self.results.rows.setdefault(row.key, {})
            done.pop("error", None)
            done.setdefault("load", os.getloadavg()[0] if hasattr(os, "getloadavg") else None)
            found = self._step(row, "versions", packages=row.packages)[0]
            # A checkout need not be installed to be measured.
            self.results.versions[row.key] = found | ({"wenbao": __version__} if row.key == OURS else {})
            try:
                self._measure(row, done)
            except StepFailed as failure:
                done["error"] = str(failure)
                _tell(f"{row.label}: {failure}")
            self.results.write(self._folder / material.RESULTS)
        return self.results

    def _measure(self, row: Row, done: dict[str, Any]) -> None:
        small, large = self._place(row, "small"), self._place(row, "large")
        if "indexing" not in done:
            self._lay_out(row, small, material.SMALL_RECORDS)
            done["indexing"] = self._build(row, small, material.SMALL_PASSAGES, handed_in=False)
        if "build" not in done:
            self._lay_out(row, large, material.RECORDS)
            done["build"] = self._build(row, large, material.PASSAGES, handed_in=row.handed_in)
        if "query" not in done:
            questions = self._folder / material.QUESTIONS
            done["query"] = self._step(row, "query", folder=large, questions=questions)[0]
        if "cold" not in done:
            question, _ = material.read_questions(self._folder)[0]
            done["cold"] = {"seconds": self._step(row, "cold", folder=large, question=question)[1]}
        if "edit" not in done:
            path = self._folder / material.EDIT
            _, seconds = self._step(row, "edit", folder=large, passages=path)
            article = base.read_passages(path)[0].article
            # Another cold start: what one of them suffered from the rest of the machine, the other may not have.
            asked = {"article": article, "question": material.ADDED_QUESTION}
            found, cold = self._step(row, "cold", folder=large, **asked)
            done["edit"] = {"seconds": seconds, "rank": found["rank"]}
            done["cold"] = {"seconds": min(cold, done["cold"]["seconds"])}
        self.results.write(self._folder / material.RESULTS)

    def _build(self, row: Row, folder: Path, passages: str, *, handed_in: bool) -> dict[str, Any]:
        """With the vectors handed in, which are made when they are first needed, or with its own."""
        path = self._folder / passages
        vectors = material.vectors_folder(self._folder) if handed_in else None
        if vectors:
            self._step(row, "embed", passages=path, vectors=vectors)
        return self._step(row, "build", folder=folder, passages=path, vectors=vectors)[0]

    def _lay_out(self, row: Row, folder: Path, records: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if row.key == OURS:
            from bench.peers.engines.wenbao import lay_out

            lay_out(folder, self._folder / records, self._folder / material.EDITED)

    def _place(self, row: Row, size: str) -> Path:
        return self._folder / material.INDEXES / row.key / size

    def _step(self, row: Row, step: str, **arguments: Any) -> tuple[dict[str, Any], float]:
        """What the step's process replied, and the seconds from its start to the reply."""
        _tell(f"{row.label}: {step}")
        asked = {"step": step, "module": row.module, "variant": row.variant, "model": self._folder / material.MODEL}
        python = self._ours if row.key == OURS else self._theirs
        return run_step(python, asked | arguments)


def run_step(python: Path, asked: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """Runs a worker; its reply and the seconds from its start to the reply.

    Raises:
        StepFailed: it ended without a reply, or took too long.
    """
    told = json.dumps(asked, default=str)
    began = time.perf_counter()
    try:
        # What it prints beside the reply goes to the same pipe, so that the last words of a failure are at hand.
        process = subprocess.Popen(
            [str(python), "-m", "bench.peers.worker", told],
            cwd=ROOT,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise StepFailed(f"{python} cannot be run: {error.strerror}") from error
    late = threading.Timer(STEP_LIMIT, process.kill)
    late.start()
    reply, seconds, said = None, 0.0, ""
    with process:
        for line in process.stdout or ():
            if line.startswith(worker.MARK):
                reply, seconds = json.loads(line.removeprefix(worker.MARK)), time.perf_counter() - began
            elif line.startswith(worker.PROGRESS):
                _tell(line.rstrip())
            else:
                said = line.strip() or said
    late.cancel()
    if reply is None:
        raise StepFailed(f"{asked['step']} failed with status {process.returncode}: {said or 'it said nothing'}")
    return reply, seconds


def machine() -> dict[str, str]:
    """What it was measured on."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"processor": model, "cores": str(cores), "system": f"{platform.system()} {platform.machine()}"}


def _environment() -> dict[str, str]:
    """Ours, with the hub and all telemetry switched off."""
    quiet = {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HAYSTACK_TELEMETRY_ENABLED": "False",
        "DO_NOT_TRACK": "1",
        "PYTHONUTF8": "1",
    }
    # Settings of a wenbao that happens to be set up here are no part of the measurement; its model cache is.
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("WENBAO_") or name == CACHE_VARIABLE
    }
    return kept | quiet


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
