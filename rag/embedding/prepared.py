"""A model made ready for ONNX Runtime: a folder in the cache with the graph, the tokenizer and a manifest.

The manifest names every file with size, time and SHA-256. Opening compares size and time, which takes no time, and
hashes only where the time differs (a copied cache); `verify` hashes everything. A prepared folder never changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import ModelDamaged

MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
MANIFEST_FILE = "manifest.json"
FORMAT = 2
"""Version of the way models are prepared; part of every fingerprint, so raising it means embedding everything anew."""
LAYOUT = 2
"""Version of the folder's files where they change no vector: raised, models are prepared anew and indexes stay."""


@dataclass(frozen=True, slots=True)
class PreparedModel:
    """What a prepared folder says of itself."""

    folder: Path
    name: str
    fingerprint: str
    dimension: int
    max_tokens: int
    """Texts are cut to so many tokens, prompt and marks included."""
    query_prompt: str
    passage_prompt: str
    precision: str
    """How the weights are kept: a `Recipe`."""
    agreement: float
    """Worst cosine between a vector of this model and the one it was made from, over the probe texts."""

    @property
    def mending(self) -> str:
        """What mends a damaged folder."""
        return f"Remove it and it is prepared anew: rm -r {shlex.quote(str(self.folder))}"

    def verify(self) -> None:
        """Hashes every file.

        Raises:
            ModelDamaged: a file is missing or differs from the manifest.
        """
        _check_files(self, _read_manifest(self.folder)["files"], thoroughly=True)


def write_manifest(model: PreparedModel) -> None:
    """Writes the manifest of a folder whose files are complete."""
    fields = {name: getattr(model, name) for name in PreparedModel.__slots__ if name != "folder"}
    files = {path.name: _described(path) for path in sorted(model.folder.iterdir())}
    content = {"format": FORMAT, **fields, "files": files}
    (model.folder / MANIFEST_FILE).write_text(
        json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )


def read_prepared(folder: Path) -> PreparedModel:
    """Opens a prepared folder and checks its files against the manifest.

    Raises:
        ModelDamaged: the manifest cannot be read, or a file is missing or another.
    """
    manifest = _read_manifest(folder)
    try:
        fields = {name: manifest[name] for name in PreparedModel.__slots__ if name != "folder"}
        model = PreparedModel(folder=folder, **fields)
        files = manifest["files"]
    except KeyError as error:
        raise _damaged_manifest(folder, f"{error} is missing") from error
    _check_files(model, files, thoroughly=False)
    return model


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged_manifest(folder, str(error)) from error
    if not isinstance(manifest, dict):
        raise _damaged_manifest(folder, "it is not an object")
    return manifest


def _damaged_manifest(folder: Path, reason: str) -> ModelDamaged:
    return ModelDamaged(
        f"the prepared model's manifest {folder / MANIFEST_FILE} cannot be used: {reason}",
        hint=f"Remove the folder and it is prepared anew: rm -r {shlex.quote(str(folder))}",
    )


def _described(path: Path) -> dict[str, Any]:
    stat = path.stat()
    return {"bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": sha256_of(path)}


def _check_files(model: PreparedModel, files: dict[str, dict[str, Any]], *, thoroughly: bool) -> None:
    for name, expected in files.items():
        path = model.folder / name
        try:
            stat = path.stat()
        except OSError as error:
            raise ModelDamaged(f"a file of the prepared model is missing: {path}", hint=model.mending) from error
        if stat.st_size != expected["bytes"]:
            raise ModelDamaged(
                f"{path} is damaged: expected {expected['bytes']:,} bytes, found {stat.st_size:,}", hint=model.mending
            )
        if thoroughly or stat.st_mtime_ns != expected["mtime_ns"]:
            found = sha256_of(path)
            if found != expected["sha256"]:
                raise ModelDamaged(
                    f"{path} is damaged: expected sha256 {expected['sha256']}, found {found}", hint=model.mending
                )


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stamp_of(folder: Path) -> str:
    """Digest of the names, sizes and times of a folder's files: changes when a model folder is replaced or edited."""
    digest = hashlib.sha256()
    for root, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            path = Path(root) / name
            stat = path.stat() if path.exists() else path.lstat()  # a link may lead nowhere
            digest.update(f"{path.relative_to(folder)}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
    return digest.hexdigest()
