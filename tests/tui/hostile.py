"""A paper whose every field means to drive its reader's terminal, and what a terminal makes of the screen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from textual.drivers.headless_driver import HeadlessDriver
from wcwidth import wcwidth

from rag.types import Answer, Article, ArticleList, Citation, Hit, IndexStatus
from tests.tui.conftest import Screenful
from tests.tui.paper import PaperLibrary, cite, hit, make_article

SEQUENCES = (
    *(
        "\x1b[2J\x1b[H",
        "\x1b]0;own\x07",
        "\x1b]52;c;eA==\x07",
        "\x1b]8;;http://x\x1b\\点\x1b]8;;\x1b\\",
        "\x1bP+q544e\x1b\\",
    ),
    *("\x9b31m", "\x90q\x9c", "\x9d0;x\x9c", "\x1bc", "\x07", "\x08", "\x7f", "\x00", "\x0e", "\x1b7"),
)
"""What a terminal would obey."""
WRITING = ("\u202e倒\u202c", "\u2066\u2069", "\u200b\u200d\u2060\ufeff", "\u061c\u200f", "\U000e0041", "שלום مرحبا")
"""What would turn the direction of writing, or hide."""
WIDTHS = (
    "👩\u200d🚀",
    "🇨🇳",
    "👍🏽",
    "❤\ufe0f",
    "\u1100\u1161\u11a8",
    "\ue000\U000f0000",
    "\u0378\U0001fafa\U0002fa20",
    "\u0e33",
)
"""What terminals disagree on."""
MARKUP = (
    "[bold red]标[/]",
    "[@click=app.quit]点[/]",
    "[/nothing]",
    "{0}{name}",
    "$accent",
    "<b>&amp;",
    "`码`**强**",
    "%s%n",
)
BREAKS = ("\r\n", "\v\f", "\x85\u2028\u2029", "\t", "\x1c\x1d")
EVIL = "".join((*SEQUENCES, *WRITING, *WIDTHS, *MARKUP, *BREAKS))
PILE = "e" + "\u0301" * 10_000
HUGE = "x" * 3_000
EVERYTHING = f"坏{EVIL}{PILE}{HUGE}"

# What Textual itself sends: looks, places of the cursor, shapes of the pointer, and that a picture begins or ends.
_OWN = re.compile(r"\x1b\[[0-9;]*[mH]|\x1b\[\?2026[hl]|\x1b\[\?25[hl]|\x1b\]22;[a-z-]+\x07")
_STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")

PAGE = (
    f"坏消息{EVIL}的标题\n　　渡轮{EVIL}{PILE}每天往返十二班{HUGE}，票价三元{EVIL}。\n"
    + f"　　第二段{EVIL}很长。\n" * 30
)


def make_hostile(number: int) -> Article:
    """An article whose every field is hostile."""
    return make_article(
        f"hostile{number}",
        f"坏{EVIL.replace(chr(0), '')}/page-{number}.txt",
        PAGE,
        [(0, len(PAGE))],
        title=EVERYTHING,
        kicker=EVERYTHING,
        byline=EVERYTHING,
        place=(f"省{EVERYTHING}", f"市{EVERYTHING}"),
        date=f"2031{EVIL}",
    )


FIRST, SECOND = make_hostile(1), make_hostile(2)
QUOTE = FIRST.text[FIRST.text.index("渡轮") : FIRST.text.index("票价三元") + 4]


class HostileLibrary(PaperLibrary):
    """Answers in the worst way. `坏` in a question is refused, `改` cites what is no more."""

    def ask(self, question: str, **given: Any) -> Answer:
        answer = super().ask(question, **given)
        citations: tuple[Citation, ...] = (cite(1, FIRST, QUOTE), cite(2, SECOND, QUOTE))
        if "改" in question:
            citations = tuple(replace(one, quote=f"没有了{EVERYTHING}", spans=((1, 9),)) for one in citations)
        hits: Sequence[Hit] = (replace(hit(1, FIRST, QUOTE), others=(SECOND,)), hit(2, SECOND, QUOTE))
        return replace(
            answer,
            answered="坏" not in question,
            answer=f"{EVERYTHING}[1]\n- {EVIL}[2]\n# {EVIL}\n|a|b|\n|-|-|\n|{EVIL}|{EVIL}|\n```\n{EVIL}\n```",
            citations=() if "坏" in question else citations,
            hits=tuple(hits),
            standalone_question=f"{question}{EVERYTHING}",
            warnings=(EVERYTHING, EVIL),
            generation=f"g{EVIL}",
        )

    def articles(self, **given: Any) -> ArticleList:
        return ArticleList((FIRST, SECOND), None)

    def article(self, article_id: str) -> Article:
        return FIRST if article_id == FIRST.article_id else SECOND

    def status(self) -> IndexStatus:
        return replace(super().status(), corpus=f"/papers/{EVERYTHING}", model=EVERYTHING)


class LoudDriver(HeadlessDriver):
    """Takes no input, and keeps what a terminal would be sent."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.sent: list[str] = []
        self.drawn = 0
        """Writes so far."""

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.sent.append(data)
        self.drawn += 1


def steering(sent: str) -> list[str]:
    """What of the bytes sent to a terminal is not Textual's own, with what stands around it."""
    plain = _OWN.sub("", sent)
    return [plain[max(match.start() - 20, 0) : match.end() + 20] for match in _STEERING.finditer(plain)]


def faults(screenful: Screenful) -> list[str]:
    """Lines of the screen that are not exactly as wide as it, or hold what a terminal would obey."""
    width = screenful.app.size.width
    wrong = [line for line in screenful.lines() if sum(max(wcwidth(char), 0) for char in line) != width]
    wrong += [line for line in screenful.lines() if _STEERING.search(line) or "\n" in line]
    driver = screenful.app._driver
    assert isinstance(driver, LoudDriver)
    assert driver.drawn, "nothing reached the terminal"
    wrong += steering("".join(driver.sent))
    driver.sent.clear()
    return wrong
