"""The Markdown that is read: CommonMark with tables, emphasis that works in Chinese, and nothing that hides text.

Imported late: the parser behind it is not needed for the first frame.
"""

from __future__ import annotations

import unicodedata

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline.state_inline import Scanned, StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType

_LEFT_OUT = [
    "reference",  # "[1]: …" would take the marks of that number for links, and itself off the screen
    "lheading",  # a line of hyphens under a paragraph is a rule, or a list that begins
    "code",  # lines that are set in are lines
    "html_block",
    "html_inline",
]


def make_parser() -> MarkdownIt:
    """A parser whose tokens hold every character of the text that is not markup."""
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable(_LEFT_OUT)
    inline = _WideInline()
    inline.ruler, inline.ruler2 = parser.inline.ruler, parser.inline.ruler2
    parser.inline = inline
    # An address is shown as it is written.
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return parser


class _WideState(StateInline):
    """Lets emphasis begin and end between an ideograph and a punctuation mark.

    CommonMark wants white space there, as in `say **“so”** then`, which Chinese does not write.
    """

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803  # as the parser has it
        scanned = super().scanDelims(start, canSplitWord)
        if not canSplitWord:
            return scanned
        end = start + scanned.length
        before = self.src[start - 1] if start else " "
        after = self.src[end] if end < self.posMax else " "
        return Scanned(
            scanned.can_open or (_is_wide(before) and not after.isspace()),
            scanned.can_close or (_is_wide(after) and not before.isspace()),
            scanned.length,
        )


class _WideInline(ParserInline):
    """The inline parser over that state."""

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        state = _WideState(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in {"W", "F"}
