"""Flags: those of the settings, which every command takes before and after its name, and those of the filters."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rag.settings import Settings
    from rag.types import Filters

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
Words = TypeVar("Words", str, tuple[str, ...])

LOG_LEVELS = ["debug", "info", "warning", "error"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass
class Flags:
    """The settings given as flags, gathered from before and after the command's name."""

    given: dict[str, object] = field(default_factory=dict)
    on_interrupt: str = ""
    """What to say after Ctrl-C: what is kept and how to go on."""

    def settings(self) -> Settings:
        """All settings, the flags first; from here on our logs go to stderr.

        Raises:
            SettingsError: one of them cannot be used.
        """
        import logging

        from rag.settings import load_settings

        settings = load_settings(**self.given)
        logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        for name in ("rag", "server"):
            logging.getLogger(name).setLevel(settings.log_level.upper())
        return settings


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    if value is not None and parameter.name:
        context.find_object(Flags).given[parameter.name] = value  # type: ignore[union-attr]  # main puts it there


def _setting(*names: str, **attributes: Any) -> Callable[[Decorated], Decorated]:
    return click.option(*names, callback=_keep, expose_value=False, **attributes)


def settings_options(command: Decorated) -> Decorated:
    """The settings that concern every command."""
    for option in reversed(
        (
            _setting(
                "--vectors", type=click.Path(path_type=Path), metavar="FOLDER", help="Folder that holds the index."
            ),
            _setting("--corpus", type=click.Path(path_type=Path), metavar="PATH", help="Folder or file to index."),
            _setting("--embedding-model", metavar="NAME", help="`bundled`, or a model's folder or hub name."),
            _setting(
                "--reader/--no-reader", default=None, help="Let the trained reader help to answer, or rules alone."
            ),
            _setting(
                "--log-level", type=click.Choice(LOG_LEVELS, case_sensitive=False), help="How much stderr is told."
            ),
        )
    ):
        command = option(command)
    return command


def userdict_option(command: Decorated) -> Decorated:
    """The words that the cutter must know."""
    return _setting(
        "--userdict", type=click.Path(path_type=Path), metavar="FILE", help="Words to keep whole, in jieba's format."
    )(command)


def store_option(command: Decorated) -> Decorated:
    """Where passages go."""
    return _setting("--store", metavar="ADDRESS", help="Keep passages in a Milvus: milvus://…, a .db file, or local.")(
        command
    )


def address_options(command: Decorated) -> Decorated:
    """Where the server listens."""
    command = _setting("--port", type=click.IntRange(0, 65535), help="Port to bind to; 0 takes a free one.")(command)
    return _setting("--host", metavar="ADDRESS", help="Address to bind to.")(command)


def serving_options(command: Decorated) -> Decorated:
    """How a server works and what its log looks like."""
    command = _setting("--log-format", type=click.Choice(["text", "json"]), help="json: one object a line.")(command)
    return _setting("--workers", type=click.IntRange(1, 64), help="Processes that answer, over one index.")(command)


def _day(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Lets an ISO 8601 day through."""
    try:
        if value is not None:
            if not _DAY.fullmatch(value):
                raise ValueError
            date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a day such as 2018-12-01", context, parameter) from None
    return value


def check_text(context: click.Context, parameter: click.Parameter, value: Words) -> Words:
    """Lets text through. What a terminal hands over need not be UTF-8; what wenbao reads must be."""
    for text in (value,) if isinstance(value, str) else value:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            message = "this is not UTF-8 text; look at the encoding that the terminal is set to"
            raise click.BadParameter(message, context, parameter) from None
    return value


_FILTERS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("--source", "sources"),
        {
            "callback": check_text,
            "multiple": True,
            "metavar": "PATH",
            "help": "Only this source, or folder/; repeatable.",
        },
    ),
    (
        ("--place", "places"),
        {
            "callback": check_text,
            "multiple": True,
            "metavar": "NAME",
            "help": "Only this place, 江苏 or 无锡市; repeatable.",
        },
    ),
    (("--date-from",), {"callback": _day, "metavar": "DAY", "help": "From this day on, such as 2018-12-01."}),
    (("--date-to",), {"callback": _day, "metavar": "DAY", "help": "Up to this day."}),
    (
        ("--article-id", "article_ids"),
        {"callback": check_text, "multiple": True, "metavar": "ID", "help": "Only this article; repeatable."},
    ),
)


def filter_options(command: Decorated) -> Decorated:
    """The filters; hand them to `filters_of`."""
    for names, attributes in reversed(_FILTERS):
        command = click.option(*names, **attributes)(command)
    return command


def hit_options(command: Decorated) -> Decorated:
    """`--top-k` and the filters."""
    return click.option(
        "--top-k", type=click.IntRange(1, 100), default=10, show_default=True, help="Passages at most."
    )(filter_options(command))


def filters_of(
    sources: tuple[str, ...],
    places: tuple[str, ...],
    date_from: str | None,
    date_to: str | None,
    article_ids: tuple[str, ...],
) -> Filters:
    """Filters out of the flags of `filter_options`.

    Raises:
        InputError: the days are the wrong way round.
    """
    from rag.errors import InputError
    from rag.types import Filters

    if date_from and date_to and date_from > date_to:
        raise InputError(
            f"--date-from {date_from} is later than --date-to {date_to}", hint="Give the earlier day as --date-from."
        )
    return Filters(sources, places, date_from, date_to, article_ids)
