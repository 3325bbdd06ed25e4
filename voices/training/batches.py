"""Batches for training: pieces of speech with phones, and pairs of pieces of the same voice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..acoustics.melspectrum import scale_level, speech_frames
from ..acoustics.vocoder import BANDS, band_frequencies, hz_to_mel, linear_interpolation
from ..spaces.trained_voice import PITCH_SCALE
from ..trained.phone_tokens import PAUSE
from .corpus.shards import TEACHER, PackedItem, from_bytes, read_shard
from .pieces import Floats, Pieces, draw_piece, empty_pieces, measure_prosody, without_end_silence

SHORTEST_REFERENCE = 96
"""Fewest frames of speech that the voice network gets."""
HELD_OUT_EVERY = 40
"""Every 40th recording is kept for validation."""


@dataclass(frozen=True, slots=True)
class AlignedRecording:
    """One recording with phones. N phones, T frames; the durations sum to T."""

    voice: int
    packed: PackedItem
    tokens: npt.NDArray[np.int64]
    durations: npt.NDArray[np.int64]
    start: int
    """First frame; the silence before it is cut off."""
    prosody: Floats
    """float32 [3]: scaled mean and standard deviation of log pitch, scaled speaking rate."""


@dataclass(frozen=True, slots=True)
class Speakers:
    """The normalized mel spectra of all speakers, without silence: voice number -> float32 [T, BANDS] each."""

    names: tuple[str, ...]
    heard: tuple[tuple[Floats, ...], ...]


def load(folder: Path, names: tuple[str, ...]) -> tuple[Speakers, list[AlignedRecording], list[AlignedRecording]]:
    """Return speakers, training recordings and held-out recordings from the shards in `folder`.

    The phones of a shard lie in `labels/` beside it, see `__main__`.

    Args:
        folder: of the shards.
        names: of all speakers, in order.
    """
    packed = [item for path in sorted(folder.glob("*.npz")) for item in _labeled(path)]
    number = {name: index for index, name in enumerate(names)}
    heard: list[list[Floats]] = [[] for _ in names]
    learned: list[AlignedRecording] = []
    held_out: list[AlignedRecording] = []
    for index, item in enumerate(packed):
        mel = speech_frames(from_bytes(item.measured.mel)).astype(np.float16)
        if len(mel) >= SHORTEST_REFERENCE // 2:
            heard[number[item.speaker]].append(mel)
        if len(item.tokens):
            (held_out if index % HELD_OUT_EVERY == 0 else learned).append(spoken(item, number[item.speaker]))
    return Speakers(names, tuple(map(tuple, heard))), learned, held_out


def _labeled(path: Path) -> list[PackedItem]:
    items = read_shard(path)
    labels = path.parent / "labels" / path.name
    if not labels.exists():
        return items
    with np.load(labels, allow_pickle=False) as archive:
        offsets, tokens, durations = (archive[name] for name in ("phones", "tokens", "durations"))
    return [
        PackedItem(
            one.name,
            one.speaker,
            one.measured,
            tokens[slice(*offsets[i : i + 2])],
            durations[slice(*offsets[i : i + 2])],
        )
        for i, one in enumerate(items)
    ]


def spoken(item: PackedItem, voice: int) -> AlignedRecording:
    """Return a recording with its prosody, without the silence at its ends."""
    pause = item.tokens[:, 2] == PAUSE
    durations, frames = without_end_silence(item.durations.astype(np.int64), pause)
    log_pitch = np.log(item.measured.pitch_hz[frames].astype(np.float32))
    prosody = measure_prosody(log_pitch, item.measured.voiced[frames], durations, pause)
    return AlignedRecording(voice, item, item.tokens.astype(np.int64), durations, frames.start, prosody)


@dataclass(frozen=True, slots=True)
class Batch(Pieces):
    """Pieces of B recordings with phones, and V further voices for the voice network alone."""

    reference: Floats
    """float32 [2 (B + V), R, BANDS]: each voice, then each once more in other words."""
    reference_mask: Floats
    speaker: npt.NDArray[np.int64]
    """int64 [B + V]: equal numbers for equal voices; a warped voice is another voice."""
    name: npt.NDArray[np.int64]
    """int64 [B + V]: number of the speaker, or -1 for a warped voice."""


WARPS = tuple(float(factor) for factor in np.exp(np.linspace(-0.18, 0.18, 13)))
_PLAIN = len(WARPS) // 2


class Sampler:
    """Draws batches: `teacher_share` of the pieces from the teacher, the others by the root of a speaker's minutes."""

    def __init__(
        self, speakers: Speakers, learned: list[AlignedRecording], batch: int, others: int, frames: int, reference: int,
        teacher_share: float, seed: int,
    ) -> None:  # fmt: skip
        self.speakers, self.learned = speakers, learned
        self.batch, self.others, self.frames, self.reference = batch, others, frames, reference
        self.random = np.random.default_rng(seed)
        teacher = speakers.names.index(TEACHER) if TEACHER in speakers.names else -1
        frames_of: dict[int, int] = {}
        for item in learned:
            frames_of[item.voice] = frames_of.get(item.voice, 0) + len(item.packed.measured.voiced)
        weights = np.array([len(item.packed.measured.voiced) / frames_of[item.voice] ** 0.5 for item in learned])
        taught = np.array([item.voice == teacher for item in learned])
        if taught.any() and not taught.all():
            weights[taught] *= teacher_share / weights[taught].sum()
            weights[~taught] *= (1 - teacher_share) / weights[~taught].sum()
        self.weights = weights / weights.sum()
        minutes = np.array([sum(map(len, mels)) for mels in speakers.heard], np.float64)
        minutes[teacher if teacher >= 0 else 0 : teacher + 1] = 0  # the pieces have enough of this voice
        self.voice_weights = minutes**0.25 / (minutes**0.25).sum()
        self.warps = [warp_matrix(factor) for factor in WARPS]

    def batches(self) -> Iterator[Batch]:
        """Yield batches without end."""
        while True:
            chosen = self.random.choice(len(self.learned), self.batch, p=self.weights)
            yield self.collate([self.learned[index] for index in chosen])

    def collate(self, items: list[AlignedRecording]) -> Batch:
        """Return a batch of pieces of `items`, with speech of other voices."""
        pieces = [draw_piece(item.tokens, item.durations, self.frames, self.random) for item in items]
        count = len(items)
        voices = count + self.others
        out = Batch(
            **empty_pieces(pieces, self.frames),
            prosody=np.stack([item.prosody for item in items]),
            reference=np.zeros((2 * voices, self.reference, BANDS), np.float32),
            reference_mask=np.zeros((2 * voices, self.reference, 1), np.float32),
            speaker=np.zeros(voices, np.int64),
            name=np.full(voices, -1, np.int64),
        )
        for row, (item, piece) in enumerate(zip(items, pieces, strict=True)):
            frames = out.place_phones(row, piece)
            choice = int(self.random.integers(len(WARPS))) if self.random.random() < 0.7 else _PLAIN
            measured = item.packed.measured
            start = item.start + piece.start
            part = slice(start, start + frames.stop)
            out.envelope[row, frames] = scale_level(from_bytes(measured.envelope[part])) @ self.warps[choice]
            out.voiced[row, frames] = measured.voiced[part]
            higher = np.log(WARPS[choice]) + (0.0 if choice == _PLAIN else float(self.random.normal(0, 0.08)))
            out.log_pitch[row, frames] = np.log(measured.pitch_hz[part].astype(np.float32)) + higher
            out.prosody[row, 0] += higher / PITCH_SCALE
            self._hear(out, row, item.voice, choice)
        chosen = self.random.choice(len(self.speakers.names), self.others, p=self.voice_weights, replace=False)
        for row, voice in enumerate(chosen, count):
            self._hear(
                out, row, int(voice), int(self.random.integers(len(WARPS))) if self.random.random() < 0.3 else _PLAIN
            )
        return out

    def _hear(self, out: Batch, row: int, voice: int, choice: int) -> None:
        out.speaker[row] = voice * len(WARPS) + choice
        out.name[row] = voice if choice == _PLAIN else -1
        mels = self.speakers.heard[voice]
        order = self.random.permutation(len(mels))[: 2 * 3]
        for second in (0, 1):
            # Other words if the speaker has other recordings, else other parts of the same one.
            own = order[second::2] if len(order) > 1 else order
            part = self._pick([mels[index] for index in own], second if len(order) == 1 else -1)
            level = float(self.random.normal(0, 0.05))
            row_of = row + second * (len(out.reference) // 2)
            out.reference[row_of, : len(part)] = part.astype(np.float32) @ self.warps[choice] + level
            out.reference_mask[row_of, : len(part)] = 1

    def _pick(self, mels: list[Floats], half: int) -> Floats:
        """Return `SHORTEST_REFERENCE` to `reference` frames of `mels`, an even number.

        Args:
            mels: of one speaker.
            half: 0 or 1 for the first or second half of each; -1 for all of it.
        """
        room = 2 * int(self.random.integers(SHORTEST_REFERENCE // 2, self.reference // 2 + 1))
        parts: list[Floats] = []
        for mel in mels:
            if half >= 0 and len(mel) >= 2 * SHORTEST_REFERENCE:
                mel = mel[: len(mel) // 2] if half == 0 else mel[len(mel) // 2 :]
            size = min(room, len(mel))
            offset = int(self.random.integers(len(mel) - size + 1))
            parts.append(mel[offset : offset + size])
            room -= size
            if room <= 0:
                break
        joined = np.concatenate(parts)
        return joined[: len(joined) // 2 * 2]


def warp_matrix(factor: float) -> Floats:
    """Return the float32 [BANDS, BANDS] that multiplies all frequencies of an envelope by `factor`."""
    sources = hz_to_mel(band_frequencies() / factor)
    return linear_interpolation(sources, hz_to_mel(band_frequencies())).astype(np.float32)
