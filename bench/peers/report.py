"""Results → tables and the page docs/benchmarks.md.

A ratio says how many times better wenbao is: above 1 it is ahead, below 1 behind. For rates and recall it is ours by
theirs, for seconds and memory theirs by ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.peers.rows import OURS, ROWS, Row
from bench.peers.runs import Results
from bench.peers.worker import PASSAGES_ASKED, UNTIMED

Step = dict[str, Any]
NOT_MEASURED = "–"


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of every row."""

    key: str
    title: str
    step: str
    value: Callable[[Step], float]
    form: str
    larger_is_better: bool


COLUMNS = (
    Column(
        "indexing", "indexing, passages/s", "indexing", lambda step: step["passages"] / step["seconds"], ".1f", True
    ),
    Column("edit", "after one edit, s", "edit", lambda step: step["seconds"], ".1f", False),
    Column("query", "query p50, ms", "query", lambda step: _percentile(step, 50), ".1f", False),
    Column("query_late", "p95, ms", "query", lambda step: _percentile(step, 95), ".1f", False),
    Column("recall_1", "recall@1", "query", lambda step: recall(step["ranks"], 1), ".3f", True),
    Column("recall_10", "recall@10", "query", lambda step: recall(step["ranks"], 10), ".3f", True),
    Column("memory", "peak memory, MB", "query", lambda step: step["peak_mb"], ",.0f", False),
    Column("cold", "cold start, s", "cold", lambda step: step["seconds"], ".1f", False),
)


def recall(ranks: Sequence[int | None], depth: int) -> float:
    """Share of the questions whose article stands among the first `depth`."""
    return float(np.mean([rank is not None and rank <= depth for rank in ranks]))


def tables(results: Results) -> str:
    """The figures, the ratios, and where wenbao is behind."""
    rows = [row for row in ROWS if row.key in results.rows]
    header = ["", *(column.title for column in COLUMNS)]
    ratio_header = ["wenbao against", *(column.title.partition(",")[0] for column in COLUMNS)]
    raw = [[row.label, *(_figure(results, row, column) for column in COLUMNS)] for row in rows]
    ratios = [
        [row.label, *(_ratio_cell(results, row, column) for column in COLUMNS)] for row in rows if row.key != OURS
    ]
    parts = [
        "## Ratios: how many times better wenbao is",
        _table(ratio_header, ratios),
        "Above 1 wenbao is ahead. Rates and recall: ours by theirs; seconds and memory: theirs by ours.",
        "## Figures",
        _table(header, raw),
        "## Where wenbao is behind",
        "\n".join(_losses(results, rows)) or "Nowhere in this run.",
    ]
    failed = [f"- {row.label}: {results.rows[row.key]['error']}" for row in rows if "error" in results.rows[row.key]]
    if failed:
        parts += ["## What could not be measured", "\n".join(failed)]
    return "\n\n".join(parts) + "\n"


def page(results: Results, note: str = "") -> str:
    """docs/benchmarks.md, with a remark at its top where there is one."""
    remark = [f"> {note}"] if note else []
    parts = [
        "# Benchmarks",
        *remark,
        _opening(results),
        tables(results).strip(),
        _method(),
        _settings(results),
        _REPEAT,
    ]
    return "\n\n".join(parts) + "\n"


def ratio(column: Column, ours: float, theirs: float) -> float:
    """How many times better ours is; infinite where theirs is nothing."""
    better, worse = (ours, theirs) if column.larger_is_better else (theirs, ours)
    return better / worse if worse else float("inf")


def _figure(results: Results, row: Row, column: Column) -> str:
    value = _value(results, row.key, column)
    return NOT_MEASURED if value is None else format(value, column.form)


def _ratio_cell(results: Results, row: Row, column: Column) -> str:
    found = _ratio(results, row, column)
    if found is None:
        return NOT_MEASURED
    # Two digits after the point, but three that say something where that would be none.
    told = f"{found:.2g}" if found < 0.095 else f"{found:.2f}" if found < 9.95 else f"{found:.0f}"
    return f"**{told}**" if found < 1 else told


def _ratio(results: Results, row: Row, column: Column) -> float | None:
    ours, theirs = _value(results, OURS, column), _value(results, row.key, column)
    return None if ours is None or theirs is None else ratio(column, ours, theirs)


def _value(results: Results, key: str, column: Column) -> float | None:
    step = results.rows.get(key, {}).get(column.step)
    return None if step is None else column.value(step)


def _losses(results: Results, rows: Sequence[Row]) -> list[str]:
    """A line for each figure in which another is ahead, with the reason."""
    lines = []
    for row in rows:
        for column in COLUMNS:
            found = _ratio(results, row, column)
            if row.key != OURS and found is not None and found < 1:
                reason = row.losses.get(column.key) or _chance(results, column)
                figures = f"{_figure(results, row, column)} against our {_figure(results, ROWS[0], column)}"
                lines.append(f"- {row.label}, {column.title.partition(',')[0]}: {figures}: {reason}.")
    return lines


def _chance(results: Results, column: Column) -> str:
    """What is to be said of a loss that no row foresees."""
    if column.key.startswith("recall"):
        share = _value(results, OURS, column) or 0.0
        error = (share * (1 - share) / results.sizes.questions) ** 0.5
        return f"the standard error of our share over these questions is {error:.3f}"
    return "no reason is known; times differ from run to run"


def _percentile(step: Step, percent: int) -> float:
    return float(np.percentile(1000 * np.asarray(step["seconds"]), percent))


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows))


def _opening(results: Results) -> str:
    sizes, machine = results.sizes, results.machine
    loads = [row["load"] for row in results.rows.values() if row.get("load") is not None]
    return f"""wenbao against what one would otherwise take for the job. This page is written by a command,
`python -m bench.peers`; the same figures lie in `benchmarks.json` beside it.

Measured {results.measured} on {machine["cores"]} cores of {machine["processor"]} ({machine["system"]}), no graphics
processor, in one run: {sizes.articles:,} articles, {sizes.passages:,} passages, {sizes.characters:,} characters;
{sizes.questions:,} questions; indexing throughput on {sizes.small:,} passages; the edited article has {sizes.edited}
passages. The system's load at the start of the rows was {min(loads, default=0):.1f} to {max(loads, default=0):.1f}, of
which the measurements themselves make about {machine["cores"]}; more is others' work, which blurs all times."""


def _method() -> str:
    return f"""## How it is measured

- **Texts.** All are given the same passages as text units: what wenbao embeds and indexes of its chunks, headline
  included. So the libraries differ in how they index and search, not in how they cut. {PASSAGES_ASKED} passages
  are fetched for a question; its rank is that of its article among theirs, each counted once at its best passage.
- **Model.** multilingual-e5-small, the bundled one, for all that embed: the others run it in float32 on torch, each in
  the way it has for that, with the model's prompts; wenbao runs it in int8 on ONNX Runtime.
- **Indexing** is timed on the small set with each library's own embedding, from texts to an index on disk, once its
  libraries and the model are loaded. For the large index the others are handed the passages' vectors, made once by
  sentence-transformers; wenbao embeds its own there as well. Questions are always embedded by the library itself.
- **After one edit**: a new process opens the index of the large set, puts the passages of one edited article in the
  place of the old ones, and keeps the result on disk. The others are told which article it is; wenbao is not. That the
  edit is found afterwards is checked.
- **Query**: from the question to ranked articles, one question at a time, after {UNTIMED} that do not count.
- **Peak memory**: of the process that opens the large index and answers all questions.
- **Cold start**: from starting a process to the hits of its first question; the quicker of two.
- Every step is a process of its own. Times come from one run on one machine: read ratios, none to its last digit."""


def _settings(results: Results) -> str:
    rows = [row for row in ROWS if row.key in results.rows]
    lines = [[row.label, _versions(results, row), row.setting, row.edit, _found(results, row)] for row in rows]
    python = next((found.get("python") for found in results.versions.values()), "")
    table = _table(["", "versions", "set up", "after an edit", "the edit is found at rank"], lines)
    return f"## How each is set up\n\nPython {python}.\n\n{table}"


def _versions(results: Results, row: Row) -> str:
    found = results.versions.get(row.key, {})
    return ", ".join(f"{name} {number}" for name, number in found.items() if name != "python")


def _found(results: Results, row: Row) -> str:
    step = results.rows[row.key].get("edit")
    return NOT_MEASURED if step is None else str(step["rank"] or "not among ten")


_REPEAT = """## To repeat it

```sh
make bench-peers                                             # on the built-in sample, a few minutes
make bench-peers BENCH="--corpus passages.jsonl.gz --corpus news.jsonl.gz --questions questions.jsonl.gz \\\\
    --write docs/benchmarks.md"                              # on a set of your own
```

The libraries are installed into `.venv-peers`, apart from wenbao, at the versions of `bench/peers/requirements.txt`.
A run that was stopped goes on where it was; `--again` begins anew. [bench/README.md](../bench/README.md) says more."""
