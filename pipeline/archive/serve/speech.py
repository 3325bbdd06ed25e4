"""Payloads as sound files: made on demand, and cached."""

from __future__ import annotations

import hashlib
import os
import threading
from contextlib import suppress
from pathlib import Path

from ...decompression import MAX_DURATION_S, check_duration, with_voices
from ...protocols import Synthesizer
from ...system.atomic import atomic_file
from ...types import Payload
from ...writing import AUDIO_FORMATS, write_speech
from ..fulltext.index import cache_folder

MAX_BYTES = 1 << 30
"""Largest size of the cache; the files used the longest ago are removed first."""


class SpeechCache:
    """Speaks, one recording at a time."""

    def __init__(self, synthesizer: Synthesizer, folder: Path | None = None, max_bytes: int = MAX_BYTES) -> None:
        self._synthesizer = synthesizer
        self._folder = folder or cache_folder() / "speech"
        self._max_bytes = max_bytes
        self._lock = threading.Lock()

    def file(self, payload: Payload, size: int) -> Path:
        """Return a WAV file of a payload's speech.

        Args:
            payload: or a part of it.
            size: bytes of the whole payload.

        Raises:
            InputError: it is longer than `MAX_DURATION_S`, or asks for too much work (`speech_work`).
            EngineError: the synthesizer fails.
            OutputError: the disk is full.
        """
        check_duration(payload, MAX_DURATION_S)
        spoken = with_voices(payload, self._synthesizer)  # who was enrolled since then is spoken again
        key = hashlib.sha256(repr((self._synthesizer.name, spoken)).encode()).hexdigest()[:32]
        path = self._folder / f"{key}.wav"
        with self._lock:
            if not path.exists():
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                with atomic_file(path, force=True, mode=0o600) as file:
                    write_speech(file, AUDIO_FORMATS[".wav"], spoken, self._synthesizer, size=size)
                self._make_room(path)
            with suppress(OSError):
                os.utime(path)
        return path

    def _make_room(self, newest: Path) -> None:
        files = sorted(self._folder.glob("*.wav"), key=lambda path: path.stat().st_mtime, reverse=True)
        total = 0
        for path in files:
            total += path.stat().st_size
            if total > self._max_bytes and path != newest:
                with suppress(OSError):
                    path.unlink()
