"""Articles as resources: `wenbao://articles/{article_id}`, listed page by page in corpus order."""

from __future__ import annotations

from urllib.parse import quote, unquote

from mcp.types import (
    ListResourcesResult,
    ListResourceTemplatesResult,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from rag.errors import NotFound
from rag.steering import one_line
from rag.types import Article
from server.mcp.rendering import article_text
from server.schemas import ArticleDetail
from server.state import State

PREFIX = "wenbao://articles/"
MEDIA_TYPE = "text/plain"
PAGE_SIZE = 100


def uri_of(article_id: str) -> str:
    """The address of an article; every character of the id that is not plain is quoted, slashes too."""
    return PREFIX + quote(article_id, safe="", errors="replace")


def templates() -> ListResourceTemplatesResult:
    """The one kind of resource that there is."""
    return ListResourceTemplatesResult(
        resource_templates=[
            ResourceTemplate(
                uri_template=PREFIX + "{article_id}",
                name="article",
                title="Newspaper article",
                description="One article: headline, byline, date, place, full text. Ids stand in hits and citations.",
                mime_type=MEDIA_TYPE,
            )
        ]
    )


def listed(state: State, cursor: str | None) -> ListResourcesResult:
    """A page of the articles.

    Raises:
        InputError: a cursor that no reply gave.
    """
    page = state.live.wait().articles(limit=PAGE_SIZE, cursor=cursor)
    return ListResourcesResult(resources=[_resource(article) for article in page.items], next_cursor=page.next_cursor)


def read(state: State, uri: str) -> ReadResourceResult:
    """The text of an article.

    Raises:
        NotFound: the address is none of ours, or no article has this id.
    """
    if not uri.startswith(PREFIX) or uri == PREFIX:
        raise NotFound(f"there is no resource {uri!r}", hint=f"Articles are at {PREFIX}ARTICLE_ID.")
    article = article_of(state, unquote(uri.removeprefix(PREFIX)))
    return ReadResourceResult(
        contents=[TextResourceContents(uri=uri, mime_type=MEDIA_TYPE, text=article_text(article))]
    )


def article_of(state: State, article_id: str) -> ArticleDetail:
    """An article by its id.

    Raises:
        NotFound: no article has this id; the hint is for one who has tools and no command line.
    """
    try:
        return ArticleDetail.from_article(state.live.wait().article(article_id))
    except NotFound as error:
        raise NotFound(error.message, hint="Call `search`: its hits have the ids of articles.") from error


def _resource(article: Article) -> Resource:
    known = (article.byline, article.date or "", "".join(article.place), article.source)
    return Resource(
        uri=uri_of(article.article_id),
        name=one_line(article.article_id),
        title=one_line(article.title) or None,
        description=one_line(" · ".join(part for part in known if part)),
        mime_type=MEDIA_TYPE,
    )
