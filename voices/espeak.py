"""espeak-ng: the library inside the ``espeakng-loader`` wheel, in a process of its own (`espeak_process`).

Some texts crash espeak-ng. That ends its process, and is one `EngineError` here; the next text gets a new process.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import espeakng_loader
import numpy as np
from speechzip.pipeline import EngineError, Samples

from . import espeak_process
from .espeak_process import ANSWER, NO_VOICE, SPOKEN

logger = logging.getLogger(__name__)

MIN_RATE, MAX_RATE = 80, 450
"""Speaking rates, in words a minute, without a second time-stretch."""

MAX_CHARACTERS = 5000
"""Longest text for espeak-ng: twice as long as a minute of speech at `MAX_RATE`."""

ANSWER_S = 120.0
"""Time limit for one text, which takes a second at most. Then the process is killed."""

MAX_DATA_PATH = 140
"""espeak-ng keeps its data path, and the file names behind it, in 160 characters."""

LANGUAGE_VOICES = {"en": "en-us", "zh": "cmn", "yue": "yue", "no": "nb", "jw": "id", "tl": "en-us"}
"""espeak-ng's names of languages that differ from ISO 639-1."""

WITHOUT_DICTIONARY = frozenset({"fo"})
"""Languages that espeakng-loader 0.2.4 has a voice for, but no pronunciations."""


@dataclass(frozen=True, slots=True)
class Speech:
    """The settings of espeak-ng."""

    voice: str = "en-us"
    """A name of espeak-ng's, with an optional variant: ``"en-us+f3"``."""
    rate: int = 175
    """Words a minute, `MIN_RATE` to `MAX_RATE`."""
    pitch: int = 50
    """0 to 100; 50 is the voice's own."""
    range: int = 50
    """Variability of the pitch, 0 to 100; 50 is the voice's own."""


def speak(text: str, speech: Speech, max_duration_s: float) -> Samples:
    """Return the speech of `text`: float32 [T] in [-1, 1] at `sample_rate()`; empty if there is nothing to speak.

    Args:
        text: any Unicode; NUL and all after `MAX_CHARACTERS` are left out.
        speech: voice, rate and pitch.
        max_duration_s: the speech is cut after this time.

    Raises:
        EngineError: espeak-ng is missing, lacks the voice, crashes or fails.
    """
    text = text.replace("\0", "")[:MAX_CHARACTERS]
    status, spoken = _PROCESS.ask(text, speech, max_duration_s)
    if status == NO_VOICE:
        raise EngineError(f"espeak-ng has no voice named {speech.voice!r}")
    if status != SPOKEN:
        raise EngineError(f"espeak-ng failed on a text of {len(text)} characters")
    return np.asarray(np.frombuffer(spoken, "<i2") / 32768, np.float32)


def sample_rate() -> int:
    """Return the sample rate of `speak`, in Hz."""
    return _PROCESS.sample_rate()


@lru_cache(maxsize=128)
def voice_for(language: str) -> str | None:
    """Return espeak-ng's voice for an ISO 639-1 code, or None if it does not speak that language."""
    if language in WITHOUT_DICTIONARY:
        return None
    name = LANGUAGE_VOICES.get(language, language)
    return None if _PROCESS.ask("", Speech(name), 0.0)[0] == NO_VOICE else name


class _Process:
    """The process that speaks, started when it is needed. Threads take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0  # the process that started it: after a fork, the child needs its own
        self._rate = 0

    def sample_rate(self) -> int:
        """Return the rate of its samples, in Hz."""
        with self._lock:
            self._running()
            return self._rate

    def ask(self, text: str, speech: Speech, max_duration_s: float) -> tuple[int, bytes]:
        """Return the status and the samples of its answer."""
        with self._lock:
            process = self._running()
            settings = {"voice": speech.voice, "rate": speech.rate, "pitch": speech.pitch, "range": speech.range}
            request = {"text": text, **settings, "samples": int(max_duration_s * self._rate)}
            try:
                return _asked(process, json.dumps(request).encode() + b"\n")
            except BaseException as error:  # also Ctrl-C: nobody would read the rest of the answer
                self.stop()
                if isinstance(error, OSError | EOFError):
                    raise EngineError(f"espeak-ng crashed on a text of {len(text)} characters") from error
                raise

    def stop(self) -> None:
        """End it, if it runs."""
        process, self._process = self._process, None
        if process is not None and self._owner == os.getpid():
            process.kill()
            process.communicate()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid():
            self._process, self._rate = _started()
            self._owner = os.getpid()
        return self._process


def _started() -> tuple[subprocess.Popen[bytes], int]:
    """Return a process that is ready, and the rate of its samples in Hz."""
    try:
        arguments = (espeakng_loader.get_library_path(), str(_data_path()))
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", espeak_process.__file__, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us
        )  # fmt: skip
        try:
            rate, _ = _asked(process, b"")
        except BaseException:
            process.kill()
            process.communicate()
            raise
    except (OSError, EOFError, RuntimeError) as error:
        raise EngineError(
            f"espeak-ng cannot be loaded ({error}); run: pip install --force-reinstall espeakng-loader"
        ) from error
    if rate <= 0:
        process.kill()
        process.communicate()
        raise EngineError(
            f"espeak-ng does not start with its data in {arguments[1]}; "
            "run: pip install --force-reinstall espeakng-loader"
        )
    logger.debug("espeak-ng's process: %d, its data: %s", process.pid, arguments[1])
    return process, rate


def _asked(process: subprocess.Popen[bytes], request: bytes) -> tuple[int, bytes]:
    """Return the answer of a process.

    Raises:
        OSError, EOFError: it has ended, or was killed because it took too long.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    timer = threading.Timer(ANSWER_S, process.kill)
    timer.daemon = True
    timer.start()
    try:
        process.stdin.write(request)
        process.stdin.flush()
        head = process.stdout.read(ANSWER.size)
        if len(head) < ANSWER.size:
            raise EOFError("its process has ended")
        status, length = ANSWER.unpack(head)
        spoken = process.stdout.read(length)
        if len(spoken) < length:
            raise EOFError("its process has ended")
        return status, spoken
    finally:
        timer.cancel()


@lru_cache(maxsize=1)
def _data_path() -> Path:
    return _short_path(Path(espeakng_loader.get_data_path()))


def _short_path(data_path: Path) -> Path:
    """Return a path to the same folder that fits espeak-ng's buffers."""
    if len(os.fsencode(data_path)) <= MAX_DATA_PATH:
        return data_path
    link = Path(tempfile.mkdtemp(prefix="speechzip-")) / data_path.name
    link.symlink_to(data_path, target_is_directory=True)
    return link


_PROCESS = _Process()
atexit.register(_PROCESS.stop)
