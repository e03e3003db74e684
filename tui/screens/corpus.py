"""The corpus browser: what there is, narrowed down as it is typed; read one, ask within some, refresh the index."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen

from tui.home.keys import Area, bindings
from tui.i18n import Words
from tui.messages import ServerTrouble
from tui.notices import notice
from tui.remote.browsing import MAX_IDS, Browsing, Query, TooMany, label_of, narrowed, span_of
from tui.remote.freshness import Freshness
from tui.remote.link import Link
from tui.screens.index import IndexScreen, state_line
from tui.talk.asking import Pace
from tui.talk.reading import Reading
from tui.talk.session import Reference, Selection
from tui.text.glyphs import clip, shown
from tui.widgets.bars import KeyBar, TroubleBar
from tui.widgets.corpus.filters import FilterBar, FilterField
from tui.widgets.corpus.listing import ArticleRows
from tui.widgets.corpus.refresh import IndexSeen, RefreshLine
from tui.widgets.corpus.tree import CorpusTree, Kind
from tui.widgets.panes import WIDE
from tui.widgets.prose import Prose

TYPING_SECONDS = 0.06
"""Least time between two looks for articles while somebody types."""


class CorpusScreen(Screen[Selection | None]):
    """Shows the corpus; ends with the part of it that is to be asked, None: nothing was chosen.

    Args:
        link: the connection to the server.
        words: the interface's words.
        freshness: looks at the index; somebody else has it run.
    """

    DEFAULT_CSS = """
    CorpusScreen {
        layout: vertical;
        background: $background;
        #corpus-state { height: 1; padding: 0 1; background: $panel; }
        #corpus-panes { height: 1fr; }
        CorpusTree, ArticleRows {
            height: 1fr;
            padding: 0 1;
            background: $background;
            border: round $foreground 25%;
            border-title-color: $text-muted;
            border-subtitle-color: $text-muted;
            scrollbar-size-vertical: 1;
            overflow-x: hidden;
        }
        CorpusTree { width: 26; background-tint: $background 0%; }
        ArticleRows { width: 1fr; }
        CorpusTree:focus, ArticleRows:focus { border: round $accent; border-title-color: $text-accent; }
        &.-wide CorpusTree { width: 40; }
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012  # as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Area.CORPUS)]

    def __init__(self, link: Link, words: Words, freshness: Freshness) -> None:
        super().__init__()
        self._link = link
        self._words = words
        self._freshness = freshness
        self._browsing = Browsing(link)
        self._reading = Reading(link)
        self._wanted = Query()
        self._pace = Pace(self._find, TYPING_SECONDS)

    def compose(self) -> ComposeResult:
        yield Prose(id="corpus-state")
        yield RefreshLine(self._freshness, self._words)
        yield FilterBar(self._words, self._suggest)
        with Horizontal(id="corpus-panes"):
            yield CorpusTree(self._link, self._words, self._browsing.marks)
            yield ArticleRows(self._words, self._browsing.marks)
        yield TroubleBar(self._words, id="trouble")
        yield KeyBar(self._words, id="keys")

    def on_mount(self) -> None:
        self._rows.show_note("corpus.loading")
        self._rows.focus()
        self.relabel()
        self._find()

    def on_unmount(self) -> None:
        self._pace.forget()

    def on_resize(self) -> None:
        self._show_state()

    @property
    def _rows(self) -> ArticleRows:
        return self.query_one(ArticleRows)

    @property
    def _tree(self) -> CorpusTree:
        return self.query_one(CorpusTree)

    @property
    def _filters(self) -> FilterBar:
        return self.query_one(FilterBar)

    def key_areas(self) -> tuple[Area, ...]:
        """Typing what to look for, or among the articles."""
        return (Area.FILTER if isinstance(self.focused, FilterField) else Area.CORPUS, Area.ALWAYS)

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        for part in (self._filters, self._tree, self.query_one(TroubleBar), self.query_one(KeyBar)):
            part.relabel()
        self.query_one(RefreshLine).relabel()
        self._tree.border_title = Content(self._words("corpus.tree"))
        self._rows.refresh()
        self._show_state()
        self._show_found()

    # ----------------------------------------------------------------------------------------------- what is looked for

    @on(FilterBar.Changed)
    def _filters_changed(self, event: FilterBar.Changed) -> None:
        self._want(replace(event.query, source=self._wanted.source))

    @on(CorpusTree.Chosen)
    def _branch_chosen(self, event: CorpusTree.Chosen) -> None:
        leaf = event.leaf
        if leaf.kind in {Kind.PLACE, Kind.PLACES}:
            self._filters.put_place(narrowed(self._wanted, place=leaf.name).place)
        else:
            self._want(narrowed(self._wanted, source=leaf.name))

    def _want(self, query: Query) -> None:
        self._wanted = query
        self._tree.show_query(query)
        self._pace.wish()

    @work(exclusive=True, group="articles")
    async def _find(self) -> None:
        """Fetches the first articles of what is looked for."""
        await self._link.client()
        from tui.remote.client import ClientError  # imported by now: the link needed it

        wanted = self._wanted
        try:
            place = await self._browsing.completed(wanted.place)
            await self._browsing.find(replace(wanted, place=place or wanted.place))
        except ClientError as error:
            self.post_message(ServerTrouble(error))
        else:
            self.post_message(ServerTrouble(None))
            self._rows.show_articles(self._browsing.articles, has_more=self._browsing.has_more, from_top=True)
            self._show_found()

    @on(ArticleRows.MoreWanted)
    @work(exclusive=True, group="articles")
    async def _more(self) -> None:
        """Fetches the next articles."""
        await self._link.client()
        from tui.remote.client import ClientError  # imported by now: the link needed it

        try:
            await self._browsing.more()
        except ClientError as error:
            self.post_message(ServerTrouble(error))
        else:
            self._rows.show_articles(self._browsing.articles, has_more=self._browsing.has_more, from_top=False)

    @on(ServerTrouble)
    def _trouble(self, event: ServerTrouble) -> None:
        self.query_one(TroubleBar).show_error(event.error)

    @on(CorpusTree.Failed)
    def _level_failed(self, event: CorpusTree.Failed) -> None:
        self.query_one(TroubleBar).show_error(event.error)

    async def _suggest(self, typed: str) -> str | None:
        """The place with most articles whose name begins so."""
        if not self._link.ready:
            return None
        from tui.remote.client import ClientError  # imported by now: the link needed it

        with suppress(ClientError):  # what is looked for meanwhile tells of it
            name = await self._browsing.completed(typed)
            return shown(name) if name is not None else None
        return None

    # ---------------------------------------------------------------------------------------------------------- showing

    def _show_found(self) -> None:
        """How many articles there are, what they are narrowed down to, and what is marked."""
        rows, words, browsing = self._rows, self._words, self._browsing
        room = max(self.size.width - 40, 20)
        total = browsing.total if browsing.total is not None else len(browsing.articles)
        parts = [words("corpus.articles", count=f"{total:,}")]
        query = browsing.query
        if query:
            days = span_of(query.date_from, query.date_to, words)
            sources, places = [query.source] * bool(query.source), [query.place] * bool(query.place)
            parts.append(label_of(words, q=query.q, sources=sources, places=places, days=days))
        rows.border_title = Content(clip(" · ".join(parts), room))
        marks = browsing.marks
        marked = ""
        if marks.articles:
            marked = words("corpus.articles", count=f"{len(marks.articles):,}")
        elif marks:
            marked = label_of(words, sources=marks.sources, places=marks.places)
        rows.border_subtitle = Content(clip(words("corpus.marked", label=marked) if marked else "", room))

    def _show_state(self) -> None:
        index = self._freshness.index
        if index is not None:
            line = state_line(index, self._words, max(self.size.width - 2, 20))
            self.query_one("#corpus-state", Prose).show([line])

    @on(IndexSeen)
    def _index_seen(self, event: IndexSeen) -> None:
        self._show_state()
        if event.seen.is_new:
            self._tree.reload()
            self._find()
        self._reading.generation = event.seen.index.generation or ""

    # ------------------------------------------------------------------------------------------------------------ doing

    @on(ArticleRows.Opened)
    def _article_opened(self, event: ArticleRows.Opened) -> None:
        from tui.screens.article import ArticleScreen

        self._reading.open(Reference.from_article(event.article))
        self.app.push_screen(ArticleScreen(self._reading, self._words))

    def action_open(self) -> None:
        """Reads the article under the cursor."""
        self._rows.action_open()

    @on(ArticleRows.MarkWanted)
    @on(CorpusTree.MarkWanted)
    def action_mark(self) -> None:
        """Marks what is under the cursor, or no more."""
        marks, leaf = self._browsing.marks, self._tree.leaf
        if self.focused is self._tree and leaf is not None and leaf.name:
            (marks.toggle_source if leaf.kind is Kind.SOURCE else marks.toggle_place)(leaf.name)
            self._tree.action_cursor_down()
        elif self.focused is self._rows and self._rows.current is not None:
            marks.toggle_article(self._rows.current)
            self._rows.action_move(1)
        self._tree.relabel()
        self._rows.refresh()
        self._show_found()

    def action_clear(self) -> None:
        """Takes away all marks; where there are none, all that narrows the articles down."""
        if self._browsing.marks:
            self._browsing.marks.clear()
            self._tree.relabel()
            self._rows.refresh()
            self._show_found()
        else:
            self._filters.clear()
            self._want(Query())

    @work(exclusive=True, group="selection")
    async def action_ask(self) -> None:
        """Back to the question box; questions go to what is marked, else to what the articles are narrowed down to."""
        await self._link.client()
        from tui.remote.client import ClientError  # imported by now: the link needed it

        try:
            selection = await self._browsing.selection(self._words, self._rows.current)
        except TooMany as error:
            count = f"{error.total:,}"
            notice(self.app, self._words, "corpus.too_many", severity="warning", count=count, most=f"{MAX_IDS:,}")
        except ClientError as error:
            self.post_message(ServerTrouble(error))
        else:
            if selection is None:
                notice(self.app, self._words, "corpus.nothing_chosen", severity="warning")
            else:
                self.dismiss(selection)

    @work(exclusive=True, group="refresh")
    async def action_refresh_index(self) -> None:
        """Brings the index up to date with the corpus, while everything else goes on."""
        await self._link.client()
        from tui.remote.client import ClientError  # imported by now: the link needed it

        try:
            await self._freshness.refresh()
        except ClientError as error:
            self.post_message(ServerTrouble(error))

    def action_state(self) -> None:
        """All that is known of the index."""
        self.app.push_screen(IndexScreen(self._words, self._freshness))

    def action_words(self) -> None:
        """To where words are typed."""
        self._filters.focus_words()

    def action_to_articles(self) -> None:
        """From the fields to the articles."""
        self._rows.focus()

    def action_close(self) -> None:
        """Back to where the reader came from."""
        self.dismiss(None)
