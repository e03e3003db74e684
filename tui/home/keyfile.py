"""The reader's own keys: `keys.toml` in the configuration folder.

    [keys]
    next-citation = "j"
    new-conversation = ["ctrl+t", "f8"]
    retry = []

Ids and areas are those of `tui.home.keys`. What cannot be used is told with its line, and the rest of the file counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from textual.keys import Keys as KnownKeys
from textual.keys import _character_to_key

from tui.home.keymap import DEFAULT, Keys
from tui.home.keys import AREAS, COMMANDS, Area, Command, command, of_area, types_character
from tui.home.preferences import Trouble
from tui.i18n import Language, Words

FILE_NAME = "keys.toml"
FORMER = ".former"
"""Added to the name of the file that a newly written one takes the place of."""

_BY_ID = {known.id: known for known in COMMANDS}
_MODIFIERS = ("ctrl", "alt", "super", "hyper", "meta", "shift")
_ALIASES = {"esc": "escape", "return": "enter", "pgup": "pageup", "pgdn": "pagedown", "del": "delete", "ins": "insert"}
_INDISTINCT = frozenset({"ctrl+h", "ctrl+i", "ctrl+m", "ctrl+left_square_bracket"})
"""Terminals send Backspace, Tab, Enter and Esc for them."""
_NAMED = frozenset(key.value for key in KnownKeys if "<" not in key.value and key.value != "return")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the file that can be used."""

    line: int
    command: Command
    keys: tuple[str, ...]


def load_keys(folder: Path) -> tuple[Keys, list[Trouble]]:
    """The keys of the file in a folder, and what of it cannot be used; the defaults where there is no file."""
    path = folder / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return DEFAULT, []
    except (OSError, UnicodeDecodeError) as error:
        detail = getattr(error, "strerror", None) or "UTF-8"
        return DEFAULT, [Trouble("keyfile.unreadable", {"path": str(path), "detail": detail})]
    import tomllib

    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return DEFAULT, [Trouble("keyfile.broken", {"path": str(path), "detail": str(error)})]
    troubles = [
        Trouble("keyfile.table", {"path": str(path), "line": _line_of(text, name), "name": name})
        for name in tables
        if name != "keys" or not isinstance(tables[name], dict)
    ]
    given = tables.get("keys", {})
    entries = list(_entries(given if isinstance(given, dict) else {}, text, str(path), troubles))
    kept = _without_clashes(entries, str(path), troubles)
    return Keys({entry.command.id: entry.keys for entry in kept}), troubles


def _entries(given: Mapping[str, object], text: str, path: str, troubles: list[Trouble]) -> Iterator[_Entry]:
    """The lines that name a command and keys for it; `troubles` gets the others."""
    for name, value in given.items():
        where: dict[str, object] = {"path": path, "line": _line_of(text, name), "name": name}
        known = _BY_ID.get(name)
        wanted = [value] if isinstance(value, str) else value
        if known is None:
            troubles.append(_unknown(name, where))
        elif known.fixed:
            troubles.append(Trouble("keyfile.fixed", where))
        elif not isinstance(wanted, list) or not all(isinstance(key, str) for key in wanted):
            troubles.append(Trouble("keyfile.value", where))
        else:
            keys = tuple(dict.fromkeys(normal_key(key) or "" for key in wanted))
            refused = [key for key in wanted if not _usable(normal_key(key), known)]
            troubles += [Trouble("keyfile.key", {**where, "key": key}) for key in refused]
            usable = tuple(key for key in keys if _usable(key, known))
            if usable or not wanted:
                yield _Entry(_line_of(text, name), known, usable)


def _unknown(name: str, where: dict[str, object]) -> Trouble:
    from difflib import get_close_matches

    near = get_close_matches(name, _BY_ID, 1)
    return Trouble("keyfile.near", {**where, "near": near[0]}) if near else Trouble("keyfile.unknown", where)


def _usable(key: str | None, known: Command) -> bool:
    """Whether a key can start a command; one that types a character cannot where something is typed."""
    return bool(key) and key not in _INDISTINCT and not (known.area is Area.BOX and types_character(key or ""))


def normal_key(key: str) -> str | None:
    """A key as Textual names it: `Ctrl+K` is `ctrl+k`, `?` is `question_mark`; None where there is no such key."""
    if len(key) == 1:
        return _character_to_key(key) if key.isprintable() and key != " " else None
    *modifiers, last = key.strip().split("+") if not key.endswith("++") else [*key[:-2].split("+"), "+"]
    modifiers = [modifier.lower() for modifier in modifiers]
    if len(set(modifiers)) < len(modifiers) or not set(modifiers) <= set(_MODIFIERS):
        return None
    last = _ALIASES.get(last.lower(), last if len(last) == 1 else last.lower())
    if modifiers == ["shift"] and len(last) == 1 and last.isalpha():
        return last.upper()
    if modifiers and last.isalpha() and len(last) == 1:
        last = last.lower()
    name = _character_to_key(last) if len(last) == 1 else last
    if name not in _NAMED and not types_character(name):
        return None
    return "+".join([*(modifier for modifier in _MODIFIERS if modifier in modifiers), name])


def clashes(keys: Keys) -> list[tuple[Command, Command, str]]:
    """Pairs of commands that one key would start at the same time, in the order of the table, with that key."""
    return [
        (first, second, key)
        for first, second in combinations(COMMANDS, 2)
        if _meet(first.area, second.area)
        for key in keys.of(first)
        if key in keys.of(second)
    ]


def _meet(first: Area, second: Area) -> bool:
    """Whether the keys of two areas can count at the same time."""
    if first is second or Area.ALWAYS in {first, second}:
        return True
    return Area.CHAT in {first, second} and bool({first, second} & {Area.BOX, Area.READING, Area.FIND})


def _without_clashes(entries: list[_Entry], path: str, troubles: list[Trouble]) -> list[_Entry]:
    """The entries, but for those that would take a key which another command has; `troubles` gets these."""
    kept = {entry.command.id: entry for entry in entries}
    while True:
        found = clashes(Keys({name: entry.keys for name, entry in kept.items()}))
        found = [clash for clash in found if clash[0].id in kept or clash[1].id in kept]
        if not found:
            return list(kept.values())
        first, second, key = found[0]
        # Of two lines the later one gives way.
        loser = max((known for known in (first, second) if known.id in kept), key=lambda known: kept[known.id].line)
        other = second if loser is first else first
        values = {"path": path, "line": kept[loser.id].line, "name": loser.id, "key": key, "other": other.id}
        troubles.append(Trouble("keyfile.clash", values))
        del kept[loser.id]


def _line_of(text: str, name: str) -> int:
    """The line, counted from 1, that gives a value to a name or opens the table of that name; 1 where none does."""
    pattern = re.compile(rf"""\s*(\[\s*)?["']?{re.escape(name)}["']?\s*[\].=]""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 1)


def write_keys(folder: Path, language: Language) -> Path:
    """Writes the file with every command: changed keys as they are, the others as comments to be changed.

    Args:
        folder: made where it is missing. A file that is there stays beside the new one, under `keys.toml.former`.
        language: of the comments.

    Returns:
        The file.

    Raises:
        OSError: it cannot be written.
    """
    keys, _ = load_keys(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    if path.exists():
        path.replace(path.with_name(path.name + FORMER))
    path.write_text("\n".join(_file_lines(keys, Words(language))) + "\n", encoding="utf-8")
    return path


def _file_lines(keys: Keys, words: Words) -> Iterable[str]:
    yield from (f"# {line}" for line in words("keyfile.intro").splitlines())
    yield from ("", "[keys]")
    for area, heading in AREAS.items():
        changeable = [known for known in of_area(area) if not known.fixed]
        if changeable:
            yield from ("", f"# {words(heading)}")
        for known in changeable:
            chosen = [f'"{key}"' for key in keys.of(known)]
            value = chosen[0] if len(chosen) == 1 else f"[{', '.join(chosen)}]"
            mark = "" if keys.of(known) != command(known.id).keys else "# "
            yield f"{mark}{known.id} = {value}  # {words(known.help)}"
