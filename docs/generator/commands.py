"""The reference of the command line, from click's own commands: what `--help` says, on a page."""

from __future__ import annotations

import inspect
import re
from typing import Any

import click

from docs.generator.writing import Language, Say, code, escaped, page, table
from rag.cli.main import COMMANDS, cli
from rag.errors import ExitCode

_INTRODUCTION = (
    "stdout is data, stderr the rest. What every command takes may stand before its name or after it; `--help` shows "
    "what stands here."
)
_EXAMPLES = re.compile(r"Examples?:\n(?P<lines>(?:  .*\n?)+)")
_UNRUN = "<!-- not run: the help's own examples, which name files of a reader's own; a test parses them -->"


def every_command() -> dict[str, click.Command]:
    """The commands by their names, in the order of `wenbao --help`."""
    context = click.Context(cli)
    return {name: command for name in COMMANDS if (command := cli.get_command(context, name)) is not None}


def options_of(command: click.Command) -> list[click.Option]:
    """The options of a command, without `--help`."""
    return [option for option in command.params if isinstance(option, click.Option)]


def setting_of(option: click.Option) -> str | None:
    """The setting that an option gives; None of one that gives none."""
    # Options of settings are kept where all flags are gathered, and not handed to the command.
    return None if option.expose_value or option.is_eager else option.name


COMMON = {option.name for option in options_of(cli)} - {"version"}
"""What every command takes."""


def examples_of(command: click.Command) -> list[str]:
    """The lines of its help that can be typed."""
    found = _EXAMPLES.search(inspect.cleandoc(command.help or ""))
    return [line.strip() for line in found["lines"].splitlines()] if found else []


def rendered(language: Language) -> str:
    """The page."""
    say = Say(language)
    return page(
        say("Command line"),
        say(_INTRODUCTION),
        table([say("command"), say("does")], [[f"[`wenbao {n}`](#wenbao-{n})", say(t)] for n, t in COMMANDS.items()]),
        f"## {say('What every command takes')}",
        _options([option for option in options_of(cli) if option.name in COMMON], say),
        *(_entry(name, command, say) for name, command in every_command().items()),
        f"## {say('Exit status')}",
        table([say("status"), say("name")], [[str(int(status)), code(status.name)] for status in ExitCode]),
    )


def _entry(name: str, command: click.Command, say: Say) -> str:
    help_text = _EXAMPLES.sub("", inspect.cleandoc(command.help or "")).replace("\b", "")
    arguments = [one.make_metavar(click.Context(command)) for one in command.params if isinstance(one, click.Argument)]
    usage = " ".join(["wenbao", name, *arguments])
    own = [option for option in options_of(command) if option.name not in COMMON]
    examples = "".join(f"$ {line}\n" for line in examples_of(command))
    parts = [
        f"## `wenbao {name}`",
        f"`{usage}`" if arguments else "",
        say.paragraphs(help_text),
        _options(own, say),
        f"{_UNRUN}\n```console\n{examples}```" if examples else "",
    ]
    return "\n\n".join(filter(None, parts))


def _options(options: list[click.Option], say: Say) -> str:
    rows = [[_flags(option), _default(option), escaped(say(option.help or ""))] for option in options]
    return table([say("flag"), say("default"), say("does")], rows)


def _flags(option: click.Option) -> str:
    """The flags of an option with what they take."""
    names = ", ".join(code(name) for name in (*option.opts, *option.secondary_opts))
    if option.is_flag or option.count:
        return names
    takes: str | None = option.metavar
    if takes is None and isinstance(option.type, click.Choice):
        return f"{names} {'·'.join(code(choice) for choice in option.type.choices)}"
    return f"{names} {code(takes or _bounds(option.type))}"


def _bounds(kind: click.ParamType[Any]) -> str:
    if isinstance(kind, click.IntRange | click.FloatRange):
        return f"{'' if kind.min is None else kind.min}…{'' if kind.max is None else kind.max}"
    return kind.name.upper()


def _default(option: click.Option) -> str:
    """The default where it says something: none of a flag that is off, of a setting, or of what is left out."""
    default = option.to_info_dict()["default"]
    return "" if default in (None, False, (), []) or setting_of(option) else code(default)
