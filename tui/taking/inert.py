"""Text from outside on its way out of the program: into a clipboard, from where it is pasted into a terminal, or into a
file, which is read in one.

`tui.text.glyphs` is about what is drawn; here the characters stay, joiners of emoji included, except those that steer.
"""

from __future__ import annotations

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# Control characters but tab and line feed, what turns the direction of writing, and halves of surrogate pairs, which no
# UTF-8 can carry.
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def inert(text: str) -> str:
    """The text with U+FFFD for every character that could drive a terminal, and line ends as line feeds."""
    return STEERING.sub(REPLACEMENT, text.replace("\r\n", "\n").replace("\r", "\n"))


def inert_line(text: str) -> str:
    """As `inert`, on one line."""
    return " ".join(inert(text).split())


def inert_json(document: str) -> str:
    """JSON that says the same, character for character, with escapes for what steers.

    Args:
        document: as `json.dumps` writes it, where such characters stand in strings only.
    """
    return STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", document)
