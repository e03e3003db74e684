"""The trained reader: where a passage answers a question, and how likely it is that it does not."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from rag.embedding.onnx import available_cores, open_session
from rag.embedding.pieces import PieceEncoder
from rag.embedding.prepared import MODEL_FILE, PreparedModel
from rag.reader.pairs import MAX_TOKENS, Pair, PairEncoder
from rag.types import Span

LONGEST_ANSWER = 30
"""Tokens."""
NOWHERE = -20.0
"""The margin of a range in which no answer can start."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What the reader is shown for one question."""

    heading: str
    """The headline of what the passage is from; it is read, and never answers."""
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader makes of one passage."""

    pair: Pair = field(repr=False)
    starts: NDArray[np.float32] = field(repr=False)
    """(tokens,): how well an answer starts there; the first token stands for 'not here'."""
    ends: NDArray[np.float32] = field(repr=False)

    def answer_in(self, start: int, end: int) -> tuple[float, Span]:
        """The best answer that starts within some characters of the passage.

        Returns:
            Its margin, which is the log-odds of the answer against 'not here', and its characters; `NOWHERE` and an
            empty range where none can start.
        """
        first = self.pair.first
        inside = [at for at, (left, right) in enumerate(self.pair.ranges) if start <= left < right and left < end]
        best, span = NOWHERE, (start, start)
        nowhere = float(self.starts[0] + self.ends[0])
        for at in inside:
            stop = min(at + LONGEST_ANSWER, len(self.pair.ranges))
            ends = self.ends[first + at : first + stop]
            last = at + int(np.argmax(ends))
            margin = float(self.starts[first + at] + ends[last - at]) - nowhere
            if margin > best:
                best, span = margin, (self.pair.ranges[at][0], max(self.pair.ranges[last][1], self.pair.ranges[at][1]))
        return best, span


class Reader:
    """A prepared reader, loaded when it is first asked. Safe to use from several threads.

    Args:
        model: the prepared reader.
        threads: passages read at a time; None takes the cores this process may use.
    """

    def __init__(self, model: PreparedModel, threads: int | None = None) -> None:
        self.model = model
        self._threads = threads or available_cores()
        self._lock = threading.Lock()
        self._loaded: tuple[PairEncoder, onnxruntime.InferenceSession] | None = None

    def load(self) -> tuple[PairEncoder, onnxruntime.InferenceSession]:
        """The tokenizer and the session.

        Raises:
            ModelDamaged: a file of the model cannot be read.
        """
        with self._lock:
            if self._loaded is None:
                folder, mending = self.model.folder, self.model.mending
                pieces = PieceEncoder(folder, MAX_TOKENS, mending)
                self._loaded = PairEncoder(pieces), open_session(folder / MODEL_FILE, mending)
            return self._loaded

    def read(self, question: str, stretches: Sequence[Stretch]) -> list[Reading]:
        """Reads passages for a question, each alone; order kept."""
        pairs, session = self.load()

        def reading(stretch: Stretch) -> Reading:
            pair = pairs.encode(question, stretch.heading, stretch.text)
            scores = session.run(None, {"input_ids": np.array([pair.ids], dtype=np.int64)})[0][0]
            return Reading(pair, scores[:, 0], scores[:, 1])

        if len(stretches) < 2 or self._threads < 2:
            return [reading(stretch) for stretch in stretches]
        with ThreadPoolExecutor(min(self._threads, len(stretches)), thread_name_prefix="read") as pool:
            return list(pool.map(reading, stretches))
