"""Which commands there are, and the keys that they start on.

`COMMANDS` is the one table. Bindings, the bottom line, the help screen, the command palette and the reader's key file
are all made from it, so a command is added by adding a line:

    Command("copy-answer", Area.READING, ("Y",), "copy_answer", "help.copy_answer", "key.copy_answer"),

together with its words in `tui/i18n/` and the method `action_copy_answer` on the screen (or the widget, or the app)
whose `BINDINGS` holds `*bindings(Area.READING)`. A screen says by `key_areas()` which areas count on it, shows a
`KeyBar`, and has `relabel()` for another language or other keys. Ids are what readers write into their key file: lower
case, joined by hyphens, never renamed. Keys are Textual's names (`ctrl+l`, `f2`, `question_mark`, `Y`). Which keys a
command has at the moment is the business of `tui.keymap`: ask that before a key is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding
from textual.keys import key_to_character


class Area(StrEnum):
    """Where a command's keys count."""

    BOX = "box"
    """In the question box."""
    READING = "reading"
    """On the main screen outside the question box, where letters are commands."""
    CHAT = "chat"
    """Anywhere on the main screen."""
    ARTICLE = "article"
    """An article over the whole screen."""
    EXPLANATION = "explanation"
    CONVERSATIONS = "conversations"
    CORPUS = "corpus"
    ALWAYS = "always"
    """On every screen; the actions are the app's."""


AREAS: dict[Area, str] = {
    Area.BOX: "help.box",
    Area.READING: "help.reading",
    Area.CHAT: "help.chat",
    Area.ARTICLE: "help.article",
    Area.EXPLANATION: "help.explanation",
    Area.CONVERSATIONS: "help.conversations",
    Area.CORPUS: "help.corpus",
    Area.ALWAYS: "help.always",
}
"""Areas in the order of the help screen, each with the catalogue key of its heading."""


@dataclass(frozen=True, slots=True)
class Command:
    """Something that a key does."""

    id: str
    area: Area
    keys: tuple[str, ...]
    """The keys that it starts on, the one to show first."""
    action: str
    """Of whoever binds the area. `{key}` stands for the key. Empty: the focused widget does it by itself."""
    help: str
    """Catalogue key: what it does, for the help screen and the palette."""
    label: str = ""
    """Catalogue key: one word for the bottom line; empty: it is not offered there."""
    priority: bool = False
    """Taken before the focused widget sees the key: wanted wherever something may be typed. Keys that type a character
    are never taken from a widget."""
    fixed: bool = False
    """The keys cannot be changed: the widget below handles them, or there are too many of them."""
    short: str = ""
    """The keys on the bottom line, where they are not those of the table one by one."""
    listed: str = ""
    """The same on the help screen."""
    narrow: bool | None = None
    """On the bottom line of a narrow terminal only (True), of a wide one only (False), of both (None)."""
    pinned: bool = False
    """Kept on the bottom line however little room there is."""


COMMANDS: tuple[Command, ...] = (
    # In the question box.
    Command("send", Area.BOX, ("enter",), "send", "help.send", "key.send", priority=True),
    Command("new-line", Area.BOX, ("shift+enter", "ctrl+j"), "new_line", "help.newline", priority=True),
    Command(
        *("earlier-question", Area.BOX, ("up", "down"), "history", "help.history", "key.history"),
        fixed=True,
        short="↑↓",
        listed="↑ ↓",
    ),
    Command("leave-box", Area.BOX, ("escape",), "screen.escape", "help.read", "key.read", priority=True, pinned=True),
    # While reading.
    Command("next-citation", Area.READING, ("n",), "next_reference", "help.next", "key.next"),
    Command("previous-citation", Area.READING, ("p",), "next_reference(-1)", "help.previous", "key.previous"),
    Command(
        *("numbered-citation", Area.READING, tuple("1234567890"), "reference({key})", "help.number", "key.number"),
        fixed=True,
        short="1-9",
        listed="1 … 9",
    ),
    Command(
        *("scroll", Area.READING, ("up", "down", "pageup", "pagedown"), "", "help.scroll"),
        fixed=True,
        listed="↑ ↓ PgUp PgDn",
    ),
    Command("back-to-box", Area.READING, ("escape",), "escape", "help.ask", "key.ask", pinned=True),
    # Anywhere on the main screen.
    Command("stop", Area.CHAT, ("ctrl+x",), "stop", "help.stop", "key.stop", priority=True),
    Command("whole-corpus", Area.CHAT, ("ctrl+g",), "whole_corpus", "help.whole_corpus", "key.whole", priority=True),
    Command("next-pane", Area.CHAT, ("tab",), "next_pane", "help.pane", "key.pane", priority=True, narrow=False),
    Command("previous-pane", Area.CHAT, ("shift+tab",), "next_pane(-1)", "help.pane.back", priority=True),
    Command("other-pane", Area.CHAT, ("f2",), "flip", "help.flip", "key.flip", priority=True, narrow=True),
    Command("new-conversation", Area.CHAT, ("ctrl+l",), "new_conversation", "help.new", "key.new", priority=True),
    Command("retry", Area.CHAT, ("f5",), "retry", "help.retry", priority=True),
    # Always.
    Command("help", Area.ALWAYS, ("f1", "question_mark"), "help", "help.help", "key.help", priority=True, pinned=True),
    Command("language", Area.ALWAYS, ("f3",), "language", "help.language", "key.language", priority=True),
    Command("quit", Area.ALWAYS, ("ctrl+q",), "quit", "help.quit", "key.quit", priority=True),
)
_BY_ID = {command.id: command for command in COMMANDS}


def command(command_id: str) -> Command:
    """The command with that id.

    Raises:
        KeyError: there is none.
    """
    return _BY_ID[command_id]


def of_area(*areas: Area) -> tuple[Command, ...]:
    """The commands of areas, area after area, each in the order of the table."""
    return tuple(command for area in areas for command in COMMANDS if command.area is area)


def types_character(key: str) -> bool:
    """Whether a key, by Textual's name, puts a character where something is typed."""
    character = key_to_character(key)
    return character is not None and character.isprintable()


def typed_id(command: Command) -> str:
    """The id of a priority command's other binding, on keys that type a character and so must wait for the widget."""
    return f"{command.id}:typed"


def no_key(binding_id: str) -> str:
    """The key of a binding that has none: no terminal sends it."""
    return f"none:{binding_id}"


def split_keys(command: Command, keys: tuple[str, ...]) -> dict[str, str]:
    """The bindings of a command on some keys.

    Returns:
        By binding id, its keys joined by commas, as Textual's keymap has them.
    """
    if not command.priority:
        return {command.id: ",".join(keys) or no_key(command.id)}
    typed = [key for key in keys if types_character(key)]
    others = [key for key in keys if not types_character(key)]
    return {
        command.id: ",".join(others) or no_key(command.id),
        typed_id(command): ",".join(typed) or no_key(typed_id(command)),
    }


def bindings(*areas: Area) -> list[Binding]:
    """What a widget, screen or app that carries out the commands of areas has in its `BINDINGS`."""
    made: list[Binding] = []
    for command in of_area(*areas):
        if "{key}" in command.action:
            made += [Binding(key, command.action.format(key=key), show=False) for key in command.keys]
        elif command.action and not command.fixed:
            made += [
                Binding(keys, command.action, show=False, priority=command.priority and name == command.id, id=name)
                for name, keys in split_keys(command, command.keys).items()
            ]
    return made
