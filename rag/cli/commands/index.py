"""`wenbao index`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rag.cli.generations import NEWEST_BEFORE, distrust, roll_back, show
from rag.cli.opening import with_remembered_corpus
from rag.cli.options import Flags, settings_options, userdict_option
from rag.cli.output import skipped_lines, write, write_json
from rag.cli.progress import ProgressLine
from rag.errors import InputError

if TYPE_CHECKING:
    from rag.settings import Settings
    from rag.types import ArticleChange, IndexPlan, IndexReport, Skipped

_LISTED = 40
"""Articles that a dry run names on the screen."""
_MARKS = {"added": "+", "changed": "~", "moved": ">", "removed": "-"}


@click.command(short_help="Index a corpus, or bring its index up to date.")
@click.argument("path", metavar="[CORPUS]", required=False, type=click.Path(path_type=Path))
@click.option("--sample", is_flag=True, help="Index the built-in sample again, after a corpus of your own.")
@userdict_option
@click.option("--no-userdict", is_flag=True, help="Index without the user dictionary that the index was built with.")
@click.option("--dry-run", is_flag=True, help="Name what would change, and change nothing.")
@click.option("--watch", is_flag=True, help="Stay, and index what changes once it has settled, until Ctrl-C.")
@click.option("--anew", is_flag=True, help="Take nothing over from the index that is there: embed everything again.")
@click.option("--list", "listed", is_flag=True, help="Show the generations on disk, and change nothing.")
@click.option(
    "--rollback",
    is_flag=False,
    flag_value=NEWEST_BEFORE,
    metavar="[ID]",
    help="Make an earlier generation live again; without ID the one before the live one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as the API gives it.")
@settings_options
@click.pass_obj
def command(
    flags: Flags,
    path: Path | None,
    sample: bool,
    no_userdict: bool,
    dry_run: bool,
    watch: bool,
    anew: bool,
    listed: bool,
    rollback: str | None,
    as_json: bool,
) -> None:
    """Index CORPUS, a folder or a file, or bring its index up to date.

    Only what has changed is read and embedded again. Without CORPUS it is the `corpus` setting, else the corpus that
    the index was built from, else the built-in sample. Whatever is left out is named with the reason; until the new
    index is whole, the old one answers.

    With --watch it stays until Ctrl-C (exit status 130), and prints a line for every change that it has indexed. What
    cannot be indexed at the start ends it; what goes wrong later is told, and it goes on watching.

    \b
    Examples:
      wenbao index my-pages
      wenbao index
      wenbao index my-pages --watch
      wenbao index --dry-run
      wenbao index --userdict names.txt
      wenbao index --list
      wenbao index --rollback
    """
    chosen = {
        "--dry-run": dry_run,
        "--watch": watch,
        "--anew": anew,
        "--list": listed,
        "--rollback": rollback is not None,
    }
    if sum(chosen.values()) > 1:
        given = " and ".join(name for name, is_given in chosen.items() if is_given)
        raise InputError(f"{given} exclude each other", hint="Give one of them.")
    if listed or rollback is not None:
        if path is not None:
            raise InputError("neither --list nor --rollback reads a corpus", hint="Leave CORPUS out.")
        show(flags.settings(), as_json) if rollback is None else roll_back(flags.settings(), rollback, as_json)
        return
    settings = _settings(flags, path, sample, no_userdict)
    if anew:
        distrust(settings)
    if dry_run:
        _plan(settings, as_json)
        return
    if watch:
        from rag.cli.watching import watch_index

        watch_index(settings, flags, lambda report, before: _show(report, before, settings, as_json))
        return

    from rag.index.building.builder import build_index

    flags.on_interrupt = "the index is as it was, what has been embedded is kept: run `wenbao index` again to go on"
    with ProgressLine() as line:
        report = build_index(settings, line)
    flags.on_interrupt = ""
    _show(report, None, settings, as_json)


def _settings(flags: Flags, path: Path | None, sample: bool, no_userdict: bool) -> Settings:
    if sample and path is not None:
        raise InputError("--sample and a corpus cannot both be indexed", hint="Give one of them.")
    if no_userdict and "userdict" in flags.given:
        raise InputError("--userdict and --no-userdict exclude each other", hint="Give one of them.")
    if path is not None:
        flags.given["corpus"] = path
    settings = flags.settings()
    if sample:  # it needs nothing of the index before, which may be damaged
        return settings.model_copy(update={"corpus": None})
    settings = with_remembered_corpus(settings)
    return settings.model_copy(update={"userdict": None}) if no_userdict else settings


def _show(report: IndexReport, before: IndexReport | None, settings: Settings, as_json: bool) -> None:
    """Prints a report: whole, or as a line when one was printed before."""
    if as_json:
        from server.schemas import ReportOut

        write_json(ReportOut.from_report(report))
    elif before is None:
        write("\n".join(_lines(report, settings)))
    else:
        write("\n".join(_short_lines(report, before)))


def _plan(settings: Settings, as_json: bool) -> None:
    from rag.index.building.builder import plan_index

    with ProgressLine() as line:
        plan = plan_index(settings, line)
    if as_json:
        from server.schemas import PlanOut

        write_json(PlanOut.from_plan(plan))
    else:
        write("\n".join(_plan_lines(plan, settings)))


def _plan_lines(plan: IndexPlan, settings: Settings) -> list[str]:
    name = _name(settings)
    if not plan.changed:
        return [f"nothing has changed in {name}", *_skipped(plan.skipped)]
    counts: Counter[str] = Counter(change.kind for change in plan.articles)
    kinds = ", ".join(f"{counts[kind]:,} {kind}" for kind in _MARKS)
    lines = [f"{_MARKS[change.kind]} {_change(change)}" for change in plan.articles[:_LISTED]]
    rest = len(plan.articles) - len(lines)
    return [
        f"of {name}, articles: {kinds}",
        *lines,
        *([f"… and {rest:,} more; --json names them all"] if rest else []),
        f"passages: {plan.embedded:,} to embed, {plan.kept:,} to keep, {plan.removed:,} to remove",
        "this was a dry run: nothing has been written",
        *_skipped(plan.skipped),
    ]


def _change(change: ArticleChange) -> str:
    title = f" · {change.title}" if change.title else ""
    return f"{change.was} → {change.source}{title}" if change.was else f"{change.source}{title}"


def _name(settings: Settings) -> str:
    return "the built-in sample" if settings.sample_corpus else str(settings.corpus_path)


def _skipped(skipped: Sequence[Skipped]) -> list[str]:
    return [*([f"{len(skipped):,} skipped:"] if skipped else []), *skipped_lines(skipped)]


def _lines(report: IndexReport, settings: Settings) -> list[str]:
    counts = report.counts
    name = _name(settings)
    done = f"indexed {name} in {report.seconds:.1f} s" if report.changed else f"nothing has changed in {name}"
    return [
        done,
        f"{counts.sources:,} files, {counts.articles:,} articles, {counts.chunks:,} passages, "
        f"{counts.characters:,} characters",
        f"passages: {report.embedded:,} embedded, {report.kept:,} kept, {report.removed:,} removed, "
        f"{report.tokenized:,} cut into words",
        f"generation {report.generation} in {settings.vectors}",
        *_skipped(report.skipped),
    ]


def _short_lines(report: IndexReport, before: IndexReport) -> list[str]:
    """A line on a refresh, and one for everything that was not left out before."""
    counts, new = report.counts, set(report.skipped) - set(before.skipped)
    return [
        f"{datetime.now():%H:%M:%S} indexed in {report.seconds:.1f} s: {counts.sources:,} files, "
        f"{counts.articles:,} articles; passages: {report.embedded:,} embedded, {report.kept:,} kept, "
        f"{report.removed:,} removed; generation {report.generation}",
        *skipped_lines(skipped for skipped in report.skipped if skipped in new),
    ]
