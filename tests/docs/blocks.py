"""The fenced blocks of the documents, and the marks that say what is to be done with them.

A block is run on the built-in sample in a folder of the page's own (`desk.py` lists what lies in it), block after block
as a reader would, in one shell; Python blocks stand each for themselves. A mark is a comment right above the fence,
several stand one below the other:

    <!-- not run: why it cannot be -->         the reason is read by people
    <!-- output varies: why -->                run, and what is shown below the commands is not compared
    <!-- exits 4 -->                           the exit status of the block's last command
    <!-- file: wenbao.toml -->                 the block is a file of the reader's folder, for the blocks below

`wenbao serve`, `web`, `chat`, `mcp --http` and `index --watch` are started, waited for and ended; `make` is asked what
it would do. In what is shown, `…` stands for anything within a line, and a line of it alone for any lines; lines of
`note:` may be left out. Generations, times, seconds, sizes and ports are taken as they come.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

RUN = {"console", "sh", "bash", "python"}
"""Languages that are run."""
READ = {"json", "toml", "yaml", "ini"}
"""Languages that are read by a parser."""
SHOWN = {"text", "markdown"}
"""Languages that nothing can be asked of."""

_MARK = re.compile(r"<!-- (not run|output varies|exits|file):? (.+?) -->")


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: Path
    line: int
    """Where its fence stands, counted from 1."""
    language: str
    text: str
    marks: dict[str, str]
    """What the marks above it say, by their name."""

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT) if self.page.is_relative_to(ROOT) else self.page.name}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    return [
        Block(page, token.map[0] + 1, token.info.strip(), token.content, _marks_above(tokens[:number]))
        for number, token in enumerate(tokens)
        if token.type == "fence" and token.map is not None
    ]


def _marks_above(tokens: list[Token]) -> dict[str, str]:
    comments = takewhile(lambda token: token.type == "html_block", reversed(tokens))
    return dict(mark for comment in comments for mark in _MARK.findall(comment.content))


@dataclass(frozen=True)
class Command:
    """A command of a `console` block and what the page shows below it."""

    text: str
    shown: str
    """Empty: nothing is shown, whatever the command prints."""


def commands_of(block: Block) -> list[Command]:
    r"""The commands of a `console` block: lines after `$ `, which go on after a `\` or on lines after `> `.

    Raises:
        ValueError: the block does not begin with a command.
    """
    if not block.text.startswith("$ "):
        raise ValueError(f"{block}: a console block begins with `$ ` and a command; output alone is `text`")
    commands: list[tuple[list[str], list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            commands.append(([line[2:]], []))
            continue
        typed, shown = commands[-1]
        if not shown and typed[-1].endswith("\\"):
            typed.append(line.removeprefix("> "))
        elif not shown and line.startswith("> "):
            typed.append(line[2:])
        else:
            shown.append(line)
    return [Command("\n".join(typed), "\n".join(shown).strip("\n")) for typed, shown in commands]
