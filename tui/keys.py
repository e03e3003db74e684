"""Which keys there are: what the bottom line offers, and what the help screen lists."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """A key and what it does: a name to show, a key of the catalogue, and the screen's action that a click runs."""

    name: str
    label: str
    action: str = ""
    """Empty: a click does nothing."""


BOX_KEYS = (
    Key("Enter", "key.send", "send"),
    Key("↑↓", "key.history", "history"),
    Key("Esc", "key.read", "escape"),
)
READING_KEYS = (
    Key("n", "key.next", "next_reference"),
    Key("p", "key.previous", "next_reference(-1)"),
    Key("1-9", "key.number"),
    Key("Esc", "key.ask", "escape"),
)
PANE_KEYS = {False: Key("Tab", "key.pane", "next_pane"), True: Key("F2", "key.flip", "flip")}
"""How to get to the other pane; True: on a narrow terminal, which shows one at a time."""
COMMON_KEYS = (
    Key("F1", "key.help", "help"),
    Key("F3", "key.language", "language"),
    Key("^L", "key.new", "new_conversation"),
    Key("^Q", "key.quit", "app.quit"),
)

HELP_SECTIONS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "help.box",
        (("Enter", "help.send"), ("Shift+Enter, Ctrl+J", "help.newline"), ("↑ ↓", "help.history")),
    ),
    (
        "help.reading",
        (
            ("n", "help.next"),
            ("p", "help.previous"),
            ("1 … 9", "help.number"),
            ("↑ ↓ PgUp PgDn", "help.scroll"),
        ),
    ),
    (
        "help.always",
        (
            ("Esc", "help.escape"),
            ("Tab, Shift+Tab", "help.pane"),
            ("F2", "help.flip"),
            ("F1, ?", "help.help"),
            ("F3", "help.language"),
            ("F5", "help.retry"),
            ("Ctrl+L", "help.new"),
            ("Ctrl+Q", "help.quit"),
        ),
    ),
)
