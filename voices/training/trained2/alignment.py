"""Forced alignment for the second networks: the tokens of a recording and the duration of each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...text.pronunciation.phones import Group
from ..alignment import align
from ..pieces import tokens_with_durations
from .tokens import pause_token, word_tokens


def label(
    samples: npt.NDArray[np.float32], groups: tuple[Group, ...], frames: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16]]:
    """Return tokens uint8 [N, 3] and durations uint16 [N] in frames; their sum is `frames`.

    Raises:
        ValueError: the alignment fails.
    """
    tokens, durations = tokens_with_durations(groups, align(samples, groups), pause_token, word_tokens)
    missing = frames - sum(durations)
    if not -3 < missing < 20:
        raise ValueError(f"{missing} frames are left over")
    durations[-1] += missing
    if durations[-1] < 0:
        raise ValueError("the last phone has no room")
    return np.array(tokens, np.uint8), np.array(durations, np.uint16)
