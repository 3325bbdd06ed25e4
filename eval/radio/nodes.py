"""Nodes of Reticulum on this machine, each a process of its own, joined by UDP on loopback."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from speechzip.pipeline import LinkError

PATIENCE_S = 120.0
ADDRESS = re.compile(r"lxmf:[0-9a-f]{32}")
CONFIG = """
[reticulum]
enable_transport = {}
share_instance = No
[interfaces]
"""
INTERFACE = """
[[udp {0}]]
type = UDPInterface
enabled = yes
listen_ip = 127.0.0.1
listen_port = {0}
forward_ip = 127.0.0.1
forward_port = {1}
"""


@dataclass(frozen=True, slots=True)
class Node:
    """A node: its configuration, its identity, and the programs on it."""

    folder: Path
    """Has Reticulum's configuration in ``config`` and speechzip's data in ``data``."""

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Start ``speechzip`` with these arguments on the node; its standard output has its errors, too."""
        return subprocess.Popen(
            [Path(sys.executable).with_name("speechzip"), *map(str, arguments), "--config", self.folder / "config"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "SPEECHZIP_DATA": str(self.folder / "data")},
        )


def two_nodes(folder: Path) -> tuple[Node, Node]:
    """Return two new nodes in `folder` that reach each other."""
    here, there = free_ports(2)
    nodes = Node(folder / "a"), Node(folder / "b")
    configure(nodes[0].folder / "config", [(here, there)])
    configure(nodes[1].folder / "config", [(there, here)])
    return nodes


def configure(folder: Path, ports: Sequence[tuple[int, int]], forwards: bool = False) -> None:
    """Write Reticulum's configuration of a node into a new folder.

    Args:
        folder: is made.
        ports: for each neighbor, the port to listen on and the neighbor's.
        forwards: whether the node carries what its neighbors send each other.
    """
    folder.mkdir(parents=True)
    interfaces = [INTERFACE.format(*pair) for pair in ports]
    (folder / "config").write_text(CONFIG.format("Yes" if forwards else "No") + "".join(interfaces), encoding="ascii")


def free_ports(count: int) -> list[int]:
    """Return that many different UDP ports that are free on loopback."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket(type=socket.SOCK_DGRAM)) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def exchange(data: bytes, folder: Path) -> list[bytes]:
    """Send a payload from one node to the other, and return the payload that arrives.

    Raises:
        LinkError: it does not arrive. The message has the output of the programs.
    """
    here, there = two_nodes(folder)
    call, inbox = folder / "call.spz", folder / "in"
    call.write_bytes(data)
    receiver = there.start("receive", "--over", "lxmf", "--once", "--no-sound", "--output", inbox)
    try:
        assert receiver.stdout is not None
        line = receiver.stdout.readline()
        found = ADDRESS.search(line)
        if found is None:
            raise LinkError(line.removeprefix("speechzip: ").strip())
        sender = here.start("send", call, "--over", found[0])
        told, _ = sender.communicate(timeout=PATIENCE_S)
        if sender.returncode:
            raise LinkError(told.strip())
        receiver.communicate(timeout=PATIENCE_S)
    finally:
        receiver.kill()
        receiver.communicate()
    return [path.read_bytes() for path in sorted(inbox.glob("*.spz"))]
