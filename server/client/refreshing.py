"""Waiting for a refresh of the index: what the next look at `GET /v1/index` means."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from server.client.errors import RefreshFailed, TimedOut
from server.schemas import IndexOut, JobOut, ReportOut

LOOK_SECONDS = 0.5
"""Between two looks."""


@dataclass(slots=True)
class Wait:
    """One wait for one job.

    Args:
        job: as `POST /v1/index` named it.
        where: the address that is asked, for errors.
        timeout: seconds to wait at most; None waits as long as it takes.
    """

    job: JobOut
    where: str
    timeout: float | None = None
    _began: float = field(default_factory=time.monotonic)

    def look(self, index: IndexOut) -> JobOut:
        """The job as it stands now, or as it ended.

        Raises:
            RefreshFailed: the server knows nothing of it any more.
            TimedOut: it takes longer than `timeout`.
        """
        for job in (index.job, index.last_job):
            if job is not None and job.job_id == self.job.job_id:
                if job.state == "running":
                    self._check_time()
                return job
        raise RefreshFailed(
            "The server knows nothing of this refresh any more: it was started anew, or another refresh came after.",
            hint="GET /v1/index tells what is loaded; start a refresh again if it is not what you expect.",
            where=self.where,
        )

    def _check_time(self) -> None:
        if self.timeout is not None and time.monotonic() - self._began >= self.timeout:
            raise TimedOut(
                f"The refresh still runs after {self.timeout:g} s.",
                hint="It goes on without you; wait for it again, or look at the index.",
                where=self.where,
            )


def report_of(job: JobOut, where: str) -> ReportOut:
    """What an ended job did.

    Raises:
        RefreshFailed: it did not succeed.
    """
    if job.report is not None:
        return job.report
    problem = job.problem
    detail = problem.detail if problem is not None else "The server does not say why."
    raise RefreshFailed(detail, hint=(problem.hint or "") if problem is not None else "", where=where, job=job)
