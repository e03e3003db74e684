"""The domain types, one per stage, from corpus file to cited answer.

Offsets are Unicode code points everywhere. There are two coordinate systems and no third: *source* offsets point into
a page's text as decoded (newlines as in the file), *text* offsets point into `Article.text`. `rag.offsets` converts
between them and is the only place that does. This module imports nothing of ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rag.explanations import AnswerExplanation, SearchExplanation

Span = tuple[int, int]
"""Half-open `[start, end)` range of code points."""

Mode = Literal["hybrid", "dense", "lexical"]
AnswererName = Literal["auto", "extractive", "llm"]

LEAD = 80
"""Characters of an article that a list shows where it has no headline."""


@dataclass(frozen=True, slots=True)
class Page:
    """One unit of a corpus as read: a newspaper page, or one record of a JSONL file."""

    source: str
    """Path relative to the corpus, `/` between folders; a record: `path#id`."""
    text: str
    """The decoded text, newlines untouched."""
    record: RecordFields | None = None
    """Set for a record, whose text is one article as it stands; None for a page."""
    digest: str = ""
    """Of a record's line: equal lines give equal articles. Empty for a page."""
    layout: Layout | None = None
    """Set for a text that was taken out of a file of another form, and for one whose form says what is what."""


@dataclass(frozen=True, slots=True)
class RecordFields:
    """What a JSONL record says of itself beside its text."""

    article_id: str
    title: str = ""
    byline: str = ""
    date: str | None = None
    """ISO 8601 day, month or year."""
    place: tuple[str, ...] = ()
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """What the form of a file says of the text that was taken out of it."""

    sections: tuple[Section, ...] = ()
    """Its articles, which together hold every character that is not blank; empty: a newspaper page, to be split."""
    page_starts: tuple[int, ...] = ()
    """Source offset at which each printed page begins; empty where the file has no pages."""
    is_stored: bool = True
    """False where the text is the file itself, as decoded, and need not be kept."""


@dataclass(frozen=True, slots=True)
class Section:
    """A document, or a chapter of one: an article as the form of its file tells it."""

    start: int
    end: int
    """Source offsets."""
    title: str = ""
    byline: str = ""
    date: str | None = None
    """ISO 8601 day, month or year."""
    place: tuple[str, ...] = ()
    url: str | None = None
    article_id: str = ""
    """Where the file gives one; empty: made from source and title."""
    headings: tuple[Block, ...] = ()
    """The lines that are no body text, in reading order; *source* offsets of whole lines."""


class BlockRole(StrEnum):
    """What a piece of an article is on the page."""

    KICKER = "kicker"
    """A line above or below the headline that adds to it."""
    TITLE = "title"
    BYLINE = "byline"
    """A byline that stands on a line of its own; one that opens a paragraph is part of BODY."""
    SUBHEAD = "subhead"
    BODY = "body"
    BOX = "box"
    """A summary box such as 阅读提示, its heading included."""
    BANNER = "banner"
    """A column name such as 新闻特写 that belongs to the article below it."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, headline or the like: a range of `Article.text`. Blocks cover the text, in reading order."""

    role: BlockRole
    start: int
    end: int


class ArticleKind(StrEnum):
    """What kind of piece an article is."""

    NEWS = "news"
    FEATURE = "feature"
    BRIEF = "brief"
    CAPTION = "caption"
    BANNER = "banner"
    """A line of the page that belongs to no article."""
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Article:
    """One article of a page, or one record."""

    article_id: str
    source: str
    spans: tuple[Span, ...]
    """Source offsets in reading order; pieces that the layout tore apart follow each other here."""
    runs: tuple[Span, ...]
    """The parts of `spans` between line breaks: `text` is their concatenation, character for character."""
    text: str
    """The characters at `spans` with line breaks and the blanks around them taken out."""
    blocks: tuple[Block, ...]
    title: str = ""
    kicker: str = ""
    byline: str = ""
    place: tuple[str, ...] = ()
    """From province down to what is printed: ("江苏省", "无锡市", "惠山区"); empty where none is known."""
    date: str | None = None
    """ISO 8601 day, month or year ("2018-12-01", "2018-12", "2018") where the text gives one."""
    kind: ArticleKind = ArticleKind.NEWS
    url: str | None = None

    @property
    def chars(self) -> int:
        """Length of `text` in code points."""
        return len(self.text)

    @property
    def lead(self) -> str:
        """The first characters of `text`, for lists of articles of which some have no headline."""
        return self.text[:LEAD]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of whole sentences of one article: the unit that is embedded, indexed and retrieved."""

    chunk_id: str
    """Unique in a generation and derived from `key`, so it survives a move of its page."""
    article_id: str
    start: int
    end: int
    """`Article.text[start:end]` is `text`."""
    text: str
    spans: tuple[Span, ...]
    """Source offsets of `text`."""
    context: str
    """Headline and place put before `text` when it is embedded and indexed; never shown."""
    key: str
    """Digest of what is embedded (context and text) and the chunker version: the identity that vectors are kept by."""

    @property
    def indexed_text(self) -> str:
        """What the embedder and the keyword index read."""
        return f"{self.context}\n{self.text}" if self.context else self.text


@dataclass(frozen=True, slots=True)
class Filters:
    """Restrictions on what is searched; empty fields restrict nothing, fields combine with *and*."""

    sources: tuple[str, ...] = ()
    """Exact sources, or folders (`2024/` matches everything below)."""
    places: tuple[str, ...] = ()
    """Any of these places, at any level and in short form: 江苏 matches an article of 无锡市."""
    date_from: str | None = None
    date_to: str | None = None
    """ISO 8601 days, inclusive. Articles without a date do not match a date filter."""
    article_ids: tuple[str, ...] = ()

    @property
    def dated(self) -> bool:
        """True when they restrict dates."""
        return bool(self.date_from or self.date_to)

    def __bool__(self) -> bool:
        return bool(self.sources or self.places or self.date_from or self.date_to or self.article_ids)


@dataclass(frozen=True, slots=True)
class Ranks:
    """Where a chunk stood in each leg, counted from 1; None where the leg did not return it."""

    dense: int | None = None
    lexical: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved chunk with its article, ranked from 1."""

    rank: int
    chunk: Chunk
    article: Article
    score: float
    """Fused score in [0, 1], for ordering within one reply only."""
    ranks: Ranks
    others: tuple[Article, ...] = ()
    """Articles that print the same report, in corpus order."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search returns, and from which generation."""

    query: str
    mode: Mode
    hits: tuple[Hit, ...]
    generation: str
    took_ms: float
    explanation: SearchExplanation | None = None
    """The figures behind the hits, where they were asked for."""


@dataclass(frozen=True, slots=True)
class Citation:
    """The very characters that a mark `[n]` of an answer points at."""

    n: int
    article_id: str
    chunk_id: str
    title: str
    byline: str
    date: str | None
    source: str
    spans: tuple[Span, ...]
    quote: str
    """The characters at `spans`, line breaks and the blanks around them taken out."""
    page: int | None = None
    """The printed page that the quote begins on, counted from 1; None where the source has no pages."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of a conversation."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply to a question: cited, or an honest refusal."""

    question: str
    answered: bool
    """False exactly when nothing in the corpus supports an answer; then `citations` is empty."""
    answer: str
    """With marks `[n]` that match `citations[].n` both ways."""
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    standalone_question: str
    """The question with what the history adds: what was really looked up."""
    answerer: Literal["extractive", "llm"]
    generation: str
    took_ms: float
    warnings: tuple[str, ...] = ()
    explanation: AnswerExplanation | None = None
    """Why it was answered or refused, where that was asked for."""


@dataclass(frozen=True, slots=True)
class ArticleList:
    """One page of a listing."""

    items: tuple[Article, ...]
    next_cursor: str | None
    """None at the end."""
    total: int | None = None
    """Articles on all pages together; None where nobody has counted them."""


@dataclass(frozen=True, slots=True)
class SourceCount:
    """A folder or a file of the corpus, and how many articles it holds."""

    source: str
    """Ends in `/` where it is a folder. As a filter, it lets these articles through."""
    articles: int


@dataclass(frozen=True, slots=True)
class SourceList:
    """A page of one level of the corpus."""

    items: tuple[SourceCount, ...]
    next_cursor: str | None
    """None at the end."""


@dataclass(frozen=True, slots=True)
class PlaceCount:
    """A place, and how many articles are about it or a place within it."""

    place: tuple[str, ...]
    """From province down."""
    articles: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something of the corpus that was left out, and why, in words for the keeper of the corpus."""

    where: str
    """`path`, or `path:line`."""
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Sizes of an index."""

    sources: int = 0
    """Files that gave at least one article."""
    articles: int = 0
    chunks: int = 0
    characters: int = 0


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an index run did."""

    generation: str
    changed: bool
    """False when nothing in the corpus had changed and no new generation was made."""
    counts: Counts
    embedded: int
    """Chunks that had to be embedded."""
    kept: int
    """Chunks whose vectors were kept."""
    removed: int
    """Chunks of the previous generation that are gone."""
    skipped: tuple[Skipped, ...]
    seconds: float
    tokenized: int = 0
    """Chunks that had to be cut into words."""


@dataclass(frozen=True, slots=True)
class ArticleChange:
    """What an index run would do to one article."""

    kind: Literal["added", "changed", "moved", "removed"]
    article_id: str
    title: str
    source: str
    was: str = ""
    """Where a moved article stood before."""


@dataclass(frozen=True, slots=True)
class IndexPlan:
    """What an index run would do, without doing it."""

    changed: bool
    """False when there is nothing to do."""
    articles: tuple[ArticleChange, ...]
    """In corpus order, what goes last."""
    counts: Counts
    """What the index would hold."""
    embedded: int
    kept: int
    removed: int
    tokenized: int
    """Chunks that would have to be cut into words."""
    skipped: tuple[Skipped, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """The loaded generation."""

    generation: str
    created: str
    """ISO 8601, UTC."""
    counts: Counts
    model: str
    """Name of the embedding model."""
    model_fingerprint: str
    corpus: str
    """Where the corpus was read from."""
    is_sample: bool
    """True when the corpus is the built-in sample."""
    vectors: str
    skipped: tuple[Skipped, ...] = ()
    changes: GenerationChanges | None = None
    """What sets it apart from the one that was loaded before; None where none was."""


@dataclass(frozen=True, slots=True)
class GenerationChanges:
    """How many articles set a generation apart from an earlier one."""

    since: str
    """The earlier one."""
    added: int
    changed: int
    moved: int
    """Of the same headline and text in another place of the corpus."""
    removed: int


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of long work, for a progress line."""

    stage: str
    """A short English verb phrase: "reading", "embedding", …"""
    done: int
    total: int
    """0 when the total is not known yet."""
    rate: float = 0.0
    """Units per second so far."""
    seconds_left: float | None = None
    detail: str = field(default="")
