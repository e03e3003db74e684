"""How well the support gate tells true sentences from false ones.

`bench/gate.jsonl` holds sentences as a language model would phrase them, written from the built-in sample: true ones,
and ones with a wrong number, name, place or date, or with something made up. Each is held against the passages of its
article as it would be in an answer: against each, then against two together.

    python -m bench.gate [--failures]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path

from bench.common import print_table, read_lines, run
from rag.answering.phrasing.gate import Gate
from rag.answering.phrasing.passages import Passage
from rag.answering.phrasing.prompt import make_passages
from rag.answering.phrasing.verdict import Verdict
from rag.embedding.base import Embedder
from rag.embedding.model import open_embedder
from rag.errors import InputError
from rag.index.building.builder import build_index
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.settings import Settings

SENTENCES = Path(__file__).with_suffix(".jsonl")
KINDS = ("number", "date", "place", "name", "unsupported")
"""What can be wrong with a sentence."""


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence of the set with what the gate says of it."""

    round: int
    sentence: str
    wrong: str
    """One of `KINDS`; empty for a true sentence."""
    verdict: Verdict

    @property
    def right(self) -> bool:
        return self.verdict.passed is not bool(self.wrong)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.gate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--failures", action="store_true", help="name the sentences that were judged wrongly")
    options = parser.parse_args(arguments)
    return run(lambda: measure(failures=options.failures))


def measure(*, failures: bool) -> None:
    """Indexes the sample, judges every sentence and prints how often that was right."""
    embedder = open_embedder("bundled")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(vectors=Path(folder) / "vectors")
        build_index(settings, embedder=embedder)
        generation = Store(settings.vectors).current()
        cases = list(judged(generation, embedder))
        generation.close()
    report(cases, failures=failures)


def report(cases: Sequence[Case], *, failures: bool) -> None:
    """Prints how many sentences of each kind were judged rightly, and which were not."""
    rounds = sorted({case.round for case in cases})
    print_table(
        ["sentences", *(f"round {number}" for number in rounds), "all"],
        [
            _row("true, let through", [case for case in cases if not case.wrong], rounds),
            *(
                _row(f"wrong {kind}, caught" if kind != KINDS[-1] else f"{kind}, caught", some, rounds)
                for kind in KINDS
                if (some := [case for case in cases if case.wrong == kind])
            ),
            _row("all that are wrong, caught", [case for case in cases if case.wrong], rounds),
        ],
    )
    for case in cases if failures else ():
        if not case.right:
            print(f"{'missed' if case.wrong else 'lost'}: {case.sentence}", *case.verdict.flaws)


def judged(generation: Generation, embedder: Embedder, path: Path = SENTENCES) -> Iterator[Case]:
    """The sentences of the set with their verdicts.

    Args:
        generation: an index of the built-in sample.

    Raises:
        InputError: a sentence is about an article that the index lacks.
    """
    gate = Gate(embedder)
    articles = {article.title: article for article in generation.articles()}
    passages: dict[str, list[Passage]] = {}
    for entry in read_lines(path):
        title = str(entry["title"])
        if title not in articles:
            raise InputError(f"{path}: no article {title!r} in the sample", hint="Give the title as it is printed.")
        if title not in passages:
            chunks = generation.chunks_of(articles[title].article_id)
            ranges = [(articles[title], chunk.start, chunk.end) for chunk in chunks]
            passages[title] = make_passages(ranges, budget=10_000)
        choices = chain(([one] for one in passages[title]), map(list, combinations(passages[title], 2)))
        verdict = gate.choose(str(entry["sentence"]), choices)
        yield Case(int(entry["round"]), str(entry["sentence"]), str(entry["wrong"]), verdict)


def _row(name: str, cases: Sequence[Case], rounds: Sequence[int]) -> list[str]:
    parts = [[case for case in cases if case.round == number] for number in rounds]
    return [name, *(f"{sum(case.right for case in some)} of {len(some)}" if some else "" for some in (*parts, cases))]


if __name__ == "__main__":
    raise SystemExit(main())
