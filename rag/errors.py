"""Everything that wenbao raises on purpose, with the exit status and the advice that go with it.

    RagError
    ├── InputError (ValueError)          a question, filter or option that cannot be used
    │   └── SettingsError                a setting that cannot be used
    ├── NotFound (LookupError)           no such article
    ├── CorpusError                      the corpus cannot be read
    │   ├── CorpusMissing (FileNotFoundError)
    │   └── CorpusEmpty                  nothing in it can be indexed
    ├── StoreError                       the index cannot be opened or written
    │   ├── IndexMissing                 none has been built
    │   ├── IndexDamaged                 a checksum or a count is wrong
    │   ├── IndexMismatch                built with another model or format
    │   ├── IndexLocked                  another process is writing it
    │   └── StoreUnavailable (ConnectionError)   Milvus, where its chunks live, does not answer
    ├── ModelError                       the embedding model cannot be used
    │   ├── ModelMissing (FileNotFoundError)
    │   └── ModelDamaged                 a file is not the one that was pinned
    ├── WriteError (OSError)             no permission, disk full
    ├── ServerError                      a wenbao server cannot be reached or refused the call
    ├── ClusterError                     the Ray cluster cannot be reached, or none of its nodes can embed
    └── Cancelled                        whoever asked called the work off

A message says what is wrong and where; `hint` says what to do next.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit statuses of the command line, the whole list."""

    OK = 0
    """Done; an honest "not in the corpus" is an answer too."""
    INTERNAL = 1
    """A defect of wenbao itself."""
    USAGE = 2
    """A flag, setting, question or filter that cannot be used."""
    CORPUS = 3
    """The corpus is missing or holds nothing to index."""
    INDEX = 4
    """The index is missing, damaged, locked, or of another model or format."""
    MODEL = 5
    """The embedding model is missing or damaged."""
    WRITE = 6
    """No permission to write, or the disk is full."""
    SERVER = 7
    """A server could not be started or reached."""
    NOT_FOUND = 8
    """No such article."""
    REGRESSION = 9
    """A figure of `wenbao eval` fell by more than the tolerance."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C; finished work is kept."""


class RagError(Exception):
    """Root of the family.

    Args:
        message: what is wrong and where.
        hint: what to do next; a whole sentence or a command.
    """

    exit_code = ExitCode.INTERNAL
    slug = "internal"
    """Stable name: the last part of the problem `type` over HTTP."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class InputError(RagError, ValueError):
    exit_code = ExitCode.USAGE
    slug = "input"


class SettingsError(InputError):
    slug = "settings"


class NotFound(RagError, LookupError):
    exit_code = ExitCode.NOT_FOUND
    slug = "not-found"


class CorpusError(RagError):
    exit_code = ExitCode.CORPUS
    slug = "corpus"


class CorpusMissing(CorpusError, FileNotFoundError):
    slug = "corpus-missing"


class CorpusEmpty(CorpusError):
    slug = "corpus-empty"


class StoreError(RagError):
    exit_code = ExitCode.INDEX
    slug = "index"


class IndexMissing(StoreError):
    slug = "index-missing"


class IndexDamaged(StoreError):
    slug = "index-damaged"


class IndexMismatch(StoreError):
    slug = "index-mismatch"


class IndexLocked(StoreError):
    slug = "index-locked"


class StoreUnavailable(StoreError, ConnectionError):
    slug = "store-unavailable"


class ModelError(RagError):
    exit_code = ExitCode.MODEL
    slug = "model"


class ModelMissing(ModelError, FileNotFoundError):
    slug = "model-missing"


class ModelDamaged(ModelError):
    slug = "model-damaged"


class WriteError(RagError, OSError):
    exit_code = ExitCode.WRITE
    slug = "write"


class ServerError(RagError):
    exit_code = ExitCode.SERVER
    slug = "server"


class ClusterError(RagError):
    exit_code = ExitCode.SERVER
    slug = "cluster"


class Cancelled(RagError):
    exit_code = ExitCode.INTERRUPTED
    slug = "cancelled"
