"""`python -m docs.generator`: writes the pages that are made from the code; with `--check`, names those that differ.

The tables of licences depend on what is installed and are written, but never called stale.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import get_args

from docs.generator import api, commands, keys, licences, settings
from docs.generator.writing import Language

DOCS = Path(__file__).parents[1]
PAGES: dict[str, Callable[[Language], str]] = {
    "reference/settings": settings.rendered,
    "reference/cli": commands.rendered,
    "reference/api": api.rendered,
    "reference/keys": keys.rendered,
}
"""What is written from the code alone, by the page's path in `docs/` without its ending."""
LICENCES = {"licences": licences.rendered}


def rendered(pages: Mapping[str, Callable[[Language], str]] = PAGES) -> dict[Path, str]:
    """Generated pages, in both languages, by their paths."""
    endings: dict[Language, str] = {"en": ".md", "zh": ".zh.md"}
    return {
        DOCS / f"{name}{endings[language]}": render(language)
        for name, render in pages.items()
        for language in get_args(Language)
    }


def stale() -> list[Path]:
    """The pages that are not what would be written now."""
    return [p for p, text in rendered().items() if not p.exists() or p.read_text(encoding="utf-8") != text]


def main(arguments: list[str]) -> int:
    """Writes the pages, or checks them; returns the exit status."""
    if arguments == ["--check"]:
        differing = stale()
        sys.stderr.writelines(f"{path} is stale: make reference\n" for path in differing)
        return 1 if differing else 0
    for path, text in rendered(PAGES | LICENCES).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
