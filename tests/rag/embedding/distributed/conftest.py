"""A Ray cluster of two nodes on this machine, the second with a cache of its own, empty at first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def ray() -> Any:
    """Ray's module."""
    return pytest.importorskip("ray", reason="Ray is not installed: pip install 'wenbao[ray]'")


@pytest.fixture(scope="session")
def far_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the second node keeps prepared models."""
    return tmp_path_factory.mktemp("far")


@pytest.fixture(scope="session")
def ray_cluster(ray: Any, far_cache: Path) -> Iterator[Any]:
    """Two nodes with a processor each; `ray_cluster.address` is where they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        from ray.cluster_utils import Cluster

        sizes = {"num_cpus": 1, "object_store_memory": 400 << 20}
        cluster = Cluster(initialize_head=True, head_node_args={**sizes, "include_dashboard": False})
        try:
            cluster.add_node(**sizes, env_vars={"WENBAO_CACHE": str(far_cache)})
            yield cluster
        finally:
            cluster.shutdown()
