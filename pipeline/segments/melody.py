"""The melody of a speaker's utterances: which of them differ from what a synthesizer does by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from ..errors import InputError
from ..protocols import MelodyEncoder, VoiceEncoder
from ..types import Contour, Utterance, Voice

MelodyMode = Literal["off", "auto"]
"""Whether pitch and loudness of utterances are sent: never, or where they differ from a synthesizer's own."""


def melody_encoder(mode: MelodyMode, voice_encoder: VoiceEncoder) -> MelodyEncoder | None:
    """Return what measures melodies; None if none are wanted.

    Raises:
        InputError: the voice encoder cannot.
    """
    if mode == "off":
        return None
    if not isinstance(voice_encoder, MelodyEncoder):
        raise InputError(f"the voice encoder {voice_encoder.name} measures no melody; `trained` does")
    return voice_encoder


def with_melodies(
    utterances: Sequence[Utterance], contours: Sequence[Contour], voice: Voice, encoder: MelodyEncoder
) -> list[Utterance]:
    """Return a speaker's utterances with their melodies.

    Args:
        utterances: all of one speaker's.
        contours: of the same utterances; those of marks do not matter.
        voice: the speaker's.
        encoder: measures.
    """
    said = [index for index, utterance in enumerate(utterances) if utterance.text]
    melodies = encoder.melodies(voice, [utterances[index] for index in said], [contours[index] for index in said])
    found = dict(zip(said, melodies, strict=True))
    return [replace(utterance, melody=found.get(index)) for index, utterance in enumerate(utterances)]
