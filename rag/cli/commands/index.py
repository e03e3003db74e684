"""`wenbao index`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rag.cli.generations import NEWEST_BEFORE, distrust, roll_back, show
from rag.cli.opening import with_remembered_corpus
from rag.cli.options import Flags, settings_options, store_option, userdict_option
from rag.cli.progress import ProgressLine
from rag.cli.reports import show_plan, show_report
from rag.errors import InputError

if TYPE_CHECKING:
    from rag.embedding.distributed.embedder import DistributedEmbedder
    from rag.settings import Settings
    from rag.types import IndexPlan, IndexReport


@click.command(short_help="Index a corpus, or bring its index up to date.")
@click.argument("path", metavar="[CORPUS]", required=False, type=click.Path(path_type=Path))
@click.option("--sample", is_flag=True, help="Index the built-in sample again, after a corpus of your own.")
@userdict_option
@store_option
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
@click.option(
    "--ray", "cluster", metavar="ADDRESS", help="Embed on a Ray cluster: `auto`, `local` or `ray://HOST:PORT`."
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
    cluster: str | None,
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
      wenbao index my-pages --ray auto
    """
    _check_alone(
        {
            "--dry-run": dry_run,
            "--watch": watch,
            "--anew": anew,
            "--list": listed,
            "--rollback": rollback is not None,
        }
    )
    if cluster is not None:
        _check_alone({"--ray": True, "--dry-run": dry_run, "--list": listed, "--rollback": rollback is not None})
        _check_alone({"--ray": True, "--watch": watch})
    if listed or rollback is not None:
        if path is not None:
            raise InputError("neither --list nor --rollback reads a corpus", hint="Leave CORPUS out.")
        show(flags.settings(), as_json) if rollback is None else roll_back(flags.settings(), rollback, as_json)
        return
    settings = _settings(flags, path, sample, no_userdict)
    if anew:
        distrust(settings)
    if dry_run:
        show_plan(_planned(settings), settings, as_json)
        return
    if watch:
        from rag.cli.watching import watch_index

        watch_index(settings, flags, lambda report, before: show_report(report, before, settings, as_json))
        return

    show_report(_built(settings, flags, cluster), None, settings, as_json)


def _check_alone(chosen: Mapping[str, bool]) -> None:
    """Lets one at most of the flags through that each ask for something else."""
    given = [name for name, is_given in chosen.items() if is_given]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)} exclude each other", hint="Give one of them.")


def _built(settings: Settings, flags: Flags, cluster: str | None) -> IndexReport:
    """Builds the index, on a Ray cluster where one is named, and has the reader ready for the first question."""
    from rag.index.building.builder import build_index
    from rag.reader.model import prepare_reader

    flags.on_interrupt = "the index is as it was, what has been embedded is kept: run `wenbao index` again to go on"
    with ProgressLine() as line:
        with _spread(settings, cluster, line) if cluster is not None else nullcontext() as embedder:
            report = build_index(settings, line, embedder)
        flags.on_interrupt = ""
        if settings.reader:
            prepare_reader(line)
    return report


def _spread(settings: Settings, cluster: str, line: ProgressLine) -> DistributedEmbedder:
    from rag.embedding.distributed.cluster import check_address
    from rag.embedding.distributed.embedder import DistributedEmbedder
    from rag.embedding.model import prepare_model

    check_address(cluster)  # before a model is prepared, which takes half a minute
    return DistributedEmbedder(prepare_model(settings.embedding_model, line), cluster, line.tell)


def _planned(settings: Settings) -> IndexPlan:
    from rag.index.building.builder import plan_index

    with ProgressLine() as line:
        return plan_index(settings, line)


def _settings(flags: Flags, path: Path | None, sample: bool, no_userdict: bool) -> Settings:
    if sample and path is not None:
        raise InputError("--sample and a corpus cannot both be indexed", hint="Give one of them.")
    if no_userdict and "userdict" in flags.given:
        raise InputError("--userdict and --no-userdict exclude each other", hint="Give one of them.")
    if path is not None:
        flags.given["corpus"] = path
    settings = flags.settings()
    # The sample needs nothing of the index before, which may be damaged.
    settings = settings.model_copy(update={"corpus": None}) if sample else with_remembered_corpus(settings)
    return settings.model_copy(update={"userdict": None}) if no_userdict else settings
