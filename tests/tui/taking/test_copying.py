"""Copying: what is copied, which way it goes, and what the reader is told."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

import pytest

from tui.taking.clipboard import LONGEST_OSC, Copied, TooLong, Way, copy, osc52
from tui.taking.inert import inert, inert_json, inert_line

HARMFUL = "渡轮\x1b]52;c;eA==\x07\x9b31m\u202e票价\x00\ud800"


class Machine:
    """A folder of programs that keep what they are given, and a terminal that keeps what is written to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written: list[str] = []

    def has(self, name: str, then: str = "exit 0") -> None:
        program = self.folder / name
        program.write_text(
            f'#!/bin/sh\n/bin/cat > "{self.folder}/{name}.got"\necho "$@" > "{self.folder}/{name}.args"\n{then}\n'
        )
        program.chmod(0o755)

    def got(self, name: str, encoding: str = "utf-8") -> str | None:
        kept = self.folder / f"{name}.got"
        return kept.read_bytes().decode(encoding) if kept.exists() else None

    async def copy(self, text: str, **session: str) -> Copied:
        environment: Mapping[str, str] = {"PATH": str(self.folder), **session}
        return await copy(text, self.written.append, environment)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def told(sequence: str) -> str:
    """What a terminal puts on its clipboard."""
    assert sequence.startswith("\x1b]52;c;")
    assert sequence.endswith("\x07")
    return base64.b64decode(sequence[7:-1]).decode()


async def test_without_a_program_the_terminal_is_told(machine: Machine) -> None:
    assert await machine.copy("渡轮长42米") == Copied(Way.TERMINAL)
    assert [told(sequence) for sequence in machine.written] == ["渡轮长42米"]


@pytest.mark.parametrize(
    ("name", "session"),
    [("wl-copy", {"WAYLAND_DISPLAY": "w"}), ("xclip", {"DISPLAY": ":0"}), ("xsel", {"DISPLAY": ":0"}), ("pbcopy", {})],
)
async def test_a_program_of_the_machine_goes_first(machine: Machine, name: str, session: dict[str, str]) -> None:
    machine.has(name)
    assert await machine.copy("渡轮长42米", **session) == Copied(Way.PROGRAM, name)
    assert machine.got(name) == "渡轮长42米"
    assert machine.written == []


async def test_windows_is_given_what_it_reads(machine: Machine) -> None:
    machine.has("clip.exe")
    assert await machine.copy("渡轮🚢") == Copied(Way.PROGRAM, "clip.exe")
    assert machine.got("clip.exe", "utf-16") == "渡轮🚢"


async def test_over_ssh_the_machines_own_clipboard_is_nobodys(machine: Machine) -> None:
    machine.has("xclip")
    machine.has("pbcopy")
    assert await machine.copy("渡轮", DISPLAY=":0", SSH_CONNECTION="192.0.2.1 1 192.0.2.2 22") == Copied(Way.TERMINAL)
    assert machine.got("xclip") is None
    assert machine.got("pbcopy") is None


async def test_a_program_without_its_display_is_not_asked(machine: Machine) -> None:
    machine.has("xclip")
    machine.has("wl-copy")
    assert await machine.copy("渡轮") == Copied(Way.TERMINAL)
    assert machine.got("xclip") is None


async def test_a_program_that_fails_makes_room_for_the_next(machine: Machine) -> None:
    machine.has("wl-copy", then="exit 1")
    machine.has("xclip")
    assert await machine.copy("渡轮", WAYLAND_DISPLAY="gone", DISPLAY=":0") == Copied(Way.PROGRAM, "xclip")


async def test_a_program_that_never_ends_is_left(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.taking.clipboard.TIME_LIMIT_S", 0.2)
    machine.has("xclip", then="exec /bin/sleep 60")
    assert await machine.copy("渡轮", DISPLAY=":0") == Copied(Way.TERMINAL)


async def test_in_tmux_its_buffer_is_filled_and_handed_on(machine: Machine) -> None:
    machine.has("tmux")
    session = {"TMUX": "/run/tmux-1000/default,1,0", "SSH_TTY": "/dev/pts/0"}
    assert await machine.copy("渡轮", **session) == Copied(Way.TMUX, "tmux")
    assert machine.got("tmux") == "渡轮"
    assert (machine.folder / "tmux.args").read_text().split() == ["load-buffer", "-w", "-"]


async def test_a_tmux_that_is_elsewhere_is_spoken_through(machine: Machine) -> None:
    assert await machine.copy("渡轮", TMUX="/run/tmux-1000/default,1,0") == Copied(Way.TERMINAL)
    plain = osc52("渡轮")
    assert machine.written == [plain + "\x1bPtmux;" + plain.replace("\x1b", "\x1b\x1b") + "\x1b\\"]


async def test_more_than_a_terminal_takes_is_not_sent(machine: Machine) -> None:
    fits = "x" * (LONGEST_OSC // 4 * 3)
    assert await machine.copy(fits) == Copied(Way.TERMINAL)
    with pytest.raises(TooLong):
        await machine.copy(fits + "xx")
    assert len(machine.written) == 1
    machine.has("xclip")
    assert await machine.copy(fits + "xx", DISPLAY=":0") == Copied(Way.PROGRAM, "xclip")


async def test_what_is_copied_cannot_drive_the_terminal_it_is_pasted_into(machine: Machine) -> None:
    await machine.copy(HARMFUL + "\r\n第二行\r")
    assert told(machine.written[0]) == "渡轮�]52;c;eA==��31m�票价��\n第二行\n"


def test_emoji_and_tabs_stay_as_they_are() -> None:
    assert inert("👩\u200d🚀\te\u0301\n") == "👩\u200d🚀\te\u0301\n"
    assert inert_line(" 一\n\u2028二\x07 ") == "一 二�"
    assert inert_json('"\x9b\u202e\ud800渡"') == '"\\u009b\\u202e\\ud800渡"'
