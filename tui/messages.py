"""What the workers report to the screen. They touch no widget: once the screen closes, their messages are dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from tui.talk.session import Fate, Reference, Turn

if TYPE_CHECKING:
    from server.schemas import ArticleDetail, IndexOut
    from tui.history.failures import HistoryError
    from tui.remote.client import ClientError


class LinkChanged(Message):
    """How things stand with the server: a key of the catalogue (`link.…`), and the address that it is about."""

    def __init__(self, key: str, where: str) -> None:
        super().__init__()
        self.key = key
        self.where = where


class ServerTrouble(Message):
    """Why the server cannot be asked; None: it can."""

    def __init__(self, error: ClientError | None) -> None:
        super().__init__()
        self.error = error


class IndexKnown(Message):
    """What is being read, and some of its articles."""

    def __init__(self, index: IndexOut, samples: list[Reference]) -> None:
        super().__init__()
        self.index = index
        self.samples = samples


class TurnChanged(Message):
    """A question is being looked up, is answered, or has failed."""

    def __init__(self, turn: Turn) -> None:
        super().__init__()
        self.turn = turn


class ArticleCame(Message):
    """The article of a reference, and the other references of its answer."""

    def __init__(self, article: ArticleDetail, reference: Reference, others: tuple[Reference, ...]) -> None:
        super().__init__()
        self.article = article
        self.reference = reference
        self.others = others


class ArticleFailed(Message):
    """The article of a reference could not be fetched."""

    def __init__(self, error: ClientError, reference: Reference) -> None:
        super().__init__()
        self.error = error
        self.reference = reference

    @property
    def is_gone(self) -> bool:
        """Whether the index has no such article, or not any more."""
        return self.error.status == 404


class FatesKnown(Message):
    """What has become of the articles that a turn cites."""

    def __init__(self, turn: Turn, fates: dict[int, Fate]) -> None:
        super().__init__()
        self.turn = turn
        self.fates = fates


class HistoryTrouble(Message):
    """Why conversations are not kept."""

    def __init__(self, error: HistoryError) -> None:
        super().__init__()
        self.error = error
