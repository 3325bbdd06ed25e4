"""Freed memory stays with the process, whatever the environment of Dask says: counted in page faults."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from speechzip.pipeline.system.memory import TRIM_VARIABLE

PROGRAM = """
import resource, sys
import numpy as np
from speechzip.pipeline.system.memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
for _ in range(200):
    np.ones(1 << 18, np.uint8)  # 64 pages
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


def faults(mode: str) -> int:
    environment = {**os.environ, TRIM_VARIABLE: "65536"}
    done = subprocess.run([sys.executable, "-c", PROGRAM, mode], env=environment, capture_output=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the variable is glibc's")
def test_pieces_come_from_kept_memory() -> None:
    assert faults("leave") - faults("keep") > 150 * 64
