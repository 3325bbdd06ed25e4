"""A recording in place of the microphone, a folder in place of the loudspeaker."""

from __future__ import annotations

import asyncio
import io
import json
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import soundfile

from ...audio.downmix import downmix
from ...audio.reading import engine_blocks, open_recording
from ...errors import OutputError
from ...protocols import ENGINE_SAMPLE_RATE
from ...system.atomic import atomic_file, check_writable
from ...types import Samples
from ..reports import Heard

BLOCK_S = 0.05
"""Sound comes in blocks of this length, as from a microphone."""
UTTERANCE_NAME = re.compile(r"\d{4,}\.wav")


async def play_in_real_time(path: Path, lead_s: float = 0.0) -> AsyncIterator[tuple[Samples, float]]:
    """Yield a recording as a microphone would: float32 [t] at 16 kHz, and when its last sample was due.

    Args:
        path: any file that `compress` takes; its channels are mixed.
        lead_s: the wait before it begins.

    Raises:
        AudioError: it is not audio.
    """
    started_s = time.monotonic() + lead_s
    block_length = int(BLOCK_S * ENGINE_SAMPLE_RATE)
    played = 0
    for long_block in engine_blocks(open_recording(path)):
        mono = downmix(long_block)
        for start in range(0, len(mono), block_length):
            block = mono[start : start + block_length]
            played += len(block)
            due_s = started_s + played / ENGINE_SAMPLE_RATE
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            yield block, due_s


def check_recording(path: Path) -> None:
    """Raise the errors of `play_in_real_time` early, before anybody is called. A pipe is left to be read then.

    Raises:
        AudioError: it is missing, or is not audio.
    """
    with suppress(OSError):  # which opening tells better
        if path.is_fifo():
            return
    open_recording(path)


class FolderLoudspeaker:
    """Writes each utterance as ``0001.wav``, ``0002.wav`` and so on, and its text to ``transcript.jsonl``."""

    def __init__(self, folder: Path, force: bool = False, inputs: Sequence[Path] = ()) -> None:
        """Make the folder.

        Args:
            folder: where to write.
            force: whether an earlier conversation in it may be overwritten. Its utterances are removed, so that they
                do not mix with the new ones; other files of such a name stay until an utterance needs the name.
            inputs: files that are read meanwhile and must not be overwritten.

        Raises:
            OutputError: the folder cannot be made or written to; it holds an earlier conversation and `force` is not
                given; or one of the inputs is among the files that would be overwritten.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder} cannot be made a folder: {error.strerror or error}") from error
        self._folder = folder
        self._force = force
        self._inputs = inputs
        self._pieces: list[Samples] = []
        self._sample_rate = 0
        self._transcript = folder / "transcript.jsonl"
        earlier = [path for path in folder.iterdir() if path == self._transcript or UTTERANCE_NAME.fullmatch(path.name)]
        if earlier and not force:
            raise OutputError(f"{folder} holds a conversation already", remedies=("force", "another_folder"))
        for path in (self._transcript, *earlier):
            check_writable(path, force, inputs)
        self._remove_utterances()
        with atomic_file(self._transcript, force, inputs):
            pass  # an empty one

    def _remove_utterances(self) -> None:
        """Remove the utterances that the earlier transcript in the folder lists."""
        try:
            with suppress(FileNotFoundError), self._transcript.open("rb") as file:
                for line in file:
                    with suppress(ValueError, TypeError, KeyError):  # not a line of ours
                        if (number := int(json.loads(line)["number"])) > 0:
                            _utterance(self._folder, number).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"the earlier conversation in {self._folder} cannot be removed: {error.strerror or error}"
            ) from error

    async def play(self, heard: Heard, samples: Samples, sample_rate: int) -> None:
        """Take a piece; see `Loudspeaker.play`."""
        self._pieces.append(samples)
        self._sample_rate = sample_rate

    async def finish(self, heard: Heard) -> None:
        """Write the utterance; see `Loudspeaker.finish`."""
        pieces, self._pieces = self._pieces, []
        line = {"number": heard.number, "text": heard.text, "payload_bytes": heard.payload_bytes, "voice": heard.voice}
        try:
            with self._transcript.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            raise OutputError(f"{self._transcript} cannot be written: {error.strerror or error}") from error
        if not pieces:  # a text that has no sound
            return
        buffer = io.BytesIO()
        soundfile.write(buffer, np.concatenate(pieces), self._sample_rate, format="WAV", subtype="PCM_16")
        with atomic_file(_utterance(self._folder, heard.number), self._force, self._inputs) as file_out:
            file_out.write(buffer.getvalue())

    async def stop(self) -> None:
        """Discard the incomplete utterance; see `Loudspeaker.stop`."""
        self._pieces.clear()

    async def close(self) -> None:
        """Nothing is left to write."""


def _utterance(folder: Path, number: int) -> Path:
    """Return the file of an utterance."""
    return folder / f"{number:04}.wav"
