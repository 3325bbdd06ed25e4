"""espeak-ng through ctypes: the library inside the ``espeakng-loader`` wheel.

espeak-ng keeps its state in global variables, so a process has one instance, behind a lock. Earlier speech changes
later speech (flutter, hiss, the phase of its pulses), and no function resets that. So the library is unloaded and
loaded again before each synthesis, which takes 2 ms: the same words always give the same samples.
"""

from __future__ import annotations

import _ctypes
import ctypes
import logging
import os
import sys
import tempfile
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import espeakng_loader
import numpy as np
from speechzip.pipeline import EngineError, Samples

logger = logging.getLogger(__name__)

AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 1 << 15
CHARS_UTF8 = 1
POSITION_CHARACTER = 1
PARAMETER_RATE, PARAMETER_PITCH, PARAMETER_RANGE = 1, 3, 4
"""Constants of espeak-ng's speak_lib.h, version 1.52."""

MIN_RATE, MAX_RATE = 80, 450
"""Speaking rates, in words a minute, without a second time-stretch."""

MAX_CHARACTERS = 5000
"""Longest text for espeak-ng: twice as long as a minute of speech at `MAX_RATE`."""

RANDOM_SEED = 1
"""Seed of its noise, which otherwise depends on the time of day."""

MAX_DATA_PATH = 140
"""espeak-ng keeps its data path, and the file names behind it, in 160 characters."""

LANGUAGE_VOICES = {"en": "en-us", "zh": "cmn", "yue": "yue", "no": "nb", "jw": "id", "tl": "en-us"}
"""espeak-ng's names of languages that differ from ISO 639-1."""

WITHOUT_DICTIONARY = frozenset({"fo"})
"""Languages that espeakng-loader 0.2.4 has a voice for, but no pronunciations."""

_LOCK = threading.Lock()


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
        EngineError: espeak-ng is missing, lacks the voice or fails.
    """
    encoded = text.replace("\0", "")[:MAX_CHARACTERS].encode("utf-8", "replace")
    interrupted: list[BaseException] = []
    with _LOCK:
        library, rate = _fresh_library()
        if library.espeak_SetVoiceByName(speech.voice.encode()) != 0:
            raise EngineError(f"espeak-ng has no voice named {speech.voice!r}")
        library.espeak_SetParameter(PARAMETER_RATE, speech.rate, 0)
        library.espeak_SetParameter(PARAMETER_PITCH, speech.pitch, 0)
        library.espeak_SetParameter(PARAMETER_RANGE, speech.range, 0)
        blocks: list[Samples] = []
        room = int(max_duration_s * rate)

        def collect(block: int | None, count: int, _events: int | None) -> int:
            nonlocal room
            try:
                if block and count > 0:
                    pcm = np.frombuffer(ctypes.string_at(block, 2 * count), np.int16)
                    blocks.append(np.asarray(pcm / 32768, np.float32))
                    room -= count
            except BaseException as error:  # such as Ctrl-C, which ctypes would print and drop
                interrupted.append(error)
            return int(room <= 0 or bool(interrupted))  # 1 stops the synthesis

        callback = _CALLBACK(collect)
        library.espeak_SetSynthCallback(callback)
        failed = library.espeak_Synth(encoded, len(encoded) + 1, 0, POSITION_CHARACTER, 0, CHARS_UTF8, None, None)
        library.espeak_Synchronize()
        library.espeak_SetSynthCallback(_NO_CALLBACK)
    if interrupted:
        raise interrupted[0]
    if failed:
        raise EngineError(f"espeak-ng failed on a text of {len(text)} characters (code {failed})")
    return np.concatenate(blocks)[: int(max_duration_s * rate)] if blocks else np.zeros(0, np.float32)


def sample_rate() -> int:
    """Return the sample rate of `speak`, in Hz."""
    with _LOCK:
        return _library()[1]


@lru_cache(maxsize=128)
def voice_for(language: str) -> str | None:
    """Return espeak-ng's voice for an ISO 639-1 code, or None if it does not speak that language."""
    if language in WITHOUT_DICTIONARY:
        return None
    name = LANGUAGE_VOICES.get(language, language)
    with _LOCK:
        return name if _library()[0].espeak_SetVoiceByName(name.encode()) == 0 else None


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
_NO_CALLBACK = _CALLBACK()


def _fresh_library() -> tuple[ctypes.CDLL, int]:
    """Return a freshly initialized `_library`."""
    library, _ = _library()
    library.espeak_Terminate()
    _library.cache_clear()
    if sys.platform == "win32":
        _ctypes.FreeLibrary(library._handle)
    else:
        _ctypes.dlclose(library._handle)
    return _library()


@lru_cache(maxsize=1)
def _library() -> tuple[ctypes.CDLL, int]:
    """Return the initialized library and its sample rate in Hz."""
    try:
        library = ctypes.CDLL(espeakng_loader.get_library_path())
        data_path = _data_path()
    except (OSError, RuntimeError) as error:
        raise EngineError(
            f"espeak-ng cannot be loaded ({error}); run: pip install --force-reinstall espeakng-loader"
        ) from error
    library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int,
        ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p,
    ]  # fmt: skip
    library.espeak_SetSynthCallback.argtypes = [_CALLBACK]
    library.espeak_SetSynthCallback.restype = None
    library.espeak_ng_SetRandSeed.argtypes = [ctypes.c_long]
    rate = library.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 200, str(data_path).encode(), INITIALIZE_DONT_EXIT)
    if rate <= 0:
        raise EngineError(
            f"espeak-ng does not start with its data in {data_path}; run: pip install --force-reinstall espeakng-loader"
        )
    library.espeak_ng_SetRandSeed(RANDOM_SEED)
    logger.debug("espeak-ng's data: %s", data_path)
    return library, int(rate)


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
