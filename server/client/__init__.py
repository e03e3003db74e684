"""The client of wenbao's API: typed, for programs that wait (`Wenbao`) and programs that do not (`AsyncWenbao`).

    from server.client import Wenbao

    with Wenbao("http://127.0.0.1:8000") as paper:
        print(paper.ask("哪些城市搭建了婚恋交友平台？").answer)

It stands beside the wire models that it reads, `server.schemas`, and needs nothing else of wenbao.
"""

from server.client.aio import AsyncAnswerStream, AsyncWenbao
from server.client.errors import (
    Conflict,
    ConnectionFailed,
    Forbidden,
    NotFound,
    ProblemError,
    RefreshFailed,
    Rejected,
    ReplyError,
    TimedOut,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UsageError,
    WenbaoError,
)
from server.client.events import StreamEvent
from server.client.retries import Retries, RetryPolicy
from server.client.sync import AnswerStream, Wenbao

__all__ = [
    "AnswerStream",
    "AsyncAnswerStream",
    "AsyncWenbao",
    "Conflict",
    "ConnectionFailed",
    "Forbidden",
    "NotFound",
    "ProblemError",
    "RefreshFailed",
    "Rejected",
    "ReplyError",
    "Retries",
    "RetryPolicy",
    "StreamEvent",
    "TimedOut",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
    "UsageError",
    "Wenbao",
    "WenbaoError",
]
