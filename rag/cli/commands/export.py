"""`wenbao export`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from rag.cli.options import Flags, settings_options
from rag.cli.output import write
from rag.cli.progress import ProgressLine
from rag.steering import inert_json


@click.command(short_help="Write the index to Parquet files: articles, passages, vectors.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@settings_options
@click.pass_obj
def command(flags: Flags, folder: Path, as_json: bool) -> None:
    """Write the live index into FOLDER as Parquet files, whole or not at all: articles, passages with their vectors,
    the texts of documents, and a note of what they are. FOLDER must be new or empty.

    Whatever reads Parquet can use them; `wenbao import FOLDER` makes an index of them again, here or elsewhere, without
    embedding anything. Needs the extra `wenbao[parquet]`.

    \b
    Examples:
      wenbao export exported
      wenbao import exported --vectors elsewhere
    """
    settings = flags.settings()

    from rag.index.exchange.exporting import export_index
    from rag.index.storage.store import Store

    flags.on_interrupt = "nothing was exported"
    with ProgressLine() as line:
        report = export_index(Store(settings.vectors), folder, line)
    if as_json:
        write(inert_json(json.dumps(asdict(report), ensure_ascii=False)))
        return
    counts = report.counts
    write(
        f"exported generation {report.generation} to {report.folder} in {report.seconds:.1f} s\n"
        f"{counts.articles:,} articles, {counts.chunks:,} passages with vectors of {report.model} "
        f"({report.model_fingerprint}), {report.bytes / 1e6:,.1f} MB"
    )
