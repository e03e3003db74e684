"""The reference of the settings, from `rag/settings.py` and the flags of the command line."""

from __future__ import annotations

import types
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from docs.generator.commands import COMMON, every_command, setting_of
from docs.generator.writing import Language, Say, bullets, code, escaped, page
from rag.settings import Settings

_INTRODUCTION = (
    "A flag comes first, then the environment, then `wenbao.toml` in the working folder, then the default. A name that "
    "is not known is an error, wherever it stands."
)


def rendered(language: Language) -> str:
    """The page."""
    say, flags = Say(language), flags_by_setting()
    entries = [_entry(name, field, flags[name], say) for name, field in Settings.model_fields.items()]
    return page(say("Settings"), say(_INTRODUCTION), *entries)


def flags_by_setting() -> dict[str, dict[str, list[str]]]:
    """By setting, its flags and the commands that take them; an empty list means every command."""
    found: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for name, command in every_command().items():
        for option in command.params:
            if isinstance(option, click.Option) and (setting := setting_of(option)):
                flag = "`, `".join([*option.opts, *option.secondary_opts])
                commands = found[setting].setdefault(flag, [])
                if setting not in COMMON:
                    commands.append(name)
    return found


def _entry(name: str, field: FieldInfo, flags: dict[str, list[str]], say: Say) -> str:
    facts = [
        say.fact("value", _values(field, say)),
        say.fact("default", _default(field, say)),
        say.fact("environment", f"`WENBAO_{name.upper()}`"),
    ]
    for flag, commands in flags.items():
        by = say("every command") if not commands else ", ".join(f"`wenbao {command}`" for command in commands)
        facts.append(say.fact("flag", f"`{flag}`", by))
    return f"## `{name}`\n\n{escaped(say(field.description or ''))}\n\n{bullets(facts)}"


def _default(field: FieldInfo, say: Say) -> str:
    default = field.get_default(call_default_factory=True)
    if default in (None, ()):
        return say("none")
    return code(str(default).lower() if isinstance(default, bool) else default)


def _values(field: FieldInfo, say: Say) -> str:
    bounds = {
        sign: getattr(bound, key)
        for bound in field.metadata
        for key, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
        if getattr(bound, key, None) is not None
    }
    told = ", ".join(f"{sign} {value:,}" for sign, value in bounds.items())
    return " ".join(filter(None, [_kind(field.annotation, say), told]))


def _kind(annotation: Any, say: Say) -> str:
    """A type in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(arguments[0], say)
    if origin is Literal:
        return ", ".join(code(value) for value in arguments)
    if origin in (Union, types.UnionType):
        return _kind(next(one for one in arguments if one is not type(None)), say)
    if origin is tuple:
        return say("a list; in the environment separated by commas")
    return say(_KINDS[annotation])


_KINDS = {
    bool: "`true` or `false`",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    SecretStr: "text, which is never shown",
}
