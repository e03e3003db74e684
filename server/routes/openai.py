"""POST /v1/chat/completions and GET /v1/models: OpenAI's protocol over the library, streamed and not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Path, Request, Response

from rag.cancellation import Cancellation
from rag.errors import Cancelled, RagError
from rag.types import Answer
from server.asking import Inquiry, opened, put
from server.errors import problem_of
from server.openai.conversation import MODELS, answerer_of, check_parameters, read_conversation
from server.openai.errors import ERROR_RESPONSES, OpenAIRoute, error_of
from server.openai.replies import ChatCompletion, ModelList, ModelOut
from server.openai.requests import ChatRequest
from server.openai.writing import Writer
from server.routes.search import KEYED, to_filters
from server.state import State, StateDep
from server.streaming import CLIENT_GONE, EVENT_SCHEMA, EventStream, Tell, event, run_while_heard

router = APIRouter(
    prefix="/v1", tags=["openai"], dependencies=[KEYED], responses=ERROR_RESPONSES, route_class=OpenAIRoute
)

_log = logging.getLogger(__name__)

_EXAMPLES = {
    "question": {
        "summary": "A question",
        "value": {"model": "wenbao", "messages": [{"role": "user", "content": "哪些城市搭建了婚恋交友平台？"}]},
    },
    "follow-up": {
        "summary": "A question that leans on the one before, streamed",
        "value": {
            "model": "wenbao-extractive",
            "messages": [
                {"role": "user", "content": "哪些城市搭建了婚恋交友平台？"},
                {"role": "assistant", "content": "……[1]"},
                {"role": "user", "content": "它们是哪一年开始的？"},
            ],
            "stream": True,
            "stream_options": {"include_usage": True},
        },
    },
}
_STREAMED = {
    "description": "The reply; with `stream: true` events of chunks as OpenAI has them. The chunk with `finish_reason` "
    "carries `citations` and the other fields that wenbao adds; `data: [DONE]` ends the stream.",
    "content": {"text/event-stream": {"schema": EVENT_SCHEMA}},
}


@router.post("/chat/completions", response_model=ChatCompletion, responses={200: _STREAMED})
async def chat_completions(
    asked: Annotated[ChatRequest, Body(openapi_examples=_EXAMPLES)],
    state: StateDep,
    request: Request,
) -> Response:
    """The answer to the last message of a conversation, every sentence of it cited, or an honest refusal."""
    answerer = answerer_of(asked.model)
    check_parameters(asked)
    conversation = read_conversation(asked.messages, state.settings)
    library = await opened(state)
    inquiry = Inquiry(conversation.question, conversation.history, filters=to_filters(asked.filters), answerer=answerer)
    is_counted = asked.stream_options is not None and bool(asked.stream_options.include_usage)
    writer = Writer(asked.model, conversation, counted=is_counted)

    def answer(cancellation: Cancellation) -> Answer:
        return put(inquiry, state, library, cancellation)

    if asked.stream:
        return EventStream(partial(_tell, answer, writer))
    try:
        body = await run_while_heard(
            lambda cancellation: writer.whole(answer(cancellation)).model_dump_json(), request.receive
        )
    except Cancelled:
        return Response(status_code=CLIENT_GONE)
    return Response(body, media_type="application/json")


@router.get("/models")
async def models(state: StateDep) -> ModelList:
    """Every way to be answered."""
    created = _created(state)
    return ModelList(data=tuple(ModelOut(id=name, created=created) for name in MODELS))


@router.get("/models/{model}")
async def model(model: Annotated[str, Path(description="As in the list.")], state: StateDep) -> ModelOut:
    """One way to be answered."""
    answerer_of(model)
    return ModelOut(id=model, created=_created(state))


def _tell(answer: Callable[[Cancellation], Answer], writer: Writer, tell: Tell, cancellation: Cancellation) -> None:
    """The chunks of a reply; whatever goes wrong becomes the last event, since the status is sent already."""
    tell(writer.first())
    try:
        for chunk in writer.rest(answer(cancellation)):
            tell(chunk)
    except Cancelled:
        raise
    except RagError as error:
        tell(event(error_of(problem_of(error))))
    except Exception as error:
        _log.exception("a streamed answer failed")
        tell(event(error_of(problem_of(error))))


def _created(state: State) -> int:
    """When the loaded index was built; 0 while none is loaded."""
    library = state.live.current()
    return int(datetime.fromisoformat(library.status().created).timestamp()) if library is not None else 0
