"""Rejection: a second check of the recognizer's text, so that sound without speech gets no text.

Silero VAD lets a little noise and music through, and a recognizer finds words in anything:
Moonshine returns "You" for silence. Two measures tell them apart; the numbers come from 210
segments of real speech (read, telephone, meeting, radio) and 11 recordings of noise and music.
Rejected sound that the speech detector is sure of is speech that could not be read (`is_unread_speech`). Any other is
perhaps speech: it is told and not sent.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from ..textcoder.registry import DEFAULT_ID, TEXT_CODERS
from ..types import Samples, Transcript, UnreadReason
from .segmentation import SpeechDetector
from .silero import CHUNK, SileroDetector

MIN_CONFIDENCE = 0.36
"""Noise and instruments reached 0.33 by greedy decoding, and less with a beam, whose disagreement counts. Soft speech
at -70 dBFS, read with one word wrong, has 0.397 with a beam and 0.516 without."""
MIN_CONFIDENCE_OF_ONE_LANGUAGE, MIN_JUDGED_S = 0.51, 1.0
"""A recognizer of one language invents words when it hears another. In 160 telephone prompts that people have
recorded in Spanish, French, Italian and Russian, Moonshine's confidence is below 0.5 in 150; in 40 synthetic sentences
of German, French, Spanish and Chinese in 36. In 217 segments of English it is so low in four: two of strong accents,
two of the radio of Apollo 11. That was measured by greedy decoding; with a beam, 31 of every fifth prompt's 32 lie
below it, where 29 did."""
STOCK_PHRASES, MIN_CONFIDENCE_OF_STOCK_PHRASES = frozenset({"you", "thank you", "thank you for watching"}), 0.7
"""Moonshine writes them for sound without words: for 70 of 120 pieces of noise and instruments by greedy decoding. In
those that the speech detector lets through, its confidence reaches 0.62. Said by twelve of our voices with noise 10 dB
below, "Thank you" and "Thank you for watching" have 0.75 at least, a lone "You" 0.34 to 0.79."""
INVENTED, INVENTED_WORDS = 1.1, 3
"""Words are invented if their confidence times their bits per character, by the language model, is less: invented words
are fluent and very unsure, unclear words are not fluent. Of the unread English in the test recordings, one segment of a
meeting and three of Apollo 11 lie below, where most of the conversation is read; the others have 1.2 at least."""
SPELLED_BITS, SPELLED_CONFIDENCE, SPELLED_CHARACTERS = 3.0, 0.65, 20
"""Foreign words may also be spelled as they sound ("Los Santos no comprendi su Respuesta"): then they are unsure and
have this many bits per character, where English with such a confidence reaches 2.8, the invented words of a strong
accent too (3.1 and 4.0 in two of 60). Shorter texts and digits have more in English, too."""
MAX_TONALITY, MAX_TONALITY_BESIDE_HUM = 0.06, 0.03
"""Speech in quiet reached 0.051. Music that the speech detector lets through began at 0.087, singing with a band
included (recognized with a confidence of 0.81). Speech in a hum is as tonal as music: 56, 98 and 100 % of 128 segments
lie above 0.06 with a hum at 20, 10 and 5 dB. Outside its lines 1, 1 and 2 % lie above 0.03 (0.039 at most; 0.022 in 24
recordings of other speakers with three made-up hums), and that singing has 0.036."""
SURE_CONFIDENCE = 0.9
"""With at least this confidence, it is speech over music."""
MAX_CHARACTERS_PER_SECOND = 40.0
"""Twice what the fastest speakers reach."""

MIN_SPEECH_PROBABILITY = 0.7
"""Mean of the detector over unread speech: 0.75 to 0.96. Noise and instruments reached 0.61. In 19 minutes of music on
hold and of games it lets one segment through, which has 0.60. Singing reached 0.84: it counts as speech over music."""
MIN_UNREAD_S = 0.5
"""Shorter sounds are breaths, clicks and single syllables, which need no mark."""

Mask = npt.NDArray[np.bool_]

WINDOW, HOP = 2048, 512
"""128 ms and 32 ms at 16 kHz: a resolution of 8 Hz, in which a held note is a line."""
PEAK_DB = 6.0
"""How far a peak rises above its surroundings of `SURROUNDING` bins."""
SURROUNDING = 25
HELD_FRAMES = 9
"""A peak that stays in its bin this long (0.26 s) is a held note. The harmonics of voices glide."""
HUM_SHARE, QUIET_SHARE = 0.5, 0.25
"""A line in more than half of all frames, or of the quietest quarter, is a hum: voices cover it, and notes change."""
AUDIBLE_DB, LOUD_SHARE = 60.0, 0.95
"""Frames this far below the loud ones hold no notes. A codec may leave lines of -90 dBFS in pauses: speech coded as
Opus had a tonality of 0.125, the first seconds of a telephone call 0.44, and both less than 0.01 without such
frames."""
LOWEST_BIN, HIGHEST_BIN = 6, 512
"""47 Hz to 4 kHz: telephone calls have no more."""


def is_speech(transcript: Transcript, samples: Samples, duration_s: float, one_language: bool = False) -> bool:
    """Return whether a recognized segment is worth its bytes.

    Args:
        transcript: of the segment.
        samples: float32 [T], mono, 16 kHz.
        duration_s: how much of it is speech.
        one_language: whether the recognizer reads one language only, and may have heard another.
    """
    if not any(character.isalnum() for character in transcript.text):
        return False
    strict = one_language and duration_s >= MIN_JUDGED_S
    if transcript.confidence < (MIN_CONFIDENCE_OF_ONE_LANGUAGE if strict else MIN_CONFIDENCE):
        return False
    if strict and _is_spelled_as_it_sounds(transcript):
        return False
    if transcript.confidence < MIN_CONFIDENCE_OF_STOCK_PHRASES and _is_stock_phrase(transcript.text):
        return False
    if len(transcript.text) > MAX_CHARACTERS_PER_SECOND * max(duration_s, 0.5):
        return False
    return transcript.confidence >= SURE_CONFIDENCE or not is_music(samples)


def _is_stock_phrase(text: str) -> bool:
    return " ".join(re.findall(r"\w+", text.lower())) in STOCK_PHRASES


def is_unread_speech(samples: Samples, duration_s: float, detector: SpeechDetector | None = None) -> bool:
    """Return whether a segment holds speech although its text was rejected.

    Args:
        samples: float32 [T], mono, 16 kHz.
        duration_s: how much of it is speech.
        detector: a fresh one; Silero VAD if None.
    """
    chunks = samples[: len(samples) // CHUNK * CHUNK].reshape(-1, CHUNK)
    if duration_s < MIN_UNREAD_S or not len(chunks):
        return False
    detector = detector or SileroDetector()
    return float(np.mean(detector(chunks))) >= MIN_SPEECH_PROBABILITY


def unread_reason(transcript: Transcript, one_language: bool) -> UnreadReason:
    """Return why speech without music could not be read.

    Words that are unsure but fluent are invented from another language; so are those that no fluent speaker says.

    Args:
        transcript: of the speech.
        one_language: whether the recognizer reads one language only, and may have heard another.
    """
    text = transcript.text
    if not one_language or len(text.split()) < INVENTED_WORDS:
        return "unclear"
    invented = transcript.confidence * _bits_per_character(text) < INVENTED
    return "another language" if invented or _is_spelled_as_it_sounds(transcript) else "unclear"


def _is_spelled_as_it_sounds(transcript: Transcript) -> bool:
    text = " ".join(re.sub(r"\d[\d,.-]*", " ", transcript.text).split())
    if transcript.confidence >= SPELLED_CONFIDENCE or len(text) < SPELLED_CHARACTERS:
        return False
    return _bits_per_character(text) >= SPELLED_BITS


def _bits_per_character(text: str) -> float:
    return 8 * len(TEXT_CODERS[DEFAULT_ID].encode([text])) / len(text)


def is_music(samples: Samples) -> bool:
    """Return whether held notes that are no hum take part in a sound: float32 [T], mono, 16 kHz."""
    share, share_beside_hum = tonality(samples)
    return share >= MAX_TONALITY and share_beside_hum >= MAX_TONALITY_BESIDE_HUM


def tonality(samples: Samples) -> tuple[float, float]:
    """Return the share of spectral peaks that are held notes, in [0, 1]: of all, and of those outside a hum's lines.

    Both are 0 for less than 0.4 s of sound.

    Args:
        samples: float32 [T], mono, 16 kHz.
    """
    if len(samples) < WINDOW + HELD_FRAMES * HOP:
        return 0.0, 0.0
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP] * np.hanning(WINDOW)
    power = np.square(np.abs(np.fft.rfft(frames)))[:, LOWEST_BIN:HIGHEST_BIN]
    frame_power = power.sum(axis=1)
    audible = frame_power > np.quantile(frame_power, LOUD_SHARE) * 10 ** (-AUDIBLE_DB / 10)
    peaks = _peaks(power) & audible[:, np.newaxis]
    windows = np.lib.stride_tricks.sliding_window_view(peaks, HELD_FRAMES, axis=0)
    runs: Mask = np.all(windows, axis=-1)
    held = np.zeros_like(peaks)
    for shift in range(HELD_FRAMES):
        held[shift : shift + len(runs)] |= runs
    beside_hum = ~_hum(peaks, frame_power)
    return _share(held, peaks), _share(held[:, beside_hum], peaks[:, beside_hum])


def _peaks(power: npt.NDArray[np.float64]) -> Mask:
    """Return where a spectrum rises above its surroundings: bool [frames, bins - 2]."""
    level = 10 * np.log10(power + 1e-9)
    kernel = np.ones(SURROUNDING) / SURROUNDING
    surrounding = np.stack([np.convolve(frame, kernel, "same") for frame in level])
    inner = slice(1, -1)
    peaks: Mask = (power[:, inner] >= power[:, :-2]) & (power[:, inner] > power[:, 2:])
    peaks &= (level - surrounding)[:, inner] > PEAK_DB
    return peaks


def _hum(peaks: Mask, frame_power: npt.NDArray[np.float64]) -> Mask:
    """Return which bins are lines of a hum, or beside one: bool [bins]."""
    quiet = frame_power <= np.quantile(frame_power, QUIET_SHARE)
    lines: Mask = (peaks.mean(axis=0) > HUM_SHARE) | (peaks[quiet].mean(axis=0) > HUM_SHARE)
    lines[1:-1] |= lines[:-2] | lines[2:]
    return lines


def _share(part: Mask, whole: Mask) -> float:
    return float(part.sum() / max(1, whole.sum()))
