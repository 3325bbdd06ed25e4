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


TRIMMING = """
import re
import numpy as np
from speechzip.pipeline.system.memory import give_back_freed_memory

def resident():
    with open("/proc/self/status") as file:
        return int(re.search(r"VmRSS:\\s+(\\d+)", file.read())[1])

pieces = [np.ones(100_000, np.uint8) for _ in range(500)]
last = np.ones(100_000, np.uint8)  # keeps the heap from shrinking
del pieces
before = resident()
give_back_freed_memory()
print(before - resident())
"""


def faults(mode: str) -> int:
    environment = {**os.environ, TRIM_VARIABLE: "65536"}
    done = subprocess.run([sys.executable, "-c", PROGRAM, mode], env=environment, capture_output=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the variable is glibc's")
def test_pieces_come_from_kept_memory() -> None:
    assert faults("leave") - faults("keep") > 150 * 64


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc keeps what is freed, and can give it back")
def test_freed_memory_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", TRIMMING], capture_output=True, check=True)
    assert int(done.stdout) > 30_000  # of 50,000 kB
