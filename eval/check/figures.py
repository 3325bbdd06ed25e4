"""The figures of the check: what a release is held to.

Everything comes from the two recordings in the recognizer's wheel, clean and made worse by rule, so that every install
measures the same:

    recordings x (clean, noise 20 dB below the speech, telephone) -> compress -> bytes, words sent
                                                                  -> decompress -> words heard, voice, starts

Speeds are processor times as multiples of Opus's for the same sound, taken by turns.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from speechzip.pipeline import Audio, Samples, read_payload

from .. import engines
from ..codecs import DEFAULT, load_codec
from ..codecs.sound import engine_samples
from ..codecs.speechzip import load_set
from ..conditions import CLEAN, CONDITIONS, noise_seed, with_noise
from ..corpora import WHEELS, read_corpus
from ..metrics import load_voice, onset_s, transcribe
from ..metrics.wer import WordErrors, word_errors
from ..run.observe import read_audio
from ..types import Item

TRIED = (CLEAN, "noise-20dB", "telephone")
"""Conditions of the recordings."""
INAUDIBLE_DB = 50.0
"""Noise this far below the speech changes nothing that anybody hears."""
RECORDING = "two_cities.wav"
"""The recording whose coding is timed: 44 s."""
SPEED_ROUNDS = 5
FEW = 4
"""Short steps are timed over this many calls."""
OPUS = "opus-24-20ms"

BYTES, WORDS_SENT, WORDS_HEARD = "bytes of all payloads", "word errors sent, %", "word errors heard, %"
SIMILARITY, STARTS = "voice similarity", "mean error of starts, ms"
COMPRESSING, DECOMPRESSING, INSPECTING = "compress / Opus", "decompress / Opus", "inspect / Opus"

STEPS = {BYTES: 2.0, WORDS_SENT: 0.55, WORDS_HEARD: 0.8, SIMILARITY: 0.01, STARTS: 5.0}
"""Figure -> the least difference worth telling: two bytes, two words, three words (processors round the recognizer's
8-bit products differently), and what an ear does not hear."""
HIGHER_IS_BETTER = frozenset({SIMILARITY})
SPEEDS = (COMPRESSING, DECOMPRESSING, INSPECTING)

Figures = dict[str, float]
"""Name of a figure -> its value."""


@dataclass(frozen=True, slots=True)
class _Sample:
    """One recording under one condition."""

    item: Item
    """The recording."""
    original: Samples
    """Its clean sound: float32 [T], mono, 16 kHz."""
    sent: Audio
    """What is compressed."""


def measure(system: str = DEFAULT, noise: int = 0) -> Figures:
    """Return bytes, words, voice and starts of a system.

    Args:
        system: speechzip, or one of its sets of engines.
        noise: 0 for the recordings as they are; another number is the seed of noise that nobody hears.

    Raises:
        EngineError: an engine of the system, or Resemblyzer (extra ``eval``), is missing.
        NoSpeechError: the system finds no speech in a recording.
    """
    codec, voice, judge = load_set(system), load_voice(), engines.judge()
    size, cosines, errors_s = 0, list[float](), list[float]()
    sent, heard = list[WordErrors](), list[WordErrors]()
    for sample in _samples(noise):
        compressed = codec.compress(sample.sent)
        size += len(compressed.data)
        decoded = engine_samples(codec.decompress(compressed.data))
        reference = [sample.item.turns[0].transcript or ""]
        sent.append(word_errors(reference, [compressed.text]))
        heard.append(word_errors(reference, [transcribe(judge, decoded)]))
        pair = voice.embed(sample.original), voice.embed(decoded)
        cosines.append(0.0 if pair[0] is None or pair[1] is None else float(pair[0] @ pair[1]))
        for utterance in compressed.payload.utterances:
            wanted, came = onset_s(sample.original, utterance.start_s), onset_s(decoded, utterance.start_s)
            if wanted is not None and came is not None:
                errors_s.append(abs(came - wanted))
    return {
        BYTES: float(size),
        WORDS_SENT: 100 * _rate(sent),
        WORDS_HEARD: 100 * _rate(heard),
        SIMILARITY: statistics.fmean(cosines),
        STARTS: 1000 * statistics.fmean(errors_s) if errors_s else math.inf,
    }


def measure_speeds(system: str = DEFAULT, rounds: int = SPEED_ROUNDS) -> dict[str, list[float]]:
    """Return figure -> its value in each round: processor time as a multiple of Opus's, taken by turns.

    Raises:
        EngineError: an engine, or PyAV (extra ``eval``), is missing.
    """
    codec, opus = load_set(system), load_codec(OPUS)
    recording = next(one.sent for one in _samples(0) if one.item.id == RECORDING)
    found: dict[str, list[float]] = {name: [] for name in SPEEDS}
    for place in range(rounds + 1):
        started = [time.process_time()]
        data = codec.compress(recording).data
        started.append(time.process_time())
        codec.decompress(data)
        started.append(time.process_time())
        for _ in range(FEW):
            read_payload(data)
        started.append(time.process_time())
        for _ in range(FEW):
            opus.code(recording)
        started.append(time.process_time())
        compress_s, decompress_s, inspect_s, opus_s = (later - before for before, later in pairwise(started))
        if place > 0:  # the first round loads the models
            opus_s /= FEW
            found[COMPRESSING].append(compress_s / opus_s)
            found[DECOMPRESSING].append(decompress_s / opus_s)
            found[INSPECTING].append(inspect_s / FEW / opus_s)
    return found


def _samples(noise: int) -> Iterator[_Sample]:
    for item in read_corpus(WHEELS).items:
        clean = read_audio(item.path)
        original = engine_samples(clean)
        audio = with_noise(clean, INAUDIBLE_DB, noise) if noise else clean
        for condition in TRIED:
            sent = CONDITIONS[condition](audio, noise_seed(item.id, 0))
            yield _Sample(item, original, sent)


def _rate(parts: Sequence[WordErrors]) -> float:
    return sum(one.errors for one in parts) / sum(one.reference_words for one in parts)
