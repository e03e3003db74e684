"""What can be said of a cluster before there is one, and that nobody pays for Ray who does not ask for it."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from rag.cli.main import run
from rag.embedding.base import Vectors
from rag.embedding.distributed.cluster import Cluster, check_address
from rag.embedding.distributed.embedder import DistributedEmbedder
from rag.embedding.distributed.pool import THREADS, WorkerPool, _reason, _shares
from rag.embedding.prepared import PreparedModel
from rag.errors import ClusterError, ExitCode, InputError


@pytest.fixture
def with_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray seems to be installed."""
    real = importlib.util.find_spec

    def find(name: str, package: str | None = None) -> ModuleSpec | None:
        return ModuleSpec(name, None) if name == "ray" else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find)


@pytest.mark.parametrize("address", ["auto", "local", "10.0.0.7:6379", "ray://head.example:10001", "ray://[::1]:10001"])
def test_addresses_of_ray_are_let_through(with_ray: None, address: str) -> None:
    assert check_address(address) == address


@pytest.mark.parametrize(
    "address", ["", "head", "ray://head", "http://head:80", "head:0x10", "a b:1", "head:65536", "ray://"]
)
def test_what_is_no_address_is_refused(with_ray: None, address: str) -> None:
    with pytest.raises(InputError, match="is no address of a Ray cluster") as raised:
        check_address(address)
    assert "ray://HOST:PORT" in raised.value.hint


def test_without_ray_it_is_said_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "ray" else real(name, *rest))
    assert run(["index", "--sample", "--ray", "local"]) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert "needs the package ray" in told
    assert "pip install 'wenbao[ray]'" in told
    assert not (workdir / "vectors").exists()


@pytest.mark.parametrize("flag", ["--dry-run", "--watch", "--list", "--rollback"])
def test_what_embeds_nothing_or_stays_is_no_matter_for_a_cluster(
    flag: str, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["index", "--ray", "local", flag]) == ExitCode.USAGE
    assert f"--ray and {flag} exclude each other" in capsys.readouterr().err


def test_a_cluster_that_is_not_there_is_noticed_at_once(ray: object) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens, and nobody else gets it
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for scheme in ("", "ray://"):
            with pytest.raises(ClusterError, match=rf"cannot join the Ray cluster at {scheme}{address}: .*refused"):
                Cluster(scheme + address).join()


def test_nothing_imports_ray_before_a_cluster_is_joined() -> None:
    modules = "rag.cli.commands.index", "rag.index.building.builder", "rag.embedding.distributed.embedder"
    script = (
        f"import sys, importlib\nfor name in {modules}: importlib.import_module(name)\nassert 'ray' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("cores", range(1, 4 * THREADS + 1))
def test_workers_take_all_processors_of_a_node_and_no_more(cores: int) -> None:
    shares = _shares(cores)
    assert sum(threads * workers for threads, workers in shares.items()) == cores
    assert all(0 < threads <= THREADS and workers > 0 for threads, workers in shares.items())


def test_the_reason_of_a_loss_is_what_ray_says_last() -> None:
    told = "The actor died.\n\tclass_name: Worker\n\tpid: 12\nIts process was killed by the kernel.\n"
    assert _reason(RuntimeError(told)) == "Its process was killed by the kernel."
    assert _reason(RuntimeError()) == "RuntimeError"
    assert len(_reason(RuntimeError("It died. " * 100))) <= 160


class LostPool:
    """A pool whose connection ends with the first batch."""

    def run(self, batches: Iterable[Sequence[str]]) -> Iterator[tuple[int, Vectors]]:
        yield 0, np.zeros((len(next(iter(batches))), 8), np.float32)
        raise ConnectionError("the channel is closed")

    def close(self) -> None:
        pass


def test_a_lost_connection_says_that_the_run_can_go_on(with_ray: None, prepared: PreparedModel) -> None:
    embedder = DistributedEmbedder(prepared, "ray://head.example:10001")
    embedder.pool = cast("WorkerPool", LostPool())
    spread = embedder.spread_passages([["渡船"], ["码头"]])
    assert next(spread)[0] == 0
    with pytest.raises(
        ClusterError, match=r"connection to the Ray cluster at ray://head\.example:10001 was lost"
    ) as raised:
        next(spread)
    assert "run `wenbao index` again" in raised.value.hint
    embedder.close()
