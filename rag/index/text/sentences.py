"""Where sentences end in Chinese newspaper text: shared by the chunker, which never cuts one, and the answerer.

Sentences tile the range they are taken from: in order, without gaps or overlaps, so that what is quoted and what is
indexed can be told apart by offsets alone.
"""

from __future__ import annotations

import re

from rag.types import Span

# A title or an aside in brackets is stepped over whole, so 《去哪儿？》 ends no sentence; the bound keeps an
# unclosed bracket from swallowing the page.
_ASIDE = r"《[^《》]{1,60}》|（[^（）]{1,60}）|\([^()]{1,60}\)"
# Latin stops count only where no letter or digit follows (a URL, a decimal), ellipses only where the clause is over.
_STOP = r"[。！？｡]|；|…++(?![，、,：:等的])|[!?;](?![0-9A-Za-z])|\.(?=\s+[A-Z\u4e00-\u9fff])"
_CLOSING = r"[”’」』〞】》）\"')\]]"
_BOUNDARY = re.compile(rf"{_ASIDE}|(?P<end>(?:{_STOP})(?:{_STOP})*{_CLOSING}*\s*|\s{{2,}}|\u3000)")


def split_sentences(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """The sentences of `text[start:end]`, as ranges of `text` that tile it.

    A sentence ends after 。！？；… with the closing quotes and the blanks that follow, or at a gap of two blanks, by
    which print sets a caption off from the text beside it. White space alone is no sentence: it stays with the one
    before. Text without a stop is one sentence.
    """
    stop = len(text) if end is None else end
    sentences: list[Span] = []
    begin = start
    for match in _BOUNDARY.finditer(text, start, stop):
        if match["end"] is None:
            continue
        if text[begin : match.end()].isspace():
            if sentences:
                sentences[-1] = (sentences[-1][0], match.end())
                begin = match.end()
            continue
        sentences.append((begin, match.end()))
        begin = match.end()
    if begin < stop:
        if sentences and text[begin:stop].isspace():
            sentences[-1] = (sentences[-1][0], stop)
        else:
            sentences.append((begin, stop))
    return sentences
