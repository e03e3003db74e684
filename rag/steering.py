"""Characters that steer a terminal instead of being shown on it, and what stands in their place.

Control characters but tab and line feed (escape sequences begin with one, of ASCII or of Latin-1), and those that turn
the direction of writing. Articles and file names may hold them; nothing that is shown may.
"""

from __future__ import annotations

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# JSON escapes a carriage return in its strings itself; one around them ends a line of an event stream.
_STEERING_JSON = re.compile(r"(?!\r)" + _STEERING.pattern)


def printable(text: str) -> str:
    """The text with everything that steers a terminal replaced, and half surrogates, which no stream can carry."""
    return _STEERING.sub(REPLACEMENT, text).encode("utf-8", "replace").decode("utf-8")


def one_line(text: str) -> str:
    """As `printable`, without line breaks and tabs too: a name must not be able to forge a line of its own."""
    return re.sub(r"[\t\n\u2028\u2029]", REPLACEMENT, printable(text))


def inert_json(text: str) -> str:
    """JSON that says the same, with escapes for what steers a terminal; `text` itself where nothing does."""
    return _STEERING_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
