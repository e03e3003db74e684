"""Reading: which turn's references are walked, which of them is shown, and the articles that have been fetched.

Nothing here touches a widget.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.remote.link import Link
from tui.talk.session import Fate, Reference, Stage, Turn, Walk
from tui.talk.shelf import Shelf
from tui.text.quotes import locate

if TYPE_CHECKING:
    from server.schemas import ArticleDetail

Label = tuple[str, dict[str, object]]
"""What the article pane is headed: a key of the catalogue, and the values for its words."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A reference to read, as the article pane needs it."""

    reference: Reference
    others: tuple[Reference, ...]
    """The answer's other references, marked less loudly where they are of the same article."""
    label: Label


class Reading:
    """Holds where the reader is, and gets the articles.

    Args:
        link: the connection to the server; articles wait until it is there.
    """

    def __init__(self, link: Link) -> None:
        self.walk = Walk()
        self.spot: Spot | None = None
        """What is read at the moment; None where nothing is."""
        self.generation = ""
        """The generation of the index that answers; a newer one empties the shelf."""
        self._link = link
        self._shelf = Shelf()

    @property
    def turn(self) -> Turn | None:
        """The turn whose references are walked."""
        return self.walk.turn

    def choose(self, turn: Turn, index: int) -> Spot:
        """Makes a reference of a turn the one that is read."""
        turn.current = index
        reference = turn.references[index]
        refused = turn.stage is Stage.REFUSED
        position: dict[str, object] = {
            "number": reference.number,
            "position": index + 1,
            "total": len(turn.references),
        }
        others = () if refused else tuple(other for other in turn.references if other is not reference)
        self.spot = Spot(reference, others, ("article.hit" if refused else "article.citation", position))
        return self.spot

    def is_outdated(self, turn: Turn) -> bool:
        """Whether what is said of a turn's current reference, that it is one of so many, has become wrong."""
        return self.spot is None or self.spot.label[1].get("total") != len(turn.references)

    def open(self, reference: Reference) -> Spot:
        """Makes an article that no turn points to the one that is read."""
        self.spot = Spot(reference, (), ("article.title", {}))
        return self.spot

    def clear(self) -> None:
        """Reads nothing, and walks no turn."""
        self.walk = Walk()
        self.spot = None

    async def fates(self, turn: Turn) -> dict[int, Fate]:
        """What has become of the articles that a turn cites, by index; those that are as they were are left out.

        Raises:
            ClientError: the server cannot be asked.
        """
        from tui.remote.client import ClientError

        found: dict[int, Fate] = {}
        for index, reference in enumerate(turn.references):
            try:
                article = await self.article(reference)
            except ClientError as error:
                if error.status != 404:
                    raise
                found[index] = Fate.GONE
                continue
            located = locate(article.text, article.runs, reference.spans, reference.quote)
            if not located.exact:
                found[index] = Fate.MOVED if located.ranges else Fate.LOST
        return found

    async def article(self, reference: Reference) -> ArticleDetail:
        """The article of a reference.

        Raises:
            ClientError: it cannot be had.
        """
        client = await self._link.client()
        return await self._shelf.get(reference.article_id, self.generation, client.article)
