"""`wenbao doctor`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rag.cli.opening import with_remembered_corpus
from rag.cli.options import Flags, settings_options
from rag.cli.output import write
from rag.cli.progress import ProgressLine
from rag.errors import ExitCode, IndexMismatch, IndexMissing, RagError, WriteError

if TYPE_CHECKING:
    from rag.settings import Settings


@dataclass
class Examination:
    """The checks, in order, and what one finds out for those after it."""

    settings: Settings
    fingerprint: str = ""
    """Of the model, once it has been looked at."""

    def checks(self) -> dict[str, Callable[[], str]]:
        """Each check by what it is about; it returns what it found, or raises."""
        return {"model": self.model, "index": self.index, "corpus": self.corpus, "folder": self.folder}

    def model(self) -> str:
        """Every file of the prepared model by checksum, then one vector."""
        from rag.embedding.model import prepare_model
        from rag.embedding.onnx import OnnxEmbedder

        with ProgressLine() as line:
            model = prepare_model(self.settings.embedding_model, line)
        model.verify()
        OnnxEmbedder(model).embed_query("问报")
        self.fingerprint = model.fingerprint
        return f"{model.name} ({model.fingerprint}) in {model.folder}: every checksum is right"

    def index(self) -> str:
        """Every file of the live generation by checksum, and the counts of its parts."""
        from rag.index.store import Store

        try:
            generation = Store(self.settings.vectors).current()
        except IndexMissing:
            if self.settings.sample_corpus:
                return f"none in {self.settings.vectors} yet; `wenbao ask` indexes the built-in sample by itself"
            raise
        try:
            generation.verify()
            built_with = generation.manifest.model_fingerprint
        finally:
            generation.close()
        if self.fingerprint and built_with != self.fingerprint:
            raise IndexMismatch(
                f"{self.settings.vectors} was built with the model {generation.manifest.model} ({built_with}), "
                f"{self.settings.embedding_model} ({self.fingerprint}) is set",
                hint="Run `wenbao index` to build it anew, or set embedding_model back.",
            )
        counts = generation.counts
        return f"{generation.id} in {self.settings.vectors}: every checksum is right, {counts.chunks:,} passages"

    def corpus(self) -> str:
        """What a refresh would read."""
        from rag.corpus.files import read_corpus

        settings = with_remembered_corpus(self.settings)
        listing = read_corpus(settings.corpus_path)
        name = "the built-in sample" if settings.sample_corpus else str(settings.corpus_path)
        skipped = f", {len(listing.skipped):,} skipped at sight" if listing.skipped else ""
        return f"{name}: {len(listing.files):,} files to read{skipped}"

    def folder(self) -> str:
        """Whether the index could be refreshed."""
        folder = Path(self.settings.vectors).absolute()
        existing = next(place for place in (folder, *folder.parents) if place.exists())
        try:
            with tempfile.TemporaryFile(dir=existing):
                return f"{existing} can be written to"
        except OSError as error:
            raise WriteError(
                f"{existing} cannot be written to: {error.strerror}",
                hint="Give yourself the right to write there, or set `vectors` to another folder.",
            ) from error


@click.command(short_help="Check the model, the index and the corpus, and say how to mend them.")
@settings_options
@click.pass_context
def command(context: click.Context) -> None:
    """Check the model, the index and the corpus, and say how to mend them.

    Every file is read and its checksum compared. The exit status is that of the first thing that is wrong.

    \b
    Example:
      wenbao doctor
    """
    status = ExitCode.OK
    for name, check in Examination(context.ensure_object(Flags).settings()).checks().items():
        try:
            write(f"ok   {name}: {check()}")
        except RagError as error:
            write(f"bad  {name}: {error.message}" + (f"\n     hint: {error.hint}" if error.hint else ""))
            status = status or error.exit_code
    context.exit(status)
