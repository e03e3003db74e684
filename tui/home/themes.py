"""The looks of the interface: light as newsprint, dark, and of high contrast.

Every colour that text is drawn in is fixed here and not computed, so that its contrast with what lies behind it is
known: at least 4.5 in light and dark, at least 7 in high contrast (WCAG 2.2, 1.4.3 and 1.4.6). What matters most, the
quoted characters, does not hang on colour alone in high contrast: `app.tcss` sets them bold and underlined there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual.theme import Theme

if TYPE_CHECKING:
    from textual.app import App

LIGHT, DARK, CONTRAST = "light", "dark", "contrast"


def _theme(
    name: str, *, dark: bool, paper: str, ink: str, raised: str, bar: str, faint: str, line: str, seal: str, **more: str
) -> Theme:
    """A theme of few colours.

    Args:
        name: how it is remembered and chosen.
        dark: whether its paper is dark.
        paper: behind most text.
        ink: most text.
        raised: behind what lies over the paper.
        bar: behind the lines at the top and the bottom.
        faint: text of less weight.
        line: frames and rules at rest.
        seal: what is to be noticed: marks, keys, headings, the frame in focus.
        more: `moss` for what went well, `ochre` for what needs care, `rust` for what failed, `slate` for what stands
            aside; `quote_ink` on `quote_paper` for the quoted characters; `chosen_ink` on `chosen` for the line
            chosen in a list.
    """
    return Theme(
        name=name,
        dark=dark,
        primary=seal,
        secondary=more["slate"],
        accent=seal,
        warning=more["ochre"],
        error=more["rust"],
        success=more["moss"],
        foreground=ink,
        background=paper,
        surface=raised,
        panel=bar,
        text_alpha=1.0,
        variables={
            "text": ink,
            "text-muted": faint,
            "text-disabled": faint,
            "text-primary": seal,
            "text-accent": seal,
            "text-secondary": more["slate"],
            "text-warning": more["ochre"],
            "text-error": more["rust"],
            "text-success": more["moss"],
            "foreground-muted": faint,
            "border": seal,
            "border-blurred": line,
            "line": line,
            "quote-ink": more["quote_ink"],
            "quote-paper": more["quote_paper"],
            "block-cursor-foreground": more["chosen_ink"],
            "block-cursor-background": more["chosen"],
            "block-cursor-blurred-foreground": more["chosen_ink"],
            "block-cursor-blurred-background": more["chosen"],
            "input-cursor-foreground": paper,
            "input-cursor-background": ink,
            "input-selection-background": more["chosen"],
            "input-selection-foreground": more["chosen_ink"],
            "screen-selection-background": more["chosen"],
            "screen-selection-foreground": more["chosen_ink"],
            "scrollbar": line,
            "scrollbar-hover": faint,
            "scrollbar-active": seal,
            "scrollbar-background": paper,
            "scrollbar-background-hover": paper,
            "scrollbar-background-active": paper,
            "scrollbar-corner-color": paper,
        },
    )


THEMES: Mapping[str, Theme] = {
    theme.name: theme
    for theme in (
        _theme(
            DARK,
            dark=True,
            paper="#191714",
            ink="#e9e2d4",
            raised="#24211c",
            bar="#26231e",
            faint="#a69d8d",
            line="#57503f",
            seal="#f0906f",
            moss="#8fbf8f",
            ochre="#e3b25f",
            rust="#ff8f82",
            slate="#9fb8c9",
            quote_ink="#1d1600",
            quote_paper="#f2c14e",
            chosen="#4a3a2c",
            chosen_ink="#fff6e6",
        ),
        _theme(
            LIGHT,
            dark=False,
            paper="#faf6ec",
            ink="#26221b",
            raised="#fffdf6",
            bar="#efe8d8",
            faint="#665d4e",
            line="#c4b99f",
            seal="#9c2f1c",
            moss="#39652f",
            ochre="#7d5200",
            rust="#a8201a",
            slate="#38556a",
            quote_ink="#1d1600",
            quote_paper="#ffd863",
            chosen="#ead9bb",
            chosen_ink="#26221b",
        ),
        _theme(
            CONTRAST,
            dark=True,
            paper="#000000",
            ink="#ffffff",
            raised="#000000",
            bar="#000000",
            faint="#ffffff",
            line="#ffffff",
            seal="#ffff66",
            moss="#7dff7d",
            ochre="#ffd24d",
            rust="#ff9c9c",
            slate="#9fdcff",
            quote_ink="#000000",
            quote_paper="#ffff00",
            chosen="#ffffff",
            chosen_ink="#000000",
        ),
    )
}
"""By name, in the order in which the key goes through them."""


def install(app: App[Any]) -> None:
    """Makes an app know the themes."""
    for theme in THEMES.values():
        app.register_theme(theme)


def default_theme(no_color: bool) -> str:
    """The theme of a reader who has chosen none.

    Args:
        no_color: the reader wants no colours (`NO_COLOR`): high contrast tells things apart without them.
    """
    return CONTRAST if no_color else DARK


def next_theme(name: str) -> str:
    """The theme after another; the first after one that is none of ours."""
    names = list(THEMES)
    return names[(names.index(name) + 1) % len(names)] if name in THEMES else names[0]
