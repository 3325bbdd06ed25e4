"""Forced alignment with pocketsphinx's English acoustic model: when each phone is spoken.

Every word enters the aligner's dictionary with its phones in the transcript. Silence may stand between any two words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pocketsphinx

from ...text.pronunciation.phones import Group, Phone
from ...trained.phone_tokens import Token, pause_token, word_tokens
from .recordings import Span


def align(samples: npt.NDArray[np.float32], groups: tuple[Group, ...]) -> list[Span]:
    """Return words and silences from the first frame to the last.

    Args:
        samples: float32 [T], mono, 16 kHz.
        groups: words and pauses of the transcript; pauses are not aligned.

    Raises:
        ValueError: the alignment fails.
    """
    decoder = pocketsphinx.Decoder(
        lm=None, dict=None, beam=1e-80, wbeam=1e-60, pbeam=1e-80, bestpath=False, loglevel="FATAL", samprate=16000
    )
    words: list[int] = [index for index, group in enumerate(groups) if not group.is_pause]
    names: dict[str, str] = {}
    for index in words:
        phones = " ".join(_aligned(phone) for phone in groups[index].phones)
        if phones not in names:
            names[phones] = f"w{len(names)}"
            decoder.add_word(names[phones], phones, False)
    text = [names[" ".join(_aligned(phone) for phone in groups[index].phones)] for index in words]
    decoder.set_align_text(" ".join(text))
    pcm = np.asarray(np.clip(samples * 32767, -32768, 32767), np.int16).tobytes()
    for second_pass in (False, True):
        if second_pass:
            decoder.set_alignment()
        decoder.start_utt()
        decoder.process_raw(pcm, full_utt=True)
        try:
            decoder.end_utt()
        except RuntimeError as error:  # the second pass found no way through the recording
            raise ValueError("the aligner gave up") from error
        if not second_pass and decoder.hyp() is None:
            raise ValueError("the words are not in the recording")
    alignment = decoder.get_alignment()
    if alignment is None:
        raise ValueError("the words are not in the recording")
    spans: list[Span] = []
    said = iter(words)
    for word in alignment:
        durations = tuple(int(phone.duration) for phone in word)
        if word.name.startswith("w"):
            spans.append(Span(next(said), durations))
            if len(durations) != len(groups[spans[-1].group].phones):
                raise ValueError("the aligner lost a phone")
        else:
            spans.append(Span(-1, (sum(durations),)))
    if next(said, None) is not None:
        raise ValueError("the aligner lost a word")
    return spans


def _aligned(phone: Phone) -> str:
    """Return the phone of the acoustic model, which has no schwa."""
    return "AH" if phone.symbol == "AX" else phone.symbol


def label(
    samples: npt.NDArray[np.float32], groups: tuple[Group, ...], frames: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16]]:
    """Return tokens uint8 [N, 3] and durations uint16 [N] in frames; their sum is `frames`.

    Raises:
        ValueError: the alignment fails.
    """
    tokens, durations = tokens_with_durations(groups, align(samples, groups))
    missing = frames - sum(durations)
    if not -3 < missing < 20:
        raise ValueError(f"{missing} frames are left over")
    durations[-1] += missing
    if durations[-1] < 0:
        raise ValueError("the last phone has no room")
    return np.array(tokens, np.uint8), np.array(durations, np.uint16)


def tokens_with_durations(groups: Sequence[Group], spans: Sequence[Span]) -> tuple[list[Token], list[int]]:
    """Return the tokens of an aligned recording and the frames of each.

    A pause stands at each silence, and at each mark of punctuation; it lasts 0 frames at a mark without silence.

    Args:
        groups: words and marks of the transcript.
        spans: words and silences of the recording, in order.
    """
    tokens: list[Token] = []
    durations: list[int] = []
    expected = 0  # the next group
    for number, span in enumerate(spans):
        if span.group >= 0:
            for group in groups[expected : span.group]:  # marks without silence
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
