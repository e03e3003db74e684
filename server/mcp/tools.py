"""The tools: `search`, `ask`, `read_article`, under the names and with the fields of the HTTP API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mcp.types import Tool, ToolAnnotations
from pydantic import BaseModel, Field, ValidationError

from rag.cancellation import Cancellation
from rag.errors import InputError
from rag.types import Turn
from server.asking import Inquiry, put
from server.guarding.limits import check_talk
from server.mcp.rendering import answer_text, article_text, search_text
from server.mcp.resources import article_of
from server.mcp.schemas import input_schema, output_schema
from server.routes.search import to_filters
from server.schemas import ArticleDetail, AskRequest, AskResponse, RequestModel, SearchRequest, SearchResponse
from server.state import State

Done = tuple[BaseModel, str]
"""The reply of a tool, and the same as text."""


class ArticleRequest(RequestModel):
    """Which article to read."""

    article_id: str = Field(
        max_length=1_000, description="The article's id, as hits, citations and the list of resources give it."
    )


@dataclass(frozen=True, slots=True)
class PaperTool:
    """One tool.

    Args:
        name: what it is called by.
        title: what it is shown as.
        description: when to use it, for a language model.
        request: the wire model of what it takes.
        fields: the fields of the request that it has, with what their schema says otherwise than over HTTP.
        reply: the wire model of what it gives.
        without: fields of the reply that are left out.
        run: does it, in a thread.
    """

    name: str
    title: str
    description: str
    request: type[RequestModel]
    fields: Mapping[str, Mapping[str, Any]]
    reply: type[BaseModel]
    without: frozenset[str]
    run: Callable[[State, Any, Cancellation], Done]

    def described(self) -> Tool:
        """The tool as the protocol lists it."""
        return Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=input_schema(self.request, self.fields),
            output_schema=output_schema(self.reply, self.without),
            annotations=ToolAnnotations(
                read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
            ),
        )

    def call(
        self, state: State, arguments: Mapping[str, Any], cancellation: Cancellation
    ) -> tuple[dict[str, Any], str]:
        """Runs the tool.

        Returns:
            The reply as JSON has it, and as text.

        Raises:
            InputError: an argument that cannot be used; the message names it.
            RagError: as the library and `LiveLibrary.wait` raise it.
        """
        reply, text = self.run(state, self._checked(arguments), cancellation)
        return reply.model_dump(mode="json", exclude=set(self.without)), text

    def _checked(self, arguments: Mapping[str, Any]) -> RequestModel:
        known = {name: value for name, value in arguments.items() if name in self.fields}
        wrong = [f"{name}: {self.name} takes no such argument" for name in arguments if name not in known]
        try:
            request = self.request.model_validate(known)
        except ValidationError as error:
            wrong += [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_url=False)]
        else:
            asked = next(iter(self.fields))  # what the tool is about stands first, and blanks ask for nothing
            if not getattr(request, asked):
                wrong.append(f"{asked}: it is empty")
            if not wrong:
                return request
        raise InputError("; ".join(wrong), hint="Call it again with arguments that fit its input schema.")


def _search(state: State, asked: SearchRequest, cancellation: Cancellation) -> Done:
    check_talk(state.settings, asked.query)
    library = state.live.wait()
    cancellation.check()
    found = library.search(asked.query, top_k=asked.top_k, mode=asked.mode, filters=to_filters(asked.filters))
    reply = SearchResponse.from_result(found)
    return reply, search_text(reply)


def _ask(state: State, asked: AskRequest, cancellation: Cancellation) -> Done:
    history = [Turn(turn.role, turn.content) for turn in asked.history]
    inquiry = Inquiry(asked.question, history, asked.top_k, to_filters(asked.filters), asked.answerer)
    reply = AskResponse.from_answer(put(inquiry, state, state.live.wait(), cancellation))
    return reply, answer_text(reply)


def _read_article(state: State, asked: ArticleRequest, _: Cancellation) -> Done:
    reply = article_of(state, asked.article_id)
    return reply, article_text(reply)


_EXPLANATION = frozenset({"explanation"})  # figures for tuning, thousands of characters that no model needs to read

TOOLS: Mapping[str, PaperTool] = {
    tool.name: tool
    for tool in (
        PaperTool(
            name="search",
            title="Search the paper",
            description="Finds the passages of Chinese newspaper articles that fit words or a question best, by "
            "meaning and by words. Use it to look around, or to gather material; use `ask` for one answer. Each hit "
            "has the article's id for `read_article`, and the place of its text in the source.",
            request=SearchRequest,
            fields={
                "query": {"description": "Words or a question, in Chinese or English.", "minLength": 1},
                "top_k": {},
                "mode": {},
                "filters": {},
            },
            reply=SearchResponse,
            without=_EXPLANATION,
            run=_search,
        ),
        PaperTool(
            name="ask",
            title="Ask the paper",
            description="Answers a question, in Chinese or English, from Chinese newspaper articles alone. Every "
            "sentence has a mark [n] that stands for a citation: the very characters of an article, with their place. "
            "`answered: false` means that the articles do not say; then do not answer from memory in their name. "
            "For a follow-up question give the conversation so far as `history`.",
            request=AskRequest,
            fields={
                "question": {"description": "The question, in Chinese or English.", "minLength": 1},
                "history": {},
                "top_k": {},
                "filters": {},
                "answerer": {},
            },
            reply=AskResponse,
            without=_EXPLANATION,
            run=_ask,
        ),
        PaperTool(
            name="read_article",
            title="Read an article",
            description="The full text of one article with headline, byline, date and place. Use it when a passage or "
            "a quote is not enough; `search` and `ask` give the ids.",
            request=ArticleRequest,
            fields={"article_id": {"minLength": 1}},
            reply=ArticleDetail,
            without=frozenset(),
            run=_read_article,
        ),
    )
}
