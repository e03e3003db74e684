"""The reference of the terminal's keys, from the table that its screens are made from.

Nothing else in this folder knows `tui`.
"""

from __future__ import annotations

from docs.generator.writing import Language, Say, code, escaped, page, table
from tui.home.keymap import DEFAULT
from tui.home.keys import AREAS, of_area
from tui.i18n import Language as Tongue
from tui.i18n import Words

_INTRODUCTION = (
    "The keys as they are when nothing has been changed. `wenbao chat --write-keys` writes a file to change them in; "
    "its names are those of the second column, and where there is none, the keys cannot be changed."
)


def rendered(language: Language) -> str:
    """The page: a table for each place where keys count."""
    say, words = Say(language), Words(Tongue(language))
    parts = []
    for area, heading in AREAS.items():
        rows = [
            [_shown(DEFAULT.listed(command)), "" if command.fixed else code(command.id), escaped(words(command.help))]
            for command in of_area(area)
        ]
        parts += [f"## {words(heading)}", table([say("keys"), say("name"), say("does")], rows)]
    return page(say("Keys of the terminal UI"), say(_INTRODUCTION), *parts)


def _shown(keys: str) -> str:
    return ", ".join(f"<kbd>{key}</kbd>" if key != "," else key for key in keys.split(", ") if key)
