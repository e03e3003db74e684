"""API keys and what they allow, held as salted digests and compared in constant time.

A key is given as `KEY`, `read:KEY` or `write:KEY`; without a role it may write, and whoever may write may read. Instead
of the key itself there may stand `sha256$SALT$DIGEST`, which `wenbao key` makes: the settings file then holds nothing
that opens the API. One round of SHA-256 is enough, since a key is 256 random bits and nobody can try them all; a slow
digest defends words that people think of, and would cost every request its time. So only long keys are hashed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rag.errors import InputError, SettingsError
from rag.settings import SETTINGS_FILE, Settings

MIN_HASHED = 24
"""Characters of the shortest key that is hashed: anything shorter may be one that can be guessed."""

_SCHEME = "sha256"
_HASHED = re.compile(rf"{_SCHEME}\$([0-9a-f]{{32}})\$([0-9a-f]{{64}})")
_MARK = "wb_"
"""Opens every key that we make, so that scanners of leaked secrets can know it."""


class Role(StrEnum):
    """What a key allows."""

    READ = "read"
    """Everything that leaves the corpus and the index as they are."""
    WRITE = "write"
    """To refresh the index, and to put and delete files of the corpus, as well."""


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One key as it is held: what it allows, and how to know it again."""

    role: Role
    salt: bytes
    digest: bytes

    @classmethod
    def of(cls, key: str, role: Role) -> KeyEntry:
        """An entry for a key in the clear, with a salt of its own."""
        salt = secrets.token_bytes(16)
        return cls(role, salt, _digest(salt, key.encode("utf-8", "surrogateescape")))

    def fits(self, key: bytes) -> bool:
        """True for the key that the entry was made of; the time taken does not depend on how much of it is right."""
        return hmac.compare_digest(_digest(self.salt, key), self.digest)

    def __str__(self) -> str:
        """As it stands in the settings."""
        return f"{self.role}:{_SCHEME}${self.salt.hex()}${self.digest.hex()}"


class Keyring:
    """The keys that a server accepts.

    Args:
        given: as in the `api_keys` setting.

    Raises:
        SettingsError: an entry that is neither a key nor the digest of one.
    """

    def __init__(self, given: Iterable[str]) -> None:
        self._entries = tuple(_parsed(entry, number) for number, entry in enumerate(given, 1))

    def __bool__(self) -> bool:
        return bool(self._entries)

    @classmethod
    def of(cls, settings: Settings) -> Keyring:
        """The keys of the settings."""
        return cls(key.get_secret_value() for key in settings.api_keys)

    def role_of(self, key: bytes) -> Role | None:
        """The most that a key allows; None for a key that is not accepted. Every entry is compared, every time."""
        roles = {entry.role for entry in self._entries if entry.fits(key)}
        return max(roles, key=list(Role).index, default=None)


def new_key() -> str:
    """A key that nobody has: 256 random bits."""
    return _MARK + secrets.token_urlsafe(32)


def hashed(key: str, role: Role) -> KeyEntry:
    """The entry for a key that its owner has already.

    Raises:
        InputError: the key is so short that it could be guessed from its digest.
    """
    if len(key) < MIN_HASHED:
        raise InputError(
            f"a key of {len(key)} characters can be guessed from its digest; it takes {MIN_HASHED}",
            hint="Make one that cannot: `wenbao key new`.",
        )
    return KeyEntry.of(key, role)


def plain_in_file(settings: Settings, file: Path | None = None) -> int:
    """How many of the settings' keys stand in the settings file in the clear.

    Args:
        file: unset: the one in the working folder.
    """
    try:
        found = tomllib.loads((file or Path(SETTINGS_FILE)).read_text(encoding="utf-8")).get("api_keys", ())
    except (OSError, ValueError):  # none, or one that has been complained of already
        return 0
    written = {part.strip() for part in (found.split(",") if isinstance(found, str) else map(str, found))}
    accepted = {key.get_secret_value() for key in settings.api_keys}
    return sum(not _HASHED.fullmatch(_split(entry)[1]) for entry in written & accepted)


def _parsed(entry: str, number: int) -> KeyEntry:
    role, key = _split(entry)
    if not key:
        raise SettingsError(
            f"api_keys: entry {number} names a role and no key", hint="Write read:KEY, or take the entry out."
        )
    if hit := _HASHED.fullmatch(key):
        return KeyEntry(role, bytes.fromhex(hit[1]), bytes.fromhex(hit[2]))
    if key.startswith(f"{_SCHEME}$"):  # taken for a key, it would open to whoever reads the file
        raise SettingsError(
            f"api_keys: entry {number} is not a whole digest", hint="Make another with `wenbao key new`."
        )
    return KeyEntry.of(key, role)


def _split(entry: str) -> tuple[Role, str]:
    role, mark, key = entry.partition(":")
    return (Role(role), key) if mark and role in set(Role) else (Role.WRITE, entry)


def _digest(salt: bytes, key: bytes) -> bytes:
    return hashlib.sha256(salt + key).digest()
