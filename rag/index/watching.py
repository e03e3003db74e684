"""Watching a corpus: says when it has changed and settled, and when to try again what could not be done.

What the system tells of changes only wakes the watcher; whether anything changed is seen by looking: names, sizes,
times and inodes of all that is not hidden. So what the system does not tell (shares that others write to, folders
renamed further up) is found too, only later. Where the system cannot watch, looking is all there is. Links that lead
out of the corpus are neither followed nor watched.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from rag.corpus.files import read_corpus
from rag.index.listening import Ears, Spots
from rag.index.looking import Look, look_at
from rag.index.manifest import Manifest, file_digest

_LOOKING_SHARE = 50
"""Looking at a corpus takes at most one part in so many of the time: a large one is looked at less often."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long is waited, in seconds."""

    settle: float = 1.0
    """Quiet after the last change before the corpus counts as settled."""
    longest: float = 30.0
    """From the first change on: a stream of changes that never settles is acted upon after so long."""
    poll: float = 2.0
    """Between two looks where the system tells nothing of changes."""
    sweep: float = 30.0
    """Between two looks where it does, for what it may not have told."""
    step: float = 0.1
    """How soon `stop` is obeyed."""


@dataclass(frozen=True, slots=True)
class _Burst:
    """Changes that have not settled yet. Times are of the monotonic clock."""

    began: float
    last: float
    look: Look | None = None
    """The last look taken meanwhile; None where the system told of the changes, so that nobody had to look."""

    def is_over(self, now: float, pace: Pace) -> bool:
        return now - self.last >= pace.settle or self.is_overdue(now, pace)

    def is_overdue(self, now: float, pace: Pace) -> bool:
        return now - self.began >= pace.longest


class CorpusWatcher:
    """Calls back when a corpus has changed, in the thread that `run` is called in.

    Args:
        corpus: names the corpus to watch, a folder or a file that need not exist; asked again every `pace.poll`
            seconds. None while there is nothing to watch.
        refresh: called once at the start, and whenever another corpus is named, for what happened while nobody watched;
            from then on after every change that has settled. Returns after how many seconds it wants to be called
            again without a change, None for never. What it raises ends `run`.
        tell: told, once, that the system cannot watch and why.
        pace: how long is waited.
    """

    def __init__(
        self,
        corpus: Callable[[], Path | None],
        refresh: Callable[[], float | None],
        *,
        tell: Callable[[str], None] = lambda _: None,
        pace: Pace | None = None,
    ) -> None:
        self._corpus = corpus
        self._refresh = refresh
        self._pace = pace or Pace()
        self._stop = threading.Event()
        self._ears = Ears(self._stop, self._pace.step, tell)
        self._path: Path | None = None
        self._seen = Look(None)
        self._burst: _Burst | None = None
        self._ask_at = self._look_at = 0.0
        self._again_at: float | None = None

    def run(self) -> None:
        """Watches until `stop` is called, from another thread or from `refresh`.

        Raises:
            KeyboardInterrupt: Ctrl-C, in the main thread.
        """
        try:
            while self._awaited():
                again = self._refresh()
                self._again_at = None if again is None else time.monotonic() + again
        finally:
            self._ears.close()

    def stop(self) -> None:
        """Ends `run` within `pace.step` seconds, or as soon as a refresh that is under way has ended."""
        self._stop.set()

    def _awaited(self) -> bool:
        """Waits for the next refresh to be due; False once stopped."""
        while not self._stop.is_set():
            now = time.monotonic()
            if self._turned(now):
                return True
            if self._burst is not None:
                if self._burst.is_over(now, self._pace) and self._settled(self._burst, now):
                    return True
            elif self._again_at is not None and now >= self._again_at:
                return True
            elif self._path is not None and now >= self._look_at:
                look = self._look(self._path)
                if look.entries != self._seen.entries or look.spots != self._ears.spots:
                    self._burst = _Burst(now, now, look)
            if self._ears.heard():
                now = time.monotonic()
                self._burst = _Burst(self._burst.began if self._burst else now, now)
        return False

    def _turned(self, now: float) -> bool:
        """True when another corpus than before is to be watched; it is listened to from here on."""
        if now < self._ask_at:
            return False
        self._ask_at = now + self._pace.poll
        path = self._corpus()
        if path == self._path:
            return False
        self._path, self._burst, self._again_at = path, None, None
        if path is None:
            self._ears.listen(Spots())
            return False
        self._seen, _ = self._look_and_listen(path)
        return True

    def _settled(self, burst: _Burst, now: float) -> bool:
        """Looks at a corpus that seems to have come to rest: True when it has, and is not what it was."""
        assert self._path is not None  # noqa: S101  # without a corpus there is nothing to change
        look, is_new_ground = self._look_and_listen(self._path)
        is_moving = burst.look is not None and burst.look.entries != look.entries
        if (is_moving or is_new_ground) and not burst.is_overdue(now, self._pace):
            # It was seen to change, or folders came that nobody has listened to: it is given another while.
            self._burst = replace(burst, last=now, look=look)
            return False
        self._burst = None
        changed = look.entries != self._seen.entries
        self._seen = look
        return changed

    def _look_and_listen(self, path: Path) -> tuple[Look, bool]:
        """A look at the corpus that no later change escapes, and whether the folders to listen to have changed."""
        look = self._look(path)
        if look.spots == self._ears.spots:
            return look, False
        self._ears.listen(look.spots)
        return self._look(path), True

    def _look(self, path: Path) -> Look:
        began = time.monotonic()
        look = look_at(path)
        now = time.monotonic()
        pause = self._pace.poll if look.entries is None or self._ears.are_deaf else self._pace.sweep
        self._look_at = now + max(pause, _LOOKING_SHARE * (now - began))
        return look


def differs(manifest: Manifest, corpus: Path) -> bool:
    """True when the files of a corpus are not those that a generation was made of. Reads every file.

    Raises:
        CorpusError: the corpus cannot be read.
    """
    listing = read_corpus(corpus)
    if not set(listing.skipped) <= set(manifest.skipped):
        return True
    if len(manifest.skipped) != len(listing.skipped) + sum(len(state.skipped) for state in manifest.corpus_files):
        return True
    if [file.source for file in listing.files] != [state.source for state in manifest.corpus_files]:
        return True
    return any(
        _digest(file.path) != state.digest for file, state in zip(listing.files, manifest.corpus_files, strict=True)
    )


def _digest(path: Path) -> str:
    try:
        return file_digest(path)
    except OSError:
        return ""  # as the builder has it
