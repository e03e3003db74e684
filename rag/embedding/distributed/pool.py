"""Workers on the nodes of a cluster, and who of them has which batch.

A worker has a few batches at a time, so that memory and the network hold what is being worked on and no more. What a
lost worker had is handed out again, and another worker takes its place while its node is worth the trouble. Nodes that
join later get workers, too.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from textwrap import shorten
from typing import Any

import numpy as np

from rag import __version__
from rag.embedding.base import Embedder, Vectors
from rag.embedding.distributed.cluster import Cluster, Node
from rag.embedding.distributed.worker import PROBES, Opened, Wanted, Worker, files_of
from rag.embedding.prepared import PreparedModel
from rag.errors import ClusterError, ModelError, RagError

THREADS = 4
"""Texts a worker embeds at a time at most, a core each. A worker takes some 200 MB, so there is not one for each core;
and beyond a few threads they wait for Python's lock."""
AHEAD = 2
"""Batches that a worker has: one in work, one that is there when that is done."""
TRIES = 4
"""How often a batch is handed out; who loses so many workers is taken for the reason."""
STRIKES = 3
"""Workers that a node may lose in a row, or fail to start, before it gets no more."""
AGREEMENT = 0.99
"""Cosine that a node's vectors must reach with those made here: what a prepared model must reach with its source."""
_REASON = 160
"""Characters of Ray's reasons that are shown; they go on with guesses."""
_LOOK_S = 2.0
"""How often the nodes are looked at."""
_PATIENCE_S = 30.0
"""How long nothing is said of workers for which there is no room yet."""


@dataclass
class _Batch:
    """Texts on their way to becoming vectors."""

    number: int
    texts: Sequence[str]
    tries: int = 0


@dataclass
class _Crew:
    """A worker, as it looks from here."""

    handle: Any
    node: Node
    threads: int
    opening: Any
    """The reference to what it says about the model; None once it can embed."""
    pid: int = 0
    """Of its process, once it can embed."""
    received: bool = False
    """True once the model was sent to it."""
    batches: dict[Any, _Batch] = field(default_factory=dict)
    """What it has, by the reference to the result."""


class WorkerPool:
    """Embeds batches on a cluster.

    Args:
        cluster: joined already.
        model: what the workers must have.
        here: the same model on this machine, whose vectors those of the nodes are compared with.
        tell: told of what goes wrong and is put right.
    """

    def __init__(self, cluster: Cluster, model: PreparedModel, here: Embedder, tell: Callable[[str], None]) -> None:
        self._cluster, self._ray, self._model, self._here, self._tell = cluster, cluster.ray, model, here, tell
        self._wanted = Wanted.of(model)
        self._remote = self._ray.remote(Worker)
        self._crews: list[_Crew] = []
        self._strikes: Counter[str] = Counter()
        self._reasons: dict[str, str] = {}
        self._told: set[str] = set()
        self._again: deque[_Batch] = deque()
        self._looked = 0.0
        self._began = time.monotonic()

    @property
    def ready(self) -> bool:
        """Whether a worker can embed."""
        return any(crew.opening is None for crew in self._crews)

    @property
    def processes(self) -> list[tuple[Node, int]]:
        """The node and the process id of each worker that can embed."""
        return [(crew.node, crew.pid) for crew in self._crews if crew.opening is None]

    def staff(self) -> None:
        """Starts the workers that the nodes have room for and that are not there yet.

        Raises:
            ClusterError: no node has a processor to hand out, or all have lost or refused too many workers.
        """
        self._looked = time.monotonic()
        nodes = self._cluster.nodes()
        usable = [node for node in nodes if self._strikes[node.node_id] < STRIKES]
        if not usable:
            raise self._unusable(nodes)
        for node in usable:
            there = Counter(crew.threads for crew in self._crews if crew.node.node_id == node.node_id)
            for threads in (_shares(node.cores) - there).elements():
                self._crews.append(self._started(node, threads))

    def run(self, batches: Iterable[Sequence[str]]) -> Iterator[tuple[int, Vectors]]:
        """The vectors of the batches, (n, d) each, with the batch's number, as they are done.

        Batches are drawn when there is a worker for them; they may be as many as there like to be.

        Raises:
            ClusterError: the cluster is gone, or none of its nodes can embed.
            ModelError: the model cannot be used, or a batch ends every worker that gets it.
        """
        source = enumerate(batches)
        while True:
            self._hand_out(source)
            if not any(crew.batches for crew in self._crews) and not self._again and self.ready:
                return
            yield from self._done()
            if time.monotonic() - self._looked >= _LOOK_S:
                self.staff()

    def close(self) -> None:
        """Ends all workers."""
        try:
            for crew in self._crews:
                self._end(crew)
        except (OSError, RuntimeError):
            self._tell("the cluster is not there any more to end its workers; Ray does that when it misses us")
        self._crews.clear()

    def _started(self, node: Node, threads: int) -> _Crew:
        strategies: Any = import_module("ray.util.scheduling_strategies")
        handle = self._remote.options(
            num_cpus=threads,
            max_restarts=0,  # a node that is gone takes its workers with it; ours are started where there is room
            scheduling_strategy=strategies.NodeAffinitySchedulingStrategy(node.node_id, soft=False),
        ).remote(self._wanted, threads)
        return _Crew(handle, node, threads, handle.open.remote())

    def _hand_out(self, source: Iterator[tuple[int, Sequence[str]]]) -> None:
        """Gives every worker that can embed a batch, then those that want more another."""
        for having in range(AHEAD):
            for crew in self._crews:
                if crew.opening is not None or len(crew.batches) > having:
                    continue
                batch = self._again.popleft() if self._again else next((_Batch(*one) for one in source), None)
                if batch is None:
                    return
                batch.tries += 1
                crew.batches[crew.handle.embed.remote(batch.texts)] = batch

    def _done(self) -> Iterator[tuple[int, Vectors]]:
        """Waits for something to be done, for a while, and gives what was embedded."""
        owners = {crew.opening: crew for crew in self._crews if crew.opening is not None}
        owners.update({reference: crew for crew in self._crews for reference in crew.batches})
        if not owners:  # the last worker was lost
            self.staff()
            return
        ready, _ = self._ray.wait(list(owners), num_returns=1, timeout=_LOOK_S)
        if not ready:
            self._tell_waiting()
        for reference in ready:
            crew = owners[reference]
            if crew not in self._crews:
                continue
            if reference == crew.opening:
                self._welcome(crew)
            else:
                result = self._result(crew, reference)
                batch = crew.batches.pop(reference, None)
                if result is not None and batch is not None:
                    self._strikes[crew.node.node_id] = 0
                    yield batch.number, result

    def _result(self, crew: _Crew, reference: Any) -> Any:
        """What a call has given; None where its worker was lost with it.

        Raises:
            RagError: what the worker raised on purpose.
            ModelError: what it raised otherwise.
        """
        exceptions = self._ray.exceptions
        try:
            return self._ray.get(reference)
        except exceptions.RayTaskError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, RagError):
                raise type(cause)(f"on the node {crew.node}: {cause.message}", hint=cause.hint) from error
            raise ModelError(
                f"embedding failed on the node {crew.node}: {cause or error}",
                hint="Without --ray the run shows whether the texts or the node are the reason.",
            ) from error
        except exceptions.RayError as error:
            self._lose(crew, _reason(error))
            return None

    def _welcome(self, crew: _Crew) -> None:
        """Takes a worker in that has said whether it has the model, or sends it the model."""
        try:
            opened: Opened | None = self._result(crew, crew.opening)
        except RagError as error:
            self._refuse(crew.node, f"{error.message}{f' ({error.hint})' if error.hint else ''}")
            return
        if crew not in self._crews:
            return
        if opened is None and crew.received:
            self._refuse(crew.node, "what it was sent is not the model")
        elif opened is None:
            size = sum(path.stat().st_size for path in files_of(self._model)) / 1e6
            self._say(f"the node {crew.node} does not have the model {self._model.name}; it is sent {size:.0f} MB")
            crew.received = True
            crew.opening = crew.handle.receive.remote(self._sent)
        elif reason := self._disagreement(crew.node, opened):
            self._refuse(crew.node, reason)
        else:
            crew.opening, crew.pid = None, opened.pid

    @cached_property
    def _sent(self) -> dict[str, Any]:
        """References to the model's files in Ray's object store, put there when the first node needs them."""
        return {path.name: self._ray.put(np.fromfile(path, np.uint8)) for path in files_of(self._model)}

    def _disagreement(self, node: Node, opened: Opened) -> str:
        """Why a node cannot be used; empty where it can. That it differs in the last digits only is told."""
        if opened.version != __version__:
            return f"it has wenbao {opened.version}, and this machine {__version__}"
        worst = float((opened.probes * self._here_probes).sum(axis=1).min())
        if worst < AGREEMENT:
            return f"its vectors are others: cosine {worst:.4f} with those made here"
        if not np.array_equal(opened.probes, self._here_probes):
            self._say(
                f"the node {node} has another processor or ONNX Runtime: its vectors differ from those made "
                f"here in the last digits (cosine {worst:.6f})"
            )
        return ""

    @cached_property
    def _here_probes(self) -> Vectors:
        return self._here.embed_passages(PROBES)

    def _lose(self, crew: _Crew, reason: str) -> None:
        """Takes a worker off the list that is gone, and what it had back."""
        self._end(crew)
        self._crews.remove(crew)
        self._strikes[crew.node.node_id] += 1
        self._reasons[crew.node.node_id] = reason
        again = list(crew.batches.values())  # in the order in which it worked on them
        crew.batches.clear()
        for waiting in again[1:]:
            waiting.tries -= 1
        self._again.extendleft(reversed(again))
        redone = f"; what it had, {sum(len(one.texts) for one in again)} passages, is done again" if again else ""
        self._tell(f"a worker on the node {crew.node} was lost: {reason}{redone}")
        for batch in again[:1]:
            if batch.tries >= TRIES:
                raise ModelError(
                    f"{TRIES} workers were lost over the same {len(batch.texts)} passages, "
                    f"the last on the node {crew.node}: {reason}",
                    hint="Perhaps the nodes are short of memory. What else was embedded is kept.",
                )

    def _refuse(self, node: Node, reason: str) -> None:
        """Does without a node that cannot embed."""
        self._say(f"the node {node} is left out: {reason}")
        self._strikes[node.node_id] = STRIKES
        self._reasons[node.node_id] = reason
        for crew in [one for one in self._crews if one.node.node_id == node.node_id]:
            self._end(crew)
            self._crews.remove(crew)
            self._again.extend(crew.batches.values())
        self.staff()

    def _end(self, crew: _Crew) -> None:
        self._ray.kill(crew.handle, no_restart=True)

    def _say(self, message: str) -> None:
        """Tells something once, however many workers of a node it concerns."""
        if message not in self._told:
            self._told.add(message)
            self._tell(message)

    def _tell_waiting(self) -> None:
        if not self.ready and time.monotonic() - self._began > _PATIENCE_S:
            self._say(f"the cluster at {self._cluster.address} has no processor free yet; waiting for one")

    def _unusable(self, nodes: Sequence[Node]) -> ClusterError:
        """Why no worker can be started."""
        at = self._cluster.address
        if not nodes:
            return ClusterError(
                f"the Ray cluster at {at} has no processors to embed with",
                hint="`ray status` shows its nodes; `ray start --address=…` adds one.",
            )
        reasons = "; ".join(f"{node}: {self._reasons[node.node_id]}" for node in nodes[:3])
        return ClusterError(
            f"no node of the Ray cluster at {at} can embed: {reasons}",
            hint="Each needs wenbao as it is here: pip install 'wenbao[ray]'. Where a token is asked for, all need it.",
        )


def _shares(cores: int) -> Counter[int]:
    """How many workers of how many processors a node is to have: of `THREADS` each, and one with the rest."""
    whole, rest = divmod(cores, THREADS)
    return +Counter({THREADS: whole, rest: int(rest > 0)})


def _reason(error: BaseException) -> str:
    """Why a worker is gone, in a line: Ray tells what it tried first, then who, indented, and last why."""
    lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith("\t")]
    return shorten(lines[-1], _REASON, placeholder=" …") if lines else type(error).__name__
