"""The Ray cluster that embeds: where it is, how it is joined, which nodes it has.

Ray is imported here and nowhere else of this machine's part, and only once an address is given.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import socket
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Self

from rag.embedding.onnx import available_cores
from rag.errors import ClusterError, InputError

LOCAL = "local"
"""The address of a Ray that is started for the run, on this machine."""

_ADDRESS = re.compile(r"auto|local|(ray://)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/:\[\]]+):(?P<port>\d{1,5})")
_LAST_PORT = 65_535
_KNOCK_S = 5.0
_OBJECT_STORE = 512 << 20
"""Bytes of the object store of a Ray started here: the model and some batches fit in a third of it."""


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of the cluster, or what passes for one."""

    node_id: str
    address: str
    cores: int
    """Processors that Ray may hand out there, taken or not."""

    def __str__(self) -> str:
        return f"{self.address} ({self.node_id[:8]})"


def check_address(address: str) -> str:
    """Lets an address through that Ray could understand.

    Raises:
        InputError: it is no address, or Ray is not installed.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found["port"] or 0) > _LAST_PORT:
        raise InputError(
            f"{address!r} is no address of a Ray cluster",
            hint="Give `auto`, `local`, `HOST:PORT` or `ray://HOST:PORT`.",
        )
    if importlib.util.find_spec("ray") is None:
        raise InputError(
            "embedding on Ray needs the package ray, which is not installed",
            hint="pip install 'wenbao[ray]', here and on every node of the cluster.",
        )
    return address


class Cluster:
    """A connection to Ray, or a Ray of one's own.

    Args:
        address: `auto` (the cluster that this machine is part of), `local`, `HOST:PORT` or `ray://HOST:PORT`.

    Raises:
        InputError: it is no address, or Ray is not installed.
    """

    def __init__(self, address: str) -> None:
        self.address = check_address(address)
        self.ray: Any = None
        """The module, once `join` has run."""
        self._joined = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def join(self) -> None:
        """Connects, or starts a Ray of its own; a process that is connected already stays as it is.

        Raises:
            ClusterError: there is no such cluster, or it does not take us in.
        """
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent home
        self.ray = import_module("ray")
        if self.ray.is_initialized():
            return
        try:
            self._knock()
            self.ray.init(**self._arguments())
        except (OSError, RuntimeError, ValueError, AssertionError) as error:
            self.ray.shutdown()
            raise ClusterError(
                f"cannot join the Ray cluster at {self.address}: {_first_line(error)}", hint=self._hint()
            ) from error
        self._joined = True

    def leave(self) -> None:
        """Disconnects, or ends the Ray that was started; what was connected before stays so."""
        if self._joined:
            self._joined = False
            self.ray.shutdown()

    def nodes(self) -> list[Node]:
        """The nodes that are alive and have processors to hand out, in the order of their ids.

        Raises:
            ClusterError: the connection is gone.
        """
        try:
            found = self.ray.nodes()
        except (OSError, RuntimeError) as error:
            raise ClusterError(
                f"the Ray cluster at {self.address} has gone: {_first_line(error)}", hint=self._hint()
            ) from error
        return sorted(
            (
                Node(one["NodeID"], one["NodeManagerAddress"], int(one["Resources"].get("CPU", 0)))
                for one in found
                if one["Alive"] and one["Resources"].get("CPU", 0) >= 1
            ),
            key=lambda node: node.node_id,
        )

    def _knock(self) -> None:
        """Tries the address: Ray itself may wait for a minute, or forever, for somebody who is not there."""
        address = _ADDRESS.fullmatch(self.address)
        if address is not None and address["port"]:
            socket.create_connection((address["host"].strip("[]"), int(address["port"])), timeout=_KNOCK_S).close()

    def _arguments(self) -> dict[str, object]:
        quiet: dict[str, object] = {"logging_level": logging.CRITICAL, "log_to_driver": False}
        if self.address != LOCAL:
            return {"address": self.address, **quiet}
        return {
            "address": LOCAL,
            **quiet,
            "num_cpus": available_cores(),
            "object_store_memory": _OBJECT_STORE,
            "include_dashboard": False,
            "_node_ip_address": "127.0.0.1",  # nobody else's business: it listens on loopback alone
        }

    def _hint(self) -> str:
        if self.address == LOCAL:
            return "Without --ray the same vectors are made in one process."
        return (
            "`ray status` there says whether it runs. Ray and Python must be of the same versions here and there, and "
            "where the cluster asks for a token, RAY_AUTH_MODE=token must be set."
        )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
