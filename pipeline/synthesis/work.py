"""A bound on the work of speaking: what a few bytes from a stranger may make a synthesizer do.

Work is counted in seconds of speech, since synthesizers take a fixed part of real time. An utterance takes some more,
however short it is. Honest payloads stay far below the bounds: in recordings of conversations, calls and meetings, a
byte stands for 0.13 to 0.26 s of speech, and work of 0.2 to 0.34 s.
"""

from __future__ import annotations

from ..errors import InputError, Remedy
from ..protocols import MAX_UTTERANCE_S
from ..types import Payload

UTTERANCE_WORK_S = 1.0
"""Work of an utterance besides its sound. The trained voice takes 5 ms more for it than for its sound, as long as for
0.3 s of speech; espeak-ng, which speaks up to four times until the length fits, 20 ms."""
WORK_PER_BYTE_S, SPARE_WORK_S = 1.0, 300.0
"""Work that b bytes may ask for: b times the first, and the second. A payload has two tokens a byte at most, besides
some spare ones, so a sentence said again and again, which costs nothing, takes 0.7 s a byte at the usual pace. Only
utterances of few words that repeat without end take more."""
WORK_PER_SECOND_S, SHORT_WORK_S = 3.0, 60.0
"""Work that a recording of t seconds may hold: t times the first, and the second. Two people who talk all the time,
in utterances of two seconds, take 3."""


class SpeechWork:
    """Work that has been done, and what is allowed."""

    def __init__(self, most_s: float, whose: str, remedies: tuple[Remedy, ...] = ()) -> None:
        """Begin to count.

        Args:
            most_s: the work that is allowed; it may be raised later.
            whose: asks for it, in words for people.
            remedies: what the user may do if it is too much.
        """
        self.most_s = most_s
        self._whose = whose
        self._remedies = remedies
        self._utterances = 0
        self._speech_s = 0.0

    def spend(self, speech_s: float) -> None:
        """Count an utterance.

        Raises:
            InputError: this one is too much.
        """
        self._utterances += 1
        self._speech_s += speech_s
        if self._speech_s + UTTERANCE_WORK_S * self._utterances > self.most_s:
            raise InputError(
                f"{self._whose} asks for too much speech: {self._utterances} utterances take "
                f"{self._speech_s:.0f} s, and {UTTERANCE_WORK_S:g} s each; {self.most_s:.0f} s are allowed",
                remedies=self._remedies,
            )


def speech_work(payload: Payload, size: int | None = None) -> SpeechWork:
    """Return the work that a payload is allowed, before any has been done.

    Args:
        payload: about to be spoken.
        size: its bytes; None if they are not known or do not count, so that only its duration does.

    Raises:
        InputError: the durations that the payload states are too much already.
    """
    most_s = WORK_PER_SECOND_S * payload.duration_s + SHORT_WORK_S
    whose = f"the payload of a recording of {payload.duration_s:.0f} s"
    remedies: tuple[Remedy, ...] = ()
    if size is not None and WORK_PER_BYTE_S * size + SPARE_WORK_S < most_s:
        most_s, whose = WORK_PER_BYTE_S * size + SPARE_WORK_S, f"the payload of {size} bytes"
        remedies = ("max_duration",)
    stated = SpeechWork(most_s, whose, remedies)
    for utterance in payload.utterances:
        stated.spend(min(utterance.duration_s, MAX_UTTERANCE_S))
    return SpeechWork(most_s, whose, remedies)
