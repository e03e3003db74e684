"""What a shell offers when the tab key is pressed: click's answers, and the script that asks for them.

The script calls `wenbao` with the words typed so far and `_WENBAO_COMPLETE` set, once per press of the key; nothing is
run then, and nothing heavy imported. Contract of the variable and the shells that there are:
https://click.palletsprojects.com/en/stable/shell-completion/
"""

from __future__ import annotations

import os

import click
from click.shell_completion import get_completion_class, shell_complete

from rag.cli.options import Flags

PROGRAM = "wenbao"
VARIABLE = "_WENBAO_COMPLETE"
SHELLS = ("bash", "zsh", "fish")


def script(cli: click.Command, shell: str) -> str:
    """The lines that a shell of this kind must read once.

    Args:
        cli: the command line to complete.
        shell: one of SHELLS.
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise ValueError(f"expected one of {', '.join(SHELLS)}, found {shell!r}")
    source: str = kind(cli, {}, PROGRAM, VARIABLE).source()
    return source


def answered(cli: click.Command) -> int | None:
    """Writes what fits the words typed so far, where a shell asks for that; gives the exit status.

    Returns:
        None when no shell asks and the command line is to be run.
    """
    asked = os.environ.get(VARIABLE)
    if asked is None:
        return None
    return shell_complete(cli, {"obj": Flags()}, PROGRAM, VARIABLE, asked)
