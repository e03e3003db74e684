"""The list of conversations: what was asked before, to go on with, to rename, to delete, and to search inside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Input

from tui.history.keeper import Keeper
from tui.history.wording import extent, in_a_line, trouble_in_words
from tui.home.keymap import keys_of
from tui.home.keys import Area, bindings, command
from tui.i18n import Words
from tui.notices import notice
from tui.text.glyphs import cells
from tui.widgets.bars import KeyBar
from tui.widgets.entries import Entry, EntryLine, EntryList
from tui.widgets.field import Field
from tui.widgets.prose import Paragraph, Prose

if TYPE_CHECKING:
    from tui.history.failures import HistoryError
    from tui.history.records import ConversationRecord, Findings, Found

_LEADS = {
    "title": "history.in_title",
    "question": "history.in_question",
    "answer": "history.in_answer",
    "quote": "history.in_quote",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: a conversation, and the turn in it to go to."""

    conversation: int
    turn: int | None = None
    """None: to where it ended."""
    quote: str = ""
    """The quote that was found, to be read at once; empty where it was something else."""


class ConversationsScreen(Screen[Choice | None]):
    """Lists and searches what is kept. Gives back what was chosen, None where nothing was.

    Args:
        keeper: holds the conversations.
        words: the interface's words.
        current: id of the conversation that is open; None where it is not kept yet.
    """

    AUTO_FOCUS = "#entries"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012  # as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Area.CONVERSATIONS, Area.SEARCHING),
        # While the search line has the focus, these move in the list.
        *(Binding(key, f"move('{key}')", show=False) for key in ("up", "down", "pageup", "pagedown")),
    ]

    def __init__(self, keeper: Keeper, words: Words, current: int | None = None) -> None:
        super().__init__()
        self._keeper = keeper
        self._words = words
        self._current = current
        self._listed: list[ConversationRecord] = []
        self._findings: Findings | None = None
        """What the search found; None while nothing is searched for."""
        self._error: HistoryError | None = None
        self._loading = True
        self._renaming: ConversationRecord | None = None

    def compose(self) -> ComposeResult:
        yield Prose(id="conversations-head")
        with Horizontal(id="conversations-search"):
            yield Field(id="conversations-query", compact=True, select_on_focus=False)
            yield Prose(id="conversations-count")
        yield EntryList(id="entries")
        yield Prose(id="conversations-note")
        yield Field(id="conversations-name", compact=True, max_length=200, select_on_focus=False)
        yield KeyBar(self._words, id="keys")

    def on_mount(self) -> None:
        self._naming.display = False
        self.relabel()
        self._load()

    @property
    def _list(self) -> EntryList:
        return self.query_one(EntryList)

    @property
    def _query(self) -> Input:
        return self.query_one("#conversations-query", Input)

    @property
    def _naming(self) -> Input:
        return self.query_one("#conversations-name", Input)

    def key_areas(self) -> tuple[Area, ...]:
        """Where the reader is: in the list, or typing."""
        typing = isinstance(self.focused, Input)
        return (Area.SEARCHING if typing else Area.CONVERSATIONS, Area.ALWAYS)

    # ------------------------------------------------------------------------------------------------------- reading

    @work(exclusive=True, group="conversations")
    async def _load(self, go_to: int | None = None) -> None:
        """Reads the list, and searches again where something is searched for.

        Args:
            go_to: id of the conversation to choose; None: what is at the place of the one chosen now.
        """
        from tui.history.failures import HistoryError

        query = self._query.value
        try:
            self._listed = await self._keeper.conversations()
            if query.strip():
                found = await self._keeper.search(query)
                self._findings = found if found is not None else self._findings
            else:
                self._findings = None
                self._warm_up()
        except HistoryError as error:
            self._error = error
        else:
            self._error = None
        self._loading = False
        self._show(go_to)

    @work(exclusive=True, group="conversations-warm-up")
    async def _warm_up(self) -> None:
        await self._keeper.prepare()

    @on(Input.Changed, "#conversations-query")
    def _typed(self) -> None:
        self._search(self._query.value)

    @work(exclusive=True, group="conversations")
    async def _search(self, query: str) -> None:
        from tui.history.failures import HistoryError

        if not query.strip():
            self._findings = None
        else:
            try:
                found = await self._keeper.search(query)
            except HistoryError as error:
                self._error = error
            else:
                if found is None:
                    return
                self._findings, self._error = found, None
        self._show(to_top=True)

    # -------------------------------------------------------------------------------------------------------- showing

    def relabel(self) -> None:
        """Draws again, in the language and with the keys of the moment."""
        self._query.placeholder = self._words("history.search")
        self.query_one(KeyBar).relabel()
        self._show()

    def on_resize(self) -> None:
        self._stop_renaming()

    def _show(self, go_to: int | None = None, *, to_top: bool = False) -> None:
        """Shows what there is: the list, or what was found, or why there is neither."""
        words = self._words
        entries: list[Entry] = [
            (EntryLine(record.title, right=extent(record, words, self._current)),) for record in self._listed
        ]
        ids = [record.id for record in self._listed]
        count = words("history.count", count=f"{len(entries):,}") if entries else ""
        if self._findings is not None:
            found = self._findings.found
            entries = [self._found_entry(place) for place in found]
            ids = [place.conversation.id for place in found]
            total = f"{self._findings.total:,}"
            is_cut = self._findings.total > len(found)
            count = words("history.found_more" if is_cut else "history.found", count=total, shown=len(found))
        self.query_one("#conversations-head", Prose).show([Paragraph(words("history.title"), "title")])
        counter = self.query_one("#conversations-count", Prose)
        counter.show([Paragraph(count, "meta")])
        counter.styles.width = min(cells(count), max(self.size.width // 2, 1))
        note = self.query_one("#conversations-note", Prose)
        paragraphs = self._notes(is_empty=not entries)
        note.show(paragraphs)
        note.display = bool(paragraphs)
        at = 0 if to_top else self._list.chosen or 0
        self._list.show(entries, ids.index(go_to) if go_to in ids else at)

    def _notes(self, *, is_empty: bool) -> list[Paragraph]:
        words = self._words
        if self._error is not None:
            return [Paragraph(trouble_in_words(self._error, words), "warning")]
        if self._loading:
            return [Paragraph(words("history.loading"), "note")]
        if self._keeper.path is None:
            return [Paragraph(words("history.off"), "note")]
        if not is_empty:
            return []
        if self._findings is not None:
            return [Paragraph(words("history.nothing", query=self._findings.query.strip()), "note")]
        return [Paragraph(words("history.empty"), "note")]

    def _found_entry(self, place: Found) -> Entry:
        lead = self._words(_LEADS[place.field])
        head = EntryLine(place.conversation.title, "note", right=extent(place.conversation, self._words, self._current))
        return (head, EntryLine(place.text, lead=f"  {lead}", ranges=place.ranges))

    # -------------------------------------------------------------------------------------------------------- choosing

    def _chosen(self) -> ConversationRecord | None:
        """The chosen conversation, or that of the chosen place."""
        index = self._list.chosen
        if index is None:
            return None
        return self._listed[index] if self._findings is None else self._findings.found[index].conversation

    def action_open(self) -> None:
        """Goes on with the chosen conversation, at the turn that was found."""
        index = self._list.chosen
        if index is None:
            return
        if self._findings is None:
            self.dismiss(Choice(self._listed[index].id))
        else:
            place = self._findings.found[index]
            is_quote = place.field == "quote"
            self.dismiss(Choice(place.conversation.id, place.turn, place.text if is_quote else ""))

    @on(EntryList.Picked)
    def _picked(self) -> None:
        self.action_open()

    @on(Input.Submitted, "#conversations-query")
    def _query_entered(self) -> None:
        self.action_open()

    def action_move(self, key: str) -> None:
        """Moves in the list while the search line has the focus."""
        step = -1 if key in {"up", "pageup"} else 1
        if key in {"up", "down"}:
            self._list.action_move(step)
        else:
            self._list.action_page(step)

    def action_search(self) -> None:
        """To the search line."""
        self._query.focus()

    def action_back(self) -> None:
        """Out of renaming; out of the search to the list; from the list to asking."""
        if self._renaming is not None:
            self._stop_renaming()
        elif self._query.value:
            self._query.value = ""
            self._list.focus()
        else:
            self.dismiss(None)

    def on_key(self, event: events.Key) -> None:
        """Ideographs typed in the list are the start of a search: an input method has no list mode."""
        if event.character and event.is_printable and not event.character.isascii() and self.focused is self._list:
            event.stop()
            self._query.focus()
            self._query.insert_text_at_cursor(event.character)

    # -------------------------------------------------------------------------------------------------------- changing

    def action_rename(self) -> None:
        """Lets the chosen conversation's title be typed where it stands."""
        chosen = self._chosen()
        if chosen is None:
            return
        self._renaming = chosen
        name, entries = self._naming, self._list
        name.value = " ".join(chosen.title.split())
        name.styles.offset = (entries.content_region.x, entries.row_of_chosen())
        name.styles.width = entries.scrollable_content_region.width
        name.display = True
        name.focus()
        name.cursor_position = len(name.value)

    @on(Input.Submitted, "#conversations-name")
    async def _named(self) -> None:
        record, title = self._renaming, self._naming.value
        self._stop_renaming()
        if record is not None and title.strip() != record.title.strip():
            await self._change(lambda: self._keeper.rename(record.id, title))
            self._load(record.id)

    @on(events.DescendantBlur)
    def _left(self, event: events.DescendantBlur) -> None:
        """A click elsewhere keeps the title as it was."""
        if event.widget is self._naming:
            self._stop_renaming()

    def _stop_renaming(self) -> None:
        if self._renaming is not None:
            self._renaming = None
            self._naming.display = False
            self._list.focus()

    async def action_delete(self) -> None:
        """Deletes the chosen conversation at once, and says how to take that back."""
        chosen = self._chosen()
        if chosen is None or not await self._change(lambda: self._keeper.delete(chosen.id)):
            return
        key = keys_of(self.app).listed(command("undo-delete-conversation"))
        notice(self.app, self._words, "history.deleted", title=in_a_line(chosen), press=key)
        self._load()

    async def action_undo(self) -> None:
        """Takes the last deletion back that has not been taken back."""
        restored: list[ConversationRecord | None] = []

        async def undo() -> None:
            restored.append(await self._keeper.undo())

        if not await self._change(undo):
            return
        record = restored[0]
        if record is None:
            notice(self.app, self._words, "history.no_undo")
        else:
            notice(self.app, self._words, "history.restored", title=in_a_line(record))
            self._load(record.id)

    async def _change(self, change: Callable[[], Awaitable[None]]) -> bool:
        """Whether a change was made; where not, the list says why."""
        from tui.history.failures import HistoryError

        try:
            await change()
        except HistoryError as error:
            self._error = error
            self._show()
            return False
        return True
