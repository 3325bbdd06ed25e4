"""Memory of a codec: the peak of a process that does nothing else.

    python -m speechzip.eval.run.memory SYSTEM RECORDING

prints the peak of the resident set in MiB, with Python and libraries, without helper programs (Linux only).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TIMEOUT_S = 1800


def peak_memory_mib(system: str, recording: Path) -> float | None:
    """Return the peak memory of coding and decoding a recording in a fresh process; None if it fails."""
    command = [sys.executable, "-m", __name__, system, str(recording)]
    try:
        finished = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
        return float(finished.stdout.split()[-1])
    except (subprocess.SubprocessError, ValueError, IndexError):
        return None


def main() -> None:
    """Code one recording and print the peak."""
    from ..codecs import load_codec
    from .observe import read_audio

    system, recording = sys.argv[1:]
    load_codec(system).code(read_audio(Path(recording)))
    print(peak_kib() / 1024)


def peak_kib() -> int:
    """Return the peak of this process's resident set: `ru_maxrss` would hold the parent's, from before exec."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
