"""The process in which espeak-ng speaks. `espeak` starts it as a program, with the standard library only.

    arguments   path of the library, path of its data
    first       answer with the sample rate, in Hz, in place of a status
    request     one line of JSON: text, voice, rate, pitch, range, samples (the most to return)
    answer      status, int32 | length, uint32 | samples, int16; all little-endian

espeak-ng is written in C, and some texts crash it ("?-b/c" in Vietnamese). It keeps its state in global variables.
Earlier speech changes later speech (flutter, hiss, the phase of its pulses), and no function resets that. So the
library is unloaded and loaded again before each synthesis, which takes 2 ms: the same words always give the same
samples.
"""

from __future__ import annotations

import ctypes
import json
import struct
import sys
from typing import Any

ANSWER = struct.Struct("<iI")
"""Status and length of an answer."""
SPOKEN, NO_VOICE, FAILED = 0, 1, 2
"""The statuses."""

AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 1 << 15
CHARS_UTF8 = 1
POSITION_CHARACTER = 1
PARAMETER_RATE, PARAMETER_PITCH, PARAMETER_RANGE = 1, 3, 4
"""Constants of espeak-ng's speak_lib.h, version 1.52."""

RANDOM_SEED = 1
"""Seed of its noise, which otherwise depends on the time of day."""

CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


def load(library_path: str, data_path: str) -> tuple[ctypes.CDLL, int]:
    """Return the initialized library and its sample rate in Hz; not above 0 if it does not start."""
    library = ctypes.CDLL(library_path)
    library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int,
        ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p,
    ]  # fmt: skip
    library.espeak_SetSynthCallback.argtypes = [CALLBACK]
    library.espeak_SetSynthCallback.restype = None
    library.espeak_ng_SetRandSeed.argtypes = [ctypes.c_long]
    rate = library.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 200, data_path.encode(), INITIALIZE_DONT_EXIT)
    library.espeak_ng_SetRandSeed(RANDOM_SEED)
    return library, int(rate)


def unload(library: ctypes.CDLL) -> None:
    """Unload the library, with its state."""
    import _ctypes

    library.espeak_Terminate()
    if sys.platform == "win32":
        _ctypes.FreeLibrary(library._handle)
    else:
        _ctypes.dlclose(library._handle)


def speak(library: ctypes.CDLL, request: dict[str, Any]) -> tuple[int, bytes]:
    """Return status and samples of a request. A text that is empty only looks for the voice."""
    if library.espeak_SetVoiceByName(request["voice"].encode()) != 0:
        return NO_VOICE, b""
    encoded = request["text"].encode("utf-8", "replace")
    if not encoded:
        return SPOKEN, b""
    library.espeak_SetParameter(PARAMETER_RATE, request["rate"], 0)
    library.espeak_SetParameter(PARAMETER_PITCH, request["pitch"], 0)
    library.espeak_SetParameter(PARAMETER_RANGE, request["range"], 0)
    room = 2 * int(request["samples"])
    spoken = bytearray()

    def collect(block: int | None, count: int, _events: int | None) -> int:
        if block and count > 0:
            spoken.extend(ctypes.string_at(block, 2 * count))
        return int(len(spoken) >= room)  # 1 stops the synthesis

    callback = CALLBACK(collect)
    library.espeak_SetSynthCallback(callback)
    failed = library.espeak_Synth(encoded, len(encoded) + 1, 0, POSITION_CHARACTER, 0, CHARS_UTF8, None, None)
    library.espeak_Synchronize()
    return (FAILED if failed else SPOKEN), bytes(spoken[:room])


def main(library_path: str, data_path: str) -> None:
    """Answer requests until standard input ends."""
    library, rate = load(library_path, data_path)
    _answer(rate, b"")
    for line in sys.stdin.buffer:
        unload(library)
        library, _ = load(library_path, data_path)
        _answer(*speak(library, json.loads(line)))


def _answer(status: int, samples: bytes) -> None:
    sys.stdout.buffer.write(ANSWER.pack(status, len(samples)) + samples)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
