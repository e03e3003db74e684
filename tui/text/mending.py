"""Markdown in mid-stream: what would look like one thing now and like another with the next characters is held back,
and what is open at the end is closed.
"""

from __future__ import annotations

import re

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
# The beginning of a line that may become a list, a heading, a rule, a fence or a quotation.
_LINE_UNDECIDED = re.compile(r"[ \t>]*(?:[-*_+][-*_ \t]*|\d{1,9}[.)]?|#{1,6}|`{1,}\w*|~{1,}\w*)?[ \t]*\Z")
# The beginning of a mark, a link, an image, an address, an entity or an escape.
_TAIL_UNDECIDED = re.compile(r"(?:!?\[(?!\d{1,3}\])[^\[\]]*\]?|!?\[[^\[\]]*\]\([^()\s]*|<[^<>\s]*|&#?\w{0,30}|\\|!)\Z")
_TAIL = 300
"""Characters at the end in which such a beginning is looked for; what is longer is text."""
_CLOSERS_AT_END = re.compile(r"[*_~`]+\Z")
_DELIMITER = re.compile(r"\\.|`+|\*{1,3}|~~")
_TABLE_HEAD = re.compile(r"[ \t]*\|[^\n]*(?:\n[ \t|:-]*)?\Z")


def mended(block: str) -> str:
    """The last block of an answer that grows, as it may be shown now."""
    if len(_FENCE.findall(block)) % 2:
        head, _, last = block.rpartition("\n")
        return head if last.strip() and not last.strip().strip("`~") else block
    if _TABLE_HEAD.match(block):  # rows are rows once the line below the head is there
        return ""
    head, newline, last = block.rpartition("\n")
    if newline and last.lstrip().startswith("|"):  # a row is a row once it has all its cells
        return head
    if _LINE_UNDECIDED.match(last):
        return head
    before = ""
    while last != before:
        before = last
        last = last[:-_TAIL] + _CLOSERS_AT_END.sub("", _TAIL_UNDECIDED.sub("", last[-_TAIL:]))
    return head + newline + last.rstrip() + _closers(last)


def _closers(line: str) -> str:
    """What closes the emphasis and code that a line leaves open, innermost first."""
    opened: list[str] = []
    for match in _DELIMITER.finditer(line):
        mark = match[0]
        if mark.startswith("\\"):
            continue
        if opened and opened[-1].startswith("`"):  # in code, nothing else counts
            if mark == opened[-1]:
                opened.pop()
            continue
        after = line[match.end() : match.end() + 1]
        if mark in opened and not line[: match.start()].endswith((" ", "\t")):
            del opened[opened.index(mark) :]
        elif after and not after.isspace() and mark not in opened:
            opened.append(mark)
    return "".join(reversed(opened))
