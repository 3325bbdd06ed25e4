"""Channels: does a stereo recording hold two parties on two lines, or one room?"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from ..audio.downmix import downmix
from ..audio.reading import Recording, engine_blocks
from ..errors import AudioError
from ..types import Samples

ChannelMode = Literal["auto", "mix", "split"]

FRAME = 512
"""Samples in one measurement of level: 32 ms at 16 kHz."""
LISTEN_S = 600.0
"""How much of a recording `auto` listens to."""
ACTIVE_DB = 35.0
"""A frame within this of the loud ones is sound, not background."""
DOMINANCE_DB = 10.0
"""In a two-party recording, a speaker is this much louder on their own channel; with a stereo
microphone, people on its left and right differ by 3 to 6 dB."""
FAR_APART_DB = 25.0
"""If the loud parts of the channels differ by more, the softer one may be a second party on a bad line."""
SPREAD_DB = 15.0
"""The loud parts of speech lie this far above the 20 % of quietest frames; those of noise do not."""
LOUD_DB = 12.0
"""If channels are far apart, frames within this of the loud ones of their channel count: noise in pauses does not."""
DOMINANCE_SHARE = 0.05
"""Each party dominates at least this share of the sound, even one with only short responses."""


def splits(recording: Recording, mode: ChannelMode) -> bool:
    """Return whether each channel holds one party.

    Args:
        recording: of any number of channels.
        mode: ``split`` and ``mix`` decide it; ``auto`` detects it.

    Raises:
        AudioError: `split` for a recording without two channels.
    """
    if mode == "split" and recording.channels != 2:
        raise AudioError(
            f"{recording.name} has {recording.channels} channel(s); two are needed to split it", remedies=("no_split",)
        )
    if mode == "auto":
        return recording.channels == 2 and _two_parties(recording)
    return mode == "split"


def tracks(block: Samples, split: bool) -> list[Samples]:
    """Return the sound of each party in a block: float32 [t] for each channel, or for their mix."""
    return [np.ascontiguousarray(channel) for channel in block.T] if split else [downmix(block)]


def _two_parties(recording: Recording) -> bool:
    """Decide by level: two parties take turns in dominating their channels, a room does not."""
    levels: list[npt.NDArray[np.float64]] = []
    left_over = np.zeros((0, 2), np.float32)
    frames_wanted = int(LISTEN_S * 16_000 / FRAME)
    for block in engine_blocks(recording):
        block = np.concatenate([left_over, block])
        whole = len(block) // FRAME
        frames = block[: whole * FRAME].reshape(whole, FRAME, 2).astype(np.float64)
        levels.append(10 * np.log10(np.square(frames).mean(axis=1) + 1e-10))
        left_over = block[whole * FRAME :]
        if sum(map(len, levels)) >= frames_wanted:
            break
    level = np.concatenate(levels)
    if len(level) == 0:
        return False
    floor, loud = np.percentile(level, [20, 95], axis=0)
    softer = int(np.argmin(loud))
    if loud.max() - loud[softer] > FAR_APART_DB:
        if loud[softer] - floor[softer] < SPREAD_DB:
            return False
        active = level[(level > loud - LOUD_DB).any(axis=1)] - loud
    else:
        loudest = level.max(axis=1)
        active = level[loudest > np.percentile(loudest, 95) - ACTIVE_DB]
    difference = active[:, 0] - active[:, 1]
    left, right = (difference > DOMINANCE_DB).mean(), (difference < -DOMINANCE_DB).mean()
    return bool(min(left, right) >= DOMINANCE_SHARE)
