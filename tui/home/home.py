"""What a reader finds again: the preferences and the keys of the configuration folder, read once at the start."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tui.home.keyfile import load_keys
from tui.home.keymap import DEFAULT, Keys
from tui.home.preferences import PreferenceFile, Preferences, Trouble

DRAFT_NAME = "draft.txt"


@dataclass(frozen=True, slots=True)
class Home:
    """The reader's own ways."""

    preferences: Preferences = field(default_factory=Preferences)
    keys: Keys = DEFAULT
    folder: Path | None = None
    """Where both are kept; None: nowhere, they hold for this session only."""
    file: PreferenceFile | None = None
    troubles: tuple[Trouble, ...] = ()
    """What is wrong with the files, to be told once there is a screen."""

    @classmethod
    def load(cls, folder: Path) -> Home:
        """Reads the files of a folder; whatever is wrong with them is told in `troubles`, and never raised."""
        file = PreferenceFile(folder)
        preferences, wrong = file.load()
        keys, unusable = load_keys(folder)
        return cls(preferences, keys, folder, file, (*wrong, *unusable))

    def keep_draft(self, text: str) -> None:
        """Keeps a question that was not sent, for the next session; the last one to leave is the one that counts."""
        if self.folder is not None and text.strip():
            with suppress(OSError):  # whoever leaves cannot be told any more, and is not to be kept from leaving
                self.folder.mkdir(parents=True, exist_ok=True)
                (self.folder / DRAFT_NAME).write_text(text, encoding="utf-8")

    def take_draft(self) -> str:
        """The question that was not sent, which is not kept any longer; empty where there is none."""
        text = ""
        if self.folder is not None:
            with suppress(OSError):  # most often there is none
                text = (self.folder / DRAFT_NAME).read_text(encoding="utf-8", errors="replace")
                (self.folder / DRAFT_NAME).unlink()
        return text

    def remember(self, **choices: str | bool) -> Trouble | None:
        """Keeps choices for the next session, by the names of `Preferences`.

        Returns:
            Why they could not be kept, told once; None where they are, or where nothing is kept anyway.
        """
        return self.file.remember(**choices) if self.file is not None else None
