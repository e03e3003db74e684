"""The running index job, told to every server over the same index: a lock and a note in `vectors/`.

`job.lock` is held by the process that runs a job, and dies with it; so of any number of servers, or of workers of one,
a single one refreshes the index, and the others name its job as if it were theirs. `job.json` holds the job as it was a
moment ago, and after its end how it ended. Both are aids: where the folder cannot be written to, each server knows of
its own jobs alone, and the writer's lock still keeps two from writing.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import time
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from rag.errors import StoreError
from server.errors import problem_of
from server.schemas import JobOut

LOCK_FILE = "job.lock"
NOTE_FILE = "job.json"

_EVERY_S = 0.25
"""How often a step is noted at most."""
_ALIVE_S = 2.0
"""How often the note is renewed at least."""
_STALE_S = 30.0
"""A running job of another machine whose note is older than this has died with its process."""

_log = logging.getLogger(__name__)


class JobNotes:
    """The note of one index. Used by one job at a time, read by any thread.

    Args:
        folder: `vectors/`; made by the first who claims.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Claimed in a request's thread, released in the job's.
        self._lock = FileLock(folder / LOCK_FILE, timeout=0, thread_local=False)
        self._noted: JobOut | None = None
        self._noted_at = 0.0

    def claim(self) -> bool:
        """Takes the right to run a job; False when another process has it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout:
            return False
        except OSError as error:
            _log.info("other servers are not told of this job: %s", error)
        return True

    def release(self) -> None:
        """Gives the right back."""
        self._lock.release()

    def write(self, job: JobOut) -> None:
        """Notes the job as it is now; steps that follow each other closely are left out."""
        age = time.monotonic() - self._noted_at
        step = self._noted is not None and (job.job_id, job.state) == (self._noted.job_id, self._noted.state)
        if step and age < (_ALIVE_S if job == self._noted else _EVERY_S):
            return
        note = {"pid": os.getpid(), "host": socket.gethostname(), "job": job.model_dump(mode="json")}
        written = self._folder / f"{NOTE_FILE}.{os.getpid()}"
        try:
            written.write_text(json.dumps(note, ensure_ascii=False), encoding="utf-8")
            written.replace(self._folder / NOTE_FILE)
        except OSError as error:
            with contextlib.suppress(OSError):
                written.unlink(missing_ok=True)
            _log.info("the job could not be noted: %s", error)
        self._noted, self._noted_at = job, time.monotonic()

    def read(self) -> JobOut | None:
        """The job that runs, or else the one that ended last, in whichever process; None where none is known of."""
        path = self._folder / NOTE_FILE
        try:
            note = json.loads(path.read_text(encoding="utf-8"))
            job = JobOut.model_validate(note["job"])
            if job.state != "running" or _is_alive(int(note["pid"]), str(note["host"]), path):
                return job
        except (OSError, ValueError, KeyError, TypeError, ValidationError):  # none yet, or of another version
            return None
        gone = StoreError("The process that ran it has ended; the index is as it was.", hint="Start it again.")
        problem = problem_of(gone).model_copy(update={"request_id": None})
        return job.model_copy(
            update={"state": "failed", "finished": job.started, "seconds_left": None, "problem": problem}
        )


def _is_alive(pid: int, host: str, note: Path) -> bool:
    if host != socket.gethostname() or os.name == "nt":  # where there is no harmless way to ask for a process
        return time.time() - note.stat().st_mtime < _STALE_S
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
