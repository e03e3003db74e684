"""An answer → a chat completion, whole or in chunks."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from rag import __version__
from rag.types import Answer
from server.openai.conversation import Conversation
from server.openai.replies import AssistantMessage, Beside, ChatChunk, ChatCompletion, Choice, ChunkChoice, Delta, Usage
from server.openai.usage import usage_of
from server.schemas import CitationOut
from server.streaming import event, pieces

FINGERPRINT = f"wenbao-{__version__}"
DONE = "data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes one reply."""

    model: str
    conversation: Conversation
    counted: bool = False
    """Whether a stream ends with a chunk that tells the usage."""
    reply_id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, answer: Answer) -> ChatCompletion:
        """The reply in one piece."""
        beside = self._beside(answer)
        message = AssistantMessage(content=answer.answer, citations=beside.citations)
        return ChatCompletion(
            id=self.reply_id,
            created=self.created,
            model=self.model,
            choices=(Choice(message=message),),
            usage=self._usage(answer),
            system_fingerprint=FINGERPRINT,
            **dict(beside),
        )

    def first(self) -> str:
        """The chunk before everything else, which can be sent before anything is known."""
        return self._chunk(Delta(role="assistant", content=""))

    def rest(self, answer: Answer) -> Iterator[str]:
        """The text in pieces, then the chunk that ends it and tells the citations, then the usage where asked for."""
        for piece in pieces(answer.answer):
            yield self._chunk(Delta(content=piece))
        beside = self._beside(answer)
        yield self._chunk(Delta(citations=beside.citations), "stop", beside)
        if self.counted:
            yield self._chunk(None, beside=beside, usage=self._usage(answer))
        yield DONE

    def _chunk(
        self,
        delta: Delta | None,
        finish_reason: Literal["stop"] | None = None,
        beside: Beside | None = None,
        usage: Usage | None = None,
    ) -> str:
        choice = ChunkChoice(index=0, delta=delta, logprobs=None, finish_reason=finish_reason) if delta else None
        chunk = ChatChunk(
            id=self.reply_id,
            object="chat.completion.chunk",
            created=self.created,
            model=self.model,
            system_fingerprint=FINGERPRINT,
            choices=(choice,) if choice else (),
            **({"usage": usage} if self.counted else {}),  # type: ignore[arg-type]  # pydantic checks them
            **(dict(beside) if beside else {}),
        )
        return event(chunk.model_dump_json(exclude_unset=True))

    def _beside(self, answer: Answer) -> Beside:
        return Beside(
            answered=answer.answered,
            citations=tuple(CitationOut.from_citation(citation) for citation in answer.citations),
            standalone_question=answer.standalone_question,
            answerer=answer.answerer,
            generation=answer.generation,
            warnings=(*answer.warnings, *self.conversation.warnings),
        )

    def _usage(self, answer: Answer) -> Usage:
        return usage_of(self.conversation.texts, answer.answer)
