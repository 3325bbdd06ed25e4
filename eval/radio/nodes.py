"""Two nodes of Reticulum on this machine, each a process of its own, joined by UDP on loopback."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from speechzip.pipeline import LinkError

PATIENCE_S = 120.0
ADDRESS = re.compile(r"lxmf:[0-9a-f]{32}")
CONFIG = """
[reticulum]
enable_transport = No
share_instance = No
[interfaces]
[[udp]]
type = UDPInterface
enabled = yes
listen_ip = 127.0.0.1
listen_port = {}
forward_ip = 127.0.0.1
forward_port = {}
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
    with socket.socket(type=socket.SOCK_DGRAM) as first, socket.socket(type=socket.SOCK_DGRAM) as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        ports = first.getsockname()[1], second.getsockname()[1]
    nodes = Node(folder / "a"), Node(folder / "b")
    for node, (here, there) in zip(nodes, (ports, ports[::-1]), strict=True):
        (node.folder / "config").mkdir(parents=True)
        (node.folder / "config" / "config").write_text(CONFIG.format(here, there), encoding="ascii")
    return nodes


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
