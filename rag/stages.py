"""How the library tells whoever listens what it is doing: its stages, what it was asked, what came of it.

A listener belongs to the context that set it (`contextvars`), so that one request hears of itself alone, in whatever
thread it is answered. Where nobody listens, a stage costs a look-up and no more. This module imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Literal, Protocol, get_args

Stage = Literal["embed", "dense", "keyword", "fuse", "answer", "phrase"]
"""embed: a text to a vector. dense, keyword: a leg's search. fuse: both legs' candidates to hits. answer: reading what
was found, deciding and wording. phrase: what a language model takes."""
STAGES: tuple[Stage, ...] = get_args(Stage)


class Listener(Protocol):
    """What can be told. Called in the thread that does the work; what it takes is taken from the answer."""

    def stage(self, name: Stage) -> AbstractContextManager[object]:
        """Entered when a stage begins, left when it ends, by an error too. Stages nest: an answer embeds."""

    def asked(self, text: str) -> None:
        """The question or query as it was typed."""

    def answered(self, supported: bool, answerer: str) -> None:
        """An answer is ready; not supported is a refusal. `answerer` is `extractive` or `llm`."""


_listener: ContextVar[Listener | None] = ContextVar("wenbao_listener", default=None)
_NOTHING: AbstractContextManager[None] = nullcontext()


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Has a listener told of all that is done within, in this context and those copied from it."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def stage(name: Stage) -> AbstractContextManager[object]:
    """Marks the block under `with` as a stage."""
    listener = _listener.get()
    return _NOTHING if listener is None else listener.stage(name)


def tell_asked(text: str) -> None:
    """Tells the listener, if there is one, what is asked."""
    if (listener := _listener.get()) is not None:
        listener.asked(text)


def tell_answered(supported: bool, answerer: str) -> None:
    """Tells the listener, if there is one, what came of it."""
    if (listener := _listener.get()) is not None:
        listener.answered(supported, answerer)
