"""What every wire model is made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Mode = Literal["hybrid", "dense", "lexical"]
WireSpan = Annotated[tuple[int, int], Field(description="`[start, end)` in Unicode code points.")]
# JSON knows one kind of number, and JSON Schema takes 10.0 for an integer; so do requests, which are strict otherwise.
TakesWhole = BeforeValidator(lambda value: int(value) if isinstance(value, float) and value.is_integer() else value)
Whole = Annotated[int, TakesWhole]


class RequestModel(BaseModel):
    """A request body: unknown fields and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ReplyModel(BaseModel):
    """A reply, or a part of one. It is read off a domain type where the two have the same fields."""

    model_config = ConfigDict(frozen=True, from_attributes=True)
