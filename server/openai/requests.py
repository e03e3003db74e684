"""Requests in OpenAI's shape. Unknown fields of the body are errors; those of a message are not read.

A message may be one that a reply of this or another server held, fields of that server included.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag, WithJsonSchema

from server.schemas import MAX_QUESTION, FiltersIn, RequestModel
from server.schemas.base import Whole

MAX_MESSAGE = 20_000
"""Characters of one message, or of one part of it."""
MAX_MESSAGES = 5_000
"""Messages of one request; of these the last ones are read."""
MAX_PARTS = 100
"""Parts of one message."""

ONLY: MappingProxyType[str, tuple[JsonValue, ...]] = MappingProxyType(
    {
        "n": (1,),
        "tools": ([],),
        "tool_choice": ("none", "auto"),
        "functions": ([],),
        "function_call": ("none", "auto"),
        "response_format": ({"type": "text"},),
        "logprobs": (False,),
        "top_logprobs": (0,),
        "modalities": (["text"],),
        "audio": (),
        "moderation": (),
        "web_search_options": (),
    }
)
"""Parameters that ask for what wenbao does not do, unless they are null or one of these."""

_NO_EFFECT = "Accepted, without effect."
_ONLY = "Refused by name where it is anything else."


def _only(name: str) -> WithJsonSchema:
    """The schema of such a parameter. It is read more widely, so that the refusal can say what is at fault."""
    return WithJsonSchema({"enum": [*ONLY[name], None]})


class ContentPart(BaseModel):
    """A part of a message's content. Only text is read; other kinds are refused with their name."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    type: str = Field(max_length=100, description="`text`; other kinds are refused.")
    text: str | None = Field(default=None, max_length=MAX_MESSAGE, description="What it says.")


def _content_kind(value: object) -> str | None:
    if isinstance(value, str):
        return "str"
    return "list[ContentPart]" if isinstance(value, list) else None


_Text = Annotated[str, Field(max_length=MAX_MESSAGE), Tag("str")]
_Parts = Annotated[list[ContentPart], Field(max_length=MAX_PARTS), Tag("list[ContentPart]")]
Content = Annotated[
    _Text | _Parts,
    Discriminator(
        _content_kind,
        custom_error_type="content_type",
        custom_error_message="Input should be a string or a list of parts",
    ),
]
# How long a message may be depends on whether it is the question, which a schema cannot tell.
_CONTENT_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "array",
            "maxItems": MAX_PARTS,
            "items": {
                "type": "object",
                "properties": {
                    "type": {"const": "text", "description": "Only text is read."},
                    "text": {"type": "string", "description": "What it says."},
                },
                "required": ["type", "text"],
            },
        },
        {"type": "null"},
    ]
}


class MessageIn(BaseModel):
    """One message of the conversation."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    role: Annotated[
        Literal["system", "developer", "user", "assistant", "tool", "function"],
        WithJsonSchema({"enum": ["system", "developer", "user", "assistant"]}),
    ] = Field(description="`user` and `assistant` are the conversation; `system` and `developer` have no effect.")
    content: Annotated[Content | None, WithJsonSchema(_CONTENT_SCHEMA)] = Field(
        default=None,
        description=f"Text, or parts of type `text`: at most {MAX_MESSAGE:,} characters, {MAX_QUESTION:,} of the "
        "question.",
    )


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
        description="Oldest first. The last one of role `user` is the question.",
    )
    stream: bool | None = Field(default=None, description="Reply as server-sent events.")
    stream_options: StreamOptions | None = Field(default=None, description="Without effect unless `stream` is true.")
    filters: FiltersIn | None = Field(
        default=None, description="Not of OpenAI: restrictions on what is searched, as for `/v1/ask`."
    )

    # Beside wenbao: nothing is sampled, and an answer is as long as what the paper prints.
    temperature: float | None = Field(default=None, description=_NO_EFFECT)
    top_p: float | None = Field(default=None, description=_NO_EFFECT)
    seed: Whole | None = Field(default=None, description=_NO_EFFECT)
    max_tokens: Whole | None = Field(default=None, description=_NO_EFFECT)
    max_completion_tokens: Whole | None = Field(default=None, description=_NO_EFFECT)
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
    n: Annotated[Whole | None, _only("n")] = Field(default=None, description=_ONLY)
    tools: Annotated[list[JsonValue] | None, _only("tools")] = Field(default=None, description=_ONLY)
    tool_choice: Annotated[JsonValue, _only("tool_choice")] = Field(default=None, description=_ONLY)
    functions: Annotated[list[JsonValue] | None, _only("functions")] = Field(default=None, description=_ONLY)
    function_call: Annotated[JsonValue, _only("function_call")] = Field(default=None, description=_ONLY)
    response_format: Annotated[dict[str, JsonValue] | None, _only("response_format")] = Field(
        default=None, description=_ONLY
    )
    logprobs: Annotated[bool | None, _only("logprobs")] = Field(default=None, description=_ONLY)
    top_logprobs: Annotated[Whole | None, _only("top_logprobs")] = Field(default=None, description=_ONLY)
    modalities: Annotated[list[str] | None, _only("modalities")] = Field(default=None, description=_ONLY)
    audio: Annotated[JsonValue, _only("audio")] = Field(default=None, description=_ONLY)
    moderation: Annotated[JsonValue, _only("moderation")] = Field(default=None, description=_ONLY)
    web_search_options: Annotated[JsonValue, _only("web_search_options")] = Field(default=None, description=_ONLY)
