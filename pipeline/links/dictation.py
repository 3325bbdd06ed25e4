"""Push-to-talk into any link: the speech between two presses of Enter becomes one payload."""

from __future__ import annotations

import queue
import select
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from ..audio.reading import Resampler
from ..engines.loading import load_engine
from ..errors import DeviceError
from ..live.devices.sound import load_sounddevice
from ..live.session.transcriber import OutgoingUtterance, StreamingTranscriber, Unheard
from ..protocols import Recognizer, VoiceEncoder
from ..types import Payload, Samples, Speaker
from .carrier import TICK_S

MAX_QUEUED = 3000
"""Blocks of sound that wait for the recognizer, about a minute."""


class Dictation:
    """Collects the utterances of one message while somebody speaks."""

    def __init__(self, recognizer: Recognizer, voice_encoder: VoiceEncoder) -> None:
        self._recognizer = recognizer
        self._transcriber = StreamingTranscriber(recognizer, voice_encoder)
        self._said: list[OutgoingUtterance] = []
        self.lost: list[str] = []
        """Why an engine failed on the last message."""

    def push(self, samples: Samples) -> str | None:
        """Take in sound, float32 [t] at 16 kHz. Return the words of the open segment if they were just recognized."""
        self._take(self._transcriber.push(samples))
        return self._transcriber.partial_transcript()

    def finish(self) -> Payload | None:
        """Return the message; None if no word was said."""
        self._take(self._transcriber.release())
        if not self._said:
            return None
        utterances = tuple(
            replace(
                said.payload.utterances[0],
                start_s=max(0.0, said.end_s - said.payload.duration_s),
                duration_s=said.payload.duration_s,
            )
            for said in self._said
        )
        voice = self._said[-1].payload.speakers[0].voice  # measured on the whole message
        return Payload((Speaker(voice),), utterances, self._transcriber.heard_s, recognizer=self._recognizer.name)

    def _take(self, outgoing: Iterator[OutgoingUtterance | Unheard]) -> None:
        for each in outgoing:
            if isinstance(each, Unheard):
                self.lost.append(f"{each.duration_s:.1f} s of what you said is lost: {each.error}")
            else:
                self._said.append(each)


def dictate(tell: Callable[[str], None]) -> Iterator[Payload]:
    """Yield a message for each pair of presses of Enter, until standard input ends.

    Args:
        tell: shows a line to the user: the use of the key, the words as they are recognized.

    Raises:
        DeviceError: there is no microphone.
        LiveError: the extra ``live`` is not installed.
    """
    recognizer, voice_encoder = load_engine("recognizer"), load_engine("voice_encoder")
    with microphone() as heard:
        tell("Enter begins to talk, Ctrl-D leaves")
        while sys.stdin.readline():
            heard.drain()  # sound from before the key
            lost_s = heard.lost_s
            tell("speak; Enter sends")
            dictation = Dictation(recognizer, voice_encoder)
            while not _is_pressed():
                block = heard.next_block()
                text = None if block is None else dictation.push(block)
                if text:
                    tell(f"... {text}")
            sys.stdin.readline()
            for block in heard.drain():
                dictation.push(block)
            payload = dictation.finish()
            if heard.lost_s > lost_s:
                tell(
                    f"{heard.lost_s - lost_s:.1f} s of what you said came faster than they could be read, and are lost"
                )
            for line in dictation.lost:
                tell(line)
            if payload is None:
                tell("nothing was understood, and nothing is sent")
            else:
                tell("you said: " + " ".join(utterance.text for utterance in payload.utterances))
                yield payload
            tell("Enter begins to talk, Ctrl-D leaves")


def _is_pressed() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])


class Microphone:
    """The sound of the default microphone while it is open."""

    def __init__(self) -> None:
        self._blocks: queue.Queue[Samples] = queue.Queue(MAX_QUEUED)
        self._resampler: Resampler | None = None
        self.stream: Any = None
        """The stream that fills it."""
        self.lost_s = 0.0
        """Seconds of sound for which there was no room."""

    def take(self, block: Any, frames: int, _time: Any, _status: Any) -> None:
        """Keep a block, float32 [t, 1]. Called in a thread of PortAudio."""
        if self._blocks.full():
            self.lost_s += frames / self.stream.samplerate
        else:
            self._blocks.put_nowait(np.array(block, np.float32))

    def next_block(self) -> Samples | None:
        """Return the next block, float32 [t] at 16 kHz; None if there is none within `TICK_S`.

        Raises:
            DeviceError: the microphone has gone.
        """
        try:
            return self._resample(self._blocks.get(timeout=TICK_S))
        except queue.Empty:
            if not self.stream.active:
                raise DeviceError("the microphone has stopped; is it still plugged in?") from None
            return None

    def drain(self) -> list[Samples]:
        """Return all blocks that wait."""
        waiting: list[Samples] = []
        while not self._blocks.empty():
            waiting.append(self._resample(self._blocks.get_nowait()))
        return waiting

    def _resample(self, block: Samples) -> Samples:
        self._resampler = self._resampler or Resampler(int(self.stream.samplerate), 1)
        return self._resampler.push(block)[:, 0]


@contextmanager
def microphone() -> Generator[Microphone]:
    """Hold the default microphone, which runs at its own rate, for the block."""
    sounddevice: Any = load_sounddevice()
    heard = Microphone()
    try:
        heard.stream = sounddevice.InputStream(channels=1, dtype="float32", callback=heard.take)
    except (sounddevice.PortAudioError, ValueError) as error:
        raise DeviceError(f"the microphone cannot be opened ({error}); is it plugged in, and free?") from error
    with heard.stream:
        yield heard
