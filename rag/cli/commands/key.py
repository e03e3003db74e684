"""`wenbao key`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from rag.cli.options import settings_options
from rag.cli.output import note, write
from rag.errors import InputError

if TYPE_CHECKING:
    from server.guarding.keys import KeyEntry


@click.command(short_help="Make a key for the HTTP API, or hash one.")
@click.argument("action", metavar="ACTION", type=click.Choice(["new", "hash"]))
@click.option(
    "--role",
    type=click.Choice(["read", "write"]),
    default="read",
    show_default=True,
    help="Ask and read only (read), or refresh the index and change the corpus as well (write).",
)
@settings_options
def command(action: str, role: str) -> None:
    """Make a key for the HTTP API, or hash one, for the setting api_keys.

    ACTION new prints a new key and, below it, what the server is given instead of it. Only whoever calls the server
    keeps the key: it is shown this once, and nothing here remembers it. ACTION hash reads a key that is in use already
    from stdin, without showing it, and prints what may stand in the settings file in its place.

    \b
    Examples:
      wenbao key new
      wenbao key new --role write
      wenbao key hash --role write
    """
    from server.guarding.keys import KeyEntry, Role, hashed, new_key

    if action == "hash":
        write(_line(hashed(_asked(), Role(role))))
        return
    key = new_key()
    write(f"{key}\n{_line(KeyEntry.of(key, Role(role)))}")
    note("the first line is the key, for the caller; the second is the server's, for wenbao.toml")
    note("several keys stand in one list, between commas; the key itself is shown this once")


def _line(entry: KeyEntry) -> str:
    return f'api_keys = ["{entry}"]'


def _asked() -> str:
    """A key from a terminal, without showing it, or from a pipe: in the arguments every process list would show it."""
    if sys.stdin.isatty():
        key = str(click.prompt("key", hide_input=True, err=True))
    else:
        key = sys.stdin.readline().rstrip("\r\n")
    if not key:
        raise InputError("there is no key on stdin", hint="Type it, or send it: `wenbao key hash < file`.")
    return key
