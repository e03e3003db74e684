"""The words of the interface, in Chinese and English, and the choice between them. Each part of it has a module here.

Widgets hold no text of their own: they ask `Words` by key, each time they draw.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum

from tui.i18n import article, chat, corpus, errors, explanation, history, home, keys, reading, taking, web


class Language(StrEnum):
    """Languages of the interface."""

    ZH = "zh"
    EN = "en"

    @property
    def other(self) -> Language:
        """The one to switch to."""
        return Language.EN if self is Language.ZH else Language.ZH


# Each key has its Chinese and its English words side by side, so that neither can be forgotten.
CATALOGUE: dict[str, tuple[str, str]] = {
    key: both
    for part in (article, chat, corpus, errors, explanation, history, home, keys, reading, taking, web)
    for key, both in part.WORDS.items()
}


class Words:
    """The catalogue in one language, which can change at any time.

    Args:
        language: the language to begin with.
    """

    def __init__(self, language: Language = Language.EN) -> None:
        self.language = language

    def __call__(self, key: str, /, **values: object) -> str:
        """The words for a key, values filled in.

        Raises:
            KeyError: no such key, or a value that the words need is not given.
        """
        words = CATALOGUE[key][0 if self.language is Language.ZH else 1]
        return words.format(**values) if values else words


def choose_language(given: str | None = None, environment: Mapping[str, str] = os.environ) -> Language:
    """The language to begin with: the one given, else the locale's, else English.

    Args:
        given: `zh` or `en`, or a locale name such as `zh_CN`; anything else counts as English.
        environment: where `LC_ALL`, `LC_MESSAGES`, `LANG` and `LANGUAGE` are looked up, by gettext's rules.
    """
    if given:
        return _of_locale(given)
    locale = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    # gettext ignores LANGUAGE in the C locale, and so must we.
    if environment.get("LANGUAGE") and locale.split(".")[0] not in {"", "C", "POSIX"}:
        locale = environment["LANGUAGE"].split(":")[0]
    return _of_locale(locale)


def _of_locale(name: str) -> Language:
    return Language.ZH if name.lower().replace("-", "_").split("_")[0].split(".")[0] == "zh" else Language.EN
