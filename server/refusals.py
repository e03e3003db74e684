"""Why the server turns a request away before, or instead of, working on it. `server.errors` has their statuses."""

from __future__ import annotations

from rag.errors import InputError, ServerError, WriteError


class Refusal(ServerError):
    """Root of what HTTP brings and the library knows nothing of."""


class TooLarge(Refusal):
    """A body beyond its limit."""

    slug = "too-large"


class TooSlow(Refusal):
    """A body that takes too long to come."""

    slug = "slow-body"


class TooMany(Refusal):
    """More requests at once than are worked on."""

    slug = "busy"


class TooLate(Refusal):
    """A reply that has not begun in time."""

    slug = "timeout"


class Forbidden(Refusal):
    """Something that this key, or this server, does not do."""

    slug = "forbidden"


class Changed(Refusal):
    """A file that is not the one that the caller knows."""

    slug = "changed-meanwhile"


class PathRefused(InputError):
    """A name that no file of the corpus may have."""

    slug = "path"


class DiskFull(WriteError):
    """No space left for a file."""

    slug = "disk-full"
