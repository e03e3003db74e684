"""What the reader has chosen, kept from one session to the next: language, theme, whether things may move.

The choices are in `preferences.json` in the user's configuration folder. Writing one changes that one only, in one
atomic step, so that a second `wenbao chat` takes nothing back. A file that cannot be read never stops anything: it is
set aside.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

FILE_NAME = "preferences.json"
ASIDE = ".broken"
"""Added to the name of a file that cannot be read."""


def config_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where preferences and keys are kept: `WENBAO_CONFIG`, else the system's folder for such things."""
    given = environment.get("WENBAO_CONFIG")
    if given:
        return Path(given).expanduser()
    import platformdirs

    return Path(platformdirs.user_config_dir("wenbao", appauthor=False))


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong with a file: a key of the catalogue, and the values for its words."""

    key: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Preferences:
    """The choices; None and False where the reader has made none."""

    language: str | None = None
    """`zh` or `en`."""
    theme: str | None = None
    """A name of `tui.home.themes.THEMES`; one that is not known any more counts as none."""
    reduced_motion: bool = False
    """Nothing slides or fades."""


class PreferenceFile:
    """The file in a folder.

    Args:
        folder: need not exist; it is made when something is to be kept.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._told = False

    def load(self) -> tuple[Preferences, list[Trouble]]:
        """The choices, and what is wrong with the file; the choices that can be read count all the same."""
        try:
            known = self._read()
        except FileNotFoundError:
            return Preferences(), []
        except OSError as error:
            return Preferences(), [self._trouble("preference.unreadable", error)]
        except ValueError:
            return Preferences(), [self._set_aside()]
        troubles: list[Trouble] = []
        kept: dict[str, str | bool] = {}
        for field in fields(Preferences):
            value = known.get(field.name)
            wanted = bool if field.name == "reduced_motion" else str
            if isinstance(value, wanted):
                kept[field.name] = value
            elif value is not None:
                troubles.append(Trouble("preference.value", {"path": str(self.path), "name": field.name}))
        return Preferences(**kept), troubles  # type: ignore[arg-type]  # each value is of its field's type

    def remember(self, **choices: str | bool) -> Trouble | None:
        """Keeps choices, by field name; the others in the file stay.

        Returns:
            Why they could not be kept, the first time; None: they are kept, or it was told before.
        """
        try:
            self._write(choices)
        except OSError as error:
            if self._told:
                return None
            self._told = True
            return self._trouble("preference.unwritable", error)
        return None

    def _read(self) -> dict[str, object]:
        """The file as an object.

        Raises:
            OSError: it cannot be read.
            ValueError: it holds no JSON object.
        """
        import json

        known = json.loads(self.path.read_text(encoding="utf-8"))
        if not isinstance(known, dict):
            raise ValueError(self.path)
        return known

    def _write(self, choices: Mapping[str, str | bool]) -> None:
        import json
        import tempfile

        try:
            known = self._read()
        except (FileNotFoundError, ValueError):
            known = {}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**known, **choices}, ensure_ascii=False, indent=2) + "\n"
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=self.path.parent, delete=False) as file:
            file.write(text)
        try:
            Path(file.name).replace(self.path)
        except OSError:
            Path(file.name).unlink()
            raise

    def _set_aside(self) -> Trouble:
        """Puts a broken file out of the way, where its owner finds it."""
        aside = self.path.with_name(self.path.name + ASIDE)
        try:
            self.path.replace(aside)
        except OSError as error:
            return self._trouble("preference.unreadable", error)
        return Trouble("preference.broken", {"path": str(self.path), "aside": aside.name})

    def _trouble(self, key: str, error: OSError) -> Trouble:
        return Trouble(key, {"path": str(self.path), "detail": error.strerror or type(error).__name__})
