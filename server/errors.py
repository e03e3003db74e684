"""Errors as RFC 9457 problems: one table from the error family to HTTP statuses, and the handlers that use it.

`type` is `https://wenbao.invalid/problems/<slug>`; the slug is the error's own (`rag.errors`) and never changes. The
address is a name only, nothing can be fetched there. What to do next stands in the extension member `hint`.
"""

from __future__ import annotations

import http
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.errors import (
    CorpusError,
    IndexLocked,
    InputError,
    ModelError,
    NotFound,
    RagError,
    ServerError,
    StoreError,
    WriteError,
)
from server.paths import without_paths
from server.refusals import Changed, DiskFull, Forbidden, PathRefused, TooLarge, TooLate, TooMany, TooSlow
from server.schemas import FieldError, Problem
from server.telemetry.requests import request_id

PROBLEM_TYPE = "https://wenbao.invalid/problems/"
MEDIA_TYPE = "application/problem+json"
MAX_FIELD_ERRORS = 20
"""Field errors that a problem lists; a body with more is not mended field by field."""
MAX_FIELD_PATH = 200

_log = logging.getLogger(__name__)


class Loading(ServerError):
    """The index is still being opened."""

    slug = "loading"


class ShuttingDown(ServerError):
    """The server is about to end."""

    slug = "shutting-down"


_STATUS: dict[type[RagError], int] = {
    InputError: 422,
    NotFound: 404,
    CorpusError: 503,
    IndexLocked: 409,
    StoreError: 503,
    ModelError: 503,
    WriteError: 503,
    Loading: 503,
    ShuttingDown: 503,
    Forbidden: 403,
    TooSlow: 408,
    Changed: 412,
    TooLarge: 413,
    PathRefused: 422,
    TooMany: 429,
    TooLate: 504,
    DiskFull: 507,
    ServerError: 502,
    RagError: 500,
}
_RETRY_AFTER_S = {"loading": 2, "index-locked": 10, "busy": 1, "store-unavailable": 5}
_CLOSING = {"slow-body"}
"""After these the connection is cut: the rest of the request would be taken for another one."""
_INTERNAL = Problem(
    type=PROBLEM_TYPE + RagError.slug,
    title="Internal error",
    status=500,
    detail="wenbao met a defect of its own.",
    hint="The server's log says more.",
)

# What OpenAPI says of every /v1 route beside its own reply.
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "description": meaning,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, meaning in {
        400: "A body that is no UTF-8.",
        401: "No key, or a wrong one, while keys are configured.",
        403: "The key may only read, or the page that calls is another site's.",
        408: "The request's body did not come in time.",
        413: "The request is larger than the server reads.",
        421: "Without keys the server answers to names of its own machine only.",
        422: "A field that cannot be used; `errors` names each.",
        429: "As many requests as the server takes are being worked on; `Retry-After` says when to ask again.",
        500: "A defect of wenbao.",
        503: "No index is loaded: it is still loading, missing, damaged, or of another model.",
        504: "The reply had not begun in time.",
    }.items()
}


def status_of(error: RagError) -> int:
    """The HTTP status of an error: that of its nearest class in the table."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def problem_of(error: Exception) -> Problem:
    """The problem that an error is told as, signed. What is not of the family says nothing of itself."""
    if not isinstance(error, RagError) or type(error) is RagError:
        return signed(_INTERNAL)
    return Problem(
        type=PROBLEM_TYPE + error.slug,
        title=_title(error.slug),
        status=status_of(error),
        detail=_clean(without_paths(error.message)),
        hint=_clean(without_paths(error.hint)) or None,
        request_id=request_id(),
    )


def signed(problem: Problem) -> Problem:
    """The problem with the id of the request that met it; None outside of a request, as in a job."""
    return problem.model_copy(update={"request_id": request_id()})


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The reply that carries a problem."""
    slug = problem.type.removeprefix(PROBLEM_TYPE)
    retry = {"Retry-After": str(_RETRY_AFTER_S[slug])} if slug in _RETRY_AFTER_S else {}
    if slug in _CLOSING:
        retry["Connection"] = "close"
    return Response(
        signed(problem).model_dump_json(exclude_none=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={**retry, **(headers or {})},
    )


def plain_problem(slug: str, status: int, detail: str, hint: str | None = None) -> Problem:
    """A problem that HTTP itself brings, without an error of the family behind it."""
    return Problem(type=PROBLEM_TYPE + slug, title=_title(slug), status=status, detail=detail, hint=hint)


def add_handlers(app: FastAPI, routes: Sequence[Any]) -> None:
    """Has every error of `app` told as a problem.

    Args:
        app: the application.
        routes: of it, in which the methods of a path are looked up.
    """

    @app.exception_handler(RagError)
    def family(_: Request, error: RagError) -> Response:
        if status_of(error) == http.HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("a request failed", exc_info=error)
        return problem_response(problem_of(error))

    @app.exception_handler(RequestValidationError)
    def validation(_: Request, error: RequestValidationError) -> Response:
        return problem_response(_validation_problem(error.errors()))

    @app.exception_handler(HTTPException)
    def by_http(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == http.HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = _methods_of(request.scope, routes)
        return problem_response(_http_problem(request, error, headers.get("Allow", "")), headers)


class Defects:
    """ASGI middleware that logs what nobody foresaw and tells it as a problem.

    Starlette's own would raise it again behind the reply, and the server then cuts a connection that the client was
    told it may keep. Only a reply that has begun is cut: its end would be missed otherwise.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:  # the last line of defence, and not a silent one
            if begun or scope["type"] != "http":
                raise
            _log.error("a request failed", exc_info=error)
            await problem_response(_INTERNAL)(scope, receive, send)


def _validation_problem(found: Sequence[Any]) -> Problem:
    errors = tuple(_field_error(one) for one in found[:MAX_FIELD_ERRORS])
    told = f"{errors[0].field}: {errors[0].message}" if len(errors) == 1 else f"{len(found)} fields cannot be used."
    return Problem(
        type=PROBLEM_TYPE + "validation",
        title="Request cannot be used",
        status=422,
        detail=told,
        hint="GET /openapi.json lists the fields and their bounds.",
        errors=errors,
    )


def _field_error(one: Any) -> FieldError:
    if one["type"] == "json_invalid":  # the body as a whole; its location is a character's
        why = one.get("ctx", {}).get("error", "")
        return FieldError(field="body", message=_clean(f"this is no JSON from character {one['loc'][-1]} on: {why}"))
    return FieldError(field=_field_path(one["loc"]), message=_clean(str(one["msg"])))


def _field_path(location: Sequence[str | int]) -> str:
    """`filters.date_from` of `("body", "filters", "date_from")`; `body` where the body itself is meant."""
    inner = location[1:] if location[0] in {"body", "query", "path", "header"} else location
    return _clean(".".join(str(part) for part in inner))[:MAX_FIELD_PATH] or str(location[0])


def _methods_of(scope: Scope, routes: Sequence[Any]) -> str:
    """Every method of a path, as `Allow` lists them. Starlette knows those of one of its routes only."""
    found = {method for route in routes if route.matches(scope)[0] is not Match.NONE for method in route.methods}
    return ", ".join(sorted(found))


def _http_problem(request: Request, error: HTTPException, allowed: str) -> Problem:
    path = _clean(request.url.path)[:MAX_FIELD_PATH]
    if error.status_code == http.HTTPStatus.NOT_FOUND:
        return plain_problem("no-such-path", 404, f"There is nothing at {path}.", "GET /openapi.json lists the paths.")
    if error.status_code == http.HTTPStatus.METHOD_NOT_ALLOWED:
        return plain_problem(
            "method-not-allowed", 405, f"{request.method} cannot be used on {path}.", f"Use {allowed}."
        )
    phrase = http.HTTPStatus(error.status_code).phrase
    return plain_problem(phrase.lower().replace(" ", "-"), error.status_code, _clean(str(error.detail)))


def _title(slug: str) -> str:
    return slug.replace("-", " ").capitalize()


def _clean(text: str) -> str:
    """Without lone surrogates, which file names that are not UTF-8 bring along and JSON cannot carry."""
    return text.encode("utf-8", "replace").decode()
