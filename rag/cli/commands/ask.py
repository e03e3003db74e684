"""`wenbao ask`."""

from __future__ import annotations

import click

from rag.cli.explained import answer_explanation_lines
from rag.cli.opening import opened
from rag.cli.options import Flags, check_text, filters_of, hit_options, settings_options
from rag.cli.output import citation_line, note, write, write_json


@click.command(short_help="Answer a question with citations.")
@click.argument("question", callback=check_text)
@hit_options
@click.option(
    "--answerer",
    type=click.Choice(["auto", "extractive", "llm"]),
    default="auto",
    show_default=True,
    help="Who answers; without a language model, that is extractive.",
)
@click.option("--explain", is_flag=True, help="Also say why: the figures behind it.")
@click.option("--json", "as_json", is_flag=True, help="Print what the API would reply.")
@settings_options
@click.pass_obj
def command(
    flags: Flags,
    question: str,
    top_k: int,
    sources: tuple[str, ...],
    places: tuple[str, ...],
    date_from: str | None,
    date_to: str | None,
    article_ids: tuple[str, ...],
    answerer: str,
    explain: bool,
    as_json: bool,
) -> None:
    """Answer QUESTION with citations.

    Each mark [1] of the answer stands for the passage of that number below it. When nothing in the corpus supports an
    answer, the answer says so.

    \b
    Examples:
      wenbao ask 哪些城市搭建了婚恋交友平台？
      wenbao ask --place 江苏 --json 有哪些新措施？
      wenbao ask --explain 谁参加了比赛？
    """
    filters = filters_of(sources, places, date_from, date_to, article_ids)
    with opened(flags.settings()) as library:
        answer = library.ask(
            question,
            top_k=top_k,
            filters=filters,
            answerer=answerer,  # type: ignore[arg-type]  # click.Choice
            explain=explain,
        )
    if as_json:
        from server.schemas import AskResponse

        write_json(AskResponse.from_answer(answer))
        return
    write("\n".join([answer.answer, *([""] if answer.citations else []), *map(citation_line, answer.citations)]))
    if answer.explanation is not None:
        titles = [hit.article.title for hit in answer.hits]
        write("\n".join(["", *answer_explanation_lines(answer.explanation, titles)]))
    for warning in answer.warnings:
        note(warning)
