"""Vectors out of a live generation that cannot be opened: of an older format, or with another of its files damaged.

A vector belongs to its chunk's key, which is a digest of the very text, and to the model's fingerprint; neither depends
on the format. So where the vectors and the keys are, by their checksums, what was published, the vectors are as good as
new, and nothing is embedded again for a new format or for a damaged list of words.
"""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.errors import IndexMismatch, StoreError
from rag.index.legs.vector_index import FILE as VECTORS
from rag.index.legs.vector_index import VectorIndex
from rag.index.storage.database import FILE as DATABASE
from rag.index.storage.manifest import FILE as MANIFEST
from rag.index.storage.manifest import FORMAT_VERSION, file_digest

_KEY = re.compile(r"[0-9a-f]{32}")
_LENGTH_ERROR = 0.01
"""How far from 1 the length of a stored unit vector may be; half precision stays below a thousandth."""

_log = logging.getLogger(__name__)


def salvaged_vectors(folder: Path | None, fingerprint: str, dimension: int) -> dict[str, NDArray[np.float32]]:
    """Vectors by chunk key, of a generation that cannot be opened; empty where there is none, or none are to be had.

    Args:
        folder: of the generation, as `Store.refused` gives it.
        fingerprint: of the model that would have to make them again.
        dimension: length of a vector.
    """
    if folder is None:
        return {}
    try:
        return _vectors(folder, fingerprint, dimension)
    except (StoreError, OSError, sqlite3.Error, ValueError, KeyError, TypeError, AttributeError) as error:
        _log.info("nothing can be salvaged from %s: %r", folder, error)
        return {}


def _vectors(folder: Path, fingerprint: str, dimension: int) -> dict[str, NDArray[np.float32]]:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8", errors="surrogatepass"))
    if manifest["format"] > FORMAT_VERSION:
        raise IndexMismatch(f"{folder} was written by a newer wenbao")
    if (manifest["model_fingerprint"], manifest["dimension"]) != (fingerprint, dimension):
        return {}
    for name in (DATABASE, VECTORS):
        if file_digest(folder / name) != manifest["files"][name]["sha256"]:
            raise ValueError(f"{name} is damaged")
    path = (folder / DATABASE).resolve().as_uri()
    with closing(sqlite3.connect(f"{path}?mode=ro&immutable=1", uri=True)) as database:
        keys = [key for (key,) in database.execute("SELECT key FROM chunks ORDER BY row")]
        rows = [row for (row,) in database.execute("SELECT row FROM chunks ORDER BY row")]
    stored = VectorIndex.open(folder)
    found = stored.vectors(np.arange(len(stored)))
    sound = (
        rows == list(range(len(stored)))
        and all(_KEY.fullmatch(key) for key in keys)
        and found.shape == (len(keys), dimension)
        and bool(np.all(np.abs(np.linalg.norm(found, axis=1) - 1) < _LENGTH_ERROR))
    )
    if not sound:
        raise ValueError("keys and vectors do not fit together")
    return dict(zip(keys, found, strict=True))
