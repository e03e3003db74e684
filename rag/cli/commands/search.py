"""`wenbao search`."""

from __future__ import annotations

import click

from rag.cli.explained import search_explanation_lines
from rag.cli.opening import opened
from rag.cli.options import Flags, check_text, filters_of, hit_options, settings_options
from rag.cli.output import hit_lines, note, write, write_json


@click.command(short_help="Find the passages that fit a query best.")
@click.argument("query", callback=check_text)
@hit_options
@click.option(
    "--mode",
    type=click.Choice(["hybrid", "dense", "lexical"]),
    default="hybrid",
    show_default=True,
    help="By meaning (dense), by words (lexical) or both.",
)
@click.option("--explain", is_flag=True, help="Also say why: the figures behind it.")
@click.option("--json", "as_json", is_flag=True, help="Print what the API would reply.")
@settings_options
@click.pass_obj
def command(
    flags: Flags,
    query: str,
    top_k: int,
    sources: tuple[str, ...],
    places: tuple[str, ...],
    date_from: str | None,
    date_to: str | None,
    article_ids: tuple[str, ...],
    mode: str,
    explain: bool,
    as_json: bool,
) -> None:
    """Find the passages that fit QUERY best, each with its article and the rank that either leg gave it.

    \b
    Examples:
      wenbao search 婚恋交友平台
      wenbao search --mode lexical --top-k 3 技能培训
    """
    filters = filters_of(sources, places, date_from, date_to, article_ids)
    with opened(flags.settings()) as library:
        result = library.search(
            query,
            top_k=top_k,
            mode=mode,  # type: ignore[arg-type]  # click.Choice
            filters=filters,
            explain=explain,
        )
    if as_json:
        from server.schemas import SearchResponse

        write_json(SearchResponse.from_result(result))
        return
    if result.hits:
        write("\n".join(map(hit_lines, result.hits)))
    else:
        note("nothing was found")
    if result.explanation is not None:
        titles = [hit.article.title for hit in result.hits]
        write("\n".join(["", *search_explanation_lines(result.explanation, titles)]))
