"""`wenbao doctor`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rag.cli.opening import with_remembered_corpus
from rag.cli.options import Flags, settings_options
from rag.cli.output import write
from rag.cli.progress import ProgressLine
from rag.errors import ExitCode, IndexDamaged, IndexMismatch, IndexMissing, RagError, WriteError

if TYPE_CHECKING:
    from rag.embedding.base import Embedder
    from rag.index.storage.examination import Examination
    from rag.index.storage.generation import Generation
    from rag.retrieval.selftest import Leg
    from rag.settings import Settings


class _Unchecked(Exception):
    """A check that cannot be made because of what an earlier one found."""


class Doctor:
    """The checks, in order, and what one finds out for those after it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._embedder: Embedder | None = None
        self._generation: Generation | None = None
        self._examined: Examination | None = None

    def checks(self) -> dict[str, Callable[[], str]]:
        """Each check by what it is about; it returns what it found, or raises."""
        return {
            "model": self.model,
            "reader": self.reader,
            "index": self.index,
            "contents": self.contents,
            "vectors": lambda: self._examination().vectors(),
            "words": lambda: self._examination().words(),
            "keyword leg": lambda: self._leg("lexical"),
            "dense leg": lambda: self._leg("dense"),
            "corpus": self.corpus,
            "folder": self.folder,
            "generations": self.generations,
        }

    def model(self) -> str:
        """Every file of the prepared model by checksum, then one vector."""
        from rag.embedding.model import prepare_model
        from rag.embedding.onnx import OnnxEmbedder

        with ProgressLine() as line:
            model = prepare_model(self._settings.embedding_model, line)
        model.verify()
        embedder = OnnxEmbedder(model)
        embedder.embed_query("问报")
        self._embedder = embedder
        return f"{model.name} ({model.fingerprint}) in {model.folder}: every checksum is right"

    def reader(self) -> str:
        """Every file of the prepared reader by checksum, then one question."""
        if not self._settings.reader:
            return "not wanted: answers are found by rules alone"
        from rag.reader.model import prepare_reader
        from rag.reader.reader import Reader, Stretch

        with ProgressLine() as line:
            model = prepare_reader(line)
        model.verify()
        Reader(model).read("问报是什么？", [Stretch("", "问报是一个读报的程序。")])
        return f"({model.fingerprint}) in {model.folder}: every checksum is right"

    def index(self) -> str:
        """Every file of the live generation by checksum, and the counts of its parts."""
        from rag.index.storage.store import Store

        store = Store(self._settings.vectors)
        try:
            generation = store.current()
        except IndexMissing:
            if self._settings.sample_corpus:
                return f"none in {self._settings.vectors} yet; `wenbao ask` indexes the built-in sample by itself"
            raise
        try:
            generation.verify()
        except IndexDamaged as error:
            generation.close()
            if store.changed(generation.id):  # and swept while its files were read
                raise _Unchecked(
                    f"the index was built again meanwhile, more than once ({error}); run it again"
                ) from error
            raise
        built_with = generation.manifest.model_fingerprint
        if self._embedder is not None and built_with != self._embedder.fingerprint:
            generation.close()
            raise IndexMismatch(
                f"{self._settings.vectors} was built with the model {generation.manifest.model} ({built_with}), "
                f"{self._settings.embedding_model} ({self._embedder.fingerprint}) is set",
                hint="Run `wenbao index` to build it anew, or set embedding_model back.",
            )
        self._generation = generation
        counts = generation.counts
        return f"{generation.id} in {self._settings.vectors}: every checksum is right, {counts.chunks:,} passages"

    def contents(self) -> str:
        """Articles, passages and the manifest's counts; where they disagree, nothing can be read with confidence."""
        examination = self._examination()
        try:
            return examination.contents()
        except IndexDamaged:
            self.close()
            self._generation = None
            raise

    def corpus(self) -> str:
        """What a refresh would read."""
        from rag.corpus.files import read_corpus

        settings = with_remembered_corpus(self._settings)
        listing = read_corpus(settings.corpus_path)
        name = "the built-in sample" if settings.sample_corpus else str(settings.corpus_path)
        skipped = f", {len(listing.skipped):,} skipped at sight" if listing.skipped else ""
        return f"{name}: {len(listing.files):,} files to read{skipped}"

    def folder(self) -> str:
        """Whether the index could be refreshed, who does so, and what a writer that died has left."""
        from rag.index.storage.lock import holder, is_locked
        from rag.index.storage.store import Store

        folder = Path(self._settings.vectors).absolute()
        existing = next(place for place in (folder, *folder.parents) if place.exists())
        try:
            with tempfile.TemporaryFile(dir=existing):
                pass
            locked = is_locked(folder)
        except OSError as error:
            raise WriteError(
                f"{existing} cannot be written to: {error.strerror}",
                hint="Give yourself the right to write there, or set `vectors` to another folder.",
            ) from error
        found = [f"{existing} can be written to"]
        leftovers = Store(folder).leftovers()
        if locked:
            found.append(f"{holder(folder)} is writing the index")
        elif leftovers:
            found.append(
                f"{', '.join(leftovers)} of a run that was broken off: the next `wenbao index` uses or sweeps it"
            )
        return "; ".join(found)

    def generations(self) -> str:
        """Every other generation by checksum: whether it could be gone back to."""
        from rag.index.storage.generation import check_files
        from rag.index.storage.inventory import stored_generations
        from rag.index.storage.manifest import Manifest
        from rag.index.storage.store import Store

        store = Store(self._settings.vectors)
        try:
            others = [one for one in stored_generations(store) if not one.live]
        except IndexMissing:
            raise _Unchecked("there are none") from None
        usable = 0
        for one in others:
            folder = store.folder_of(one.generation)
            try:
                check_files(folder, Manifest.open(folder), None)
                usable += 1
            except IndexMismatch:
                continue  # of another format, whole or not: `wenbao index --list` says so
            except IndexDamaged as error:
                if not folder.exists():
                    continue  # swept meanwhile
                raise IndexDamaged(
                    error.message, hint=f"Nothing answers from it; remove it: {folder}. Look at the disk, too."
                ) from error
        unusable = f", {len(others) - usable} of another format" if usable < len(others) else ""
        return f"{usable} others to go back to, every checksum is right{unusable}"

    def close(self) -> None:
        """Lets go of the files."""
        if self._generation is not None:
            self._generation.close()

    def _examination(self) -> Examination:
        if self._examined is None:
            generation, embedder = self._opened()
            from rag.index.storage.examination import Examination

            self._examined = Examination(generation, embedder)
        return self._examined

    def _leg(self, leg: Leg) -> str:
        generation, embedder = self._opened()
        from rag.index.storage.examination import spread
        from rag.retrieval.retriever import Retriever
        from rag.retrieval.selftest import PHRASES, find_again

        chunks = [generation.chunk(int(row)) for row in spread(len(generation), PHRASES)]
        return find_again(generation, Retriever(generation, embedder), chunks, leg)

    def _opened(self) -> tuple[Generation, Embedder]:
        if self._generation is None or self._embedder is None:
            raise _Unchecked("there is no index, or no model, that is sound enough to be asked")
        return self._generation, self._embedder


@click.command(short_help="Check the model, the index and the corpus, and say how to mend them.")
@settings_options
@click.pass_context
def command(context: click.Context) -> None:
    """Check the model, the index and the corpus, and say how to mend them.

    Every file is read and its checksum compared, the counts of the parts too. Passages spread over the corpus are
    embedded and cut again and compared with what is stored, and each leg of the search is asked for phrases of the
    corpus, so that none can fail silently. The exit status is that of the first thing that is wrong.

    \b
    Example:
      wenbao doctor
    """
    status = ExitCode.OK
    with closing(Doctor(context.ensure_object(Flags).settings())) as doctor:
        for name, check in doctor.checks().items():
            try:
                write(f"ok   {name}: {check()}")
            except _Unchecked as reason:
                write(f"--   {name}: {reason}")
            except RagError as error:
                write(f"bad  {name}: {error.message}" + (f"\n     hint: {error.hint}" if error.hint else ""))
                status = status or error.exit_code
    context.exit(status)
