"""The request at hand, in the context that answers it: its id, and what the log says of it.

An id is taken over from `X-Request-ID` where it is one that can stand in a log, a header and a URL, else made. It goes
back in the same header, in every problem (`request_id`) and in every line of the log that the request causes.
"""

from __future__ import annotations

import re
import uuid
from contextvars import ContextVar
from dataclasses import dataclass

REQUEST_ID_HEADER = "X-Request-ID"
MAX_REQUEST_ID = 128

_SANE = re.compile(rf"[A-Za-z0-9._:-]{{1,{MAX_REQUEST_ID}}}", re.ASCII)


@dataclass(slots=True)
class CurrentRequest:
    """What is known of a request while it is answered."""

    request_id: str
    trace_id: str = ""
    """Of OpenTelemetry, in hexadecimal; empty where nothing is traced."""
    question: str = ""
    """As typed, for logs that are asked for it (`log_questions`); empty where nothing was asked."""
    timed: bool = True
    """False for a stream without an end, whose length says nothing of how fast the server is."""


_current: ContextVar[CurrentRequest | None] = ContextVar("wenbao_request", default=None)


def begin(given: str | None) -> CurrentRequest:
    """Makes this context that of a new request.

    Args:
        given: the id that the caller sent, if any.
    """
    sane = given is not None and _SANE.fullmatch(given) is not None
    request = CurrentRequest(given if sane and given is not None else uuid.uuid4().hex)
    _current.set(request)
    return request


def current_request() -> CurrentRequest | None:
    """The request of this context; None outside of one."""
    return _current.get()


def request_id() -> str | None:
    """Id of the request of this context; None outside of one."""
    request = _current.get()
    return None if request is None else request.request_id
