"""An article in the making: lines with their roles, kept apart by where they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from rag.corpus.layout import Line, is_dangling
from rag.types import BlockRole

Part = tuple[Line, BlockRole]


@dataclass(slots=True)
class Draft:
    """An article in the making; parts are in reading order within each list."""

    heading: list[Part] = field(default_factory=list)
    opening: list[Part] = field(default_factory=list)
    """Text that is read before `body`, wherever it is printed."""
    body: list[Part] = field(default_factory=list)
    boxes: list[Part] = field(default_factory=list)
    column: str = ""
    """The column name printed above it."""
    lead: str = ""
    bylines: list[str] = field(default_factory=list)
    signature: str = ""
    credit: str = ""
    is_caption: bool = False
    is_banner: bool = False
    is_closed: bool = False
    is_late: bool = False
    """True once a byline has come after text: what follows is read before it."""

    slot: int | None = None
    """Where in `body` the next line is read, when that is not its end."""

    def add(self, line: Line, role: BlockRole) -> None:
        """Put a line of text where it is read."""
        if self.is_late:
            self.opening.append((line, role))
        elif self.slot is not None:
            self.body.insert(self.slot, (line, role))
            self.slot += 1
        else:
            self.body.append((line, role))

    def reopen(self) -> None:
        """Go on before the last section: it bears the dateline that ends the article, wherever the rest is printed."""
        sections = [at for at, (_, role) in enumerate(self.body) if role is BlockRole.SUBHEAD]
        self.slot = sections[-1] if sections else None
        self.is_closed = False

    def repeated(self, lines: Sequence[Line]) -> set[str]:
        """The texts of `lines` that its heading has already."""
        return {line.text for line, _ in self.heading} & {line.text for line in lines}

    @property
    def has_text(self) -> bool:
        return self.first is not None

    @property
    def has_subheads(self) -> bool:
        return any(role is BlockRole.SUBHEAD for _, role in self.body)

    @property
    def ends_torn(self) -> bool:
        """True when the text stops in mid-sentence."""
        last = self.last
        return last is not None and is_dangling(last.text)

    @property
    def parts(self) -> list[Part]:
        return [*self.heading, *self.opening, *self.body, *self.boxes]

    @property
    def has_byline(self) -> bool:
        return bool(self.lead or self.bylines)

    @property
    def text(self) -> str:
        return "".join(line.text for line, _ in [*self.opening, *self.body])

    @property
    def titles(self) -> list[str]:
        return [line.text for line, role in self.heading if role is BlockRole.TITLE]

    @property
    def first(self) -> Line | None:
        """The first line of body text."""
        return next((line for line, role in chain(self.opening, self.body) if role is BlockRole.BODY), None)

    @property
    def last(self) -> Line | None:
        """The last line of body text."""
        backwards = chain(reversed(self.body), reversed(self.opening))
        return next((line for line, role in backwards if role is BlockRole.BODY), None)

    def tail(self, chars: int) -> str:
        """The last `chars` characters of its text, or somewhat more: whole lines."""
        lines: list[str] = []
        for line, _ in chain(reversed(self.body), reversed(self.opening)):
            lines.append(line.text)
            chars -= len(line.text)
            if chars <= 0:
                break
        return "".join(reversed(lines))
