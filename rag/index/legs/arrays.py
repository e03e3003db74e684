"""One-dimensional arrays as `.npy` files, mapped into memory.

numpy's own reader evaluates the header with `ast`, which in CPython 3.11 fails now and then when several threads do so
at once ("AST constructor recursion depth mismatch"); readers hop between generations in many threads, so the header,
which we wrote ourselves, is matched instead.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rag.errors import IndexDamaged

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(rb"\{'descr': '([^']+)', 'fortran_order': False, 'shape': \((\d+),\), \}\s*\n")


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Writes a one-dimensional array."""
    np.save(path, array, allow_pickle=False)


def map_array(path: Path, dtype: DTypeLike) -> NDArray[Any]:
    """Maps a saved array into memory, read only.

    Raises:
        IndexDamaged: the file is missing, or holds no such array of that type.
    """
    expected = np.dtype(dtype)
    try:
        with path.open("rb") as file:
            start = file.read(10)
            header = file.read(int.from_bytes(start[8:10], "little"))
        found = _HEADER.fullmatch(header)
        if not start.startswith(_MAGIC) or found is None or np.dtype(found[1].decode()) != expected:
            raise ValueError(f"it holds no array of {expected}")
        length, offset = int(found[2]), len(start) + len(header)
        if path.stat().st_size != offset + length * expected.itemsize:
            raise ValueError("it is not as long as its header says")
        if not length:
            return np.zeros(0, expected)  # an empty array cannot be mapped
        return np.memmap(path, expected, "r", offset, (length,)).view(np.ndarray)
    except (OSError, ValueError, TypeError) as error:
        raise IndexDamaged(f"{path} is missing or damaged: {error}", hint="Build it anew: `wenbao index`.") from error
