"""`wenbao status`."""

from __future__ import annotations

import click

from rag.cli.options import Flags, settings_options
from rag.cli.output import skipped_lines, write, write_json


@click.command(short_help="Show what is indexed.")
@click.option("--json", "as_json", is_flag=True, help="Print what the API would reply.")
@settings_options
@click.pass_obj
def command(flags: Flags, as_json: bool) -> None:
    """Show what is indexed: the corpus, its counts, the model, and what was left out.

    \b
    Example:
      wenbao status --json
    """
    settings = flags.settings()

    from rag.library import Library

    library = Library.open(settings)
    try:
        status = library.status()
    finally:
        library.close()
    if as_json:
        from server.schemas import IndexOut

        write_json(IndexOut.model_validate(status))
        return
    counts = status.counts
    lines = {
        "corpus": f"{status.corpus}{' (the built-in sample)' if status.is_sample else ''}",
        "index": status.vectors,
        "generation": f"{status.generation}, built {status.created}",
        "holds": f"{counts.sources:,} files, {counts.articles:,} articles, {counts.chunks:,} passages, "
        f"{counts.characters:,} characters",
        "model": f"{status.model} ({status.model_fingerprint})",
        "skipped": f"{len(status.skipped):,}",
    }
    write("\n".join([f"{name + ':':<12}{value}" for name, value in lines.items()] + skipped_lines(status.skipped)))
