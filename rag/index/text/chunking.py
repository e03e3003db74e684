"""Articles to chunks: runs of whole sentences of about one size, overlapping by sentence, never across articles.

A chunk is a contiguous range of `Article.text`. Headlines and bylines are part of it, so who reported and what the
headline claims can be found and cited; a headline is never left at the end of a chunk, away from what it heads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from rag.index.text.sentences import split_sentences
from rag.offsets import OffsetMap
from rag.types import Article, BlockRole, Chunk, Span

_HEADING = frozenset({BlockRole.KICKER, BlockRole.TITLE, BlockRole.BYLINE, BlockRole.SUBHEAD, BlockRole.BANNER})
_CLAUSE_ENDS = "，、：,:—"


@dataclass(frozen=True, slots=True)
class ChunkRules:
    """How articles are cut; all sizes in characters. docs/retrieval.md has the measurements behind the defaults."""

    version: int = 1
    """Part of every chunk's key: raised when the same article would be cut or put into context differently."""
    target: int = 200
    """A chunk is closed before the sentence that would take it past this."""
    overlap: int = 40
    """The next chunk starts with as many of the last sentences as fit in here; 0 for none."""
    longest_sentence: int = 200
    """Longer ones are cut at a comma, or hard where there is none."""
    shortest: int = 60
    """A last chunk with less new text than this joins the one before."""

    @property
    def label(self) -> str:
        """The rules in one word, for keys and the manifest."""
        return f"{self.version}:{self.target}:{self.overlap}:{self.longest_sentence}:{self.shortest}"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A sentence, or a part of one that is too long, and how it stands on the page."""

    start: int
    end: int
    heading: bool
    opens_block: bool


def chunk_article(article: Article, rules: ChunkRules | None = None) -> list[Chunk]:
    """Chunks of an article in reading order; together they cover its text. None for an article without text.

    `chunk_id` is derived from the content alone: equal chunks get equal ids here, and the generation they are put into
    numbers them.
    """
    rules = rules or ChunkRules()
    offsets = OffsetMap(article.runs, article.spans)
    context = context_of(article)
    chunks = []
    for start, end in _ranges(list(_pieces(article, rules)), rules):
        text = article.text[start:end]
        key = _key(context, text, rules)
        chunks.append(
            Chunk(
                chunk_id=key,
                article_id=article.article_id,
                start=start,
                end=end,
                text=text,
                spans=offsets.spans(start, end),
                context=context,
                key=key,
            )
        )
    return chunks


def context_of(article: Article) -> str:
    """What is put before a chunk for the index only: the headline and the place, where they are known."""
    return " ".join(part for part in (article.title, "".join(article.place)) if part)


def _key(context: str, text: str, rules: ChunkRules) -> str:
    """128 bits of a digest over what is indexed and the rules that cut it, in hexadecimal."""
    # No field can hold the separator: contexts and texts are without line breaks.
    return hashlib.sha256("\n".join((rules.label, context, text)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _pieces(article: Article, rules: ChunkRules) -> Iterator[_Piece]:
    """The sentences of every block in order; they tile the text."""
    for block in article.blocks:
        heading = block.role in _HEADING
        opens = True
        for start, end in split_sentences(article.text, block.start, block.end):
            for low, high in _bounded(article.text, start, end, rules.longest_sentence):
                yield _Piece(low, high, heading, opens)
                opens = False


def _bounded(text: str, start: int, end: int, limit: int) -> Iterator[Span]:
    """Parts of at most `limit` characters, cut after the last comma in the second half where there is one."""
    while end - start > limit:
        cut = max(text.rfind(mark, start + limit // 2, start + limit) for mark in _CLAUSE_ENDS) + 1
        cut = cut or start + limit
        yield start, cut
        start = cut
    if start < end:
        yield start, end


def _ranges(pieces: list[_Piece], rules: ChunkRules) -> Iterator[Span]:
    """Chunk ranges over the pieces: each starts after, or within the overlap of, the one before."""
    first, new = 0, 0
    while new < len(pieces):
        last = _close(pieces, first, new, rules)
        yield pieces[first].start, pieces[last].end
        new = last + 1
        if new < len(pieces):
            first = _reopen(pieces, first, last, rules)


def _close(pieces: list[_Piece], first: int, new: int, rules: ChunkRules) -> int:
    """The last piece of the chunk that starts at `first`; `new` is the first piece that no chunk holds yet."""
    begin = pieces[first].start
    last = new
    while last + 1 < len(pieces):
        following = pieces[last + 1]
        full = following.end - begin > rules.target
        # A paragraph's end is the better border, and one that an edit further up does not move.
        roomy = following.opens_block and not pieces[last].heading and pieces[last].end - begin > rules.target * 3 // 4
        bare = pieces[last].end - begin <= rules.target and all(piece.heading for piece in pieces[new : last + 1])
        if (full or roomy) and not bare and pieces[-1].end - pieces[last].end >= rules.shortest:
            break
        last += 1
    return _without_trailing_headings(pieces, new, last)


def _without_trailing_headings(pieces: list[_Piece], new: int, last: int) -> int:
    """Steps back over headings at the end of a chunk, so that they open the next one beside what they head."""
    if last + 1 == len(pieces):
        return last
    back = last
    while back > new and pieces[back].heading:
        back -= 1
    return last if pieces[back].heading else back


def _reopen(pieces: list[_Piece], first: int, last: int, rules: ChunkRules) -> int:
    """The first piece of the chunk after one that spans pieces `first` to `last`."""
    opening = last + 1
    if pieces[opening].opens_block:
        return opening
    while opening - 1 > first and pieces[last].end - pieces[opening - 1].start <= rules.overlap:
        opening -= 1
    return opening
