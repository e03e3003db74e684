"""POST /v1/ask: the whole reply at once, or as server-sent events."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from typing import Annotated

from fastapi import APIRouter, Body, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from rag.errors import RagError
from rag.types import Answer, Turn
from server.errors import PROBLEM_RESPONSES, problem_of
from server.routes.search import KEYED, to_filters
from server.schemas import AskRequest, AskResponse, CitationOut, DeltaEvent, HitsEvent
from server.state import StateDep

router = APIRouter(prefix="/v1", tags=["answers"], dependencies=[KEYED], responses=PROBLEM_RESPONSES)

# A piece of an answer ends behind a mark, a sentence or a line.
_PIECE = re.compile(r".+?(?:(?:\[\d+\])+|[。！？!?\n]+(?!\[\d)|\Z)", re.DOTALL)
_MARK = re.compile(r"\[(\d+)\]")
# These end a line for many readers of event streams though not for the format, and JSON leaves them as they are.
_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
_STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

_log = logging.getLogger(__name__)

_EXAMPLES = {
    "question": {"summary": "A question", "value": {"question": "哪些城市搭建了婚恋交友平台？"}},
    "follow-up": {
        "summary": "A question that leans on the one before, streamed",
        "value": {
            "question": "它们是哪一年开始的？",
            "history": [
                {"role": "user", "content": "哪些城市搭建了婚恋交友平台？"},
                {"role": "assistant", "content": "……[1]"},
            ],
            "stream": True,
        },
    },
}
_STREAMED = {
    "description": "The reply; with `stream: true` the events `hits` `{hits}`, `delta` `{text}`, `citation` (one of "
    "`citations`), then `done` (the whole reply) or `error` (a problem). The deltas joined are `answer`.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}


@router.post("/ask", response_model=AskResponse, responses={200: _STREAMED})
def ask(
    request: Annotated[AskRequest, Body(openapi_examples=_EXAMPLES)],
    state: StateDep,
) -> AskResponse | Response:
    """A short answer in which every sentence is cited, or an honest refusal."""
    library = state.live.wait()

    def answer() -> Answer:
        if not request.question:
            return nothing_asked(library.status().generation)
        return library.ask(
            request.question,
            history=[Turn(turn.role, turn.content) for turn in request.history],
            top_k=request.top_k,
            filters=to_filters(request.filters),
            answerer=request.answerer,
            explain=request.explain,
        )

    if request.stream:
        return StreamingResponse(_events(answer), media_type="text/event-stream", headers=_STREAM_HEADERS)
    return AskResponse.from_answer(answer())


def nothing_asked(generation: str) -> Answer:
    """The reply to an empty question: a refusal that says what to do."""
    return Answer(
        question="",
        answered=False,
        answer="问题是空的。请用一句话来问，例如：哪些城市搭建了婚恋交友平台？",
        citations=(),
        hits=(),
        standalone_question="",
        answerer="extractive",
        generation=generation,
        took_ms=0.0,
        warnings=("The question is empty.",),
    )


def _events(answer: Callable[[], Answer]) -> Iterator[str]:
    """The events of an answer; whatever goes wrong becomes the last of them, since the status is sent already."""
    try:
        reply = AskResponse.from_answer(answer())
        yield _event("hits", HitsEvent(hits=reply.hits))
        waiting = {citation.n: citation for citation in reply.citations}
        for piece in pieces(reply.answer):
            yield _event("delta", DeltaEvent(text=piece))
            yield from (_event("citation", citation) for citation in _marked(piece, waiting))
        yield from (_event("citation", citation) for citation in waiting.values())
        yield _event("done", reply)
    except RagError as error:
        yield _event("error", problem_of(error), exclude_none=True)
    except Exception as error:
        _log.exception("a streamed answer failed")
        yield _event("error", problem_of(error), exclude_none=True)


def pieces(answer: str) -> list[str]:
    """An answer cut behind marks, sentences and lines; joined, the pieces are the answer."""
    return _PIECE.findall(answer)


def _marked(piece: str, waiting: dict[int, CitationOut]) -> Iterator[CitationOut]:
    """The citations that a piece marks for the first time; they are taken out of `waiting`."""
    for mark in _MARK.findall(piece):
        if int(mark) in waiting:
            yield waiting.pop(int(mark))


def _event(name: str, data: BaseModel, *, exclude_none: bool = False) -> str:
    body = data.model_dump_json(exclude_none=exclude_none).translate(_LINE_ENDS)
    return f"event: {name}\ndata: {body}\n\n"
