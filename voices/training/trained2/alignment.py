"""Which phone is said when, as the second network takes it: tokens and their durations.

Pauses stand where somebody paused or where a mark of punctuation is, then possibly of no length.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...text.pronunciation.phones import Group
from ..alignment import align
from ..recordings import Span
from .tokens import Token, pause_token, word_tokens


def label(
    samples: npt.NDArray[np.float32], groups: tuple[Group, ...], frames: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16]]:
    """Return tokens uint8 [N, 3] and durations uint16 [N] in frames, which sum to `frames`.

    Raises:
        ValueError: the words are not in the recording.
    """
    tokens, durations = _labels(groups, align(samples, groups))
    missing = frames - sum(durations)
    if not -3 < missing < 20:
        raise ValueError(f"{missing} frames are left over")
    durations[-1] += missing
    if durations[-1] < 0:
        raise ValueError("the last phone has no room")
    return np.array(tokens, np.uint8), np.array(durations, np.uint16)


def _labels(groups: tuple[Group, ...], spans: list[Span]) -> tuple[list[Token], list[int]]:
    tokens: list[Token] = []
    durations: list[int] = []
    expected = 0  # the next group
    for number, span in enumerate(spans):
        if span.group >= 0:
            for group in groups[expected : span.group]:  # marks at which nobody paused
                tokens.append(pause_token(group.phones[0].symbol))
                durations.append(0)
            tokens += word_tokens(groups[span.group].phones)
            durations += span.durations
            expected = span.group + 1
            continue
        at_end = number in (0, len(spans) - 1)
        mark = "." if at_end else ","
        if not at_end and expected < len(groups) and groups[expected].is_pause:
            mark = groups[expected].phones[0].symbol
            expected += 1
        if number == len(spans) - 1 and groups[-1].is_pause:
            mark = groups[-1].phones[0].symbol
        tokens.append(pause_token(mark))
        durations += span.durations
    return tokens, durations
