"""`wenbao why`."""

from __future__ import annotations

import click

from rag.cli.explained import standing_lines
from rag.cli.opening import opened
from rag.cli.options import Flags, check_text, filter_options, filters_of, settings_options
from rag.cli.output import write, write_json


@click.command(short_help="Say why an article is, or is not, in the answer to a question.")
@click.argument("article", callback=check_text)
@click.argument("question", callback=check_text)
@filter_options
@click.option("--json", "as_json", is_flag=True, help="Print every figure.")
@settings_options
@click.pass_obj
def command(
    flags: Flags,
    article: str,
    question: str,
    sources: tuple[str, ...],
    places: tuple[str, ...],
    date_from: str | None,
    date_to: str | None,
    article_ids: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say where ARTICLE stood when QUESTION was asked, and what kept it out of the answer.

    ARTICLE is its id, which `wenbao search --json` shows, or its file where the file holds no other.

    \b
    Examples:
      wenbao why 3f2a9c41d07b 哪些城市搭建了婚恋交友平台？
      wenbao why news.jsonl#n17 --place 江苏 有哪些新措施？
    """
    filters = filters_of(sources, places, date_from, date_to, article_ids)
    with opened(flags.settings()) as library:
        standing = library.why(article, question, filters=filters)
    if as_json:
        from server.schemas import ArticleStandingOut

        write_json(ArticleStandingOut.from_standing(standing))
    else:
        write("\n".join(standing_lines(standing)))
