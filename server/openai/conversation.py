"""A request of OpenAI's protocol → the question, what came before it, and who is to answer; or a refusal by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from rag.settings import Settings
from rag.types import AnswererName, Turn
from server.openai.errors import Refused
from server.openai.requests import ONLY, ChatRequest, MessageIn
from server.schemas import MAX_QUESTION

MODELS: MappingProxyType[str, AnswererName] = MappingProxyType(
    {"wenbao": "auto", "wenbao-extractive": "extractive", "wenbao-llm": "llm"}
)
"""What `model` may be, and which answerer it chooses."""
SYSTEM_UNHEARD = "System messages have no effect: an answer is made of what the paper prints."
UNREAD = "What follows the last message of the user is not read."

# Why a parameter of `ONLY` is refused.
_REASONS = MappingProxyType(
    {
        "n": "One answer is given to a question; n must be 1.",
        "tools": "wenbao calls no tools.",
        "tool_choice": "wenbao calls no tools.",
        "functions": "wenbao calls no functions.",
        "function_call": "wenbao calls no functions.",
        "response_format": "Answers are text; response_format must be of type text.",
        "logprobs": "Nothing is sampled, so there are no logprobs.",
        "top_logprobs": "Nothing is sampled, so there are no logprobs.",
        "modalities": "Answers are text.",
        "audio": "Answers are text.",
        "moderation": "wenbao moderates nothing.",
        "web_search_options": "wenbao searches its corpus and nothing else.",
    }
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
    for name, idle in ONLY.items():
        value = getattr(request, name)
        if value is not None and value not in idle:
            raise Refused(_REASONS[name], name, hint=f"Leave {name} out.")


def read_conversation(messages: Sequence[MessageIn], settings: Settings) -> Conversation:
    """The user's last message as the question, the earlier ones of user and assistant as its history.

    Clients send a conversation whole, however long it has become: of the history, the last turns are kept that the
    server's limits let through.

    Raises:
        Refused: a message is of a tool or holds something else than text, or the question is too long.
    """
    texts = [_text(number, message) for number, message in enumerate(messages)]
    asked = max((number for number, message in enumerate(messages) if message.role == "user"), default=-1)
    question = texts[asked].strip() if asked >= 0 else ""
    if len(question) > MAX_QUESTION:
        raise Refused(
            f"The question has {len(question):,} characters; {MAX_QUESTION:,} are read.",
            f"messages.{asked}.content",
            code="string_above_max_length",
            hint="Ask in fewer words.",
        )
    turns = [
        Turn(message.role, text)
        for message, text in zip(messages[: max(asked, 0)], texts, strict=False)
        if message.role in ("user", "assistant") and text
    ]
    warnings = []
    if any(message.role in ("system", "developer") for message in messages):
        warnings.append(SYSTEM_UNHEARD)
    if asked >= 0 and any(texts[asked + 1 :]):
        warnings.append(UNREAD)
    return Conversation(question, _latest(turns, settings), tuple(texts), tuple(warnings))


def _text(number: int, message: MessageIn) -> str:
    """What a message says; parts are joined by line breaks."""
    if message.role in ("tool", "function"):
        raise Refused(f"wenbao calls no tools, and reads no message of role {message.role}.", f"messages.{number}.role")
    if message.content is None:
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
