"""wenbao against txtai, haystack, llama-index, LanceDB, sentence-transformers with FAISS, and rank-bm25.

    make bench-peers                                     # the built-in sample: a few minutes, small
    make bench-peers BENCH="--corpus passages.jsonl.gz --corpus news.jsonl.gz --questions questions.jsonl.gz"

Every library runs in processes of its own and is given the same passages; see bench/README.md. What is measured is kept
in the --work folder after each step: a run that was stopped goes on, and --again begins anew. Downloads nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.common import at_least_one, run
from bench.peers import material, report
from bench.peers.material import Wanted
from bench.peers.rows import OURS, ROWS
from bench.peers.runs import ROOT, Results, Runner
from rag.errors import InputError
from rag.settings import sample_path

WORK = ROOT / "build" / "peers"
PEERS_PYTHON = ROOT / ".venv-peers" / "bin" / "python"
APART = "<!-- What follows is measured by other commands, and stays when this page is written anew. -->"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, action="append", help="pages or records; may be repeated (the sample)")
    parser.add_argument("--questions", type=Path, help="lines with `question` and `article_ids` (the sample's)")
    parser.add_argument("--passages", type=at_least_one, default=10_000, help="take articles to so many (10000)")
    parser.add_argument("--small", type=at_least_one, default=200, help="the same for indexing throughput (200)")
    parser.add_argument("--limit", type=at_least_one, default=200, help="a fixed draw of so many questions (200)")
    parser.add_argument("--rows", nargs="+", choices=[row.key for row in ROWS], help="these only, and wenbao (all)")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for indexes and results (build/peers)")
    parser.add_argument("--again", action="store_true", help="forget what was measured; the handed-in vectors stay")
    parser.add_argument("--python", type=Path, default=PEERS_PYTHON, help="interpreter of the other libraries")
    parser.add_argument("--write", type=Path, metavar="PAGE.md", help="write the page, and its results as .json beside")
    parser.add_argument("--render", type=Path, metavar="RESULTS.json", help="measure nothing, render these results")
    parser.add_argument("--note", default="", help="a sentence for the top of the page")
    options = parser.parse_args(arguments)
    return run(lambda: measure(options))


def measure(options: argparse.Namespace) -> None:
    """Measures what is asked for, prints the tables and writes the page where one is asked for.

    Raises:
        InputError: the files cannot be read or do not fit together.
    """
    results = _kept(options.render) if options.render else _measured(options)
    if options.write:
        options.write.write_text(report.page(results, options.note) + _apart(options.write), encoding="utf-8")
        results.write(options.write.with_suffix(".json"))
    else:
        print(report.tables(results))


def _apart(page: Path) -> str:
    """What stands on the page as it is from the line `APART` on; empty where there is nothing."""
    _, apart, rest = page.read_text(encoding="utf-8").partition(APART) if page.exists() else ("", "", "")
    return f"\n{apart}{rest}" if apart else ""


def _measured(options: argparse.Namespace) -> Results:
    if bool(options.corpus) != bool(options.questions):
        raise InputError("--corpus and --questions belong together", hint="Give both, or neither for the sample.")
    wanted = Wanted(
        corpus=tuple(options.corpus or [sample_path()]),
        questions=options.questions or sample_path().parent / "questions.jsonl",
        passages=options.passages,
        small=options.small,
        limit=options.limit,
    )
    work: Path = options.work.resolve()
    if options.again:
        material.forget(work)
    sizes = material.prepare(wanted, work)
    chosen = [row for row in ROWS if not options.rows or row.key in {OURS, *options.rows}]
    if len(chosen) > 1 and not options.python.exists():
        raise InputError(
            f"there is no {options.python}", hint="`make bench-peers` installs the libraries; or --python."
        )
    # Absolute, but not resolved: a virtual environment's interpreter is a link, and is known by its place.
    return Runner(work, sizes, (Path(sys.executable), options.python.absolute())).measure(chosen)


def _kept(path: Path) -> Results:
    try:
        return Results.read(path)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"cannot read {path}: {error}", hint="Give the .json that --write put beside a page."
        ) from error


if __name__ == "__main__":
    raise SystemExit(main())
