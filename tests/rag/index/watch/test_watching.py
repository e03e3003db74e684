"""Watching real folders with real threads: what is seen, when it is acted upon, and what is left alone."""

from __future__ import annotations

import errno
import os
import queue
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import watchfiles
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import CorpusMissing
from rag.index.building.builder import build_index
from rag.index.storage.manifest import Manifest
from rag.index.storage.store import Store
from rag.index.watch.listening import Ears, shared_file_system
from rag.index.watch.looking import look_at
from rag.index.watch.watching import CorpusWatcher, Pace, differs
from rag.settings import Settings
from tests.rag.index.fakes import WordEmbedder, records, write_records

PATIENCE_S = 30.0
QUICK = Pace(settle=0.05, longest=20, poll=0.05, sweep=60, step=0.02)
"""What a test waits for comes from the system; the sweep comes after any test has ended."""


@dataclass
class Watched:
    """A watcher in a thread, and what it has called."""

    paths: list[Path]
    calls: queue.Queue[frozenset[str]] = field(default_factory=queue.Queue)
    told: list[str] = field(default_factory=list)
    again: float | None = None
    count: int = 0

    def refresh(self) -> float | None:
        self.count += 1
        self.calls.put(frozenset(names(*self.paths)))
        return self.again

    def until(self, *wanted: str) -> None:
        """Takes calls until one finds these files and no others; how many come before is the system's affair."""
        while (found := self.calls.get(timeout=PATIENCE_S)) != frozenset(wanted):
            assert found is not None

    def drain(self) -> None:
        while not self.calls.empty():
            self.calls.get_nowait()


def names(*paths: Path) -> Iterator[str]:
    """The files at and below these paths with what is in them."""
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                yield f"{file.relative_to(path) if path.is_dir() else file.name}={file.read_text(encoding='utf-8')}"


@contextmanager
def watched(*paths: Path, pace: Pace = QUICK) -> Iterator[Watched]:
    """A running watcher that has made its first call."""
    seen = Watched(list(paths))
    watcher = CorpusWatcher(lambda: tuple(seen.paths), seen.refresh, tell=seen.told.append, pace=pace)
    thread = threading.Thread(target=watcher.run)
    thread.start()
    try:
        seen.calls.get(timeout=PATIENCE_S)
        yield seen
    finally:
        watcher.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write(tmp_path / "corpus" / "a.txt", "一").parent


def test_files_that_come_change_move_and_go(corpus: Path) -> None:
    with watched(corpus) as seen:
        write(corpus / "b.txt", "二")
        seen.until("a.txt=一", "b.txt=二")
        write(corpus / "b.txt", "三")
        seen.until("a.txt=一", "b.txt=三")
        (corpus / "b.txt").rename(corpus / "c.txt")
        seen.until("a.txt=一", "c.txt=三")
        (corpus / "a.txt").unlink()
        seen.until("c.txt=三")


def test_a_file_that_is_put_in_another_s_place_with_its_dates(corpus: Path, tmp_path: Path) -> None:
    facts = (corpus / "a.txt").stat()
    with watched(corpus) as seen:
        twin = write(tmp_path / "twin", "二")
        os.utime(twin, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        twin.replace(corpus / "a.txt")
        seen.until("a.txt=二")


def test_folders_that_come_are_watched_too(corpus: Path) -> None:
    with watched(corpus) as seen:
        write(corpus / "x" / "y" / "b.txt", "二")
        seen.until("a.txt=一", "x/y/b.txt=二")
        write(corpus / "x" / "y" / "b.txt", "三")
        seen.until("a.txt=一", "x/y/b.txt=三")
        shutil.rmtree(corpus / "x")
        seen.until("a.txt=一")


def test_a_corpus_that_goes_and_comes_back(corpus: Path) -> None:
    with watched(corpus) as seen:
        shutil.rmtree(corpus)
        seen.until()
        write(corpus / "a.txt", "二")
        seen.until("a.txt=二")
        write(corpus / "a.txt", "三")
        seen.until("a.txt=三")


def test_a_corpus_that_is_not_there_yet(tmp_path: Path) -> None:
    with watched(tmp_path / "later" / "corpus") as seen:
        write(tmp_path / "later" / "corpus" / "a.txt", "一")
        seen.until("a.txt=一")


def test_a_folder_that_another_takes_the_place_of(corpus: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other" / "b.txt", "二").parent
    with watched(corpus) as seen:
        corpus.rename(tmp_path / "old")
        other.rename(corpus)
        seen.until("b.txt=二")
        write(corpus / "b.txt", "三")
        seen.until("b.txt=三")


def test_a_link_that_turns_elsewhere(corpus: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other" / "b.txt", "二").parent
    (tmp_path / "current").symlink_to("corpus")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "current")
    with watched(link) as seen:
        write(corpus / "a.txt", "三")
        seen.until("a.txt=三")
        turned = tmp_path / "turned"
        turned.symlink_to(other)
        turned.replace(tmp_path / "current")
        seen.until("b.txt=二")
        write(other / "b.txt", "四")
        seen.until("b.txt=四")


def test_a_single_file_as_editors_save_it(corpus: Path) -> None:
    with watched(corpus / "a.txt") as seen:
        for text in "二三":
            write(corpus / ".a.txt.swp", text).replace(corpus / "a.txt")
            seen.until(f"a.txt={text}")


def test_what_the_system_does_not_tell_is_found_by_looking(tmp_path: Path) -> None:
    corpus = write(tmp_path / "above" / "corpus" / "a.txt", "一").parent
    with watched(corpus, pace=replace(QUICK, sweep=0.1)) as seen:
        (tmp_path / "above").rename(tmp_path / "elsewhere")
        seen.until()


def test_a_burst_is_one_refresh_or_a_few(corpus: Path) -> None:
    with watched(corpus, pace=replace(QUICK, settle=0.5)) as seen:
        for number in range(300):
            write(corpus / "a.txt", str(number))
        seen.until("a.txt=299")
        assert seen.count < 50


def test_changes_that_never_settle_do_not_wait_for_ever(corpus: Path) -> None:
    with watched(corpus, pace=replace(QUICK, settle=3_600, longest=0.2)) as seen:
        write(corpus / "a.txt", "二")
        seen.until("a.txt=二")


def test_changes_during_a_refresh_are_not_lost(corpus: Path) -> None:
    begun, go, last = threading.Event(), threading.Event(), threading.Event()

    def refresh() -> None:
        text = (corpus / "a.txt").read_text(encoding="utf-8")
        begun.set()
        assert go.wait(PATIENCE_S)
        if text == "二":
            last.set()

    watcher = CorpusWatcher(lambda: (corpus,), refresh, pace=QUICK)
    thread = threading.Thread(target=watcher.run)
    thread.start()
    try:
        assert begun.wait(PATIENCE_S)
        write(corpus / "a.txt", "二")
        go.set()
        assert last.wait(PATIENCE_S)
    finally:
        watcher.stop()
        thread.join(PATIENCE_S)


def test_it_is_tried_again_when_asked_and_not_otherwise(corpus: Path) -> None:
    with watched(corpus) as seen:
        assert seen.count == 1
        seen.again = 0.0
        write(corpus / "a.txt", "二")
        for _ in range(5):
            assert seen.calls.get(timeout=PATIENCE_S)
        seen.again = None


def test_other_paths_are_watched_as_soon_as_they_are_named(corpus: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other" / "b.txt", "二").parent
    words = write(tmp_path / "words.txt", "三")
    with watched(corpus) as seen:
        seen.paths[:] = [other, words]
        seen.until("b.txt=二", "words.txt=三")
        write(words, "四")
        seen.until("b.txt=二", "words.txt=四")
        seen.paths.clear()
        write(other / "b.txt", "五")
        seen.drain()
        seen.paths.append(corpus)
        seen.until("a.txt=一")


def test_what_a_refresh_raises_ends_the_watching(corpus: Path) -> None:
    def refresh() -> None:
        raise CorpusMissing("gone")

    with pytest.raises(CorpusMissing, match="gone"):
        CorpusWatcher(lambda: (corpus,), refresh).run()


def test_names_that_are_not_utf_8_stop_nothing(corpus: Path) -> None:
    with watched(corpus) as seen:
        odd = os.fsencode(corpus) + b"/\xff.txt"
        with open(odd, "w") as file:  # noqa: PTH123  # the name is bytes
            file.write("?")
        while not any("\udcff" in name for name in seen.calls.get(timeout=PATIENCE_S)):
            pass
        write(corpus / "a.txt", "二")
        seen.until("a.txt=二", os.fsdecode(b"\xff.txt=?"))
        assert seen.told == []


def no_watching(*paths: object, **options: object) -> Iterator[set[object]]:
    raise OSError(errno.ENOSPC, "OS file watch limit reached.")
    yield set()


@pytest.mark.parametrize("how", ["limit", "share"])
def test_where_the_system_cannot_watch_it_says_so_once_and_looks(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "limit":
        monkeypatch.setattr(watchfiles, "watch", no_watching)
    else:
        monkeypatch.setattr("rag.index.watch.listening.shared_file_system", lambda _: "nfs4")
    with watched(corpus) as seen:
        write(corpus / "b.txt", "二")
        seen.until("a.txt=一", "b.txt=二")
        write(corpus / "x" / "c.txt", "三")
        seen.until("a.txt=一", "b.txt=二", "x/c.txt=三")
        shutil.rmtree(corpus)
        seen.until()
        (told,) = seen.told
        assert ("watch limit reached" if how == "limit" else "nfs4") in told
        assert "every few seconds" in told


@contextmanager
def listening(path: Path) -> Iterator[Callable[[], bool]]:
    """Whether anything is heard of a corpus in the next steps."""
    ears = Ears(threading.Event(), 0.02, pytest.fail)
    ears.listen(look_at([path]).spots)
    assert not ears.are_deaf
    yield lambda: any(ears.heard() for _ in range(10))
    ears.close()


def test_what_is_hidden_read_or_beside_the_corpus_wakes_nobody(corpus: Path, tmp_path: Path) -> None:
    outside = write(tmp_path / "outside" / "b.txt", "二").parent
    (corpus / "out").symlink_to(outside)
    before = look_at([corpus])
    with listening(corpus) as heard:
        assert not heard()
        write(corpus / ".hidden" / "c.txt", "三")
        write(corpus / ".d.txt.swp", "四")
        write(outside / "b.txt", "五")
        write(tmp_path / "e.txt", "六")
        (corpus / "a.txt").read_bytes()
        assert not heard()
        assert look_at([corpus]) == before
        write(corpus / "a.txt", "七")
        assert heard()
    with listening(corpus / "a.txt") as heard:
        write(corpus / "b.txt", "八")
        assert not heard()
        (corpus / "a.txt").unlink()
        assert heard()


def test_links_out_of_the_corpus_are_not_followed(corpus: Path, tmp_path: Path) -> None:
    write(tmp_path / "outside" / "deep" / "b.txt", "二")
    (corpus / "out").symlink_to(tmp_path / "outside")
    (corpus / "round").symlink_to(corpus)
    look = look_at([corpus])
    assert look.spots.paths() == [str(corpus)]
    assert not any("deep" in str(entry[0]) for entry in look.entries)


def test_a_link_to_a_hidden_file_of_the_corpus_is_seen_to_change(corpus: Path) -> None:
    hidden = write(corpus / ".store" / "x", "二")
    (corpus / "x.txt").symlink_to(hidden)
    before = look_at([corpus])
    write(hidden, "三三")
    assert look_at([corpus]) != before
    hidden.unlink()
    assert look_at([corpus]).is_whole


def test_links_that_lead_nowhere_are_watched_until_they_do(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    look = look_at([tmp_path / "one"])
    assert (look.entries, look.spots.paths(), look.is_whole) == (frozenset(), [str(tmp_path)], False)
    with watched(tmp_path / "one", pace=replace(QUICK, poll=60)) as seen:
        (tmp_path / "two").unlink()
        (tmp_path / "two").symlink_to(corpus)
        seen.until("a.txt=一")


MOUNTS = """\
22 1 253:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:44 / /srv/news\\040pages rw,relatime shared:1 - nfs4 host:/pages rw
31 30 0:45 / /srv/news\\040pages/local rw - ext4 /dev/vdb rw
32 22 0:46 / /mnt/both rw - ext4 /dev/vdc rw
33 32 0:47 / /mnt/both rw - fuse.sshfs host: rw
"""


@pytest.mark.parametrize(
    ("paths", "kind"),
    [
        (["/srv"], None),
        (["/srv/news"], None),
        (["/srv/news pages"], "nfs4"),
        (["/srv/news pages/2018/12"], "nfs4"),
        (["/srv/news pages/local/a"], None),
        (["/mnt/both/x"], "fuse.sshfs"),
        (["/home", "/mnt/both"], "fuse.sshfs"),
        ([], None),
    ],
)
def test_shares_are_told_by_their_mount_points(tmp_path: Path, paths: list[str], kind: str | None) -> None:
    assert shared_file_system(paths, write(tmp_path / "mountinfo", MOUNTS)) == kind
    assert shared_file_system(paths, tmp_path / "none") is None


STEPS = {
    "add": lambda folder: write_records(folder / "added.jsonl", records("n", 1)),
    "edit": lambda folder: write_records(folder / "one.jsonl", records("e", 2)),
    "rename": lambda folder: (folder / "one.jsonl").rename(folder / "two.jsonl"),
    "touch": lambda folder: os.utime(folder / "keep.jsonl"),
    "rewrite": lambda folder: write_records(folder / "keep.jsonl", records("k", 1)),
    "remove": lambda folder: (folder / "one.jsonl").unlink(),
    "strange": lambda folder: write(folder / "x.docx", "?"),
    "hide": lambda folder: write(folder / ".hidden.txt", "?"),
    "half": lambda folder: write(folder / "half.jsonl", '{"id": "h", "te'),
    "words": lambda folder: write(folder.parent / "words.txt", "乙丑茶馆 9 n\n(x) y z\n"),
}


@settings(max_examples=10, deadline=None)
@given(steps=st.lists(st.sampled_from(sorted(STEPS)), max_size=3, unique=True))
def test_a_corpus_differs_exactly_when_indexing_it_changes_something(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("differs")
    corpus = folder / "corpus"
    write_records(corpus / "one.jsonl", records("o", 1))
    write_records(corpus / "keep.jsonl", records("k", 1))
    mine = Settings(corpus=corpus, vectors=folder / "vectors", userdict=write(folder / "words.txt", "甲子茶馆\n"))
    embedder = WordEmbedder()
    build_index(mine, embedder=embedder)
    for step in steps:
        if step not in {"rename", "remove"} or (corpus / "one.jsonl").exists():
            STEPS[step](corpus)
    found = differs(live_manifest(mine), mine)
    assert found == bool(set(steps) - {"touch", "rewrite", "hide"})
    assert build_index(mine, embedder=embedder).changed == found
    assert not differs(live_manifest(mine), mine)


def test_an_index_of_other_rules_is_no_other_corpus(corpus: Path, tmp_path: Path) -> None:
    mine = Settings(corpus=write_records(corpus / "r.jsonl", records()).parent, vectors=tmp_path / "vectors")
    build_index(mine, embedder=WordEmbedder())
    assert not differs(replace(live_manifest(mine), splitter="older", terms="older", model_fingerprint="older"), mine)
    shutil.rmtree(corpus)
    with pytest.raises(CorpusMissing):
        differs(live_manifest(mine), mine)


def live_manifest(mine: Settings) -> Manifest:
    return Manifest.open(mine.vectors / "generations" / Store(mine.vectors).current_id())
