"""`wenbao index`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rag.cli.opening import with_remembered_corpus
from rag.cli.options import Flags, settings_options
from rag.cli.output import skipped_lines, write, write_json
from rag.cli.progress import ProgressLine
from rag.errors import InputError

if TYPE_CHECKING:
    from rag.settings import Settings
    from rag.types import IndexReport


@click.command(short_help="Index a corpus, or bring its index up to date.")
@click.argument("path", metavar="[CORPUS]", required=False, type=click.Path(path_type=Path))
@click.option("--sample", is_flag=True, help="Index the built-in sample again, after a corpus of your own.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as the API gives it.")
@settings_options
@click.pass_obj
def command(flags: Flags, path: Path | None, sample: bool, as_json: bool) -> None:
    """Index CORPUS, a folder or a file, or bring its index up to date.

    Only what has changed is read and embedded again. Without CORPUS it is the `corpus` setting, else the corpus that
    the index was built from, else the built-in sample. Whatever is left out is named with the reason; until the new
    index is whole, the old one answers.

    \b
    Examples:
      wenbao index my-pages
      wenbao index
    """
    settings = _settings(flags, path, sample)

    from rag.index.builder import build_index

    flags.on_interrupt = "the index is as it was, what has been embedded is kept: run `wenbao index` again to go on"
    with ProgressLine() as line:
        report = build_index(settings, line)
    flags.on_interrupt = ""
    if as_json:
        from server.schemas import ReportOut

        write_json(ReportOut.from_report(report))
    else:
        write("\n".join(_lines(report, settings)))


def _settings(flags: Flags, path: Path | None, sample: bool) -> Settings:
    if sample and path is not None:
        raise InputError("--sample and a corpus cannot both be indexed", hint="Give one of them.")
    if path is not None:
        flags.given["corpus"] = path
    settings = flags.settings()
    return settings.model_copy(update={"corpus": None}) if sample else with_remembered_corpus(settings)


def _lines(report: IndexReport, settings: Settings) -> list[str]:
    counts = report.counts
    name = "the built-in sample" if settings.sample_corpus else str(settings.corpus_path)
    done = f"indexed {name} in {report.seconds:.1f} s" if report.changed else f"nothing has changed in {name}"
    return [
        done,
        f"{counts.sources:,} files, {counts.articles:,} articles, {counts.chunks:,} passages, "
        f"{counts.characters:,} characters",
        f"passages: {report.embedded:,} embedded, {report.kept:,} kept, {report.removed:,} removed",
        f"generation {report.generation} in {settings.vectors}",
        *([f"{len(report.skipped):,} skipped:"] if report.skipped else []),
        *skipped_lines(report.skipped),
    ]
