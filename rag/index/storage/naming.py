"""An article by what a reader calls it: its id, or its source where that is enough."""

from __future__ import annotations

from difflib import get_close_matches

from rag.errors import InputError, NotFound
from rag.index.storage.generation import Generation
from rag.types import Article

SUGGESTED = 5
"""Names that a message offers at most."""
_NEAR = 0.5
"""How alike two names must be for the one to be offered for the other, in [0, 1]."""


def find_article(generation: Generation, name: str) -> Article:
    """The article of this id, else the only one of this source.

    Raises:
        NotFound: neither; the hint names those that are called nearly so.
        InputError: the source has several articles; the hint names some of them.
    """
    try:
        return generation.article(name)
    except NotFound:
        names = generation.names()
    ids = [article_id for article_id, source in names if source == name]
    if len(ids) == 1:
        return generation.article(ids[0])
    if ids:
        raise InputError(
            f"{name} has {len(ids):,} articles, and it is not said which one is meant",
            hint=f"Give the id of one: {_offered(generation, ids)}.",
        )
    near = _near(generation, name, names)
    raise NotFound(
        f"there is no article {name!r}",
        hint=f"Called nearly so: {_offered(generation, near)}." if near else "`wenbao search --json` shows their ids.",
    )


def _near(generation: Generation, name: str, names: list[tuple[str, str]]) -> list[str]:
    """Ids of articles whose id or source holds the name, whose text holds it, or whose id or source is like it."""
    holding = [article_id for article_id, source in names if name in article_id or name in source]
    printing = [article.article_id for article in generation.list_articles(q=name, limit=SUGGESTED).items]
    called = {label: article_id for article_id, source in names for label in (article_id, source)}
    alike = [called[label] for label in get_close_matches(name, called, SUGGESTED, _NEAR)]
    return list(dict.fromkeys([*holding, *alike, *printing]))


def _offered(generation: Generation, ids: list[str]) -> str:
    shown = ids[:SUGGESTED]
    titles = [generation.article(article_id).title for article_id in shown]
    more = f" and {len(ids) - len(shown):,} more" if len(ids) > len(shown) else ""
    return ", ".join(f"{one} 《{title}》" if title else one for one, title in zip(shown, titles, strict=True)) + more
