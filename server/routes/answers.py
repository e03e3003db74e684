"""POST /v1/ask: the whole reply at once, or as server-sent events."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from rag.cancellation import Cancellation
from rag.errors import Cancelled, RagError
from rag.types import Hit, Turn
from server.asking import Inquiry, OnHits, opened, put
from server.errors import PROBLEM_RESPONSES, problem_of
from server.routes.search import KEYED, to_filters
from server.schemas import AskRequest, AskResponse, CitationOut, DeltaEvent, HitOut, HitsEvent
from server.state import StateDep
from server.streaming import CLIENT_GONE, EVENT_SCHEMA, EventStream, Tell, event, pieces, run_while_heard

router = APIRouter(prefix="/v1", tags=["answers"], dependencies=[KEYED], responses=PROBLEM_RESPONSES)

_MARK = re.compile(r"\[(\d+)\]")

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
    "description": "The reply; with `stream: true` the events `hits` `{hits}`, as soon as the search is done, `delta` "
    "`{text}`, `citation` (one of `citations`, behind its first mark), then `done` (the whole reply) or `error` (a "
    "problem). The deltas joined are `answer`. Lines that begin with a colon are heartbeats.",
    "content": {"text/event-stream": {"schema": EVENT_SCHEMA}},
}


@router.post("/ask", response_model=AskResponse, responses={200: _STREAMED})
async def ask(
    asked: Annotated[AskRequest, Body(openapi_examples=_EXAMPLES)],
    state: StateDep,
    request: Request,
) -> Response:
    """A short answer in which every sentence is cited, or an honest refusal. A client that goes away ends the work."""
    library = await opened(state)
    inquiry = Inquiry(
        asked.question,
        [Turn(turn.role, turn.content) for turn in asked.history],
        asked.top_k,
        to_filters(asked.filters),
        asked.answerer,
        asked.explain,
    )

    def answer(cancellation: Cancellation, on_hits: OnHits | None = None) -> AskResponse:
        return AskResponse.from_answer(put(inquiry, state, library, cancellation, on_hits))

    if asked.stream:
        return EventStream(partial(_tell, answer))
    try:
        body = await run_while_heard(lambda cancellation: answer(cancellation).model_dump_json(), request.receive)
    except Cancelled:
        return Response(status_code=CLIENT_GONE)
    return Response(body, media_type="application/json")


def _tell(answer: Callable[[Cancellation, OnHits], AskResponse], tell: Tell, cancellation: Cancellation) -> None:
    """The events of an answer; whatever goes wrong becomes the last of them, since the status is sent already."""
    shown = False

    def show(hits: tuple[Hit, ...]) -> None:
        nonlocal shown
        shown = True
        tell(event(HitsEvent(hits=tuple(HitOut.from_hit(hit) for hit in hits)), name="hits"))

    try:
        reply = answer(cancellation, show)
        if not shown:  # where nothing was asked, nothing was looked for
            tell(event(HitsEvent(hits=reply.hits), name="hits"))
        for piece in _events(reply):
            tell(piece)
    except Cancelled:
        raise
    except RagError as error:
        tell(event(problem_of(error), name="error", exclude_none=True))
    except Exception as error:
        _log.exception("a streamed answer failed")
        tell(event(problem_of(error), name="error", exclude_none=True))


def _events(reply: AskResponse) -> Iterator[str]:
    """The events of a reply behind its hits."""
    waiting = {citation.n: citation for citation in reply.citations}
    for piece in pieces(reply.answer):
        yield event(DeltaEvent(text=piece), name="delta")
        yield from (event(citation, name="citation") for citation in _marked(piece, waiting))
    yield from (event(citation, name="citation") for citation in waiting.values())
    yield event(reply, name="done")


def _marked(piece: str, waiting: dict[int, CitationOut]) -> Iterator[CitationOut]:
    """The citations that a piece marks for the first time; they are taken out of `waiting`."""
    for mark in _MARK.findall(piece):
        if int(mark) in waiting:
            yield waiting.pop(int(mark))
