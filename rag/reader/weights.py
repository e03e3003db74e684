"""The trained part of the reader, as the package ships it: the encoder's upper layers and the head, in 8 bits.

A safetensors file. A matrix is int8 with a float32 scale per row beside it (`NAME.scale`); everything else is float16.
What it was trained on and how is in the file's metadata.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from rag.errors import ModelDamaged, ModelMissing

WEIGHTS_FILE = Path(__file__).with_name("reader.safetensors")
_SCALE = ".scale"
_REINSTALL = "pip install --force-reinstall --no-deps wenbao"

Tensors = dict[str, NDArray[np.float32]]
"""By the names of `BertModel`'s state, and `head.weight` (2, hidden) and `head.bias` (2,)."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What training left."""

    tensors: Tensors
    about: dict[str, Any]
    """Data, licence, settings and figures of the training."""


def save_trained(trained: Trained, path: Path) -> None:
    """Writes the file; matrices are rounded to 8 bits, the head is not."""
    kept: dict[str, NDArray[np.generic]] = {}
    for name, values in trained.tensors.items():
        if values.ndim == 2 and not name.startswith("head."):
            scale = np.abs(values).max(axis=1, keepdims=True).astype(np.float32) / 127
            scale[scale == 0] = 1
            kept[name] = np.rint(values / scale).astype(np.int8)
            kept[name + _SCALE] = scale
        else:
            kept[name] = values.astype(np.float32 if name.startswith("head.") else np.float16)
    save_file(kept, path, metadata={"about": json.dumps(trained.about, ensure_ascii=False)})


def load_trained(path: Path = WEIGHTS_FILE) -> Trained:
    """Reads the file.

    Raises:
        ModelMissing: there is no such file.
        ModelDamaged: it is not what was written.
    """
    if not path.is_file():
        raise missing(path)
    try:
        with safe_open(path, framework="numpy") as file:
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            about = json.loads((file.metadata() or {}).get("about", "{}"))
        return Trained(_restored(stored), about)
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise ModelDamaged(f"the trained reader's file {path} cannot be read: {error}", hint=_REINSTALL) from error


def missing(path: Path) -> ModelMissing:
    """The error for a file that is not there."""
    return ModelMissing(f"the trained reader's file is missing: {path}", hint=_REINSTALL)


def _restored(stored: Mapping[str, NDArray[np.generic]]) -> Tensors:
    tensors: Tensors = {}
    for name, values in stored.items():
        if name.endswith(_SCALE):
            continue
        restored = values.astype(np.float32)
        tensors[name] = restored * stored[name + _SCALE].astype(np.float32) if values.dtype == np.int8 else restored
    return tensors
