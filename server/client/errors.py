"""What a call of the client can fail with: one family, so that `except WenbaoError` catches all of it.

    WenbaoError
    ├── UsageError (ValueError)               the address, the key or an argument cannot be used; nothing was sent
    ├── ConnectionFailed (ConnectionError)    no reply came, or it broke off
    │   └── TimedOut (TimeoutError)           none came in time
    ├── ReplyError                            the reply is not what wenbao's API sends
    ├── RefreshFailed                         a refresh of the index ended without success
    └── ProblemError                          the server says what is wrong (RFC 9457)
        ├── Unauthorized                      401: no key, or a wrong one
        ├── Forbidden                         403: the key or the caller may not do this
        ├── NotFound (LookupError)            404: no such article, file or path
        ├── Conflict                          409, 412: another process, or another file, is in the way
        ├── Rejected (ValueError)             400, 413, 415, 422: a field that cannot be used; `errors` names each
        ├── TooManyRequests                   429: ask again after `retry_after` seconds
        └── Unavailable                       503: no index is loaded, or not yet

Every one has `title`, `detail` and `hint`; `status` and `retry_after` are None where no reply says them. No message
holds the key.
"""

from __future__ import annotations

from server.schemas import FieldError, JobOut, Problem


class WenbaoError(Exception):
    """Root of the family.

    Args:
        detail: what is wrong, in the server's or the network's words.
        title: the kind of failure, in words; unset: the class's own.
        hint: what to do next; may be empty.
        where: the address that was called; may be empty.
        status: the HTTP status; None where no reply came.
        retry_after: seconds after which the server wants to be asked again; None where it does not say.
    """

    default_title = "The call failed"

    def __init__(
        self,
        detail: str,
        *,
        title: str = "",
        hint: str = "",
        where: str = "",
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.title = title or self.default_title
        self.detail = detail
        self.hint = hint
        self.where = where
        self.status = status
        self.retry_after = retry_after

    def __str__(self) -> str:
        called = f" ({self.where})" if self.where else ""
        told = f"{self.detail or self.title}{called}"
        return f"{told}\nhint: {self.hint}" if self.hint else told


class UsageError(WenbaoError, ValueError):
    default_title = "Cannot be used"


class ConnectionFailed(WenbaoError, ConnectionError):
    default_title = "The server cannot be reached"


class TimedOut(ConnectionFailed, TimeoutError):
    default_title = "No reply in time"


class ReplyError(WenbaoError):
    default_title = "Not a reply of wenbao"


class RefreshFailed(WenbaoError):
    """A refresh that ended without success.

    Args:
        detail: why.
        hint: what to do next.
        job: the job as it ended; None where the server knows nothing of it any more.
    """

    default_title = "The index could not be refreshed"

    def __init__(self, detail: str, *, hint: str = "", where: str = "", job: JobOut | None = None) -> None:
        super().__init__(detail, hint=hint, where=where)
        self.job = job


class ProblemError(WenbaoError):
    """A problem as the server tells it.

    Args:
        problem: what the reply holds, or what its status says where it holds none.
        where: the address that was called.
        retry_after: seconds, from the header.
    """

    def __init__(self, problem: Problem, *, where: str = "", retry_after: float | None = None) -> None:
        super().__init__(
            _detail(problem),
            title=problem.title,
            hint=problem.hint or "",
            where=where,
            status=problem.status,
            retry_after=retry_after,
        )
        self.problem = problem

    @property
    def type(self) -> str:
        """The stable name of the kind of problem, as a URI."""
        return self.problem.type

    @property
    def errors(self) -> tuple[FieldError, ...]:
        """The fields that are wrong; empty where it is not about fields."""
        return self.problem.errors or ()

    @property
    def request_id(self) -> str | None:
        """What the server's log knows the request by; None where the reply does not say."""
        return self.problem.request_id


class Unauthorized(ProblemError):
    pass


class Forbidden(ProblemError):
    pass


class NotFound(ProblemError, LookupError):
    pass


class Conflict(ProblemError):
    pass


class Rejected(ProblemError, ValueError):
    pass


class TooManyRequests(ProblemError):
    pass


class Unavailable(ProblemError):
    pass


_BY_STATUS: dict[int, type[ProblemError]] = {
    400: Rejected,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    413: Rejected,
    415: Rejected,
    422: Rejected,
    429: TooManyRequests,
    503: Unavailable,
}


def problem_error(problem: Problem, *, where: str = "", retry_after: float | None = None) -> ProblemError:
    """The exception that stands for a problem: the class of its status, `ProblemError` for all others."""
    return _BY_STATUS.get(problem.status, ProblemError)(problem, where=where, retry_after=retry_after)


def _detail(problem: Problem) -> str:
    """What is wrong, and with which fields where the detail does not name them itself."""
    named = [f"{error.field}: {error.message}" for error in problem.errors or ()]
    told = problem.detail or problem.title
    return "; ".join([told, *(one for one in named if one != told)])
