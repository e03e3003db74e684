"""`wenbao text`."""

from __future__ import annotations

import click

from rag.cli.options import Flags, settings_options
from rag.cli.output import write_pages
from rag.index.storage.store import Store


@click.command(short_help="Print the text that was taken out of a PDF or another document.")
@click.argument("source")
@settings_options
@click.pass_obj
def command(flags: Flags, source: str) -> None:
    """Print the text that was taken out of SOURCE, a PDF, HTML, Word or EPUB file of the corpus, when it was indexed.

    The spans of its passages and citations count the characters of this text; a form feed stands between the pages of
    a PDF. What is printed is what the index keeps, so it holds for the answers even if the file has changed since.

    \b
    Examples:
      wenbao text reports/2031.pdf
      wenbao text book.epub > book.txt
    """
    generation = Store(flags.settings().vectors).current()
    try:
        write_pages(generation.source_text(source))
    finally:
        generation.close()
