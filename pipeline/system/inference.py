"""Open neural networks: every onnxruntime session of the project is opened here, with its number of threads."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import onnxruntime

logger = logging.getLogger(__name__)

THREADS_VARIABLE = "OMP_NUM_THREADS"
"""The environment variable that says how many threads a library may start at most; onnxruntime itself ignores it."""


def open_session(model: Path | bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """Return a session on the CPU for a network in ONNX or ORT format.

    By default, onnxruntime starts a thread for each core. Most networks here are too small for that: threads that
    wait for each other take longer than one, on busy cores several times as long.

    Args:
        model: where the network lies, or the content of its file.
        threads: how many threads may share the work of one operator. The cores of the process and
            `THREADS_VARIABLE` bound it.

    Raises:
        RuntimeError: there is no such file, or no network in it.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(threads, max_threads())
    options.inter_op_num_threads = 1
    # Threads that wait in a loop for work take it from others: 0.19 s for ten seconds of speech instead of 0.27.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The arena keeps what the longest input took, and patterns are for inputs of one length: without the two, a minute
    # is compressed in 271 MiB instead of 346, in the same time.
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.log_severity_level = 3  # errors only
    source = model if isinstance(model, bytes) else str(model)
    name = f"{len(model):,} bytes" if isinstance(model, bytes) else model
    logger.debug("opening a network of %s, threads: %d", name, options.intra_op_num_threads)
    try:
        session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except Exception as error:  # onnxruntime has no base class for its errors
        raise RuntimeError(f"{name} cannot be opened as a network ({error})") from error
    # It keeps the content, to open it again on other hardware, which nobody does here: 30 MB of the recognizer.
    vars(session)["_model_bytes"] = None
    return session


def max_threads() -> int:
    """Return how many threads a network may have: at most one for each core, and what `THREADS_VARIABLE` says."""
    wanted = os.environ.get(THREADS_VARIABLE, "")
    return min(cores(), int(wanted)) if wanted.isdecimal() and int(wanted) else cores()


def cores() -> int:
    """Return how many cores this process may use; macOS can only tell how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
