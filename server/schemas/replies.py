"""Replies: passages, answers, articles, and the events of a streamed answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field

from server.schemas.base import Mode, ReplyModel, WireSpan
from server.schemas.explanations import AnswerExplanationOut, SearchExplanationOut

if TYPE_CHECKING:
    from rag.types import Answer, Article, ArticleList, Citation, Hit, SearchResult


class RanksOut(ReplyModel):
    """Where a passage stood in each leg, counted from 1."""

    dense: int | None = Field(description="Rank by meaning; null where that leg did not return it.")
    lexical: int | None = Field(description="Rank by words; null where that leg did not return it.")


class CopyOut(ReplyModel):
    """An article that prints the same report as the one that a hit is from."""

    article_id: str = Field(description="Id of the article, as in `GET /v1/articles/{article_id}`.")
    title: str = Field(description="Headline; empty where it has none.")
    byline: str = Field(description="As printed; empty where there is none.")
    date: str | None = Field(description="ISO 8601 day, month or year, where the text gives one.")
    source: str = Field(description="File, or `file#id` of a record.")


class HitOut(ReplyModel):
    """A passage that was found."""

    rank: int = Field(description="Counted from 1.")
    article_id: str = Field(description="The article that it is from.")
    chunk_id: str = Field(description="The passage.")
    title: str = Field(description="Headline of the article; empty where it has none.")
    byline: str = Field(description="As printed; empty where there is none.")
    place: tuple[str, ...] = Field(description="From province down to what is printed.")
    date: str | None = Field(description="ISO 8601 day, month or year, where the text gives one.")
    source: str = Field(description="File, or `file#id` of a record.")
    spans: tuple[WireSpan, ...] = Field(description="Where the passage stands in the source.")
    text: str = Field(description="The characters at `spans` without line breaks.")
    score: float = Field(description="In [0, 1], higher is better; for ordering within one reply only.")
    ranks: RanksOut = Field(description="Where it stood in each leg.")
    others: tuple[CopyOut, ...] = Field(
        default=(), description="Articles that print the same report, in corpus order, as far as the filters let them."
    )

    @classmethod
    def from_hit(cls, hit: Hit) -> Self:
        article, chunk = hit.article, hit.chunk
        return cls(
            rank=hit.rank,
            article_id=article.article_id,
            chunk_id=chunk.chunk_id,
            title=article.title,
            byline=article.byline,
            place=article.place,
            date=article.date,
            source=article.source,
            spans=chunk.spans,
            text=chunk.text,
            score=hit.score,
            ranks=RanksOut.model_validate(hit.ranks),
            others=tuple(CopyOut.model_validate(article) for article in hit.others),
        )


class CitationOut(ReplyModel):
    """The very characters that a mark `[n]` of the answer points at."""

    n: int = Field(description="The mark's number.")
    article_id: str = Field(description="Id of the article, as in `GET /v1/articles/{article_id}`.")
    chunk_id: str = Field(description="The passage that the quote stands in.")
    title: str = Field(description="Headline of the article; empty where it has none.")
    byline: str = Field(description="As printed; empty where there is none.")
    date: str | None = Field(description="ISO 8601 day, month or year, where the text gives one.")
    source: str = Field(description="File, or `file#id` of a record.")
    spans: tuple[WireSpan, ...] = Field(description="Where the quote stands in the source.")
    quote: str = Field(description="The characters at `spans` without line breaks.")
    page: int | None = Field(
        default=None,
        description="The printed page that the quote begins on, from 1, where the source has pages, as a PDF does.",
    )

    @classmethod
    def from_citation(cls, citation: Citation) -> Self:
        return cls.model_validate(citation)


class SearchResponse(ReplyModel):
    """What a search found."""

    query: str = Field(description="What was looked for.")
    mode: Mode = Field(description="How it was looked for.")
    generation: str = Field(description="The generation of the index that was searched.")
    took_ms: float = Field(description="Milliseconds that the search took.")
    hits: tuple[HitOut, ...] = Field(description="Best first.")
    explanation: SearchExplanationOut | None = Field(
        default=None, description="The figures behind the hits; null unless `explain` asked for them."
    )

    @classmethod
    def from_result(cls, result: SearchResult) -> Self:
        return cls(
            query=result.query,
            mode=result.mode,
            generation=result.generation,
            took_ms=result.took_ms,
            hits=tuple(HitOut.from_hit(hit) for hit in result.hits),
            explanation=SearchExplanationOut.from_explanation(result.explanation) if result.explanation else None,
        )


class AskResponse(ReplyModel):
    """A reply to a question: cited, or an honest refusal."""

    answered: bool = Field(description="False when nothing in the corpus supports an answer.")
    answer: str = Field(description="With marks `[n]` that match `citations[].n` both ways.")
    citations: tuple[CitationOut, ...] = Field(description="Empty when `answered` is false.")
    hits: tuple[HitOut, ...] = Field(description="What was found, best first; what came nearest where not answered.")
    standalone_question: str = Field(description="The question with what the history adds: what was looked up.")
    answerer: Literal["extractive", "llm"] = Field(description="Who wrote the answer.")
    generation: str = Field(description="The generation of the index that was searched.")
    took_ms: float = Field(description="Milliseconds from question to answer.")
    warnings: tuple[str, ...] = Field(description="What went less well than it should have, in words.")
    explanation: AnswerExplanationOut | None = Field(
        default=None, description="Why it was answered or refused; null unless `explain` asked for it."
    )

    @classmethod
    def from_answer(cls, answer: Answer) -> Self:
        return cls(
            answered=answer.answered,
            answer=answer.answer,
            citations=tuple(CitationOut.from_citation(citation) for citation in answer.citations),
            hits=tuple(HitOut.from_hit(hit) for hit in answer.hits),
            standalone_question=answer.standalone_question,
            answerer=answer.answerer,
            generation=answer.generation,
            took_ms=answer.took_ms,
            warnings=answer.warnings,
            explanation=AnswerExplanationOut.from_explanation(answer.explanation) if answer.explanation else None,
        )


class BlockOut(ReplyModel):
    """A paragraph, headline or the like. The blocks of an article cover its text, in order."""

    role: str = Field(description="kicker, title, byline, subhead, body, box or banner.")
    start: int = Field(description="Offset into the article's `text`.")
    end: int = Field(description="Offset into the article's `text`, exclusive.")


class ArticleOut(ReplyModel):
    """An article of the listing."""

    article_id: str = Field(description="Id of the article, as in `GET /v1/articles/{article_id}`.")
    title: str = Field(description="Headline; empty where there is none.")
    kicker: str = Field(description="The lines that add to the headline.")
    byline: str = Field(description="As printed; empty where there is none.")
    place: tuple[str, ...] = Field(description="From province down to what is printed.")
    date: str | None = Field(description="ISO 8601 day, month or year, where the text gives one.")
    kind: str = Field(description="news, feature, brief, caption, banner or record.")
    source: str = Field(description="File, or `file#id` of a record.")
    spans: tuple[WireSpan, ...] = Field(description="Where the article stands in the source, in reading order.")
    chars: int = Field(description="Length of its text.")
    lead: str = Field(default="", description="The first characters of its text, 80 at most.")

    @classmethod
    def from_article(cls, article: Article) -> Self:
        return cls.model_validate(article)


class ArticleDetail(ArticleOut):
    """An article with its text, and what a client needs to lay it out and to mark citations in it."""

    url: str | None = Field(description="Where a record says it is from.")
    text: str = Field(description="The characters at `spans` without line breaks.")
    runs: tuple[WireSpan, ...] = Field(description="Source offsets: `text` is the concatenation of these pieces.")
    blocks: tuple[BlockOut, ...] = Field(description="What each part of `text` is on the page.")


class ArticlesResponse(ReplyModel):
    """One page of the listing."""

    items: tuple[ArticleOut, ...] = Field(description="In corpus order.")
    next_cursor: str | None = Field(description="Ask for the next page with it; null at the end.")
    total: int | None = Field(default=None, description="Articles on all pages together.")

    @classmethod
    def from_list(cls, listing: ArticleList) -> Self:
        return cls.model_validate(listing)


class HitsEvent(ReplyModel):
    """`event: hits`: what was found, before the answer."""

    hits: tuple[HitOut, ...] = Field(description="Best first.")


class DeltaEvent(ReplyModel):
    """`event: delta`: the next piece of the answer. `event: citation` is a `CitationOut`, `event: done` an
    `AskResponse`, `event: error` a `Problem`."""

    text: str = Field(description="To be put behind what came before.")
