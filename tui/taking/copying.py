"""Copies what a reader asks for, and says what was copied and which way it went; asks for the file to write to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.i18n import Words
from tui.notices import notice
from tui.taking.clipboard import Copied, TooLong, Way, copy
from tui.taking.passages import answer, sentence
from tui.talk.session import Conversation, Reference, Turn

if TYPE_CHECKING:
    from textual.app import App

_WAYS = {Way.PROGRAM: "copy.by_program", Way.TMUX: "copy.by_tmux", Way.TERMINAL: "copy.by_terminal"}


def copy_sentence(app: App[object], words: Words, reference: Reference | None) -> None:
    """Copies the quote that is read, with its source line; says what to do where none is."""
    if reference is None or not reference.quote:
        notice(app, words, "copy.no_sentence", severity="warning")
    else:
        _start(app, words, sentence(reference, words), "copy.sentence")


def copy_answer(app: App[object], words: Words, turn: Turn | None) -> None:
    """Copies the answer of a turn with its sources; says what to do where there is none."""
    if turn is None or turn.reply is None:
        notice(app, words, "copy.no_answer", severity="warning")
    else:
        _start(app, words, answer(turn, words), "copy.answer")


def export(app: App[object], words: Words, conversation: Conversation, title: str = "") -> None:
    """Opens the dialog that writes a conversation to a file; says so where there is nothing to write.

    Args:
        app: the running application.
        words: the interface's words.
        conversation: what to write.
        title: its name; its first question where it has none.
    """
    if not conversation.turns:
        notice(app, words, "export.nothing", severity="warning")
        return
    from tui.screens.export import ExportScreen

    app.push_screen(ExportScreen(conversation, title or conversation.turns[0].question, words))


def _start(app: App[object], words: Words, text: str, what: str) -> None:
    app.run_worker(_copy(app, words, text, what), group="copy", exclusive=True)


async def _copy(app: App[object], words: Words, text: str, what: str) -> None:
    try:
        copied = await copy(text, lambda sequence: write_to_terminal(app, sequence))
    except TooLong:
        notice(app, words, "copy.too_long", severity="error", count=f"{len(text):,}")
        return
    tell(app, words, copied, what)


def tell(app: App[object], words: Words, copied: Copied, what: str) -> None:
    """Says what was copied, and how sure that is."""
    key = _WAYS[copied.way]
    notice(app, words, key, what=words(what), program=copied.program)


def write_to_terminal(app: App[object], sequence: str) -> None:
    """Writes what is no part of the picture."""
    if app._driver is not None:
        app._driver.write(sequence)
