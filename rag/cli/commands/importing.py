"""`wenbao import`."""

from __future__ import annotations

from pathlib import Path

import click

from rag.cli.options import Flags, settings_options
from rag.cli.output import skipped_lines, write, write_json
from rag.cli.progress import ProgressLine


@click.command("import", short_help="Make an index of exported Parquet files again, without embedding.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print the report as the API gives it.")
@settings_options
@click.pass_obj
def command(flags: Flags, folder: Path, as_json: bool) -> None:
    """Make what `wenbao export` wrote into FOLDER the live index. Nothing is embedded, so the embedding model must be
    the one that the index was built with; the corpus need not be there. The index that was live is kept, to go back to
    with `wenbao index --rollback`. Needs the extra `wenbao[parquet]`.

    \b
    Example:
      wenbao import exported --vectors elsewhere
    """
    settings = flags.settings()

    from rag.embedding.model import prepare_model
    from rag.index.exchange.importing import import_index

    flags.on_interrupt = "the index is as it was"
    with ProgressLine() as line:
        report = import_index(settings, folder, prepare_model(settings.embedding_model, line), line)
    if as_json:
        from server.schemas import ReportOut

        write_json(ReportOut.from_report(report))
        return
    counts = report.counts
    write(
        "\n".join(
            [
                f"imported {folder} in {report.seconds:.1f} s",
                f"{counts.sources:,} files, {counts.articles:,} articles, {counts.chunks:,} passages, "
                f"{counts.characters:,} characters",
                f"passages: {report.embedded:,} embedded, {report.kept:,} kept, {report.removed:,} removed, "
                f"{report.tokenized:,} cut into words",
                f"generation {report.generation} in {settings.vectors}",
                *([f"{len(report.skipped):,} skipped when it was built:"] if report.skipped else []),
                *skipped_lines(report.skipped),
            ]
        )
    )
