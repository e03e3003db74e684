"""`wenbao index --watch`: the index follows its corpus until Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from rag.cli.options import Flags
from rag.cli.output import note, printable
from rag.cli.progress import ProgressLine, duration
from rag.errors import IndexLocked, InputError, RagError, WriteError

if TYPE_CHECKING:
    from rag.settings import Settings
    from rag.types import IndexReport, Progress

RETRY_S: dict[type[RagError], float] = {IndexLocked: 5.0, WriteError: 30.0}
"""What passes without a change of the corpus, and how soon it is tried again."""

_SILENT_S = 2.0
"""A refresh that takes no longer shows no progress."""


def watch_index(settings: Settings, flags: Flags, show: Callable[[IndexReport, IndexReport | None], None]) -> None:
    """Indexes the corpus, and again after every change, until Ctrl-C.

    Args:
        settings: with a corpus of the user's own.
        flags: told what to say after Ctrl-C.
        show: given the first report, and every later one of a run that changed the index, with the one before.

    Raises:
        KeyboardInterrupt: Ctrl-C.
        InputError: there is no corpus but the built-in sample.
        RagError: the corpus could not be indexed at the start. Later on errors are told, and it goes on.
    """
    if settings.sample_corpus:
        raise InputError(
            "the built-in sample never changes: there is nothing to watch", hint="Name a corpus of your own."
        )
    from rag.index.watch.watching import CorpusWatcher

    paths = tuple(path for path in (settings.corpus_path, settings.userdict) if path is not None)
    CorpusWatcher(lambda: paths, _Refresh(settings, flags, show), tell=note).run()


class _Refresh:
    """Brings the index up to date, tells what was done, and says when to try again."""

    def __init__(
        self, settings: Settings, flags: Flags, show: Callable[[IndexReport, IndexReport | None], None]
    ) -> None:
        from rag.embedding.deferred import DeferredEmbedder
        from rag.embedding.model import prepare_model

        self._settings = settings
        self._flags = flags
        self._show = show
        with ProgressLine() as line:
            # Kept from one refresh to the next: loading it takes longer than most of them.
            self._embedder = DeferredEmbedder(prepare_model(settings.embedding_model, line))
        self._report: IndexReport | None = None
        self._trouble = ""

    def __call__(self) -> float | None:
        from rag.index.building.builder import build_index

        self._flags.on_interrupt = (
            "the index is as it was, what has been embedded is kept: run `wenbao index` again to go on"
        )
        again: float | None = None
        try:
            with _LateProgress(0 if self._report is None else _SILENT_S) as line:
                report = build_index(self._settings, line, self._embedder)
            self._tell_done(report)
        except RagError as error:
            if self._report is None:
                raise
            again = self._tell(error)
        self._flags.on_interrupt = ""  # from here on nothing is cut short
        return again

    def _tell_done(self, report: IndexReport) -> None:
        if self._report is None or report.changed:
            self._show(report, self._report)
        elif self._trouble:
            note("the index is up to date again: nothing has changed")
        if self._report is None:
            note(f"watching {self._settings.corpus_path}; what changes is indexed once it has settled, Ctrl-C ends it")
        self._report, self._trouble = report, ""

    def _tell(self, error: RagError) -> float | None:
        again = next((seconds for kind, seconds in RETRY_S.items() if isinstance(error, kind)), None)
        if str(error) != self._trouble:  # said once, however often it is tried
            self._trouble = str(error)
            click.echo(f"error: {printable(error.message)}", err=True)
            when = f"in {duration(again)}, and so on" if again else "after the next change"
            note(f"the index stays as it is; it is tried again {when}")
        return again


class _LateProgress(ProgressLine):
    """A progress line that stays silent for the first seconds."""

    def __init__(self, silent: float) -> None:
        super().__init__()
        self._from = time.monotonic() + silent

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() >= self._from:
            super().__call__(progress)
