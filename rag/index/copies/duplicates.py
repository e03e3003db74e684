"""Articles that print one report: groups of near-duplicates, found when an index is built and kept with it.

Candidates come from sketches: MinHash in one permutation (Li, Owen, Zhang, "One Permutation Hashing", NIPS 2012), empty
bins filled by rotation (Shrivastava, Li, ICML 2014), cut into bands that are looked up as keys (locality-sensitive
hashing; Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", chapter 3). Each candidate is then compared exactly,
by `likeness`. A group is an article and what is like *it*: nothing is chained, so the ends of a group are like too.

Sketches and verdicts depend on nothing but the articles' content and are kept by its digest from one generation to the
next; groups depend on nothing but the set of articles. So a build that builds on another gives what a fresh one gives.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.errors import IndexDamaged
from rag.index.copies.likeness import Profile, compared_text, profile, same_report
from rag.index.legs.arrays import map_array, save_array
from rag.index.storage.database import FILE as DATABASE
from rag.types import Block, BlockRole, Progress

VERSION = 1
"""Raised when the same articles would be grouped otherwise; nothing of an older version is kept."""

GROUPS = f"duplicates-{VERSION}.npy"
"""(articles,) int32: the ordinal of the article that speaks for each one's group, its own where it stands alone."""
_KEYS = "duplicates-keys.npy"
_SKETCHES = "duplicates-sketches.npy"
_VERDICTS = "duplicates-verdicts.npy"

BINS = 96
"""Numbers of a sketch: the share of equal ones estimates the resemblance, give or take 0.05."""
_ROWS = 3
"""Numbers of a band. 32 bands of 3 find 98.6 of 100 pairs that resemble by 0.5, and 0.3 of those that do by 0.05."""
_LEAST_ESTIMATE = 0.35
"""Estimated resemblance below which a pair is not compared: three deviations under what is wanted."""
_COMPARED_AT_MOST = 16
"""Groups that one article is compared with, the likeliest first; recurring reports would make it every one of them."""
_SKETCHED_AT_ONCE = 512
_PROFILES_HELD = 1024
_EMPTY = np.uint64(1 << 32)

_COLUMNS = "text, blocks, byline, place"
Row = tuple[str, str, str, str]
"""Text, blocks, byline and place of an article as the database has them."""


def write_duplicates(
    folder: Path, previous: Path | None = None, progress: Callable[[Progress], None] = lambda _: None
) -> None:
    """Groups the articles of a generation that is being built, and writes the groups and what the next build keeps.

    Args:
        folder: of the generation; its database of articles is complete.
        previous: folder of the generation before it; None where there is none. Only new articles are sketched, and
            only pairs that it did not compare are compared.
        progress: told of every few hundred new articles.
    """
    with closing(sqlite3.connect(f"{(folder / DATABASE).resolve().as_uri()}?mode=ro", uri=True)) as database:
        before = _Kept.open(previous) if previous is not None else _Kept()
        keys, lengths, sketches = _sketch_all(database, before, progress)
        judge = _Judge(database, keys, before.verdicts)
        groups = group(sketches, np.lexsort((keys, -lengths)), judge)
    save_array(folder / GROUPS, groups.astype(np.int32))
    save_array(folder / _KEYS, keys)
    save_array(folder / _SKETCHES, sketches.ravel())
    save_array(folder / _VERDICTS, judge.given())


def open_groups(folder: Path, articles: int) -> NDArray[np.int32]:
    """(articles,) the groups of a generation; every article alone where it was built before there were groups.

    Raises:
        IndexDamaged: there are groups, and not of so many articles.
    """
    if not (folder / GROUPS).exists():
        return np.arange(articles, dtype=np.int32)
    groups: NDArray[np.int32] = map_array(folder / GROUPS, np.int32)
    if len(groups) != articles:
        raise IndexDamaged(
            f"{folder / GROUPS} has groups of {len(groups)} articles, and there are {articles}",
            hint="Build it anew: `wenbao index`.",
        )
    return groups


def sketch(texts: list[NDArray[np.uint64]]) -> NDArray[np.uint16]:
    """(texts, bins) sketches of texts given as shingle hashes; texts without a shingle get zeros."""
    owners = np.repeat(np.arange(len(texts)), [len(hashes) for hashes in texts])
    hashes = np.concatenate(texts) if texts else np.zeros(0, np.uint64)
    bins = ((hashes >> np.uint64(32)) * np.uint64(BINS)) >> np.uint64(32)
    flat = np.full(len(texts) * BINS, _EMPTY)
    np.minimum.at(flat, owners * BINS + bins.astype(np.int64), hashes & np.uint64(0xFFFFFFFF))
    least = flat.reshape(len(texts), BINS)
    filled = least.copy()
    for step in range(1, BINS):
        empty = filled == _EMPTY
        if not empty.any():
            break
        filled = np.where(empty, np.roll(least, -step, axis=1), filled)
    filled[filled == _EMPTY] = 0
    return filled.astype(np.uint16)  # the low half is evenly spread, the least of several numbers is not


def group(
    sketches: NDArray[np.uint16], order: NDArray[np.int64], same: Callable[[int, int], bool]
) -> NDArray[np.int64]:
    """(articles,) for each article the one that speaks for its group.

    Args:
        sketches: (articles, bins).
        order: the articles, those that shall speak for others first. Each joins the first speaker that it is the same
            as, the likeliest ones tried first, or becomes one.
        same: the exact comparison of two articles.
    """
    bands = np.ascontiguousarray(sketches).reshape(len(sketches), BINS // _ROWS, _ROWS).astype(np.uint64)
    keys = (bands[..., 0] << np.uint64(32)) | (bands[..., 1] << np.uint64(16)) | bands[..., 2]
    met = np.zeros(keys.shape, np.bool_)  # is there another article with this band?
    for band in range(keys.shape[1]):
        _, inverse, counts = np.unique(keys[:, band], return_inverse=True, return_counts=True)
        met[:, band] = counts[inverse] > 1
    met[~sketches.any(axis=1)] = False
    groups = np.arange(len(sketches))
    speakers: dict[tuple[int, int], list[int]] = {}  # band → places in the order
    for place in np.flatnonzero(met[order].any(axis=1)).tolist():
        article = int(order[place])
        shared = [(int(band), int(keys[article, band])) for band in np.flatnonzero(met[article])]
        near = order[sorted({other for key in shared for other in speakers.get(key, ())})]
        found = next((other for other in _likeliest(sketches, article, near) if same(other, article)), None)
        if found is not None:
            groups[article] = found
            continue
        for key in shared:
            speakers.setdefault(key, []).append(place)
    return groups


def _likeliest(sketches: NDArray[np.uint16], article: int, near: NDArray[np.int64]) -> list[int]:
    if not len(near):
        return []
    estimates = np.mean(sketches[near] == sketches[article], axis=1)
    ranked = np.argsort(-estimates, kind="stable")[:_COMPARED_AT_MOST]
    return [int(near[at]) for at in ranked if estimates[at] >= _LEAST_ESTIMATE]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What an earlier generation knows, by the digests of articles."""

    sketches: dict[int, NDArray[np.uint16]] = field(default_factory=dict)
    verdicts: dict[tuple[int, int], bool] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path) -> _Kept:
        """What a generation has kept; nothing where that is missing, damaged, or of another version."""
        if not (folder / GROUPS).exists():
            return cls()
        try:
            keys = map_array(folder / _KEYS, np.uint64).tolist()
            sketches = map_array(folder / _SKETCHES, np.uint16).reshape(len(keys), BINS)
            verdicts = map_array(folder / _VERDICTS, np.uint64).reshape(-1, 3).tolist()
        except (IndexDamaged, ValueError):
            return cls()
        return cls(dict(zip(keys, sketches, strict=True)), {(one, other): bool(same) for one, other, same in verdicts})


def _sketch_all(
    database: sqlite3.Connection, before: _Kept, progress: Callable[[Progress], None]
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint16]]:
    """Digest, length in characters and sketch of every article, by ordinal."""
    [(articles,)] = database.execute("SELECT count(*) FROM articles")
    keys, lengths = np.zeros(articles, np.uint64), np.zeros(articles, np.int64)
    sketches = np.zeros((articles, BINS), np.uint16)
    waiting: dict[int, NDArray[np.uint64]] = {}
    for ordinal, row in _rows(database):
        key = digest(row)
        keys[ordinal], lengths[ordinal] = key, len(row[0])
        if key in before.sketches:
            sketches[ordinal] = before.sketches[key]
            continue
        waiting[ordinal] = _profile(row).hashes
        if len(waiting) == _SKETCHED_AT_ONCE:
            progress(Progress("looking for copies", ordinal, articles))
            sketches[list(waiting)] = sketch(list(waiting.values()))
            waiting.clear()
    sketches[list(waiting)] = sketch(list(waiting.values()))
    return keys, lengths, sketches


class _Judge:
    """Compares articles by ordinal, and knows every verdict by their digests."""

    def __init__(
        self, database: sqlite3.Connection, keys: NDArray[np.uint64], known: dict[tuple[int, int], bool]
    ) -> None:
        self._database = database
        self._keys: list[int] = keys.tolist()
        self._known = known
        self._given: dict[tuple[int, int], bool] = {}
        self._profile_of = lru_cache(maxsize=_PROFILES_HELD)(self._read)

    def __call__(self, first: int, second: int) -> bool:
        one, other = sorted((self._keys[first], self._keys[second]))
        if one == other:
            return True
        if (one, other) not in self._given:
            known = self._known.get((one, other))
            self._given[one, other] = (
                same_report(self._profile_of(first), self._profile_of(second)) if known is None else known
            )
        return self._given[one, other]

    def given(self) -> NDArray[np.uint64]:
        """(3 x verdicts,) the verdicts asked for: two digests and 1 or 0 each, sorted."""
        return np.asarray([(*pair, same) for pair, same in sorted(self._given.items())], np.uint64).ravel()

    def _read(self, ordinal: int) -> Profile:
        [row] = self._database.execute(f"SELECT {_COLUMNS} FROM articles WHERE ordinal = ?", (ordinal,))  # noqa: S608
        return _profile(row)


def _rows(database: sqlite3.Connection) -> Iterator[tuple[int, Row]]:
    for ordinal, *row in database.execute(f"SELECT ordinal, {_COLUMNS} FROM articles ORDER BY ordinal"):  # noqa: S608
        yield ordinal, tuple(row)


def digest(row: Row) -> int:
    """64 bits over everything of an article that is compared."""
    found = hashlib.blake2b("\0".join(row).encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(found.digest(), "little")


def _profile(row: Row) -> Profile:
    text, blocks, byline, place = row
    parts = [Block(BlockRole(role), start, end) for role, start, end in json.loads(blocks)]
    return profile(compared_text(text, parts, byline), json.loads(place))
