"""Words of the keeper's own that the cutter must know: names, slogans, whatever it would cut to pieces.

The file has jieba's format: a word a line, then optionally how often it occurs and its part of speech; a line that
opens with `# ` is a remark. A generation keeps the words that it was cut with, and its questions are cut with the same.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from rag.errors import SettingsError
from rag.index.text.terms import fold
from rag.types import Skipped

FILE = "userdict.txt"
"""Its name in a generation; there is none where no word was given."""

# As in jieba's load_userdict, with blanks of any kind between the fields.
_LINE = re.compile(r"(\S+)(?:\s+(\d{1,9}))?(?:\s+([A-Za-z]\w*))?")
# jieba cuts at everything else before it looks words up.
_FINDABLE = re.compile(r"[\u4e00-\u9fd5A-Za-z0-9+#&._%\-]+")
_LONGEST = 64
_HINT = "A word a line, then if you like its frequency and part of speech: 青年荟 3 n"


@dataclass(frozen=True, slots=True)
class UserWord:
    """A word, folded, as the cutter takes it."""

    word: str
    frequency: int | None = None
    """None has the cutter choose one that is high enough; 0 makes it forget the word."""
    tag: str | None = None

    @property
    def line(self) -> str:
        """The word in the file's format."""
        return " ".join(str(part) for part in (self.word, self.frequency, self.tag) if part is not None and str(part))


@dataclass(frozen=True)
class UserDictionary:
    """Words in the order of their first mention, each once: the last line that names a word counts."""

    words: tuple[UserWord, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    """Lines that could not be used."""

    @classmethod
    def read(cls, path: Path) -> UserDictionary:
        """Reads a dictionary, UTF-8 with or without a mark, else GB18030.

        Raises:
            SettingsError: it cannot be read, or is no text.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SettingsError(
                f"the user dictionary {path} cannot be read: {error.strerror or error}",
                hint="Set `userdict` to a text file, or index with --no-userdict to do without.",
            ) from error
        return cls._of_lines(_decoded(data, path).splitlines(), path.name)

    @classmethod
    def open(cls, folder: Path) -> UserDictionary:
        """The dictionary that a generation keeps; an empty one where it keeps none."""
        path = folder / FILE
        return cls.read(path) if path.is_file() else cls()

    def save(self, folder: Path) -> None:
        """Writes `userdict.txt` into a generation, unless there are no words."""
        if self.words:
            (folder / FILE).write_text("".join(f"{word.line}\n" for word in self.words), encoding="utf-8", newline="\n")

    @cached_property
    def digest(self) -> str:
        """Tells dictionaries apart; empty for one without words."""
        if not self.words:
            return ""
        return hashlib.sha256("\n".join(word.line for word in self.words).encode()).hexdigest()[:16]

    def changed_words(self, other: UserDictionary) -> frozenset[str]:
        """The words that one of the two has and the other has not, or has otherwise."""
        return frozenset(word.word for word in {*self.words} ^ {*other.words})

    @classmethod
    def _of_lines(cls, lines: Iterable[str], source: str) -> UserDictionary:
        found: dict[str, UserWord] = {}
        skipped: list[Skipped] = []
        for number, line in enumerate(lines, start=1):
            text = fold(line).strip()
            if not text or text == "#" or text.startswith("# "):
                continue
            match = _LINE.fullmatch(text)
            reason = _refusal(match)
            if match is None or reason:
                skipped.append(Skipped(f"{source}:{number}", reason))
                continue
            word, frequency, tag = match.groups()
            found[word] = UserWord(word, None if frequency is None else int(frequency), tag)
        return cls(tuple(found.values()), tuple(skipped))


class WordFinder:
    """Finds out which texts hold any of many words, by their first two characters.

    Args:
        words: folded.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._by_start: dict[str, list[str]] = {}
        for word in words:
            self._by_start.setdefault(word[:2], []).append(word)
        self._single = frozenset(start for start in self._by_start if len(start) == 1)

    def in_text(self, folded: str) -> bool:
        """True when a word stands anywhere in a folded text."""
        if self._single and not self._single.isdisjoint(folded):
            return True
        pairs = set(map("".join, pairwise(folded)))
        return any(word in folded for start in self._by_start.keys() & pairs for word in self._by_start[start])


def _decoded(data: bytes, path: Path) -> str:
    data = data.removeprefix(codecs.BOM_UTF8)
    for encoding in ("utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise SettingsError(f"the user dictionary {path} is neither UTF-8 nor GB18030 text", hint=_HINT)


def _refusal(match: re.Match[str] | None) -> str:
    """Why a line cannot be used; empty where it can."""
    if match is None:
        return f"is no dictionary line. {_HINT}"
    if not _FINDABLE.fullmatch(match[1]):
        return "holds characters that no word has: text is cut at them before words are looked up"
    if len(match[1]) > _LONGEST:
        return f"is longer than {_LONGEST} characters"
    return ""
