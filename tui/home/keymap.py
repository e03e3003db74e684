"""Which keys each command has at the moment, how keys are written, and who carries a command out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from textual.app import App
from textual.dom import DOMNode
from textual.keys import format_key
from textual.screen import Screen

from tui.home.keys import AREAS, COMMANDS, Area, Command, of_area, split_keys
from tui.i18n import Language, Words

_NAMES = {
    "enter": "Enter",
    "escape": "Esc",
    "tab": "Tab",
    "space": "Space",
    "backspace": "Backspace",
    "delete": "Del",
    "insert": "Ins",
    "home": "Home",
    "end": "End",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}
_MODIFIERS = {"ctrl": "Ctrl", "shift": "Shift", "alt": "Alt", "super": "Super", "meta": "Meta", "hyper": "Hyper"}


@runtime_checkable
class Situated(Protocol):
    """A screen that knows which areas' keys count on it."""

    def key_areas(self) -> tuple[Area, ...]:
        """Areas, the most special first; it may depend on what has the focus."""


def areas_of(screen: Screen[Any]) -> tuple[Area, ...]:
    """The areas whose keys count on a screen, the most special first."""
    return screen.key_areas() if isinstance(screen, Situated) else (Area.ALWAYS,)


class Keys:
    """The keys of all commands: those of the table, but for the changed ones.

    Args:
        changed: by command id, the keys that it has instead; none: it has none.
    """

    def __init__(self, changed: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self._changed = dict(changed or {})

    def of(self, command: Command) -> tuple[str, ...]:
        """The keys of a command, the one to show first."""
        return self._changed.get(command.id, command.keys)

    def short(self, command: Command) -> str:
        """A command's first key as the bottom line shows it; empty where it has none."""
        if command.id not in self._changed and command.short:
            return command.short
        return next((key_name(key).replace("Ctrl+", "^") for key in self.of(command)), "")

    def listed(self, command: Command) -> str:
        """All keys of a command, as the help screen lists them."""
        if command.id not in self._changed and command.listed:
            return command.listed
        return ", ".join(key_name(key) for key in self.of(command))

    def keymap(self) -> dict[str, str]:
        """What `App.set_keymap` takes: the keys of the changed commands, by binding id."""
        made: dict[str, str] = {}
        for command in COMMANDS:
            if command.id in self._changed:
                made |= split_keys(command, self._changed[command.id])
        return made


DEFAULT = Keys()


def keys_of(app: App[Any]) -> Keys:
    """The keys of an app at the moment."""
    keys = getattr(app, "keys", DEFAULT)
    return keys if isinstance(keys, Keys) else DEFAULT


def key_name(key: str) -> str:
    """A key as readers know it: `ctrl+l` is `Ctrl+L`, `question_mark` is `?`, `Y` stays `Y`."""
    *modifiers, last = key.split("+")
    name = _NAMES.get(last) or (last.upper() if last[:1] == "f" and last[1:].isdigit() else format_key(last))
    if modifiers and len(name) == 1:
        name = name.upper()
    return "+".join([*(_MODIFIERS.get(modifier, modifier) for modifier in modifiers), name])


def is_plain(command: Command) -> bool:
    """Whether a command is one action, the same for all its keys, that can be run without a key."""
    return bool(command.action) and "{key}" not in command.action


def carrier_of(screen: Screen[Any], command: Command) -> DOMNode | None:
    """Who can carry a command out now: the focused widget, what it is in, the screen, the app; None: nobody."""
    if not is_plain(command) or command.area not in _within_reach(screen):
        return None
    name = command.action.partition("(")[0]
    around = screen.focused.ancestors_with_self if screen.focused is not None else [screen, screen.app]
    nodes = [screen] if name.startswith("screen.") else [screen.app] if command.area is Area.ALWAYS else around
    name = name.rpartition(".")[2]
    for node in nodes:
        if hasattr(node, f"action_{name}"):
            return node if node.check_action(name, ()) else None
    return None


def _within_reach(screen: Screen[Any]) -> set[Area]:
    """The areas whose commands can be run on a screen: on the main screen one may read while one types."""
    areas = set(areas_of(screen))
    return areas | {Area.READING} if Area.CHAT in areas else areas


async def perform(screen: Screen[Any], command: Command) -> None:
    """Does what a command's key would do, as a click or the palette asks."""
    carrier = carrier_of(screen, command)
    if carrier is not None:
        await screen.app.run_action(command.action, carrier)


def keys_table(language: str, keys: Keys = DEFAULT) -> list[tuple[str, str, str]]:
    """Every command that has a key.

    Args:
        language: `zh` or `en`.
        keys: the keys to tell of.

    Returns:
        Heading of the area, keys, and what they do, in the order of the help screen.
    """
    words = Words(Language(language))
    return [
        (words(heading), keys.listed(command), words(command.help))
        for area, heading in AREAS.items()
        for command in of_area(area)
        if keys.listed(command)
    ]
