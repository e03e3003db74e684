"""Zip archives of documents, read within limits: no archive unpacks into more than memory bears, none leaves itself."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lxml import etree

from rag.corpus.formats.base import Unreadable

MAX_MEMBERS = 10_000
MAX_UNPACKED = 512 * 1024 * 1024
"""Bytes of all members together, as the archive states them; none gives more than it states."""
MAX_MARKUP = 64 * 1024 * 1024
"""Bytes of one member that is parsed."""
MAX_RATIO = 200
"""Times that a member may grow: text packs to a tenth at best, a bomb to a thousandth."""
_SMALL = 1024 * 1024


@contextmanager
def open_archive(path: Path, name: str) -> Iterator[zipfile.ZipFile]:
    """Opens an archive after looking at what it says of its members.

    Args:
        path: of the archive.
        name: what it should be, for messages: "a Word document".

    Raises:
        Unreadable: it is none, is damaged, encrypted, or too large when unpacked.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check(archive)
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise Unreadable(f"is no {name} that can be read: it is damaged or cut off ({error})") from error


def read_member(archive: zipfile.ZipFile, member: str) -> bytes | None:
    """The bytes of a member; None where there is none of that name.

    Raises:
        Unreadable: it is too large to be parsed.
    """
    try:
        info = archive.getinfo(member)
    except KeyError:
        return None
    if info.file_size > MAX_MARKUP:
        raise Unreadable(f"unpacks {member} into more than {MAX_MARKUP // 1024**2} MiB; nothing is read of it")
    return archive.read(info)


def parse_xml(data: bytes, member: str) -> etree._Element:
    """The root of an XML document. No entity is resolved, no document type loaded, and nothing is fetched.

    Raises:
        Unreadable: it is no XML, or defines entities.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"holds {member}, which is no XML that can be read ({error.msg})") from error
    kinds: Any = root.getroottree().docinfo.internalDTD
    if kinds is not None and any(True for _ in kinds.iterentities()):
        raise Unreadable(f"defines entities in {member}, which no honest document does; nothing is read of it")
    return root


def _check(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise Unreadable(f"holds {len(members):,} files, more than {MAX_MEMBERS:,}; nothing is read of it")
    if any(member.flag_bits & 1 for member in members):
        raise Unreadable("is encrypted; save it without a password")
    unpacked = sum(member.file_size for member in members)
    if unpacked > MAX_UNPACKED:
        raise Unreadable(
            f"unpacks into {unpacked // 1024**2:,} MiB, more than {MAX_UNPACKED // 1024**2}; nothing is read of it"
        )
    for member in members:
        if member.file_size > _SMALL and member.file_size > MAX_RATIO * member.compress_size:
            raise Unreadable(
                f"unpacks {member.filename!r} into more than {MAX_RATIO} times its size, as no honest document does; "
                "nothing is read of it"
            )
