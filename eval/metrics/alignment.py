"""When the first word starts, by forced alignment: a breath or a click in front of it moves nothing.

The aligner is pocketsphinx with its English acoustic model; frames of 10 ms. Words are pronounced as speechzip speaks
them. Silence may stand in front of any word.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np
from speechzip.pipeline import ENGINE_SAMPLE_RATE, EngineError, Samples
from speechzip.voices import pronounced

ALIGNER = "pocketsphinx"
"""Name of the aligner in reports."""
FRAME_S = 0.01
MODEL_PHONES = {"AX": "AH"}
"""Phones that the acoustic model has under another name."""
DITHER_DB = 50.0
"""Noise this far below the speech is added. Without it, a word after digital silence, as decoders make it, seems to
start 20 to 25 ms later than the same word in the quiet noise of a recording; from 30 to 60 dB that differs by 4 ms."""
BEAMS = {"beam": 1e-80, "wbeam": 1e-60, "pbeam": 1e-80}
"""Wide enough that the right path is never lost: a recording has 30 words, not thousands."""


@lru_cache(maxsize=1)
def load_aligner() -> Any:
    """Return the module of the aligner.

    Raises:
        EngineError: it is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own about itself
            return import_module("pocketsphinx")
    except ImportError as error:
        raise EngineError(f"{ALIGNER} is not installed; run: pip install 'speechzip[eval]'") from error


def word_start_s(samples: Samples, text: str) -> float | None:
    """Return when the first word of `text` starts in `samples`; None if the words are not in there.

    Args:
        samples: float32 [T], mono, 16 kHz.
        text: all words in it; English.

    Raises:
        EngineError: the aligner is not installed.
    """
    words = [
        " ".join(MODEL_PHONES.get(phone.symbol, phone.symbol) for phone in group.phones)
        for group in pronounced(text.lower() if text.isupper() else text)  # else capitals would be spelled
        if not group.is_pause
    ]
    if not words or len(samples) < ENGINE_SAMPLE_RATE // 10:
        return None
    decoder = load_aligner().Decoder(
        lm=None, dict=None, bestpath=False, loglevel="FATAL", samprate=ENGINE_SAMPLE_RATE, **BEAMS
    )
    names = {phones: f"w{place}" for place, phones in enumerate(dict.fromkeys(words))}
    for phones, name in names.items():
        decoder.add_word(name, phones, False)
    decoder.set_align_text(" ".join(names[phones] for phones in words))
    decoder.start_utt()
    sound = samples + _dither(samples)
    decoder.process_raw(np.asarray(np.clip(sound * 32767, -32768, 32767), np.int16).tobytes(), full_utt=True)
    try:
        decoder.end_utt()
    except RuntimeError:  # no way through the sound
        return None
    if decoder.hyp() is None:
        return None
    found = [segment for segment in decoder.seg() if segment.word.partition("(")[0] in names.values()]
    return round(found[0].start_frame * FRAME_S, 3) if len(found) == len(words) else None


def _dither(samples: Samples) -> Samples:
    """Return the same noise for the same sound, `DITHER_DB` below it: float32 [T]."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    noise = np.random.default_rng(0).standard_normal(len(samples), np.float32)
    return noise * np.float32(rms * 10 ** (-DITHER_DB / 20))
