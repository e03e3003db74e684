"""Where chunks live, as the setting `store` says it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rag.errors import SettingsError

LOCAL = "local"
"""The setting that brings chunks back into the generation's folder."""
DEFAULT_COLLECTION = "wenbao"
DEFAULT_PORT = 19530
_SCHEMES = {"milvus": "http", "milvus+https": "https"}
_COLLECTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_HINT = (
    "Write milvus://HOST:PORT/COLLECTION, milvus+https://HOST/COLLECTION, a path that ends in .db for Milvus Lite, or "
    f"{LOCAL}."
)


@dataclass(frozen=True, slots=True)
class Address:
    """A collection of a Milvus server, or of a Milvus Lite file."""

    uri: str
    """As the client takes it: `http://host:port`, or the absolute path of a file."""
    collection: str
    """The name under which outsiders find the live chunks: an alias."""
    is_file: bool

    def __str__(self) -> str:
        if self.is_file:
            return f"milvus://{self.uri}"
        scheme, _, rest = self.uri.partition("://")
        return f"{'milvus+https' if scheme == 'https' else 'milvus'}://{rest}/{self.collection}"


def parse_store(text: str | None) -> Address | None:
    """The address that a setting names; None where chunks live in the generation's own folder.

    Raises:
        SettingsError: it names nothing that can be used.
    """
    if not text or text == LOCAL:
        return None
    parts = urlsplit(text)
    if not parts.scheme and text.endswith(".db"):
        return Address(str(Path(text).resolve()), DEFAULT_COLLECTION, True)
    if parts.scheme not in _SCHEMES:
        raise SettingsError(f"store is {text!r}, which names no store", hint=_HINT)
    if parts.username is not None or parts.query:
        raise SettingsError(
            "store holds a password or a query, and addresses are logged",
            hint="Leave it out; a token belongs in the environment: WENBAO_STORE_TOKEN.",
        )
    if not parts.hostname:
        path = unquote(parts.path)
        if not path.endswith(".db"):
            raise SettingsError(f"store is {text!r}: neither a host nor a file that ends in .db", hint=_HINT)
        return Address(str(Path(path).resolve()), DEFAULT_COLLECTION, True)
    return _server(parts.scheme, parts.netloc, parts.path.strip("/") or DEFAULT_COLLECTION, text)


def _server(scheme: str, host: str, collection: str, text: str) -> Address:
    if not _COLLECTION.fullmatch(collection):
        raise SettingsError(
            f"store is {text!r}, and Milvus takes no collection of the name {collection!r}",
            hint="Letters, digits and underlines, no digit first, 200 at most.",
        )
    try:
        port = urlsplit(f"//{host}").port
    except ValueError as error:
        raise SettingsError(f"store is {text!r}: {error}", hint=_HINT) from error
    if port is None and scheme == "milvus":
        host = f"{host.rstrip(':')}:{DEFAULT_PORT}"
    return Address(f"{_SCHEMES[scheme]}://{host}", collection, False)
