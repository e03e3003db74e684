"""Replies in OpenAI's shape, with what wenbao says beside them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from server.schemas import CitationOut, ReplyModel


class Usage(ReplyModel):
    """The lengths of a conversation and its answer, counted by `server.openai.usage`."""

    prompt_tokens: int = Field(description="Of all messages.")
    completion_tokens: int = Field(description="Of the answer.")
    total_tokens: int = Field(description="Both together.")


class Beside(ReplyModel):
    """What wenbao says beside OpenAI's fields, each as in the reply of `/v1/ask`."""

    answered: bool = Field(description="False when nothing in the corpus supports an answer; `content` then says so.")
    citations: tuple[CitationOut, ...] = Field(description="What the marks `[n]` of the answer point at.")
    standalone_question: str = Field(description="The question with what the history adds: what was looked up.")
    answerer: Literal["extractive", "llm"] = Field(description="Who wrote the answer.")
    generation: str = Field(description="The generation of the index that was searched.")
    warnings: tuple[str, ...] = Field(description="What went less well than it should have, in words.")


class AssistantMessage(ReplyModel):
    """The answer."""

    role: Literal["assistant"] = Field(default="assistant", description="Who says it.")
    content: str = Field(description="The answer, with marks `[n]` that match `citations[].n` both ways.")
    refusal: None = Field(default=None, description="Always null: that the paper says nothing of it is an answer too.")
    citations: tuple[CitationOut, ...] = Field(description="What the marks `[n]` of `content` point at.")


class Choice(ReplyModel):
    """The one choice of a reply."""

    index: Literal[0] = Field(default=0, description="There is but one.")
    message: AssistantMessage = Field(description="The answer, as a message of the conversation.")
    logprobs: None = Field(default=None, description="Always null.")
    finish_reason: Literal["stop"] = Field(default="stop", description="The answer is whole.")


class ChatCompletion(Beside):
    """A whole reply."""

    id: str = Field(description="Of this reply.")
    object: Literal["chat.completion"] = Field(default="chat.completion", description="What this is.")
    created: int = Field(description="Seconds since 1970.")
    model: str = Field(description="As in the request.")
    choices: tuple[Choice, ...] = Field(description="One.")
    usage: Usage = Field(description="Lengths of the conversation and the answer.")
    system_fingerprint: str = Field(description="wenbao and its version.")


class Delta(ReplyModel):
    """What a chunk adds to the message. Empty fields are left out."""

    role: Literal["assistant"] | None = Field(default=None, description="In the first chunk.")
    content: str | None = Field(default=None, description="The next piece of the answer.")
    citations: tuple[CitationOut, ...] | None = Field(default=None, description="In the chunk with `finish_reason`.")


class ChunkChoice(ReplyModel):
    """The one choice of a chunk."""

    index: Literal[0] = Field(default=0, description="There is but one.")
    delta: Delta
    logprobs: None = None
    finish_reason: Literal["stop"] | None = Field(default=None, description="`stop` when the answer has ended.")


class ChatChunk(ReplyModel):
    """A piece of a streamed reply; what is not set is not sent. The last ones carry what stands beside the answer."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    system_fingerprint: str
    choices: tuple[ChunkChoice, ...]
    usage: Usage | None = Field(default=None, description="In every chunk where it is asked for; null but in the last.")
    answered: bool | None = None
    citations: tuple[CitationOut, ...] | None = None
    standalone_question: str | None = None
    answerer: Literal["extractive", "llm"] | None = None
    generation: str | None = None
    warnings: tuple[str, ...] | None = None


class ModelOut(ReplyModel):
    """One way to be answered."""

    id: str = Field(description="What to send as `model`.")
    object: Literal["model"] = Field(default="model", description="What this is.")
    created: int = Field(description="When the loaded index was built, in seconds since 1970; 0 while none is.")
    owned_by: Literal["wenbao"] = Field(default="wenbao", description="Whose it is.")


class ModelList(ReplyModel):
    """Every way to be answered."""

    object: Literal["list"] = Field(default="list", description="What this is.")
    data: tuple[ModelOut, ...] = Field(description="Every way to be answered.")


class ErrorBody(ReplyModel):
    """What is wrong, and what to do next."""

    message: str = Field(description="What is wrong, and what to do next.")
    type: str = Field(description="invalid_request_error, rate_limit_error or server_error.")
    param: str | None = Field(description="The field at fault, where one is.")
    code: str | None = Field(description="A stable name.")


class ErrorReply(ReplyModel):
    """An error in OpenAI's shape."""

    error: ErrorBody = Field(description="All that is told of it.")
