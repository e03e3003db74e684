"""Vectors that were computed and lie in no generation one can build on: an interrupted run goes on from here.

An append-only file for one model, a record per chunk: 16 bytes of the key, the vector, a checksum. A record that was
being written when the power failed is cut off at the next opening; everything before it counts.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

_KEY_BYTES = 16
_CHECK_BYTES = 4


class Journal:
    """Vectors by chunk key, kept on disk until the generation that holds them is published.

    Args:
        folder: `vectors/`.
        fingerprint: of the embedding model; vectors of another model are in another file.
        dimension: length of a vector.
    """

    def __init__(self, folder: Path, fingerprint: str, dimension: int) -> None:
        safe = "".join(letter if letter.isalnum() else "-" for letter in fingerprint)[:40]
        self.path = folder / f"journal-{safe}-{dimension}.bin"
        self._dimension = dimension
        self._size = _KEY_BYTES + 4 * dimension + _CHECK_BYTES
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def read(self) -> dict[str, NDArray[np.float32]]:
        """What earlier runs left, by key; a torn or damaged tail is cut off the file."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        found: dict[str, NDArray[np.float32]] = {}
        whole = 0
        while whole + self._size <= len(data):
            body = data[whole : whole + self._size - _CHECK_BYTES]
            check = data[whole + self._size - _CHECK_BYTES : whole + self._size]
            if zlib.crc32(body).to_bytes(_CHECK_BYTES, "little") != check:
                break
            found[body[:_KEY_BYTES].hex()] = np.frombuffer(body, np.float32, self._dimension, _KEY_BYTES)
            whole += self._size
        if whole != len(data):
            with self.path.open("r+b") as file:
                file.truncate(whole)
        return found

    def add(self, keys: list[str], vectors: NDArray[np.float32]) -> None:
        """Appends vectors; what was added survives the process at once, and the machine soon after."""
        if self._file is None:
            self._file = self.path.open("ab")
        for key, vector in zip(keys, vectors, strict=True):
            body = bytes.fromhex(key) + np.ascontiguousarray(vector, np.float32).tobytes()
            self._file.write(body + zlib.crc32(body).to_bytes(_CHECK_BYTES, "little"))
        self._file.flush()

    def discard(self) -> None:
        """Removes the file: its vectors are in a published generation now."""
        self.__exit__()
        self._file = None
        self.path.unlink(missing_ok=True)
