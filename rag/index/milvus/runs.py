"""Whose collections are whose, and what broken runs and swept generations leave in Milvus.

Physical collections are called `COLLECTION_OWNER_RUN`: the owner is one `vectors/` folder, so a copy of the folder
never writes into what the original reads, and two indexes of one name never share chunks. A run notes down what it is
about to write before it writes; the next one takes back what was not published.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.errors import IndexMismatch, StoreError
from rag.index.legs.arrays import map_array
from rag.index.milvus import connection
from rag.index.milvus.address import Address, parse_store
from rag.index.milvus.collection import ChunkCollection
from rag.index.milvus.connection import Connection
from rag.index.storage.disk import sync
from rag.index.storage.manifest import Manifest

OWNER = "milvus-owner"
"""File that tells this folder from others; a copy of the folder at another place is another owner."""
UNDER_WAY = "milvus-run.json"
"""File that names what a run is writing."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a generation's chunks are, as its manifest says."""

    store: str
    collection: str
    run: int
    """The run that wrote the last of them."""

    @classmethod
    def of(cls, manifest: Manifest) -> Placement | None:
        """None where the chunks are in the generation's own folder."""
        settings = manifest.settings
        if not settings.get("store"):
            return None
        return cls(settings["store"], settings["collection"], int(settings["run"]))

    def open(self, fresh_until: float = 0.0) -> ChunkCollection:
        """The collection, which may be gone; `fresh_until` as for `ChunkCollection`."""
        address = parse_store(self.store)
        assert address is not None  # noqa: S101  # a manifest names a store or none
        return ChunkCollection(Connection(address), self.collection, fresh_until)


def owner_of(folder: Path) -> str:
    """Eight signs that stand for an index's folder; made up when it is first asked for."""
    path = folder / OWNER
    if not path.exists():
        path.write_text(secrets.token_hex(16) + "\n", encoding="ascii")
    told = f"{path.read_text(encoding='ascii').strip()} {folder.resolve()}"
    return hashlib.blake2b(told.encode(errors="surrogatepass"), digest_size=4).hexdigest()


def new_collection(address: Address, owner: str) -> tuple[str, int]:
    """A name that no collection has, and the number of the run that makes it."""
    run = time.time_ns() // 1_000
    return f"{address.collection}_{owner}_{run}", run


def check_alias(address: Address, owner: str) -> None:
    """Makes sure that the name outsiders use is nobody else's.

    Raises:
        IndexMismatch: it is the name of a collection, or of another index's chunks.
    """
    holder = _holder(address)
    if holder is not None and not holder.startswith(f"{address.collection}_{owner}_"):
        raise IndexMismatch(
            f"{address} is taken: {address.collection} stands for the collection {holder}, which this index did not "
            "make",
            hint="Name another collection in `store`; or drop that one in Milvus, if nobody needs it.",
        )


def make_live(manifest: Manifest) -> None:
    """Points the name that outsiders use to the collection of a generation. Our own readers do not go by it.

    Where Milvus refuses, the next generation that is made live mends it.
    """
    placement = Placement.of(manifest)
    if placement is None:
        return
    address = parse_store(placement.store)
    assert address is not None  # noqa: S101  # a manifest names a store or none
    try:
        holder = _holder(address)
        if holder != placement.collection:
            verb = "create_alias" if holder is None else "alter_alias"
            Connection(address).call(verb, placement.collection, address.collection)
    except StoreError as error:
        _log.warning("%s does not stand for the live chunks, %s: %s", address, placement.collection, error)


def _holder(address: Address) -> str | None:
    """The collection that the name stands for; None where nobody has it."""
    milvus = Connection(address)
    if not milvus.call("has_collection", address.collection):
        return None
    found = milvus.call("describe_collection", address.collection)
    return str(found["collection_name"])


def note_run(folder: Path, placement: Placement) -> None:
    """Notes down what a run is about to write; the disk has it before Milvus has anything."""
    path = folder / UNDER_WAY
    path.write_text(json.dumps([placement.store, placement.collection, placement.run]), encoding="utf-8")
    sync(path)


def forget_run(folder: Path) -> None:
    """What was noted down is published, or taken back."""
    (folder / UNDER_WAY).unlink(missing_ok=True)


def take_back(folder: Path, manifests: Iterable[Manifest]) -> int:
    """Deletes what a run wrote that was broken off; returns how many entities.

    Args:
        folder: `vectors/`.
        manifests: of all generations on disk.

    Raises:
        StoreUnavailable: Milvus is away.
    """
    try:
        noted = Placement(*json.loads((folder / UNDER_WAY).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return 0
    except (ValueError, TypeError):
        forget_run(folder)  # torn while it was written: nothing was in Milvus yet
        return 0
    placements = [found for manifest in manifests if (found := Placement.of(manifest))]
    taken = 0
    if noted.run not in {one.run for one in placements}:
        collection = noted.open()
        if collection.exists(connection.WRITE_S):
            taken = collection.count(f"run == {noted.run}")
            if noted.collection in {one.collection for one in placements}:
                collection.remove_run(noted.run)
            else:
                collection.drop()
            _log.info("took back %d chunks of a run that was broken off from %s", taken, noted.collection)
    forget_run(folder)
    return taken


def release(folder: Path, kept: Iterable[Path]) -> int:
    """Deletes from Milvus what only one generation lists, before that is removed; returns how many entities.

    Args:
        folder: of the generation that is about to go.
        kept: folders of those that stay.

    Raises:
        StoreError: Milvus is away; the generation is better left for the next sweep.
    """
    placement = _placement_in(folder)
    if placement is None:
        return 0
    staying = [path for path in kept if (found := _placement_in(path)) and found.collection == placement.collection]
    collection = placement.open()
    if not collection.exists():
        return 0
    if not staying:
        entities = collection.count()
        collection.drop()
        return entities
    going = map_array(folder / "entities.npy", np.int64)
    for path in staying:
        going = np.setdiff1d(going, map_array(path / "entities.npy", np.int64))
    collection.remove(going.tolist())
    if len(going):
        _log.info("deleted %d chunks of %s from %s", len(going), folder.name, placement.collection)
    return len(going)


def _placement_in(folder: Path) -> Placement | None:
    try:
        return Placement.of(Manifest.open(folder))
    except StoreError:
        return None
