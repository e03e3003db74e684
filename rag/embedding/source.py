"""Opens a model with sentence-transformers, quietly, and knows at once when the hub cannot be reached."""

from __future__ import annotations

import logging
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies

from rag.errors import ModelError, ModelMissing

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def load_source(source: str) -> SentenceTransformer:
    """Opens a folder or hub name with sentence-transformers, on the CPU; a hub name from its cache where it is there.

    Raises:
        ModelMissing: there is no such model, or no network to fetch it.
        ModelError: sentence-transformers is not installed.
    """
    if find_spec("sentence_transformers") is None:
        raise ModelError(
            f"the embedding model {source!r} cannot be prepared: sentence-transformers is not installed",
            hint="pip install 'wenbao[models]', or leave embedding_model at 'bundled', which needs nothing more.",
        )
    with quiet():
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(source, device="cpu", local_files_only=True)
        except _CANNOT_LOAD as error:
            if Path(source).is_dir():
                raise _missing(source, error) from error
        # The hub's client tries for more than a minute; a name that cannot be resolved is known at once.
        unreachable = _hub_unreachable()
        if unreachable is not None:
            raise _missing(source, unreachable) from unreachable
        try:
            return SentenceTransformer(source, device="cpu")
        except _CANNOT_LOAD as error:
            raise _missing(source, error) from error


_CANNOT_LOAD = (OSError, ValueError, TypeError, KeyError, AttributeError, ImportError, RuntimeError)
"""What sentence-transformers and the libraries under it raise for a folder or name that is no model."""


def _missing(source: str, error: Exception) -> ModelMissing:
    first_line = str(error).strip().split("\n", 1)[0]
    return ModelMissing(
        f"cannot open the embedding model {source!r}: {first_line}",
        hint="Give a sentence-transformers folder, or a hub name with network access, or leave embedding_model at "
        "'bundled', which needs neither.",
    )


def _hub_unreachable() -> OSError | None:
    """Why the hub's address cannot be connected to; None where it can, or where a proxy stands between."""
    from huggingface_hub.constants import ENDPOINT

    if getproxies():
        return None
    address = urlsplit(ENDPOINT)
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((address.hostname or "", port), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        return OSError(f"{ENDPOINT} cannot be reached ({error}) and the model is not in the hub's cache here")
    return None


_CONNECT_SECONDS = 5


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps the libraries' warnings, logs and bars off the terminal: tracing warns of what the probes then check."""
    from transformers.utils import logging as bars

    loggers = [logging.getLogger(name) for name in ("transformers", "sentence_transformers", "huggingface_hub")]
    levels = [logger.level for logger in loggers]
    bars_shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if bars_shown:
            bars.enable_progress_bar()
