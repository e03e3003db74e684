"""A request of OpenAI's protocol → the question, what came before it, and who is to answer; or a refusal by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import JsonValue

from rag.settings import Settings
from rag.types import AnswererName, Turn
from server.openai.errors import Refused
from server.openai.requests import ChatRequest, MessageIn
from server.schemas import MAX_QUESTION

MODELS: MappingProxyType[str, AnswererName] = MappingProxyType(
    {"wenbao": "auto", "wenbao-extractive": "extractive", "wenbao-llm": "llm"}
)
"""What `model` may be, and which answerer it chooses."""
SYSTEM_UNHEARD = "System messages have no effect: an answer is made of what the paper prints."

# A field, what it may be beside null, and what wenbao does not do otherwise.
_UNSUPPORTED: tuple[tuple[str, tuple[JsonValue, ...], str], ...] = (
    ("n", (1,), "One answer is given to a question; n must be 1."),
    ("tools", ([],), "wenbao calls no tools."),
    ("tool_choice", ("none", "auto"), "wenbao calls no tools."),
    ("functions", ([],), "wenbao calls no functions."),
    ("function_call", ("none", "auto"), "wenbao calls no functions."),
    ("response_format", ({"type": "text"},), "Answers are text; response_format must be of type text."),
    ("logprobs", (False,), "Nothing is sampled, so there are no logprobs."),
    ("top_logprobs", (0,), "Nothing is sampled, so there are no logprobs."),
    ("modalities", (["text"],), "Answers are text."),
    ("audio", (), "Answers are text."),
    ("moderation", (), "wenbao moderates nothing."),
    ("web_search_options", (), "wenbao searches its corpus and nothing else."),
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a request asks."""

    question: str
    """Empty where nothing was asked."""
    history: tuple[Turn, ...]
    texts: tuple[str, ...]
    """Of all messages, to be counted."""
    warnings: tuple[str, ...]


def answerer_of(model: str) -> AnswererName:
    """The answerer that a model's name chooses.

    Raises:
        Refused: there is no such model.
    """
    if model not in MODELS:
        raise Refused(
            f"There is no model {model!r}.",
            "model",
            status=404,
            code="model_not_found",
            hint=f"Use {', '.join(MODELS)}.",
        )
    return MODELS[model]


def check_parameters(request: ChatRequest) -> None:
    """Lets a request through that asks for nothing beyond wenbao.

    Raises:
        Refused: it does; the first such parameter is named.
    """
    for name, idle, reason in _UNSUPPORTED:
        value = getattr(request, name)
        if value is not None and value not in idle:
            raise Refused(reason, name, hint=f"Leave {name} out.")
    if request.stream_options is not None and not request.stream:
        raise Refused("stream_options are for streams only.", "stream_options", hint="Set stream to true.")


def read_conversation(messages: Sequence[MessageIn], settings: Settings) -> Conversation:
    """The last message as the question, the earlier ones of user and assistant as its history.

    Clients send a conversation whole, however long it has become: of the history, the last turns are kept that the
    server's limits let through.

    Raises:
        Refused: a message is of a tool, holds something else than text, or the last one is not the user's.
    """
    texts = [_text(number, message) for number, message in enumerate(messages)]
    last = len(messages) - 1
    if messages[-1].role != "user":
        raise Refused(
            f"The last message is of role {messages[-1].role}; it must be the user's question.",
            f"messages.{last}.role",
            code="invalid_value",
        )
    if len(texts[-1].strip()) > MAX_QUESTION:
        raise Refused(
            f"The question has {len(texts[-1].strip()):,} characters; {MAX_QUESTION:,} are read.",
            f"messages.{last}.content",
            code="string_above_max_length",
            hint="Ask in fewer words.",
        )
    turns = [
        Turn(message.role, text)
        for message, text in zip(messages[:-1], texts[:-1], strict=True)
        if message.role in ("user", "assistant") and text
    ]
    unheard = any(message.role in ("system", "developer") for message in messages)
    return Conversation(texts[-1].strip(), _latest(turns, settings), tuple(texts), (SYSTEM_UNHEARD,) if unheard else ())


def _text(number: int, message: MessageIn) -> str:
    """What a message says; parts are joined by line breaks."""
    if message.role in ("tool", "function"):
        raise Refused(f"wenbao calls no tools, and reads no message of role {message.role}.", f"messages.{number}.role")
    if message.content is None:
        if message.role == "user":
            raise Refused("A user's message must hold text.", f"messages.{number}.content", code="invalid_value")
        return ""
    if isinstance(message.content, str):
        return message.content
    for place, part in enumerate(message.content):
        if part.type != "text" or part.text is None:
            raise Refused(
                f"A part of type {part.type!r} cannot be read; only text can."
                if part.type != "text"
                else "A part of type 'text' must have a text.",
                f"messages.{number}.content.{place}",
            )
    return "\n".join(part.text or "" for part in message.content)


def _latest(turns: Sequence[Turn], settings: Settings) -> tuple[Turn, ...]:
    kept: list[Turn] = []
    room = settings.max_history_chars
    for turn in reversed(turns[-settings.max_history_turns :] if settings.max_history_turns else []):
        room -= len(turn.content)
        if room < 0:
            break
        kept.append(turn)
    return tuple(reversed(kept))
