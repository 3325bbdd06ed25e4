"""Two nodes of Reticulum on this machine, each a process of its own, joined by UDP on loopback."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
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


def exchange(data: bytes, folder: Path) -> list[bytes]:
    """Send a payload from one node to the other and return what arrives.

    Raises:
        LinkError: it does not arrive; says what the programs told.
    """
    with socket.socket(type=socket.SOCK_DGRAM) as first, socket.socket(type=socket.SOCK_DGRAM) as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        ports = first.getsockname()[1], second.getsockname()[1]
    for name, (here, there) in (("sender", ports), ("receiver", ports[::-1])):
        (folder / name).mkdir()
        (folder / name / "config").write_text(CONFIG.format(here, there), encoding="ascii")
    (folder / "call.spz").write_bytes(data)
    inbox = folder / "in"
    receiver = _run(folder, "receiver", "receive", "--over", "lxmf", "--once", "--no-sound", "--output", str(inbox))
    try:
        assert receiver.stdout is not None
        line = receiver.stdout.readline()
        found = ADDRESS.search(line)
        if found is None:
            raise LinkError(line.removeprefix("speechzip: ").strip())
        sender = _run(folder, "sender", "send", str(folder / "call.spz"), "--over", found[0])
        told, _ = sender.communicate(timeout=PATIENCE_S)
        if sender.returncode:
            raise LinkError(told.strip())
        receiver.communicate(timeout=PATIENCE_S)
    finally:
        receiver.kill()
        receiver.communicate()
    return [path.read_bytes() for path in sorted(inbox.glob("*.spz"))]


def _run(folder: Path, name: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("speechzip")), *arguments, "--config", str(folder / name)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "SPEECHZIP_DATA": str(folder / f"{name}-data")},
    )
