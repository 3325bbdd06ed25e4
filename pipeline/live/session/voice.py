"""The speaker's voice in a live conversation: measured at once, and better as more speech is heard.

    speech   1 s         3 s                     9 s                     15 s or more
    voice    measured    measured, then fitted   measured, then fitted   the same in more bytes: the last one

Measuring is quick. Fitting takes two or three seconds, so a thread of its own does it: utterances that do not wait for
it have the measured voice.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future

from ...protocols import FittingVoiceEncoder, VoiceEncoder
from ...segments import voice_bytes
from ...segments.segmentation import SpeechSegment
from ...segments.utterances import SpeakerSpeech
from ...types import Voice
from ..workers import PREFIX

VOICE_GROWTH = 3.0
"""The voice is measured and sent again once there is this many times as much speech."""
ENOUGH_SPEECH_S = 1.0
"""Speech that a first measurement needs."""
SETTLED_VOICE_S = 15.0
"""A voice measured on this much speech is not measured again. It is sent in more bytes than those before."""
NICENESS = 10
"""Of the thread that fits, on Linux: recognition and synthesis go first."""


class RunningVoice:
    """The voice of one speaker, from the first utterance on. Not for two threads at once."""

    def __init__(self, encoder: VoiceEncoder, speech: SpeakerSpeech, fits: bool = True) -> None:
        """Begin without a voice.

        Args:
            encoder: measures and fits.
            speech: takes the speaker's segments.
            fits: whether to fit the voice, too, if the encoder can.
        """
        self._encoder = encoder
        self._fits = fits
        self.speech = speech
        """Takes the speaker's segments."""
        self._measured_s = 0.0
        self._voice: Voice | None = None
        self._fitted: Future[Voice] | None = None

    def prepare(self, segment: SpeechSegment, text: str) -> None:
        """Measure the voice on an open segment, so that the first utterance need not wait for it."""
        if self._voice is None and segment.duration_s >= ENOUGH_SPEECH_S:
            self._voice = self._encoder.encode(segment.samples, text).shortened(voice_bytes.LIVE)
            self._measured_s = segment.duration_s

    def latest(self) -> Voice:
        """Return the best voice so far, or measure for the first time."""
        if self._fitted is not None and self._fitted.done() and not self._fitted.exception():
            self._voice, self._fitted = self._fitted.result(), None
        if self._voice is None:
            self._voice = self._sized(self._measure())
        return self._voice

    def refine(self) -> None:
        """Measure again, and begin to fit, if there is enough new speech that could be read.

        Raises:
            Exception: of the voice encoder, also of an earlier fit.
        """
        if self._fitted is not None:
            if self._fitted.done() and (error := self._fitted.exception()):
                self._fitted = None
                raise error
            return
        if (
            self.speech.duration_s
            and self._measured_s < SETTLED_VOICE_S
            and self.speech.duration_s >= VOICE_GROWTH * self._measured_s
        ):
            measured = self._measure()
            self._voice = self._sized(measured)
            if self._fits and isinstance(self._encoder, FittingVoiceEncoder):
                self._fitted = _beside(lambda: self._sized(self.speech.better(self._encoder, measured)))

    def _measure(self) -> Voice:
        self._measured_s = self.speech.duration_s
        return self.speech.measure(self._encoder)

    def _sized(self, voice: Voice) -> Voice:
        return voice.shortened(voice_bytes.LIVE if self._measured_s < SETTLED_VOICE_S else voice_bytes.LIVE_SETTLED)


def _beside(work: Callable[[], Voice]) -> Future[Voice]:
    """Return what will be made in a thread of its own.

    A program that ends waits for it, as Python would otherwise unload the libraries that it uses; `leave_at_once` does
    not wait.
    """
    made: Future[Voice] = Future()

    def make() -> None:
        try:
            _step_back()
            made.set_result(work())
        except BaseException as error:  # of any kind: it is told with the next utterance
            made.set_exception(error)

    threading.Thread(target=make, name=f"{PREFIX}voice").start()
    return made


def _step_back() -> None:
    """Let the other threads of the conversation go first."""
    if sys.platform == "linux":  # elsewhere priorities are those of processes
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
