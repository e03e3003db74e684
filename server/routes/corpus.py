"""PUT and DELETE /v1/corpus/{path}: files of the corpus, for those who may write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi import Path as PathParameter
from starlette.concurrency import run_in_threadpool

from rag.errors import InputError
from rag.settings import sample_path
from server.errors import PROBLEM_RESPONSES
from server.refusals import Forbidden
from server.routes.search import KEYED
from server.schemas import JobOut
from server.schemas.corpus import CorpusFileOut, CorpusQuery, RefreshState
from server.state import State, StateDep
from server.uploads import Condition, Outcome, Stored, Upload, delete, names_of

router = APIRouter(prefix="/v1", tags=["corpus"], dependencies=[KEYED], responses=PROBLEM_RESPONSES)

_CONTENT = PROBLEM_RESPONSES[500]["content"]
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    403: {"description": "The key may only read, or this server takes no uploads.", "content": _CONTENT},
    412: {"description": "The file is not the one that `If-Match` or `If-None-Match` names.", "content": _CONTENT},
    422: {"description": "No file of a corpus may have this path, or the body is empty.", "content": _CONTENT},
}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file, byte for byte.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_TAG = {"ETag": {"description": "The file's SHA-256, in quotes.", "schema": {"type": "string"}}}

FilePath = Annotated[str, PathParameter(description="Path of the file in the corpus, `/` between folders.")]
IfMatch = Annotated[str | None, Header(description="Only if the file there has one of these tags; `*`: if any is.")]
IfNoneMatch = Annotated[str | None, Header(description="Only if the file there has none of these tags; `*`: if none.")]


@router.put(
    "/corpus/{path:path}",
    status_code=201,
    responses={
        **_PROBLEMS,
        200: {"model": CorpusFileOut, "description": "The file was replaced, or was there already.", "headers": _TAG},
        201: {"description": "The file is new.", "headers": _TAG},
        507: {"description": "No space is left; the corpus is as it was.", "content": _CONTENT},
    },
    openapi_extra=_BODY,
)
async def put_file(
    path: FilePath,
    query: Annotated[CorpusQuery, Query()],
    request: Request,
    response: Response,
    state: StateDep,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> CorpusFileOut:
    """Puts a file into the corpus, whole or not at all; one of that path is replaced."""
    root = await run_in_threadpool(_root, state)
    names = names_of(path)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise InputError("a packed body is not unpacked", hint="Send the file without Content-Encoding.")
    stored = await _store(root, names, request, _condition(if_match, if_none_match))
    response.status_code = 201 if stored.outcome == "created" else 200
    response.headers["ETag"] = f'"{stored.sha256}"'
    refresh, job = _refreshed(state, stored.outcome, query.refresh)
    return CorpusFileOut(
        source="/".join(names),
        outcome=stored.outcome,
        bytes=stored.size,
        sha256=stored.sha256,
        refresh=refresh,
        job=job,
    )


@router.delete(
    "/corpus/{path:path}",
    status_code=204,
    responses={**_PROBLEMS, 404: {"description": "There is no such file.", "content": _CONTENT}},
)
async def delete_file(
    path: FilePath,
    query: Annotated[CorpusQuery, Query()],
    state: StateDep,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> None:
    """Takes a file out of the corpus. Its articles leave the index with the next refresh."""
    root = await run_in_threadpool(_root, state)
    await run_in_threadpool(delete, root, names_of(path), _condition(if_match, if_none_match))
    _refreshed(state, "replaced", query.refresh)


async def _store(root: Path, names: tuple[str, ...], request: Request, holds: Condition) -> Stored:
    """Takes the body piece by piece to where it belongs; the guard has bounded it."""
    upload = await run_in_threadpool(Upload, root, names)
    with upload:
        async for piece in request.stream():
            if piece:
                await run_in_threadpool(upload.write, piece)
        return await run_in_threadpool(upload.publish, holds)


def _root(state: State) -> Path:
    """The folder that uploads go to, which is the one that a refresh reads.

    Raises:
        Forbidden: uploads are off, or have nowhere to go; says what to set.
    """
    from rag.index.building.remembering import with_remembered_corpus  # what is behind it is not needed at the start

    if not state.settings.allow_upload:
        raise Forbidden("This server takes no uploads.", hint="Its setting allow_upload turns them on.")
    if not state.settings.api_keys:
        raise Forbidden(
            "This server asks for no keys, and takes uploads from nobody.", hint="Set api_keys; `wenbao key` makes one."
        )
    settings = with_remembered_corpus(state.settings)
    root = settings.corpus_path.absolute()
    if settings.sample_corpus or root.resolve() == sample_path().resolve():
        raise Forbidden("The built-in sample cannot be changed.", hint="Set corpus to a folder of your own.")
    if root.is_file():
        raise Forbidden("The corpus is one file, and files are put into folders.", hint="Set corpus to a folder.")
    return root


def _condition(if_match: str | None, if_none_match: str | None) -> Condition:
    """RFC 9110's conditions on the file that is there; tags that are not strong match nothing."""

    def holds(known: str | None) -> bool:
        if if_match is not None and not _names(if_match, known):
            return False
        return if_none_match is None or not _names(if_none_match, known)

    return holds


def _names(condition: str, known: str | None) -> bool:
    if known is None:
        return False
    return condition.strip() == "*" or f'"{known}"' in (tag.strip() for tag in condition.split(","))


def _refreshed(state: State, outcome: Outcome, wanted: bool) -> tuple[RefreshState, JobOut | None]:
    """How the index comes to know of a file, and the job that brings it there."""
    if wanted:
        job, started = state.jobs.start()
        return ("started" if started else "running"), job
    if outcome == "unchanged":
        return "none", None
    if state.jobs.running is not None:
        return "running", state.jobs.running
    watched = state.watcher is not None and state.watcher.is_watching
    return ("watched" if watched else "needed"), None
