"""A screen over a server: it connects behind the first frame, and says how things stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on, work
from textual.screen import Screen

from tui.i18n import Words
from tui.messages import IndexKnown, LinkChanged, ServerTrouble
from tui.remote.freshness import Freshness
from tui.remote.link import Link
from tui.talk.session import Reference
from tui.widgets.bars import LinkState, StatusBar, TroubleBar
from tui.widgets.corpus.refresh import IndexSeen, announce

if TYPE_CHECKING:
    from server.schemas import IndexOut

SAMPLES = 5
"""Articles that the guidance names."""


class ConnectedScreen(Screen[None]):
    """Holds the connection; has a `StatusBar`, a `RefreshLine` and a `TroubleBar` on it.

    Args:
        link: the connection to the server; opened when `_establish` is called.
        words: the interface's words.
    """

    def __init__(self, link: Link, words: Words) -> None:
        super().__init__()
        self._link = link
        self._words = words
        self.freshness = Freshness(link)
        """Looks at the index while the connection is there."""

    def on_mount(self) -> None:
        self._link.on_state = lambda key, where: self.post_message(LinkChanged(key, where))
        self._link.on_trouble = lambda error: self.post_message(ServerTrouble(error))
        self.freshness.on_lost = self._establish

    async def on_unmount(self) -> None:
        await self._link.close()

    @work(exclusive=True, group="link")
    async def _establish(self) -> None:
        """Connects, and says what there is to read."""
        index = await self._link.establish()
        from tui.remote.client import ClientError  # imported by now: establishing needs it

        client = await self._link.client()
        try:
            listing = await client.articles(limit=SAMPLES * 4)
        except ClientError as error:
            self.post_message(ServerTrouble(error))
        else:
            # Headlines make the better invitation: what has none is left out.
            titled = [article for article in listing.items if article.title][:SAMPLES]
            self.post_message(ServerTrouble(None))
            self.post_message(IndexKnown(index, [Reference.from_article(article) for article in titled]))

    @on(IndexKnown)
    def _index_known(self, event: IndexKnown) -> None:
        self.freshness.saw(event.index)
        self.show_index(event.index, event.samples)
        self._look_at_index()

    @work(exclusive=True, group="freshness")
    async def _look_at_index(self) -> None:
        await self.freshness.run()

    @on(IndexSeen)
    def _index_seen(self, event: IndexSeen) -> None:
        """Says what is loaded, that it is another index than before, and how a refresh ended."""
        self.query_one(StatusBar).show_index(event.seen.index)
        announce(self.app, self._words, event.seen)

    def show_index(self, index: IndexOut, samples: list[Reference]) -> None:
        """Shows what is being read.

        Args:
            index: the index that answers.
            samples: some of its articles.
        """

    @on(LinkChanged)
    def _link_changed(self, event: LinkChanged) -> None:
        self.query_one(StatusBar).show_link(LinkState(event.key, event.where))

    @on(ServerTrouble)
    def _server_trouble(self, event: ServerTrouble) -> None:
        self.query_one(TroubleBar).show_error(event.error)

    def action_retry(self) -> None:
        """Connects again at once."""
        if self._link.ready:
            self._establish()
        else:
            self._link.hurry()
