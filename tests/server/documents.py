"""Documents whose examples are run: what is in them, and a server in the place of the one that they name."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
ADDRESS = "http://127.0.0.1:8000"


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(document: str, language: str) -> list[str]:
    """Its examples in a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", document, re.DOTALL)


def at(url: str, example: str) -> str:
    """The example with the address of a server of ours."""
    assert ADDRESS in example
    return example.replace(ADDRESS, url.rstrip("/"))


def rows(document: str, title: str) -> list[list[str]]:
    """The cells of the table with this first heading."""
    lines = document.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {title} |"))
    table = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table
