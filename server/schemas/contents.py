"""What the corpus holds, counted: its folders and files, and the places that its articles are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field

from server.schemas.base import ReplyModel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rag.types import PlaceCount, SourceList


class SourceOut(ReplyModel):
    """A folder or a file of the corpus."""

    source: str = Field(description="Its path, ending in `/` where it is a folder. As a filter, it takes all below it.")
    articles: int = Field(description="Articles in it.")


class SourcesResponse(ReplyModel):
    """A page of one level of the corpus."""

    items: tuple[SourceOut, ...] = Field(description="Folders first, each kind by name.")
    next_cursor: str | None = Field(description="Ask for the next page with it; null at the end.")

    @classmethod
    def from_list(cls, listing: SourceList) -> Self:
        return cls.model_validate(listing)


class PlaceOut(ReplyModel):
    """A place that articles are about."""

    place: tuple[str, ...] = Field(description="From province down; the last part is its name.")
    articles: int = Field(description="Articles about it or a place within it.")


class PlacesResponse(ReplyModel):
    """Places that articles are about."""

    items: tuple[PlaceOut, ...] = Field(description="Those of most articles first.")

    @classmethod
    def from_counts(cls, counts: Iterable[PlaceCount]) -> Self:
        return cls(items=tuple(PlaceOut.model_validate(count) for count in counts))
