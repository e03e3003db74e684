"""Opens the trained reader from the cache; puts it together there first where that is needed.

The reader always stands on the bundled encoder, whatever model embeds: its weights fit no other.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from rag.embedding import bundled
from rag.embedding.model import BUNDLED, ModelProgress, Steps, made_once, models_folder, prepare_model
from rag.embedding.prepared import FORMAT, LAYOUT, PreparedModel, read_prepared, sha256_of
from rag.reader.pairs import MAX_TOKENS
from rag.reader.weights import WEIGHTS_FILE, load_trained, missing

VERSION = 1
"""Of the way the reader is put together; raised, it is put together anew."""


def prepare_reader(progress: ModelProgress | None = None, weights: Path = WEIGHTS_FILE) -> PreparedModel:
    """The prepared reader, made now if it is not there (once, in well under a minute).

    Args:
        progress: told the steps of a preparation; never called when there is none.
        weights: what was trained.

    Raises:
        ModelMissing: the package's file, or the bundled model, is not there.
        ModelDamaged: a file is not the one that was written.
        ModelError: ONNX Runtime gives other scores.
        WriteError: the cache cannot be written.
    """
    encoder = prepare_model(BUNDLED, progress)
    if not weights.is_file():
        raise missing(weights)
    state = f"{VERSION}.{FORMAT}.{LAYOUT}.{MAX_TOKENS} {bundled.SHA256} {sha256_of(weights)}"
    place = models_folder() / f"reader-{hashlib.sha256(state.encode()).hexdigest()[:8]}"

    def make(folder: Path) -> None:
        from rag.reader.export import export_reader

        export_reader(load_trained(weights), encoder, folder, steps)

    steps = Steps("preparing the reader", 5, progress)
    made_once(place, make, steps)
    return read_prepared(place)
