"""The table of commands: one for a key, words for each, somebody who carries each out; and the reader's own keys."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.binding import Binding, BindingsMap
from textual.dom import DOMNode
from textual.widgets import Input, TextArea

from tests.tui.conftest import NARROW, WIDE, opened, ready
from tests.tui.paper import PaperLibrary
from tui.history.keeper import Keeper
from tui.home.home import Home
from tui.home.keyfile import FILE_NAME, FORMER, clashes, load_keys, normal_key, write_keys
from tui.home.keymap import DEFAULT, Keys, areas_of, key_name, keys_table
from tui.home.keys import AREAS, COMMANDS, Area, Command, bindings, command, of_area, split_keys, types_character
from tui.i18n import CATALOGUE, Language, Words
from tui.screens.article import ArticleScreen
from tui.screens.conversations import ConversationsScreen
from tui.screens.corpus import CorpusScreen
from tui.screens.explanation import ExplanationScreen
from tui.screens.help import HelpScreen
from tui.screens.palette import PaletteScreen

# Whoever binds keys is a class below Textual's that these modules define.
_LOADED = (ArticleScreen, ConversationsScreen, CorpusScreen, ExplanationScreen)

# ------------------------------------------------------------------------------------------------------------ the table


def test_ids_are_unique_and_fit_for_a_file() -> None:
    ids = [known.id for known in COMMANDS]
    assert len(ids) == len(set(ids))
    assert all(name == name.lower() and name.replace("-", "").isalpha() for name in ids)


def test_no_key_starts_two_commands_at_once() -> None:
    assert [(first.id, second.id, key) for first, second, key in clashes(DEFAULT)] == []


def test_every_key_of_the_table_is_one_that_terminals_send() -> None:
    assert [(known.id, key) for known in COMMANDS for key in known.keys if normal_key(key) != key] == []


@pytest.mark.parametrize("known", COMMANDS, ids=lambda known: known.id)
def test_every_command_has_words(known: Command) -> None:
    assert known.help in CATALOGUE
    assert known.label in {"", *CATALOGUE}


def _subclasses(base: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _subclasses(kind)


def _actions(kind: type[DOMNode]) -> set[str]:
    """The actions that a class binds itself."""
    return {binding.action for binding in kind.__dict__.get("BINDINGS", ()) if isinstance(binding, Binding)}


@pytest.mark.parametrize("known", [known for known in COMMANDS if known.action], ids=lambda known: known.id)
def test_every_command_has_somebody_who_carries_it_out(known: Command) -> None:
    """Whoever binds it, or the screen that it names, has the action."""
    name = known.action.partition("(")[0]
    own = [kind for kind in _subclasses(DOMNode) if kind.__module__.startswith("tui.")]
    if name.startswith("screen."):
        carriers = [kind for kind in own if hasattr(kind, f"action_{name.removeprefix('screen.')}")]
    elif known.fixed and "{key}" not in known.action:
        carriers = [kind for kind in own if hasattr(kind, f"action_{name}")]  # a click or the widget itself runs it
    else:
        wanted = known.action.format(key=known.keys[0] if known.keys else "")
        binders = [kind for kind in own if wanted in _actions(kind)]
        carriers = [kind for kind in binders if hasattr(kind, f"action_{name}")]
        assert len(carriers) == len(binders)
    assert carriers


def test_words_are_typed_although_a_letter_is_a_key_of_a_priority_command() -> None:
    made = split_keys(command("language"), ("f3", "g"))
    assert made == {"language": "f3", "language:typed": "g"}
    by_key = {binding.key: binding for binding in bindings(Area.ALWAYS)}
    assert by_key["f1"].priority
    assert not by_key["question_mark"].priority


def test_textual_takes_over_swapped_keys() -> None:
    keys = Keys({"next-citation": ("p",), "previous-citation": ("n",), "help": ("h",), "retry": ()})
    made = BindingsMap(bindings(Area.READING, Area.CHAT, Area.ALWAYS))
    made.apply_keymap(keys.keymap())
    actions = {key: [binding.action for binding in found] for key, found in made.key_to_bindings.items()}
    assert actions["n"] == ["next_reference(-1)"]
    assert actions["p"] == ["next_reference"]
    assert set(actions["h"]) == {"help"}
    assert not {"f1", "question_mark", "f5"} & set(actions)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("ctrl+l", "Ctrl+L"),
        ("question_mark", "?"),
        ("slash", "/"),
        ("Y", "Y"),
        ("n", "n"),
        ("f12", "F12"),
        ("f", "f"),
        ("alt+up", "Alt+↑"),
        ("shift+pagedown", "Shift+PgDn"),
    ],
)
def test_keys_are_written_as_they_are_known(key: str, name: str) -> None:
    assert key_name(key) == name


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_table_for_the_manual_lists_every_command_that_has_a_key(language: str) -> None:
    rows = keys_table(language)
    assert len(rows) == sum(bool(known.keys) for known in COMMANDS)
    words = Words(Language(language))
    assert (words("help.always"), "F3", words("help.language")) in rows
    assert list(dict.fromkeys(heading for heading, _, _ in rows)) == [words(heading) for heading in AREAS.values()]


# --------------------------------------------------------------------------------------------------------- the key file


def _load(folder: Path, text: str) -> tuple[Keys, list[str]]:
    """The keys of a file with that text, and what is said of it in English."""
    (folder / FILE_NAME).write_text(text, encoding="utf-8")
    keys, troubles = load_keys(folder)
    words = Words(Language.EN)
    return keys, [words(trouble.key, **trouble.values) for trouble in troubles]


def test_without_a_file_the_keys_are_those_of_the_table(tmp_path: Path) -> None:
    assert load_keys(tmp_path) == (DEFAULT, [])


def test_a_file_changes_keys(tmp_path: Path) -> None:
    keys, said = _load(
        tmp_path,
        '[keys]\nnext-citation = "J"\nnew-conversation = ["Ctrl+T", "f8"]\nretry = []\nhelp = "?"\nfind = "Shift+F2"\n',
    )
    assert said == []
    assert keys.of(command("next-citation")) == ("J",)
    assert keys.of(command("new-conversation")) == ("ctrl+t", "f8")
    assert keys.of(command("retry")) == ()
    assert keys.of(command("help")) == ("question_mark",)
    assert keys.of(command("find")) == ("shift+f2",)
    assert keys.of(command("language")) == ("f3",)
    assert keys.short(command("new-conversation")) == "^T"
    assert keys.listed(command("new-conversation")) == "Ctrl+T, F8"


def test_what_cannot_be_used_is_told_with_its_line_and_the_rest_counts(tmp_path: Path) -> None:
    keys, said = _load(
        tmp_path,
        "[keys]\n"
        'next-citatoin = "j"\n'
        'banana-split-machine = "j"\n'
        "retry = 5\n"
        'language = ["ctrl+m", "f6", "hyper+nonsense"]\n'
        'send = "s"\n'
        'scroll = "j"\n'
        'palette = "ctrl+k"\n'
        "[colours]\n",
    )
    path = tmp_path / FILE_NAME
    assert len(said) == 8
    assert f"{path}, line 2: no command is called next-citatoin. Is it next-citation?" in said
    assert any(line.startswith(f"{path}, line 3: no command is called banana-split-machine. wenbao") for line in said)
    assert any(line.startswith(f"{path}, line 4: write retry as") for line in said)
    assert any(line.startswith(f"{path}, line 5: ctrl+m cannot be a key of language") for line in said)
    assert any(line.startswith(f"{path}, line 5: hyper+nonsense cannot be") for line in said)
    assert any(line.startswith(f"{path}, line 6: s cannot be a key of send") for line in said)
    assert any(line.startswith(f"{path}, line 7: the keys of scroll") for line in said)
    assert any(line.startswith(f"{path}, line 9: [colours]") for line in said)
    assert keys.of(command("language")) == ("f6",)
    assert keys.of(command("palette")) == ("ctrl+k",)
    assert keys.of(command("send")) == ("enter",)
    assert keys.of(command("retry")) == ("f5",)


@pytest.mark.parametrize(
    ("lines", "line", "kept"),
    [
        # A default, another line, a key that counts everywhere.
        ('next-citation = "p"', 2, {"next-citation": ("n",), "previous-citation": ("p",)}),
        ('next-citation = "j"\nprevious-citation = "j"', 3, {"next-citation": ("j",), "previous-citation": ("p",)}),
        ('refresh-index = "f3"', 2, {"refresh-index": ("R",), "language": ("f3",)}),
        ('previous-citation = "1"', 2, {"previous-citation": ("p",)}),
    ],
)
def test_two_commands_on_one_key(tmp_path: Path, lines: str, line: int, kept: dict[str, tuple[str, ...]]) -> None:
    keys, said = _load(tmp_path, f"[keys]\n{lines}\n")
    assert len(said) == 1
    assert f"line {line}: " in said[0]
    assert "already" in said[0]
    assert {name: keys.of(command(name)) for name in kept} == kept
    assert clashes(keys) == []


def test_keys_may_be_swapped_and_shared_where_they_never_meet(tmp_path: Path) -> None:
    keys, said = _load(
        tmp_path, '[keys]\nnext-citation = "p"\nprevious-citation = "n"\nrefresh-index = "y"\narticle-next = "j"\n'
    )
    assert said == []
    assert keys.of(command("next-citation")) == ("p",)


@pytest.mark.parametrize("text", ["[keys", '[keys]\nretry = "f6"\nretry = "f7"', "keys = 3\n"])
def test_a_broken_file_is_told_and_changes_nothing(tmp_path: Path, text: str) -> None:
    keys, said = _load(tmp_path, text)
    assert len(said) == 1
    assert str(tmp_path / FILE_NAME) in said[0]
    assert [keys.of(known) for known in COMMANDS] == [known.keys for known in COMMANDS]


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"\xff\xfe\x00[keys]")
    keys, troubles = load_keys(tmp_path)
    assert (keys, [trouble.key for trouble in troubles]) == (DEFAULT, ["keyfile.unreadable"])


@pytest.mark.parametrize("language", Language)
def test_the_written_file_lists_every_command_and_reads_back(tmp_path: Path, language: Language) -> None:
    path = write_keys(tmp_path / "new", language)
    text = path.read_text(encoding="utf-8")
    assert tomllib.loads(text) == {"keys": {}}
    assert load_keys(path.parent)[1] == []
    # Every line that is a comment for a command can have its mark taken away.
    lines = [line.removeprefix("# ") if " = " in line and line.startswith("# ") else line for line in text.splitlines()]
    everything = "\n".join(line for line in lines if line == "[keys]" or " = " in line)
    assert set(tomllib.loads(everything)["keys"]) == {known.id for known in COMMANDS if not known.fixed}
    path.write_text(everything, encoding="utf-8")
    keys, troubles = load_keys(path.parent)
    assert troubles == []
    assert [keys.of(known) for known in COMMANDS] == [known.keys for known in COMMANDS]


def test_writing_again_keeps_what_was_changed_and_the_former_file(tmp_path: Path) -> None:
    before = '[keys]\n# mine\nnext-citation = "j"\n'
    _load(tmp_path, before)
    path = write_keys(tmp_path, Language.EN)
    assert tomllib.loads(path.read_text(encoding="utf-8")) == {"keys": {"next-citation": "j"}}
    assert path.with_name(path.name + FORMER).read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("key", "normal"),
    [
        ("Ctrl+K", "ctrl+k"),
        ("shift+y", "Y"),
        ("esc", "escape"),
        ("PgDn", "pagedown"),
        ("+", "plus"),
        ("ctrl++", "ctrl+plus"),
        ("F5", "f5"),
        (" ", None),
        ("space", "space"),
        ("f99", None),
        ("ctrl+ctrl+k", None),
        ("cmd+k", None),
        ("", None),
        ("kk", None),
    ],
)
def test_keys_are_understood_as_they_are_written(key: str, normal: str | None) -> None:
    assert normal_key(key) == normal


# ----------------------------------------------------------------------------------------------------------- on screens


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_changed_keys_work_and_are_shown(address: str, tmp_path: Path, size: tuple[int, int]) -> None:
    (tmp_path / FILE_NAME).write_text(
        '[keys]\nnext-citation = "j"\nhelp = ["f9", "h"]\nlanguage = "ctrl+t"\nsend = "ctrl+s"\n', encoding="utf-8"
    )
    async with ready(address, size, home=Home.load(tmp_path)) as screenful:
        assert "^S Send" in screenful.lines()[-1]
        await screenful.press("h", "question_mark")
        assert screenful.box.text == "h?"
        screenful.box.clear()
        await screenful.press(*"渡轮", "ctrl+s")
        await screenful.until(lambda: screenful.article.article is not None)
        await screenful.press("escape")
        assert "j Next" in screenful.lines()[-1]
        turn = screenful.turns[-1].turn
        await screenful.press("n")
        assert turn.current == 0
        await screenful.press("j")
        assert turn.current == 1
        await screenful.press("h")
        assert isinstance(screenful.app.screen, HelpScreen)
        await screenful.press("f9")
        assert screenful.app.screen is screenful.screen
        await screenful.press("f1", "f3")
        assert screenful.app.screen is screenful.screen
        await screenful.press("ctrl+t")
        assert screenful.app.words.language is Language.ZH


async def test_what_is_wrong_with_the_key_file_is_said_on_the_first_screen(address: str, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('[keys]\nno-such = "j"\nretry = 5\n', encoding="utf-8")
    async with opened(address, notifications=True, home=Home.load(tmp_path)) as screenful:
        await screenful.until(lambda: "no-such" in screenful.text())
        text = " ".join(screenful.text().split())
        assert "line 2" in text
        assert "line 3" in text


async def test_the_help_screen_begins_with_what_counts_here_and_shows_the_keys_of_the_moment(address: str) -> None:
    async with ready(address, NARROW) as screenful:
        screenful.app.keys = Keys({"quit": ("ctrl+w",)})
        await screenful.press("escape", "f1")
        assert "While reading" in screenful.lines()[2]
        scroll = screenful.app.screen.query_one("#help")
        seen = screenful.text()
        while scroll.scroll_y < scroll.max_scroll_y:
            await screenful.press("pagedown")
            seen += screenful.text()
        assert "Ctrl+W" in seen
        assert all(Words(Language.EN)(heading) in seen for heading in AREAS.values())


STATES = {
    "box": (),
    "reading": ("escape",),
    "finding": ("escape", "f"),
    "article": ("escape", "o"),
    "explanation": ("escape", "e"),
    "conversations": ("ctrl+o",),
    "corpus": ("ctrl+b",),
}
"""Where the reader can be, and the keys that lead there after an answer."""


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
@pytest.mark.parametrize("state", STATES)
async def test_every_key_reaches_its_command(
    address: str, tmp_path: Path, size: tuple[int, int], state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ready(address, size, keeper=Keeper(tmp_path / "history.sqlite")) as screenful:
        await screenful.ask_and_read("渡轮")
        await screenful.press(*STATES[state])
        screen = screenful.app.screen
        areas = areas_of(screen)
        assert areas[-1] is Area.ALWAYS
        assert Area.CHAT in areas or screen is not screenful.screen
        reached: list[str] = []

        async def reach(action: str, *_: object, **__: object) -> bool:
            reached.append(action)
            return True

        monkeypatch.setattr(screenful.app, "run_action", reach)
        expected = []
        for known in of_area(*areas):
            # The box takes Enter by itself, in the order in which things are typed; a list its own arrows.
            if known.action and known.id not in {"send", "new-line"} and (not known.fixed or "{key}" in known.action):
                typing = isinstance(screenful.app.focused, Input | TextArea)
                keys = [key for key in known.keys if not (typing and types_character(key))]
                expected += [known.action.format(key=key) for key in keys]
                await screenful.press(*keys)
        assert reached == expected
        assert len(expected) > 8


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
@pytest.mark.parametrize("state", STATES)
async def test_the_bottom_line_offers_what_counts_and_never_overflows(
    address: str, tmp_path: Path, size: tuple[int, int], state: str
) -> None:
    async with ready(address, size, keeper=Keeper(tmp_path / "history.sqlite")) as screenful:
        await screenful.ask_and_read("渡轮")
        await screenful.press(*STATES[state])
        for _ in Language:
            line = screenful.lines()[-1]
            assert cell_len(line) == size[0]
            pinned = [known for known in of_area(*areas_of(screenful.app.screen)) if known.pinned]
            assert pinned
            for known in pinned:
                assert f"{DEFAULT.short(known)} {screenful.app.words(known.label)}" in line
            await screenful.press("f3")


async def test_what_cannot_be_done_now_is_not_offered(address: str, library: PaperLibrary) -> None:
    async with ready(address) as screenful:
        assert "^X" not in screenful.lines()[-1]
        library.gate.clear()
        screenful.box.insert("渡轮")
        await screenful.press("enter")
        await screenful.until(lambda: "^X Stop" in screenful.lines()[-1])
        library.gate.set()
        await screenful.until(lambda: "^X" not in screenful.lines()[-1])


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_the_line_at_the_top_can_be_clicked(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await screenful.click("wenbao")
        assert isinstance(screenful.app.screen, PaletteScreen)
        await screenful.press("escape")
        await screenful.click("港口日报")
        assert isinstance(screenful.app.screen, CorpusScreen)
        await screenful.press("escape")
        assert screenful.app.screen is screenful.screen
