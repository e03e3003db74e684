"""Trains the reader anew: the package's `reader.safetensors`, or another file.

    python -m rag.reader.training --questions QUESTIONS.jsonl[.gz] --passages PASSAGES.jsonl[.gz] --out FILE

A line of QUESTIONS has `question`, `article_ids` (the first is its passage) and `answers`; a line of PASSAGES `id`,
`title` and `text`. A fifth of the passages, drawn by the seed, is kept for tests and not read (`--held-out FILE` writes
their questions), a twelfth serves to measure after every epoch. Takes about 40 minutes on two idle cores. Stopped and
started again with the same `--work`, it goes on with the epoch that it was in. The same seed, data and number of
threads give the same weights.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.embedding import bundled
from rag.embedding.model import BUNDLED, open_embedder, prepare_model
from rag.embedding.pieces import PieceEncoder
from rag.embedding.source import quiet
from rag.errors import InputError, RagError
from rag.reader.pairs import MAX_TOKENS, PairEncoder
from rag.reader.training.examples import Examples, Known, Passage, make_passage
from rag.reader.training.fitting import Drawn, Fitting, Settings, drawn, load_reader, trained_tensors
from rag.reader.training.measuring import Figures, held_out, measure
from rag.reader.weights import Trained, save_trained

TESTED = 5
"""One passage in so many is kept for tests."""
MEASURED = 12
SIMILAR = 12
"""Nearest passages of each question from which unanswered examples are drawn."""


@dataclass(frozen=True, slots=True)
class Data:
    """The questions by what they serve, and all passages."""

    train: list[Known]
    measured: list[Known]
    tested: list[Known]
    passages: dict[str, Passage]


def main() -> int:
    """Trains as the command line says; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m rag.reader.training", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--passages", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="file to write the weights to")
    parser.add_argument("--held-out", type=Path, help="file to write the kept questions to, one a line")
    parser.add_argument("--work", type=Path, help="folder that keeps a training that is stopped")
    parser.add_argument("--about", default="", help="data and licence, in words; kept in the weights' file")
    for name, default in asdict(Settings()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    given = vars(parser.parse_args())
    try:
        _train(given, Settings(**{name: given[name] for name in asdict(Settings())}))
    except RagError as error:
        print(f"{error}\n{error.hint or ''}".strip(), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on with the epoch it was in, if --work was given", file=sys.stderr)
        return 130
    return 0


def _train(given: dict[str, Any], settings: Settings) -> None:
    data = _read(given["questions"], given["passages"], settings.seed)
    if given["held_out"]:
        lines = (
            json.dumps(
                {"question": known.question, "article_ids": [known.passage_id], "answers": known.answers},
                ensure_ascii=False,
            )
            for known in data.tested
        )
        given["held_out"].write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    pairs = PairEncoder(PieceEncoder(prepare_model(BUNDLED).folder, MAX_TOKENS))
    print(f"{len(data.train):,} questions, {len(data.measured)} to measure, {len(data.tested)} kept for tests")
    similar = _similar(data)
    examples = Examples(data.train, data.passages, similar)
    measured = held_out(Examples(data.measured, data.passages, similar), pairs, settings.seed)

    def draw(generator: random.Random) -> list[Drawn]:
        tokens = (drawn(example, pairs) for example in examples.epoch(generator))
        return [each for each in tokens if each is not None]

    with tempfile.TemporaryDirectory() as scratch, quiet():
        bundled.write_folder(bundled.unpack(bundled.read_checked(bundled.model_file())), Path(scratch))
        reader = load_reader(Path(scratch), settings)
    fitting = Fitting(reader, draw, settings)
    put_away = given["work"] / "training.pt" if given["work"] else None
    if put_away is not None:
        put_away.parent.mkdir(parents=True, exist_ok=True)
        if put_away.exists():
            fitting.restore(put_away)
    figures: Figures | None = None
    while fitting.done < settings.epochs:
        fitting.run_epoch(_progress())
        figures = measure(reader, measured)
        print(f"\repoch {fitting.done}: {_in_words(figures)}", flush=True)
        if put_away is not None:
            fitting.save(put_away)
    about = {
        "data": given["about"],
        "settings": asdict(settings),
        "measured": asdict(figures or measure(reader, measured)),  # an earlier run may have ended with the last epoch
    }
    save_trained(Trained(trained_tensors(reader, settings.trained_layers), about), given["out"])
    print(f"{given['out']}: {given['out'].stat().st_size:,} bytes")


def _read(questions: Path, passages: Path, seed: int) -> Data:
    by_id = {line["id"]: make_passage(line.get("title", ""), line["text"]) for line in _lines(passages)}
    known = [Known(line["question"], line["article_ids"][0], tuple(line["answers"])) for line in _lines(questions)]
    known = [each for each in known if each.passage_id in by_id]
    if not known:
        raise InputError(f"no question of {questions} has its passage in {passages}")
    names = sorted(by_id)
    random.Random(seed).shuffle(names)  # noqa: S311  # reproducible, and nothing is secret
    kept, later = len(names) // TESTED, len(names) // TESTED + len(names) // MEASURED
    tested, measured = set(names[:kept]), set(names[kept:later])
    return Data(
        train=[each for each in known if each.passage_id not in tested | measured],
        measured=[each for each in known if each.passage_id in measured],
        tested=[each for each in known if each.passage_id in tested],
        passages={name: passage for name, passage in by_id.items() if name not in tested},
    )


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise InputError(f"{path}, line {number}: {error}", hint="A line is one JSON object.") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error}") from error


def _similar(data: Data) -> Callable[[Known], Sequence[str]]:
    """The passages that the embedding model puts nearest to each question."""
    embedder = open_embedder(BUNDLED)
    names = sorted(data.passages)
    asked = [*data.train, *data.measured]
    passages = embedder.embed_passages([f"{data.passages[name].title}\n{data.passages[name].text}" for name in names])
    questions = embedder.embed_queries([known.question for known in asked])
    nearest = np.argsort(-(questions @ passages.T), axis=1, kind="stable")[:, :SIMILAR]
    found = {known: [names[row] for row in rows] for known, rows in zip(asked, nearest, strict=True)}
    return found.__getitem__


def _progress() -> Callable[[int, int, float], None]:
    began = time.monotonic()
    first: list[int] = []
    mean = 0.0

    def report(step: int, total: int, loss: float) -> None:
        nonlocal mean
        first.append(step)
        mean = loss if mean == 0 else 0.95 * mean + 0.05 * loss
        rate = (step - first[0] + 1) / max(time.monotonic() - began, 1e-9)
        left = (total - step) / rate
        line = f"training: step {step:,} of {total:,}, loss {mean:.3f}, {rate:.2f} steps/s, {left / 60:.0f} min left"
        print(f"\r{line:<80}", end="", file=sys.stderr, flush=True)

    return report


def _in_words(figures: Figures) -> str:
    apart = ", ".join(f"{way} {share:.3f}" for way, share in figures.told_apart.items())
    return (
        f"span {figures.exact:.3f}, sentence {figures.sentence:.3f}, told from unanswered ({apart}), "
        f"{figures.examples} examples"
    )


if __name__ == "__main__":
    raise SystemExit(main())
