"""Observe one recording through one codec: encode, decode, measure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isinf
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from speechzip.pipeline import ENGINE_SAMPLE_RATE, Audio, AudioError, Samples, SpeechzipError, open_recording

from ..codecs import load_codec
from ..codecs.sound import engine_samples
from ..conditions import CLEAN, CONDITIONS, noise_seed
from ..metrics import load_judges, load_naturalness, load_voice, onset_s, transcribe
from ..metrics.voice import pack_embedding
from ..types import Item, Observation, Turn, TurnObservation

TURN_MARGIN_S = 0.1
"""Sound kept around a turn of a conversation for the judge."""
LONGEST_REASON = 300
"""Most characters of a failure's reason."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Settings of the observation, the same for a whole run."""

    judges: tuple[str, ...]
    """Recognizers that judge, as ``name`` or ``name:model``."""
    seed: int = 0
    """Seed of all randomness."""
    voice: bool = True
    """Whether speaker embeddings are measured."""
    naturalness: bool = True
    """Whether naturalness is measured."""


@dataclass(frozen=True, slots=True)
class EvalJob:
    """One observation to make."""

    item: Item
    """The recording."""
    condition: str
    """One of `CONDITIONS`."""
    system: str
    """Name of the codec."""

    def failed(self, reason: str) -> Observation:
        """Return the observation of a failure."""
        return Observation(
            self.item.id, self.item.category, self.condition, self.system, failure=reason[:LONGEST_REASON]
        )


def observe(job: EvalJob, settings: RunSettings) -> tuple[Observation, Audio | None]:
    """Return the observation and the decoded sound; a failure is an observation, too."""
    try:
        return _observe(job, settings)
    except SpeechzipError as error:
        return job.failed(str(error)), None
    except Exception as error:  # a codec may raise anything: the failure is listed, and the run goes on
        return job.failed(f"{type(error).__name__}: {error}"), None


def read_audio(path: Path) -> Audio:
    """Return the whole of a recording.

    Raises:
        AudioError: it cannot be read.
    """
    recording = open_recording(path)
    samples = np.concatenate(list(recording.blocks()))
    return Audio(samples[:, 0] if samples.shape[1] == 1 else samples, recording.sample_rate)


def write_clip(file: BinaryIO, audio: Audio) -> None:
    """Write a recording as small MP3 that any browser plays."""
    samples = engine_samples(audio)
    soundfile.write(file, samples, ENGINE_SAMPLE_RATE, "MPEG_LAYER_III", format="MP3", compression_level=0.8)


def _observe(job: EvalJob, settings: RunSettings) -> tuple[Observation, Audio]:
    source = read_audio(job.item.path)
    sent = CONDITIONS[job.condition](source, noise_seed(job.item.id, settings.seed))
    codec = load_codec(job.system)
    coded = codec.code(sent)
    if not np.isfinite(coded.audio.samples).all():
        raise AudioError(f"{job.system} decoded to samples that are not numbers")
    original, decoded = engine_samples(source), engine_samples(coded.audio)
    voices = settings.voice and job.condition == CLEAN
    turns = tuple(_observe_turn(turn, original, decoded, settings.judges, voices) for turn in job.item.turns)
    observation = Observation(
        item=job.item.id,
        category=job.item.category,
        condition=job.condition,
        system=job.system,
        duration_s=source.duration_s,
        payload_bits=coded.payload_bits,
        wire_bits=coded.payload_bits + 8 * codec.packet_overhead_bytes * coded.packets,
        encode_s=coded.encode_s,
        decode_s=coded.decode_s,
        sections=dict(coded.sections),
        text=coded.text,
        turns=turns,
    )
    if settings.naturalness and job.condition == CLEAN and all(turn.transcript for turn in job.item.turns):
        observation = replace(observation, naturalness=load_naturalness().score(decoded))
    return observation, coded.audio


def _observe_turn(
    turn: Turn, original: Samples, decoded: Samples, judge_specs: tuple[str, ...], voices: bool
) -> TurnObservation:
    speech = _cut(decoded, turn)
    onset_error_s = None
    if turn.transcript:
        wanted, came = onset_s(original, turn.start_s), onset_s(decoded, turn.start_s)
        onset_error_s = None if wanted is None or came is None else round(came - wanted, 3)
    judges = load_judges(judge_specs) if turn.transcript else {}
    embedding = load_voice().embed(speech) if voices and turn.speaker else None
    return TurnObservation(
        speaker=turn.speaker,
        reference=turn.transcript,
        hypotheses={name: transcribe(judge, speech) for name, judge in judges.items()},
        onset_error_s=onset_error_s,
        embedding=None if embedding is None else pack_embedding(embedding),
    )


def _cut(samples: Samples, turn: Turn) -> Samples:
    """Return the samples of a turn; for a recording of one utterance, return all samples."""
    if isinf(turn.duration_s):
        return samples
    first = max(0, round((turn.start_s - TURN_MARGIN_S) * ENGINE_SAMPLE_RATE))
    return samples[first : round((turn.start_s + turn.duration_s + TURN_MARGIN_S) * ENGINE_SAMPLE_RATE)]
