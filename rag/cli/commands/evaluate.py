"""`wenbao eval`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rag.cli.collections import collection_report
from rag.cli.figures import comparison_lines, report_lines
from rag.cli.opening import opened
from rag.cli.options import Flags, settings_options
from rag.cli.output import write, write_json
from rag.cli.progress import ProgressLine
from rag.errors import ExitCode, InputError

if TYPE_CHECKING:
    from rag.evaluation.measuring import Options
    from rag.evaluation.questions import QuestionFile
    from rag.evaluation.report import Report
    from rag.library import Library

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("eval", short_help="Measure answers and searches against a file of questions.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--ask", is_flag=True, help="Also ask the questions that name articles only.")
@click.option(
    "--mode",
    type=click.Choice(["hybrid", "dense", "lexical"]),
    default="hybrid",
    show_default=True,
    help="Of the searches: by meaning (dense), by words (lexical) or both; of a collection, each unless one is given.",
)
@click.option("--top-k", type=click.IntRange(1, 100), default=10, show_default=True, help="Passages beside an answer.")
@click.option(
    "--answerer",
    type=click.Choice(["auto", "extractive", "llm"]),
    default="auto",
    show_default=True,
    help="Who answers; without a language model, that is extractive.",
)
@click.option("--articles", type=_FILE, help="Known articles of the pages, for recall@k of asked questions.")
@click.option("--split", default="test", show_default=True, help="Which judgements of a collection: qrels/SPLIT.tsv.")
@click.option("--limit", type=click.IntRange(1), help="A draw of so many questions; all without it.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draw.")
@click.option("--save", type=_FILE, help="Keep the run in this file, to compare with later.")
@click.option("--baseline", type=_FILE, help="Compare with the run in this file, and fail if a figure fell.")
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    help="How far a figure may fall below the baseline.",
)
@click.option("--json", "as_json", is_flag=True, help="Print every figure and every question's marks.")
@settings_options
@click.pass_context
def command(
    context: click.Context,
    /,
    file: Path,
    split: str,
    limit: int | None,
    seed: int,
    save: Path | None,
    baseline: Path | None,
    tolerance: float,
    articles: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Put the questions of FILE to the index and print the figures by type of question.

    FILE is .jsonl or .jsonl.gz. A line with a "type" is asked, and the reply held against "answers" and "evidence"; a
    line with "article_ids" alone is searched. With --baseline, the exit status is 9 when a figure fell by more than the
    tolerance. Ctrl-C prints what was measured until then.

    FILE may also be a folder with a retrieval collection as BEIR and MTEB keep them (corpus.jsonl, queries.jsonl,
    qrels/test.tsv). Its documents are indexed by themselves, once, below the cache folder, and its queries are searched
    in each mode; your own index is not touched.

    \b
    Examples:
      wenbao eval questions.jsonl --save before.json
      wenbao eval questions.jsonl --baseline before.json
      wenbao eval scifact --limit 100
    """
    from rag.evaluation.comparison import ComparedReport, compare
    from rag.evaluation.measuring import Options
    from rag.evaluation.questions import read_questions
    from rag.evaluation.report import read_report, save_report

    flags = context.ensure_object(Flags)
    # Whatever cannot be read or written is told before minutes are spent on asking.
    before = read_report(baseline) if baseline else None
    if save is not None and not save.absolute().parent.is_dir():
        raise InputError(f"there is no folder {save.absolute().parent} to save in", hint="Make it, or name another.")
    if file.is_dir():
        _refuse_given(context, "ask", "top_k", "answerer", "articles")
        modes = [options["mode"]] if _is_given(context, "mode") else None
        report = collection_report(file, split, modes, (limit, seed), flags)
    else:
        _refuse_given(context, "split", where="a file of questions")
        questions = read_questions(file)
        with opened(flags.settings()) as library:
            report = _measured(library, questions, Options(**options), (limit, seed), articles)
    comparison = compare(before, report, tolerance) if before and report.outcomes and not report.interrupted else None
    if save is not None and not report.interrupted:
        save_report(report, save)
    if as_json:
        write_json(ComparedReport.of(report, comparison))
    else:
        write("\n".join([*report_lines(report), *(comparison_lines(comparison) if comparison else [])]))
    if report.interrupted:
        flags.on_interrupt = "the figures are those of the questions asked until then; nothing was saved or compared"
        raise KeyboardInterrupt
    if comparison is not None and comparison.fallen:
        context.exit(ExitCode.REGRESSION)


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _refuse_given(context: click.Context, *names: str, where: str = "a collection") -> None:
    """Lets none of these options through, which say nothing about what is measured."""
    given = [f"--{name.replace('_', '-')}" for name in names if _is_given(context, name)]
    if given:
        raise InputError(f"{' and '.join(given)} cannot be had with {where}", hint="Leave it out.")


def _measured(
    library: Library,
    questions: QuestionFile,
    options: Options,
    draw: tuple[int | None, int],
    articles: Path | None,
) -> Report:
    """Asks the questions and reports, of an interrupted run what it got to.

    Args:
        draw: how many questions, None for all, and the seed of the draw.

    Raises:
        InputError: not one question could be measured.
    """
    from rag import __version__
    from rag.evaluation.measuring import Measurement
    from rag.evaluation.report import Measured, Report
    from rag.evaluation.sources import GoldArticles, Sources
    from rag.settings import sample_path

    index = library.status()
    sources = Sources(sample_path() if index.is_sample else Path(index.corpus))
    measurement = Measurement(library, sources, options, GoldArticles.read(articles) if articles else None)
    began, interrupted = time.monotonic(), False
    with ProgressLine() as line:
        try:
            measurement.run(questions.draw(*draw), line)
        except KeyboardInterrupt:
            interrupted = True
    if not measurement.outcomes and not interrupted:
        raise InputError(
            f"not one question of {questions.name} fits this index: {measurement.skipped[0].where}: "
            f"{measurement.skipped[0].reason}",
            hint=f"The index was built from {index.corpus}; `--vectors` names another.",
        )
    return Report(
        wenbao=__version__,
        file=questions.name,
        digest=questions.digest,
        limit=draw[0],
        seed=draw[1],
        options=options,
        index=Measured.model_validate(index),
        seconds=time.monotonic() - began,
        interrupted=interrupted,
        outcomes=tuple(measurement.outcomes),
        skipped=(*questions.skipped, *measurement.skipped),
    )
