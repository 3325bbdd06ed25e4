"""Push-to-talk into any link: the speech between two presses of Enter becomes one payload."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ..engines.loading import load_engine, load_recognizer
from ..errors import DeviceError
from ..live.devices.sound import load_sounddevice
from ..live.session.transcriber import Doubtful, OutgoingUtterance, StreamingTranscriber, Transcribed, Unheard
from ..protocols import ENGINE_SAMPLE_RATE, Recognizer, VoiceEncoder
from ..types import Payload, Samples, Speaker
from .soundinput import SoundInput

MAX_QUEUED = 3000
"""Blocks of sound that wait for the recognizer, about a minute."""


class Dictation:
    """Collects the utterances of one message while somebody speaks."""

    def __init__(self, recognizer: Recognizer, voice_encoder: VoiceEncoder) -> None:
        self._recognizer = recognizer
        # A message is over before a voice is fitted.
        self._transcriber = StreamingTranscriber(recognizer, voice_encoder, fits=False)
        self._said: list[OutgoingUtterance] = []
        self.lost: list[str] = []
        """What is lost of the last message, and why: an engine failed, or it is perhaps speech."""

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

    def _take(self, outgoing: Iterator[Transcribed]) -> None:
        for each in outgoing:
            if isinstance(each, Unheard):
                self.lost.append(f"{each.duration_s:.1f} s of what you said is lost: {each.error}")
            elif isinstance(each, Doubtful):
                self.lost.append(each.text)
            else:
                self._said.append(each)


def dictate(tell: Callable[[str], None], text_coder: str | None = None) -> Iterator[Payload]:
    """Yield a message for each pair of presses of Enter, until standard input ends.

    Args:
        tell: shows a line to the user: the use of the key, the words as they are recognized.
        text_coder: name of the coder of English that will code the words.

    Raises:
        DeviceError: there is no microphone.
        LiveError: the extra ``live`` is not installed.
    """
    recognizer, voice_encoder = load_recognizer(text_coder=text_coder), load_engine("voice_encoder")
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


@contextmanager
def microphone() -> Generator[SoundInput]:
    """Hold the default microphone, which runs at its own rate, for the block."""
    sounddevice: Any = load_sounddevice()
    heard = SoundInput("the microphone", ENGINE_SAMPLE_RATE, MAX_QUEUED)
    try:
        heard.stream = sounddevice.InputStream(channels=1, dtype="float32", callback=heard.take)
    except (sounddevice.PortAudioError, ValueError) as error:
        raise DeviceError(f"the microphone cannot be opened ({error}); is it plugged in, and free?") from error
    with heard.stream:
        yield heard
