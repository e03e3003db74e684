"""Which commands there are, and the keys that they start on.

`COMMANDS` is the one table. Bindings, the bottom line, the help screen, the command palette and the reader's key file
are all made from it, so a command is added by adding a line:

    Command("copy-answer", Area.READING, ("Y",), "copy_answer", "help.copy_answer", "key.copy_answer"),

together with its words in `tui/i18n/` and the method `action_copy_answer` on the screen (or the widget, or the app)
whose `BINDINGS` holds `*bindings(Area.READING)`. A screen says by `key_areas()` which areas count on it, shows a
`KeyBar`, and has `relabel()` for another language or other keys. Ids are what readers write into their key file: lower
case, joined by hyphens, never renamed. Keys are Textual's names (`ctrl+l`, `f2`, `question_mark`, `Y`). Which keys a
command has at the moment is the business of `tui.home.keymap`: ask that before a key is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding
from textual.keys import REPLACED_KEYS, key_to_character


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
    FIND = "find"
    """In the field for words to find in an article."""
    EXPLANATION = "explanation"
    CONVERSATIONS = "conversations"
    """In the list of conversations."""
    SEARCHING = "searching"
    """In the line above it that searches inside them."""
    CORPUS = "corpus"
    FILTER = "filter"
    """In the fields above the articles of the corpus."""
    ALWAYS = "always"
    """On every screen; the actions are the app's."""


AREAS: dict[Area, str] = {
    Area.BOX: "help.box",
    Area.READING: "help.reading",
    Area.CHAT: "help.chat",
    Area.ARTICLE: "help.article",
    Area.FIND: "help.finding",
    Area.EXPLANATION: "help.explanation",
    Area.CONVERSATIONS: "help.conversations",
    Area.SEARCHING: "help.searching",
    Area.CORPUS: "help.corpus",
    Area.FILTER: "help.filter",
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
    Command("send", Area.BOX, ("enter",), "send", "help.send", "key.send"),
    Command("new-line", Area.BOX, ("shift+enter", "ctrl+j"), "new_line", "help.newline"),
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
    Command("full-screen", Area.READING, ("o",), "full_screen", "help.full", "key.full"),
    Command("find", Area.READING, ("f",), "find", "help.find", "key.find"),
    Command("explain", Area.READING, ("e",), "explain", "help.explain", "key.explain"),
    Command("copy-sentence", Area.READING, ("y",), "copy_sentence", "help.copy_sentence", "key.copy"),
    Command("copy-answer", Area.READING, ("Y",), "copy_answer", "help.copy_answer", "key.copy_answer"),
    Command("write-file", Area.READING, ("w",), "export", "help.export", "key.export"),
    Command("back-to-box", Area.READING, ("escape",), "escape", "help.ask", "key.ask", pinned=True),
    # Anywhere on the main screen.
    Command("stop", Area.CHAT, ("ctrl+x",), "stop", "help.stop", "key.stop", priority=True),
    Command("whole-corpus", Area.CHAT, ("ctrl+g",), "whole_corpus", "help.whole_corpus", "key.whole", priority=True),
    Command("next-pane", Area.CHAT, ("tab",), "next_pane", "help.pane", "key.pane", priority=True, narrow=False),
    Command("previous-pane", Area.CHAT, ("shift+tab",), "next_pane(-1)", "help.pane.back", priority=True),
    Command("other-pane", Area.CHAT, ("f2",), "flip", "help.flip", "key.flip", priority=True, narrow=True),
    Command("new-conversation", Area.CHAT, ("ctrl+l",), "new_conversation", "help.new", "key.new", priority=True),
    Command("retry", Area.CHAT, ("f5",), "retry", "help.retry", priority=True),
    # In the list of conversations.
    Command(
        *("open-conversation", Area.CONVERSATIONS, ("enter",), "open", "help.conversations.open", "key.open"),
        pinned=True,
    ),
    Command(
        *("move-in-conversations", Area.CONVERSATIONS, ("up", "down"), "", "help.conversations.move"),
        fixed=True,
        listed="↑ ↓ PgUp PgDn",
    ),
    Command("rename-conversation", Area.CONVERSATIONS, ("r",), "rename", "help.conversations.rename", "key.rename"),
    Command(
        *("delete-conversation", Area.CONVERSATIONS, ("d", "delete"), "delete"),
        *("help.conversations.delete", "key.delete"),
    ),
    Command("undo-delete-conversation", Area.CONVERSATIONS, ("u",), "undo", "help.conversations.undo", "key.undo"),
    Command(
        *("search-conversations", Area.CONVERSATIONS, ("slash",), "search"),
        *("help.conversations.search", "key.search"),
    ),
    Command(
        *("leave-conversations", Area.CONVERSATIONS, ("escape",), "back", "help.conversations.back", "key.leave"),
        pinned=True,
    ),
    # In its search line.
    Command(
        *("open-found", Area.SEARCHING, ("enter",), "open", "help.searching.open", "key.open"), fixed=True, pinned=True
    ),
    Command("leave-search", Area.SEARCHING, ("escape",), "back", "help.searching.back", "key.list", pinned=True),
    # With an explanation open.
    Command("close-explanation", Area.EXPLANATION, ("escape", "e", "q"), "close", "help.close", "key.close"),
    Command(
        *("read-found", Area.EXPLANATION, tuple("1234567890"), "read_hit({key})", "help.read_found", "key.number"),
        fixed=True,
        short="1-9",
        listed="1 … 9, 0",
    ),
    # An article over the whole screen, and finding in it.
    Command("article-next", Area.ARTICLE, ("n",), "next_reference", "help.next", "key.next"),
    Command("article-previous", Area.ARTICLE, ("p",), "next_reference(-1)", "help.previous", "key.previous"),
    Command(
        *("article-numbered", Area.ARTICLE, tuple("1234567890"), "reference({key})", "help.number", "key.number"),
        fixed=True,
        short="1-9",
        listed="1 … 9",
    ),
    Command("article-find", Area.ARTICLE, ("f",), "find", "help.find", "key.find"),
    Command("article-copy-sentence", Area.ARTICLE, ("y",), "copy_sentence", "help.copy_sentence", "key.copy"),
    Command("article-copy-answer", Area.ARTICLE, ("Y",), "copy_answer", "help.copy_answer", "key.copy_answer"),
    Command("article-back", Area.ARTICLE, ("escape", "o"), "back", "help.back", "key.back", pinned=True),
    Command("next-match", Area.FIND, ("enter", "down"), "walk(1)", "help.match", "key.match"),
    Command("previous-match", Area.FIND, ("shift+enter", "up"), "walk(-1)", "help.match.back", "key.match.back"),
    Command("stop-finding", Area.FIND, ("escape",), "close", "help.find.close", "key.close", pinned=True),
    # In the corpus browser.
    Command("corpus-open", Area.CORPUS, ("enter",), "open", "help.corpus.open", "key.corpus_open", fixed=True),
    Command("corpus-tree", Area.CORPUS, ("right", "left"), "", "help.corpus.tree", fixed=True, listed="→ ←"),
    Command("corpus-mark", Area.CORPUS, ("space",), "mark", "help.corpus.mark", "key.corpus_mark"),
    Command("corpus-ask", Area.CORPUS, ("a",), "ask", "help.corpus.ask", "key.corpus_ask"),
    Command("corpus-words", Area.CORPUS, ("slash", "f"), "words", "help.corpus.words", "key.corpus_words"),
    Command("refresh-index", Area.CORPUS, ("R",), "refresh_index", "help.corpus.refresh", "key.corpus_refresh"),
    Command("corpus-state", Area.CORPUS, ("i",), "state", "help.corpus.state", "key.corpus_state"),
    Command("corpus-clear", Area.CORPUS, ("c",), "clear", "help.corpus.clear", "key.corpus_clear"),
    Command("corpus-close", Area.CORPUS, ("escape",), "close", "help.corpus.close", "key.close", pinned=True),
    Command(
        *("corpus-list", Area.FILTER, ("escape", "enter", "down"), "screen.to_articles", "help.corpus.list"),
        label="key.corpus_list",
        pinned=True,
    ),
    # Always.
    Command("help", Area.ALWAYS, ("f1", "question_mark"), "help", "help.help", "key.help", priority=True, pinned=True),
    Command(
        *("conversations", Area.ALWAYS, ("ctrl+o",), "conversations", "help.conversations.show", "key.conversations"),
        priority=True,
    ),
    Command("palette", Area.ALWAYS, ("ctrl+p",), "palette", "help.palette", "key.palette", priority=True),
    Command("corpus", Area.ALWAYS, ("ctrl+b",), "corpus", "help.corpus.browse", "key.corpus", priority=True),
    Command("language", Area.ALWAYS, ("f3",), "language", "help.language", "key.language", priority=True),
    Command("theme", Area.ALWAYS, ("f4",), "next_theme", "help.theme", "key.theme", priority=True),
    Command("last-message", Area.ALWAYS, (), "last_message", "help.last_message"),
    Command("quit", Area.ALWAYS, ("ctrl+q",), "quit", "help.quit", "key.quit", priority=True),
    # Always, and too seldom wanted for a key of their own.
    Command("theme-light", Area.ALWAYS, (), "set_theme('light')", "help.theme.light"),
    Command("theme-dark", Area.ALWAYS, (), "set_theme('dark')", "help.theme.dark"),
    Command("theme-contrast", Area.ALWAYS, (), "set_theme('contrast')", "help.theme.contrast"),
    Command("motion", Area.ALWAYS, (), "motion", "help.motion"),
    Command("write-keys", Area.ALWAYS, (), "write_keys", "help.write_keys"),
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
    character = key_to_character(REPLACED_KEYS.get(key, key))
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
