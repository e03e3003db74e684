"""The terminal UI: `run` shows the first frame at once and connects behind it."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from textual import events, on
from textual.app import App
from textual.binding import BindingType
from textual.geometry import Offset
from textual.widgets import Input, TextArea

from tui.history.keeper import Keeper, LoadAnalysis
from tui.history.place import history_file
from tui.home.home import Home
from tui.home.keymap import perform
from tui.home.keys import Area, Command, bindings, of_area, types_character
from tui.home.keys import command as command_of
from tui.home.preferences import Trouble, config_folder
from tui.home.themes import THEMES, default_theme, install, next_theme
from tui.i18n import Words, choose_language
from tui.messages import HistoryTrouble
from tui.notices import notice, notice_again
from tui.remote.link import Connect, Link
from tui.screens.chat import ChatScreen
from tui.screens.help import HelpScreen
from tui.text.caret import caret_of
from tui.text.glyphs import shown
from tui.widgets.question import QuestionBox

if TYPE_CHECKING:
    from tui.screens.conversations import Choice


@runtime_checkable
class Relabelled(Protocol):
    """What draws itself again when the language or the keys change."""

    def relabel(self) -> None:
        """Draws again."""


class WenbaoApp(App[None]):
    """The application.

    Args:
        link: the connection to the server; opened after the first frame.
        language: `zh` or `en`, for this session; None: the one remembered, else the locale's.
        home: the reader's preferences and keys; None: there are none, and none are kept.
        keeper: keeps the conversations; None: nothing does. Closed when the app ends.
    """

    CSS_PATH: ClassVar[str | Path] = "app.tcss"
    # Textual's own palette speaks English only.
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Area.ALWAYS)]

    def __init__(
        self, link: Link, language: str | None = None, home: Home | None = None, keeper: Keeper | None = None
    ) -> None:
        self._caret = Offset(0, 0)
        super().__init__()
        self._home = home or Home()
        preferences = self._home.preferences
        self.words = Words(choose_language(language or preferences.language))
        self.keys = self._home.keys
        self._server_link = link
        self._keeper = keeper or Keeper(None)
        install(self)
        known = preferences.theme in THEMES
        self.theme = preferences.theme if preferences.theme and known else default_theme(self.no_color)
        if preferences.reduced_motion:
            self.animation_level = "none"

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The variables of our own themes, for the moments in which another one holds."""
        return THEMES[default_theme(no_color=False)].variables

    def on_mount(self) -> None:
        self._leave_when_told()
        self.set_keymap(self.keys.keymap())
        self._keeper.on_trouble = lambda error: self.post_message(HistoryTrouble(error))
        self.push_screen(ChatScreen(self._server_link, self.words, self._keeper))
        self.call_after_refresh(self._settle_in)

    def _leave_when_told(self) -> None:
        """Has SIGTERM leave as the reader would: the terminal is given back. The second one ends the process.

        A loop that minds one signal is woken by all. Without that, one that comes just before the loop sleeps, such as
        that of a resize, would be seen when the next key is pressed.
        """
        loop = asyncio.get_running_loop()

        def told() -> None:
            loop.remove_signal_handler(signal.SIGTERM)
            self.call_later(self.action_quit)

        with suppress(NotImplementedError, RuntimeError, ValueError):  # not everywhere, and in the main thread only
            loop.add_signal_handler(signal.SIGTERM, told)

    async def _settle_in(self) -> None:
        """What the first frame does not wait for: what is wrong with the reader's files, the questions of before."""
        self._tell(self._home.troubles)
        box = self._chat.query_one(QuestionBox)
        box.bring_back(self._home.take_draft())
        box.recall(await self._keeper.recent_questions())

    def _tell(self, troubles: tuple[Trouble, ...]) -> None:
        """Says what is wrong with the reader's files, all of it at once."""
        if troubles:
            lines = [shown(self.words(trouble.key, **trouble.values)) for trouble in troubles]
            self.notify("\n".join(lines), severity="warning", timeout=10 + 4 * len(lines), markup=False)

    async def on_unmount(self) -> None:
        # In a thread: what is still to be written may have to wait for a disk or another program.
        await asyncio.to_thread(self._keeper.close)

    @on(HistoryTrouble)
    def _history_trouble(self, event: HistoryTrouble) -> None:
        """Says why conversations are not kept; asking goes on."""
        from tui.history.wording import FAULTS, trouble_values

        error = event.error
        notice(self, self.words, FAULTS[error.fault], severity="warning", **trouble_values(error, self.words))

    def _remember(self, **choices: str | bool) -> None:
        """Keeps choices; says why where they cannot be kept."""
        trouble = self._home.remember(**choices)
        if trouble is not None:
            self._tell((trouble,))

    def relabel(self) -> None:
        """Draws every screen again, in the language and with the keys of the moment."""
        for screen in self.screen_stack:
            if isinstance(screen, Relabelled):
                screen.relabel()

    async def on_key(self, event: events.Key) -> None:
        """A letter that is a key everywhere: over a dialog, Textual asks the app for priority keys only."""
        if self.screen.is_modal and types_character(event.key) and event.key not in self.screen.active_bindings:
            for known in of_area(Area.ALWAYS):
                if event.key in self.keys.of(known):
                    await self.run_action(known.action, self)

    # -------------------------------------------------------------------------------------------------- the composition

    @property
    def cursor_position(self) -> Offset:
        """Where the terminal's cursor is put, and with it the window of an input method: at the caret.

        It is looked up at each paint, so that it is right after the layout has changed, too. While nothing is typed in,
        it is where a question would be: what is composed then goes there.
        """
        focused = self.focused
        if isinstance(focused, (Input, TextArea)):
            return caret_of(focused)
        box = next(iter(self.screen.query(QuestionBox)), None) if self._screen_stack else None
        return caret_of(box) if box is not None else self._caret

    @cursor_position.setter
    def cursor_position(self, position: Offset) -> None:
        self._caret = position

    # --------------------------------------------------------------------------------------------------------- the look

    def action_language(self) -> None:
        """The interface in the other language."""
        self.words.language = self.words.language.other
        self.relabel()
        self._remember(language=str(self.words.language))

    def action_next_theme(self) -> None:
        """The theme after this one."""
        self.action_set_theme(next_theme(self.theme))

    def action_set_theme(self, name: str) -> None:
        """A theme, by its name."""
        self.theme = name
        notice(self, self.words, "theme.now", name=self.words(f"theme.{name}"))
        self._remember(theme=name)

    def action_motion(self) -> None:
        """No animations any more, or animations again."""
        reduced = self.animation_level != "none"
        self.animation_level = "none" if reduced else "full"
        notice(self, self.words, "motion.off" if reduced else "motion.on")
        self._remember(reduced_motion=reduced)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """A caret that blinks is motion, too."""
        if isinstance(event.widget, (Input, TextArea)) and self.animation_level == "none":
            event.widget.cursor_blink = False

    # ---------------------------------------------------------------------------------------------------- other screens

    def action_corpus(self) -> None:
        """The corpus browser, or away with it; what is chosen there is asked from here on."""
        from tui.screens.corpus import CorpusScreen

        if isinstance(self.screen, CorpusScreen):
            self.screen.dismiss(None)
            return
        chat = next((screen for screen in self.screen_stack if isinstance(screen, ChatScreen)), None)
        if chat is not None and self.screen is chat:
            self.push_screen(CorpusScreen(self._server_link, self.words, chat.freshness), chat.take_selection)

    def action_last_message(self) -> None:
        """The last short message once more."""
        notice_again(self, self.words)

    def action_help(self) -> None:
        """The table of keys, or away with it."""
        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
        else:
            self.push_screen(HelpScreen(self.words))

    def action_conversations(self) -> None:
        """The list of conversations, or away with it."""
        from tui.screens.conversations import ConversationsScreen

        if isinstance(self.screen, ConversationsScreen):
            self.screen.dismiss(None)
        elif not self.screen.is_modal:  # a dialog wants its answer first
            current = self._chat.conversation.record
            self.push_screen(ConversationsScreen(self._keeper, self.words, current), self._conversation_chosen)

    async def _conversation_chosen(self, choice: Choice | None) -> None:
        from tui.history.failures import HistoryError

        if choice is None:
            return
        try:
            resumed = await self._keeper.resume(choice.conversation)
        except HistoryError as error:
            self.post_message(HistoryTrouble(error))
            return
        if resumed is None:
            notice(self, self.words, "history.vanished", severity="warning")
            return
        while self.screen is not self._chat:
            self.pop_screen()
        await self._chat.resume(resumed, choice.turn, choice.quote)

    @property
    def _chat(self) -> ChatScreen:
        return next(screen for screen in self.screen_stack if isinstance(screen, ChatScreen))

    def action_palette(self) -> None:
        """The command palette over what can run now, or away with it."""
        from tui.screens.palette import PaletteScreen, runnable

        if isinstance(self.screen, PaletteScreen):
            self.screen.dismiss(None)
        else:
            self.push_screen(PaletteScreen(self.words, runnable(self.screen)), self._run_chosen)

    async def _run_chosen(self, command: Command | None) -> None:
        if command is not None:
            await perform(self.screen, command)

    async def action_quit(self) -> None:
        """Leaves at once; what is typed is in the box again the next time."""
        self._home.keep_draft(self._chat.query_one(QuestionBox).text)
        self.exit()

    def action_help_quit(self) -> None:
        """Ctrl+C, which copies where something is selected: says how to leave."""
        notice(self, self.words, "quit.how", keys=self.keys.listed(command_of("quit")))

    def action_write_keys(self) -> None:
        """Writes the key file, and says where it is."""
        from tui.home.keyfile import write_keys

        folder = self._home.folder or config_folder()
        try:
            path = write_keys(folder, self.words.language)
        except OSError as error:
            detail = error.strerror or type(error).__name__
            notice(self, self.words, "keyfile.unwritable", severity="error", path=folder, detail=detail)
        else:
            notice(self, self.words, "keyfile.written", path=path)


def run(
    server: str | Connect,
    api_key: str | None = None,
    language: str | None = None,
    load_analysis: LoadAnalysis | None = None,
) -> None:
    """Runs the terminal UI until the reader leaves.

    Args:
        server: the address of a running server, or a function that returns address and key. The function runs in a
            thread once the first frame is on the screen, so it may start a server and take its time.
        api_key: the key of the server at that address; a function brings its own.
        language: `zh` or `en`, for this session; None: the one remembered, else the locale's.
        load_analysis: knows the index's words, which conversations are searched by; None: they are searched by their
            characters alone.
    """
    connect: Connect = (lambda: (server, api_key)) if isinstance(server, str) else server
    keeper = Keeper(history_file(), load_analysis)
    WenbaoApp(Link(connect), language, Home.load(config_folder()), keeper).run()
