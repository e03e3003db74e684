"""A file of questions with known answers: `.jsonl` or `.jsonl.gz`, a question a line, in one of two kinds.

A line with a `type` is *asked*: its reply is held against `answers`, `evidence` and whether it had to be refused. A
line without one is *searched*: its `article_ids` are ids of the index, and it counts how far up they are found. A line
that is neither is left out and named, with its number and the reason; it never stops a run.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from rag.errors import InputError
from rag.types import Skipped, Turn

UNANSWERABLE = "unanswerable"
"""The type of a question that has to be refused."""
RETRIEVAL = "retrieval"
"""What the questions that are searched are reported as."""

_MARK = b"\xef\xbb\xbf"
_SHAPE = (
    'Each line is an object with "question", and "type" with "answers", or "article_ids"; docs/answering.md has it.'
)


@dataclass(frozen=True, slots=True)
class Item:
    """One question with what is known about its reply."""

    qid: str
    """Unique in its file; a line that brings none is called by its number."""
    where: str
    """`file:line`, for messages."""
    question: str
    """Empty where the line's is: as over HTTP, that finds nothing and is refused."""
    type: str
    """`RETRIEVAL` for a line that brings no type."""
    answers: tuple[str, ...]
    aliases: dict[str, tuple[str, ...]]
    """Other wordings of an answer that count as much."""
    all_answers: bool
    """Every answer is wanted (a list), not any one of them."""
    article_ids: tuple[str, ...]
    evidence: tuple[str, ...]
    """Strings of the source that show the answer; white space does not matter."""
    support: tuple[str, ...]
    """Figures that must stand beside a yes or no."""
    history: tuple[Turn, ...]

    @property
    def searched(self) -> bool:
        return self.type == RETRIEVAL

    @property
    def answerable(self) -> bool:
        return self.type != UNANSWERABLE


@dataclass(frozen=True, slots=True)
class QuestionFile:
    """What could be read of a file, and what not."""

    name: str
    digest: str
    """SHA-256 of the file's bytes, unpacked."""
    lines: tuple[Item | Skipped, ...]
    """Every line that is not blank, in order."""

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(line for line in self.lines if isinstance(line, Item))

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """What there is to mend: the lines that are left out, and the questions that are empty."""
        empty = "its question is empty: it finds nothing and is refused"
        looked_at = (
            Skipped(line.where, empty) if isinstance(line, Item) and not line.question else line for line in self.lines
        )
        return tuple(line for line in looked_at if isinstance(line, Skipped))

    def draw(self, limit: int | None, seed: int) -> tuple[Item, ...]:
        """The questions among a draw of so many lines; all of them, in order, where there are no more lines.

        Mending a line changes no draw: bad lines are drawn from, too.
        """
        if limit is None or limit >= len(self.lines):
            return self.items
        drawn = random.Random(seed).sample(self.lines, limit)  # noqa: S311  # a draw, no secret
        return tuple(line for line in drawn if isinstance(line, Item))


Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Texts = Annotated[tuple[Text, ...], Field()]


class _Turn(BaseModel):
    role: Literal["user", "assistant"]
    content: str


class _Line(BaseModel):
    """A line as it stands in the file; fields that are not read here are nobody's error."""

    model_config = ConfigDict(extra="ignore")

    qid: Text | None = None
    question: str
    type: Text | None = None
    answers: Texts = ()
    aliases: dict[str, Texts] = {}
    answer_mode: Literal["any", "all"] = "any"
    article_ids: Texts = ()
    evidence: Texts = ()
    support: Texts = ()
    history: tuple[_Turn, ...] = ()


class _BadLine(ValueError):
    """Why a line is left out; the message continues "line 7 …"."""


def read_questions(path: Path) -> QuestionFile:
    """Reads a file of questions.

    Raises:
        InputError: the file cannot be read, or not one question stands in it.
    """
    data = _bytes_of(path)
    found: list[Item | Skipped] = []
    taken: dict[str, int] = {}
    for number, line in _lines(data):
        where = f"{path.name}:{number}"
        try:
            item = _item(line, number, where)
            if item.qid in taken:
                raise _BadLine(f"its qid {item.qid!r} is that of line {taken[item.qid]}")
        except _BadLine as problem:
            found.append(Skipped(where, str(problem)))
        else:
            taken[item.qid] = number
            found.append(item)
    if not taken:
        first = next((line.reason for line in found if isinstance(line, Skipped)), None)
        why = f"; the first of its {len(found):,} lines {first}" if first else ": it is empty"
        raise InputError(f"there is no question in {path}{why}", hint=_SHAPE)
    return QuestionFile(path.name, hashlib.sha256(data).hexdigest(), tuple(found))


def _bytes_of(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"cannot read {path}: {reason}", hint="Give a .jsonl or .jsonl.gz file.") from error


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, numbered from 1."""
    for number, line in enumerate(data.removeprefix(_MARK).split(b"\n"), start=1):
        if line.strip():
            yield number, line


def _item(line: bytes, number: int, where: str) -> Item:
    try:
        read = _Line.model_validate(_object(line))
    except ValidationError as error:
        raise _BadLine(_first_problem(error)) from error
    searched = read.type in (None, RETRIEVAL)
    if searched and not read.article_ids:
        raise _BadLine('has neither a "type" nor "article_ids": there is nothing to hold the reply against')
    if not searched and read.type != UNANSWERABLE and not read.answers:
        raise _BadLine(f'has no "answers", and its type {read.type!r} is not {UNANSWERABLE!r}')
    return Item(
        qid=read.qid or f"line {number}",
        where=where,
        question=read.question.strip(),
        type=read.type or RETRIEVAL,
        answers=read.answers,
        aliases=read.aliases,
        all_answers=read.answer_mode == "all",
        article_ids=read.article_ids,
        evidence=read.evidence,
        support=read.support,
        history=tuple(Turn(turn.role, turn.content) for turn in read.history),
    )


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _BadLine(f"is not UTF-8 (byte {error.start + 1})") from error
    except json.JSONDecodeError as error:
        raise _BadLine(f"is not JSON: {error.msg} at column {error.colno}") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets nested as deep
        raise _BadLine(f"is not JSON that can be read: {error}") from error
    if not isinstance(value, dict):
        raise _BadLine("is no JSON object")
    return value


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    field = ".".join(str(part) for part in problem["loc"])
    return f"its {field}: {problem['msg'][:1].lower()}{problem['msg'][1:]}"
