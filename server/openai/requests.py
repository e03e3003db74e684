"""Requests in OpenAI's shape. Unknown fields of the body are errors; those of a message are not read.

A message may be one that a reply of this or another server held, fields of that server included.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag

from server.schemas import FiltersIn, RequestModel

MAX_MESSAGE = 20_000
"""Characters of one message, or of one part of it."""
MAX_MESSAGES = 5_000
"""Messages of one request; of these the last ones are read."""

_NO_EFFECT = "Accepted, without effect."
_ONLY = "Only {} is supported."


class ContentPart(BaseModel):
    """A part of a message's content. Only text is read; other kinds are refused with their name."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    type: str = Field(description="`text`.", max_length=100)
    text: str | None = Field(default=None, max_length=MAX_MESSAGE, description="What it says.")


def _content_kind(value: object) -> str | None:
    if isinstance(value, str):
        return "str"
    return "list[ContentPart]" if isinstance(value, list) else None


_Text = Annotated[str, Field(max_length=MAX_MESSAGE), Tag("str")]
_Parts = Annotated[list[ContentPart], Field(max_length=100), Tag("list[ContentPart]")]
Content = Annotated[
    _Text | _Parts,
    Discriminator(
        _content_kind,
        custom_error_type="content_type",
        custom_error_message="Input should be a string or a list of parts",
    ),
]


class MessageIn(BaseModel):
    """One message of the conversation."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    role: Literal["system", "developer", "user", "assistant", "tool", "function"] = Field(
        description="`user` and `assistant` are the conversation; `system` and `developer` have no effect; `tool` and "
        "`function` are refused."
    )
    content: Content | None = Field(default=None, description="Text, or parts of type `text`.")


class StreamOptions(RequestModel):
    """What a stream should hold beside the text."""

    include_usage: bool | None = Field(default=None, description="Whether a last chunk tells the usage.")
    include_obfuscation: bool | None = Field(default=None, description=_NO_EFFECT)


class ChatRequest(RequestModel):
    """A conversation that ends with a question."""

    model: str = Field(
        max_length=200,
        description="Who answers: `wenbao` (a language model where one is configured), `wenbao-extractive` or "
        "`wenbao-llm`.",
        examples=["wenbao"],
    )
    messages: list[MessageIn] = Field(
        min_length=1,
        max_length=MAX_MESSAGES,
        description="Oldest first. The last one, of role `user`, is the question.",
    )
    stream: bool | None = Field(default=None, description="Reply as server-sent events.")
    stream_options: StreamOptions | None = Field(default=None, description="Only with `stream: true`.")
    filters: FiltersIn | None = Field(
        default=None, description="Not of OpenAI: restrictions on what is searched, as for `/v1/ask`."
    )

    # Beside wenbao: nothing is sampled, and an answer is as long as what the paper prints.
    temperature: float | None = Field(default=None, description=_NO_EFFECT)
    top_p: float | None = Field(default=None, description=_NO_EFFECT)
    seed: int | None = Field(default=None, description=_NO_EFFECT)
    max_tokens: int | None = Field(default=None, description=_NO_EFFECT)
    max_completion_tokens: int | None = Field(default=None, description=_NO_EFFECT)
    frequency_penalty: float | None = Field(default=None, description=_NO_EFFECT)
    presence_penalty: float | None = Field(default=None, description=_NO_EFFECT)
    logit_bias: dict[str, float] | None = Field(default=None, description=_NO_EFFECT)
    stop: str | list[str] | None = Field(default=None, description=_NO_EFFECT)
    reasoning_effort: str | None = Field(default=None, description=_NO_EFFECT)
    verbosity: str | None = Field(default=None, description=_NO_EFFECT)
    prediction: dict[str, JsonValue] | None = Field(default=None, description=_NO_EFFECT)
    parallel_tool_calls: bool | None = Field(default=None, description=_NO_EFFECT)
    user: str | None = Field(default=None, description=_NO_EFFECT)
    safety_identifier: str | None = Field(default=None, description=_NO_EFFECT)
    metadata: dict[str, JsonValue] | None = Field(default=None, description=_NO_EFFECT)
    store: bool | None = Field(default=None, description=_NO_EFFECT)
    service_tier: str | None = Field(default=None, description=_NO_EFFECT)
    prompt_cache_key: str | None = Field(default=None, description=_NO_EFFECT)
    prompt_cache_options: dict[str, JsonValue] | None = Field(default=None, description=_NO_EFFECT)
    prompt_cache_retention: str | None = Field(default=None, description=_NO_EFFECT)

    # Read so that they can be refused by name where they ask for what wenbao does not do.
    n: int | None = Field(default=None, description=_ONLY.format("1"))
    tools: list[JsonValue] | None = Field(default=None, description=_ONLY.format("an empty list"))
    tool_choice: JsonValue = Field(default=None, description=_ONLY.format("`none` or `auto`"))
    functions: list[JsonValue] | None = Field(default=None, description=_ONLY.format("an empty list"))
    function_call: JsonValue = Field(default=None, description=_ONLY.format("`none` or `auto`"))
    response_format: dict[str, JsonValue] | None = Field(default=None, description=_ONLY.format('`{"type": "text"}`'))
    logprobs: bool | None = Field(default=None, description=_ONLY.format("false"))
    top_logprobs: int | None = Field(default=None, description=_ONLY.format("0"))
    modalities: list[str] | None = Field(default=None, description=_ONLY.format('`["text"]`'))
    audio: JsonValue = Field(default=None, description=_ONLY.format("null"))
    moderation: JsonValue = Field(default=None, description=_ONLY.format("null"))
    web_search_options: JsonValue = Field(default=None, description=_ONLY.format("null"))
