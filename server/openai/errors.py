"""Errors in OpenAI's shape, on the paths of OpenAI's protocol and nowhere else.

Everything that goes wrong there becomes a problem first, as on every other path: a middleware around the whole
application turns problems into OpenAI's shape, whoever told them. Only what a route refuses by name of a parameter is
told by the route itself, since a problem has no place for OpenAI's `param` and `code`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.errors import InputError
from server.errors import MEDIA_TYPE, PROBLEM_TYPE
from server.openai.replies import ErrorBody, ErrorReply
from server.schemas import Problem

_PATHS = ("/v1/chat", "/v1/models")
_CODES = {"unauthorized": "invalid_api_key", "busy": "rate_limit_exceeded", "no-such-path": "unknown_url"}
"""Where OpenAI has a name of its own for what a problem tells; else the code is the problem's own name."""
_PYDANTIC_CODES = {
    "missing": "missing_required_parameter",
    "extra_forbidden": "unknown_parameter",
    "json_invalid": "invalid_json",
    "string_too_long": "string_above_max_length",
    "too_long": "array_above_max_length",
    "too_short": "array_below_min_length",
}
_TOLD = 5
"""Faults of a body that its message names."""
_MAX_PATH = 200
# pydantic names in the path what it took a value for where there is a choice.
_OF_UNION = re.compile(r"str|list\[.*\]")

ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply, "description": meaning}
    for status, meaning in {
        400: "Something that OpenAI's protocol has and wenbao does not do; `param` names it.",
        401: "No key, or a wrong one, while keys are configured.",
        403: "The page that calls is another site's.",
        404: "No such model, or no such path.",
        408: "The request's body did not come in time.",
        413: "The request is larger than the server reads.",
        421: "Without keys the server answers to names of its own machine only.",
        422: "A field that cannot be used; `param` names the first.",
        429: "As many requests as the server takes are being worked on; `Retry-After` says when to ask again.",
        500: "A defect of wenbao.",
        503: "No index is loaded: it is still loading, missing, damaged, or of another model.",
        504: "The reply had not begun in time.",
    }.items()
}


class Refused(InputError):
    """A parameter that asks for what wenbao does not do.

    Args:
        message: what it does not do.
        param: the parameter.
        status: the HTTP status.
        code: OpenAI's name for it.
    """

    def __init__(
        self, message: str, param: str, *, status: int = 400, code: str = "unsupported_value", hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.param = param
        self.status = status
        self.code = code


class OpenAIRoute(APIRoute):
    """A route that tells by name of the parameter what it refuses."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_and_tell(request: Request) -> Response:
            try:
                return await handle(request)
            except Refused as refused:
                told = ErrorReply(
                    error=ErrorBody(
                        message=_joined(refused.message, refused.hint),
                        type=_type(refused.status),
                        param=refused.param,
                        code=refused.code,
                    )
                )
                return _response(told, refused.status)
            except RequestValidationError as error:
                return _response(_told_of(error), 422)

        return handle_and_tell


class OpenAIErrors:
    """ASGI middleware that gives problems on the protocol's paths OpenAI's shape; their headers stay."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_openai_path(scope["path"]):
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def translate(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_problem(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    told = error_of(Problem.model_validate_json(body)).model_dump_json().encode()
                    headers = MutableHeaders(scope=start)
                    headers["content-type"], headers["content-length"] = "application/json", str(len(told))
                    await send(start)
                    await send({"type": "http.response.body", "body": told})

        await self._app(scope, receive, translate)


def is_openai_path(path: str) -> bool:
    """True for the paths on which clients expect OpenAI's errors."""
    return any(path == one or path.startswith(f"{one}/") for one in _PATHS)


def error_of(problem: Problem) -> ErrorReply:
    """The problem in OpenAI's shape: what is wrong and what to do next, in one message."""
    slug = problem.type.removeprefix(PROBLEM_TYPE)
    return ErrorReply(
        error=ErrorBody(
            message=_joined(problem.detail, problem.hint or ""),
            type=_type(problem.status),
            param=problem.errors[0].field if problem.errors else None,
            code=_CODES.get(slug, slug.replace("-", "_")),
        )
    )


def _told_of(error: RequestValidationError) -> ErrorReply:
    """Every fault of a body, the first as `param`."""
    faults = error.errors()
    paths = [_path(fault["loc"]) if fault["type"] != "json_invalid" else "" for fault in faults]
    said = [f"{path}: {fault['msg']}" if path else str(fault["msg"]) for path, fault in zip(paths, faults, strict=True)]
    return ErrorReply(
        error=ErrorBody(
            message=_clean("; ".join(said[:_TOLD])),
            type=_type(422),
            param=_clean(paths[0]) or None,
            code=_PYDANTIC_CODES.get(faults[0]["type"], "invalid_value"),
        )
    )


def _path(location: tuple[str | int, ...]) -> str:
    """`messages.0.content` of `("body", "messages", 0, "content", "str")`; empty where the body itself is meant."""
    return ".".join(str(part) for part in location[1:] if not _OF_UNION.fullmatch(str(part)))[:_MAX_PATH]


def _is_problem(start: Message) -> bool:
    return MutableHeaders(scope=start).get("content-type", "").startswith(MEDIA_TYPE)


def _type(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "server_error" if status >= 500 else "invalid_request_error"


def _joined(message: str, hint: str) -> str:
    return _clean(f"{message} {hint}".strip())


def _clean(text: str) -> str:
    """Without lone surrogates, which JSON cannot carry."""
    return text.encode("utf-8", "replace").decode()


def _response(told: ErrorReply, status: int) -> Response:
    return Response(told.model_dump_json(), status_code=status, media_type="application/json")
