"""A question as the routes take it, put to the library. Every face of the server asks through here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anyio import to_thread

from rag.cancellation import Cancellation
from rag.types import Answer, AnswererName, Filters, Hit, Turn
from server.guarding.limits import check_talk
from server.state import State

if TYPE_CHECKING:
    from rag.library import Library

OnHits = Callable[[tuple[Hit, ...]], None]
"""Takes the hits of an answer before it is composed, in the thread that composes it."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked, in the library's terms."""

    question: str
    """Empty where nothing was asked."""
    history: Sequence[Turn] = ()
    top_k: int = 10
    filters: Filters = field(default_factory=Filters)
    answerer: AnswererName = "auto"
    explain: bool = False


async def opened(state: State) -> Library:
    """The library, waited for without holding up the event loop; `LiveLibrary.wait` says what it raises."""
    library = state.live.current()
    return library if library is not None else await to_thread.run_sync(state.live.wait)


def put(
    inquiry: Inquiry,
    state: State,
    library: Library,
    cancellation: Cancellation,
    on_hits: OnHits | None = None,
) -> Answer:
    """The library's answer, or the reply to an empty question.

    Raises:
        InputError: the question or its history is beyond a limit.
        Cancelled: the work was called off.
    """
    check_talk(state.settings, inquiry.question, inquiry.history)
    if not inquiry.question:
        return nothing_asked(library.status().generation)
    return library.ask(
        inquiry.question,
        history=inquiry.history,
        top_k=inquiry.top_k,
        filters=inquiry.filters,
        answerer=inquiry.answerer,
        explain=inquiry.explain,
        on_hits=on_hits,
        cancellation=cancellation,
    )


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
