"""Errors of libraries of others: whatever they raise becomes one of ours."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from speechzip.pipeline import EngineError, SpeechzipError


@contextmanager
def translated(what: str, remedy: str) -> Generator[None]:
    """Raise any exception of the block as an `EngineError`: what happened, the reason, and what to do.

    Raises:
        EngineError: the block raises an exception that is not a `SpeechzipError`.
    """
    try:
        yield
    except SpeechzipError:
        raise
    except Exception as error:  # numpy, onnxruntime and the libraries of engines raise what comes
        reason = (str(error).strip().splitlines() or [""])[0].rstrip(".")
        raise EngineError(f"{what} ({type(error).__name__}: {reason}); {remedy}") from error
