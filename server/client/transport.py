"""What both clients share around a call: the address and the key checked, the reply read, failures in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ValidationError

from server.client.calls import Call, Nothing
from server.client.errors import ConnectionFailed, ProblemError, ReplyError, TimedOut, UsageError, problem_error
from server.schemas import Problem

Read = TypeVar("Read", bound=BaseModel)

CONNECT_SECONDS = 5.0
REPLY_SECONDS = 180.0
"""A language model on a slow machine may take minutes for an answer."""


def checked_address(base_url: str) -> str:
    """The address without what the paths bring along.

    Raises:
        UsageError: it is no address of a server, or holds a password.
    """
    address = base_url.strip().rstrip("/").removesuffix("/v1")
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            f"{base_url!r} is not the address of a server.", hint="Give one such as http://127.0.0.1:8000."
        )
    if parts.username is not None or parts.password is not None:  # addresses are shown, keys are not
        raise UsageError("The address has a name or password in it.", hint="A key belongs in api_key.")
    return address


def checked_key(api_key: str | None) -> dict[str, str]:
    """The header that carries the key.

    Raises:
        UsageError: no header can carry it.
    """
    if not api_key:
        return {}
    if not (api_key.isascii() and api_key.isprintable()):
        raise UsageError("The key holds characters that no header can carry.", hint="Look at how it was copied.")
    return {"Authorization": f"Bearer {api_key}"}


def options(base_url: str, api_key: str | None, timeout: float | httpx.Timeout) -> dict[str, Any]:
    """What an httpx client for this server is made with.

    Raises:
        UsageError: address or key cannot be used.
    """
    address = checked_address(base_url)
    if not isinstance(timeout, httpx.Timeout):
        timeout = httpx.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS))
    return {
        "base_url": address,
        "headers": {"Accept": "application/json, text/event-stream", **checked_key(api_key)},
        "timeout": timeout,
        # A proxy from the environment cannot reach a loopback address.
        "trust_env": not _is_loopback(address),
    }


def arguments(call: Call[Any]) -> dict[str, Any]:
    """What httpx is to build a request from."""
    headers = {**({"Content-Type": call.content_type} if call.content is not None else {}), **call.headers}
    return {
        "method": call.method,
        "url": call.path,
        "params": call.params or None,
        "content": call.content,
        "headers": headers,
    }


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Failures of the network as errors of the family.

    Raises:
        TimedOut: no reply in time.
        ConnectionFailed: no connection, or it broke.
    """
    try:
        yield
    except (httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout) as error:
        raise TimedOut(
            str(error) or "The server took too long.", where=where, hint="Ask again, or set timeout."
        ) from error
    except httpx.HTTPError as error:
        told = str(error) or type(error).__name__
        raise ConnectionFailed(
            told, where=where, hint="Look whether the server runs and the address is right."
        ) from error


def refusal(response: httpx.Response, where: str) -> ProblemError | None:
    """The problem that a reply tells, read already; None for a success."""
    if response.is_success:
        return None
    return problem_error(_problem(response), where=where, retry_after=retry_after(response))


def read(call: Call[Read], response: httpx.Response, where: str) -> Read:
    """The reply of a call.

    Raises:
        ProblemError: the server refused it.
        ReplyError: the body is not what the API sends.
    """
    refused = refusal(response, where)
    if refused is not None:
        raise refused
    if call.reply is Nothing:
        return call.reply()
    return parsed(call.reply, response.content, where, response.status_code)


def parsed(model: type[Read], body: str | bytes, where: str, status: int | None = None) -> Read:
    """A model read off JSON.

    Raises:
        ReplyError: it does not fit; the first misfit is named.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        at = ".".join(str(part) for part in first["loc"])
        raise ReplyError(
            f"{at}: {first['msg']}" if at else first["msg"],
            where=where,
            status=status,
            hint="Look whether the address is that of a wenbao server, and of this version.",
        ) from error


def retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server wants to be left alone for; None where it does not say, or not in a way to be read."""
    given = response.headers.get("Retry-After", "").strip()
    if given.isascii() and given.isdigit():
        return float(given)
    try:
        moment = parsedate_to_datetime(given)
    except ValueError:
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _problem(response: httpx.Response) -> Problem:
    """The problem that a reply carries, or one made of its status where it carries none."""
    try:
        return Problem.model_validate_json(response.content).model_copy(update={"status": response.status_code})
    except ValidationError:
        told = f"{response.status_code} {response.reason_phrase}".strip()
        return Problem(type="about:blank", title=response.reason_phrase, status=response.status_code, detail=told)
