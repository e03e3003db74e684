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
from rag.index.storage.manifest import Manifest, file_digest
from rag.index.watch.listening import Ears
from rag.index.watch.looking import Look, look_at
from rag.settings import Settings

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
        paths: names what to watch, the corpus and what else an index is made from: folders and files, which need not
            exist. Asked again every `pace.poll` seconds; nothing is watched while it names nothing.
        refresh: called once at the start, and whenever other paths are named, for what happened while nobody watched;
            from then on after every change that has settled. Returns after how many seconds it wants to be called
            again without a change, None for never. What it raises ends `run`.
        tell: told, once, that the system cannot watch and why.
        pace: how long is waited.
    """

    def __init__(
        self,
        paths: Callable[[], tuple[Path, ...]],
        refresh: Callable[[], float | None],
        *,
        tell: Callable[[str], None] = lambda _: None,
        pace: Pace | None = None,
    ) -> None:
        self._ask = paths
        self._refresh = refresh
        self._pace = pace or Pace()
        self._stop = threading.Event()
        self._ears = Ears(self._stop, self._pace.step, tell)
        self._paths: tuple[Path, ...] = ()
        self._seen = Look()
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
            elif self._paths and now >= self._look_at:
                look = self._look()
                if look.entries != self._seen.entries or look.spots != self._ears.spots:
                    self._burst = _Burst(now, now, look)
            if self._ears.heard():
                now = time.monotonic()
                self._burst = _Burst(self._burst.began if self._burst else now, now)
        return False

    def _turned(self, now: float) -> bool:
        """True when something else than before is to be watched; it is listened to from here on."""
        if now < self._ask_at:
            return False
        self._ask_at = now + self._pace.poll
        paths = self._ask()
        if paths == self._paths:
            return False
        self._paths, self._burst, self._again_at = paths, None, None
        self._seen, _ = self._look_and_listen()
        return bool(paths)

    def _settled(self, burst: _Burst, now: float) -> bool:
        """Looks at a corpus that seems to have come to rest: True when it has, and is not what it was."""
        look, is_new_ground = self._look_and_listen()
        is_moving = burst.look is not None and burst.look.entries != look.entries
        if (is_moving or is_new_ground) and not burst.is_overdue(now, self._pace):
            # It was seen to change, or folders came that nobody has listened to: it is given another while.
            self._burst = replace(burst, last=now, look=look)
            return False
        self._burst = None
        changed = look.entries != self._seen.entries
        self._seen = look
        return changed

    def _look_and_listen(self) -> tuple[Look, bool]:
        """A look at the corpus that no later change escapes, and whether the folders to listen to have changed."""
        look = self._look()
        if look.spots == self._ears.spots:
            return look, False
        self._ears.listen(look.spots)
        return self._look(), True

    def _look(self) -> Look:
        began = time.monotonic()
        look = look_at(self._paths)
        now = time.monotonic()
        pause = self._pace.poll if self._ears.are_deaf or not look.is_whole else self._pace.sweep
        self._look_at = now + max(pause, _LOOKING_SHARE * (now - began))
        return look


def differs(manifest: Manifest, settings: Settings) -> bool:
    """True when a corpus, or its user dictionary, is not what a generation was made from. Reads every file.

    How it is cut and embedded is not asked: an index of an older wenbao is no reason to index by itself.

    Raises:
        CorpusError: the corpus cannot be read.
        SettingsError: the user dictionary cannot be read.
    """
    listing = read_corpus(settings.corpus_path)
    states = manifest.corpus_files
    at_sight = {*listing.skipped}
    if settings.userdict is not None:
        from rag.index.text.userdict import UserDictionary  # with what folds and cuts words it takes a while

        dictionary = UserDictionary.read(settings.userdict)
        if dictionary.digest != manifest.settings.get("userdict_digest"):
            return True
        at_sight |= {*dictionary.skipped}
    return (
        [file.source for file in listing.files] != [state.source for state in states]
        or at_sight.union(*(state.skipped for state in states)) != {*manifest.skipped}
        or any(_digest(file.path) != state.digest for file, state in zip(listing.files, states, strict=True))
    )


def _digest(path: Path) -> str:
    try:
        return file_digest(path)
    except OSError:
        return ""  # as the builder has it
