"""A model's reply → sentences with the marks that they carry, whatever shape the marks and the text came in."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.index.text.sentences import split_sentences

_MARKS = re.compile(
    r"\s*(?:[\[［【]\s*\^?\s*(?:资料|来源|文献|出处|参考|source|passage|doc(?:ument)?)?\s*#?\s*"
    r"(\d{1,3}(?:\s*[,，、;；\-–]\s*\^?\d{1,3})*)\s*[\]］】](?!\())",
    re.IGNORECASE,
)
_HOLD, _RELEASE = "\ue000", "\ue001"
"""Private characters that stand around a mark while sentences are cut."""
_HELD = re.compile(rf"{_HOLD}([\d,]+){_RELEASE}")
_LATE = re.compile(rf"([。！？!?；;]+[”’」』]?|(?<=\D)\.|(?<=\d)\.(?=\s|{_HOLD}))\s*((?:{_HOLD}[\d,]+{_RELEASE})+)")
_FENCE = re.compile(r"^\s*```\w*\s*$", re.MULTILINE)
_BULLET = re.compile(r"^\s*(?:[-*•·]\s+|#{1,6}\s+|>\s*|\d{1,2}[.)、．]\s*(?!\d))")
_EMPHASIS = re.compile(r"\*\*|__|(?<![*\w])\*(?=\S)|(?<=\S)\*(?![*\w])|`")
_DECLINES = re.compile(
    r"(?:资料|材料|文中|报道|原文|上述|所给|提供的).{0,14}(?:没有|未|并未|无)(?:明确|具体|直接|有)?(?:提到|提及|说明|包含|给出|涉及|记载|相关|提供|找到)|"
    r"无法(?:从|根据|回答|确定|得知|得出|判断)|没有(?:找到)?(?:相关|足够)(?:的)?(?:信息|内容|资料)|"
    r"(?:do(?:es)? not|don't|doesn't|did not|no) (?:say|mention|contain|provide|state|specify|information|answer)|cannot (?:be )?(?:answer|determine)|not mentioned",
    re.IGNORECASE,
)

_SAYS_NOTHING = re.compile(
    r"(?:根据|依据|按照|综合|参考|以上|上述|综上|希望|如果|如有|如需|注|来源|出处|答案?|回答)[^，,。！!]{0,14}"
    r"(?:资料|描述|信息|内容|回答|帮助|疑问|所述|需要|如下|答案?)(?:中|里|上|的|整理|描述|内容|信息|回答|说明|得出|如下|以上){0,6}[。！!：:]?|"
    r"(?:I hope|Hope|Here is|Here are|Based on|According to|Source)[^,.]{0,40}[.:!]?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of a reply."""

    text: str
    """Without marks and without the dress of Markdown."""
    marks: tuple[int, ...]
    """Numbers of the passages that it points at, each once, in order; they may be of no passage."""
    opens_line: bool
    """Whether a line of the reply starts with it."""

    @property
    def declines(self) -> bool:
        """True when it says that the passages do not answer."""
        return bool(_DECLINES.search(self.text))


def read_reply(text: str, *, cut: bool = False) -> list[Statement]:
    """The sentences of a reply, in order; those that only talk about the reply (根据以上资料的描述。) are left out.

    Args:
        cut: the reply ran out of room, so a last sentence without a full stop is left out.
    """
    found: list[Statement] = []
    for line in _FENCE.sub("", text).splitlines():
        plain = _EMPHASIS.sub("", _BULLET.sub("", line)).strip()
        held = _MARKS.sub(lambda match: f"{_HOLD}{_numbers(match[1])}{_RELEASE}", plain)
        held = _LATE.sub(r"\2\1", held)
        opens = True
        for start, end in split_sentences(held):
            piece = held[start:end]
            words = _HELD.sub("", piece).strip()
            if not re.search(r"\w", words) or (_SAYS_NOTHING.fullmatch(words) and not re.search(r"\d", words)):
                continue
            marks = [int(number) for group in _HELD.findall(piece) for number in group.split(",")]
            found.append(Statement(words, tuple(dict.fromkeys(marks)), opens))
            opens = False
    if cut and found and not re.search(r"[。！？!?.…；;”）)]$", found[-1].text):
        found.pop()
    return found


def _numbers(group: str) -> str:
    """ "1, 3" as it stands, "2-4" written out."""
    numbers: list[int] = []
    for part in re.split(r"\s*[,，、;；]\s*", group.replace("^", "")):
        ends = [int(number) for number in re.split(r"\s*[-–]\s*", part)]
        numbers += range(ends[0], min(ends[-1], ends[0] + 8) + 1)
    return ",".join(map(str, numbers))
