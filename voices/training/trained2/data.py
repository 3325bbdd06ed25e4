"""What is drawn in training: pieces of speech with phones, and pairs of pieces of the same voice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...acoustics.melspectrum import scale_level, speech_frames
from ...acoustics.vocoder import BANDS
from ...spaces.trained_voice import PITCH_SCALE, scaled_prosody
from ...trained.networks import frame_positions
from ..examples import warp_matrix
from .shards import TEACHER, Packed, from_bytes, read_shard
from .tokens import PAUSE

END_SILENCE = 6
"""Frames of silence that stay at the ends."""
SHORTEST_REFERENCE = 96
"""Frames of speech that a voice is heard in, at least."""
HELD_OUT_EVERY = 40
"""One recording in this many is kept for validation."""
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Spoken:
    """One recording with phones. N phones, T frames; the durations sum to T."""

    voice: int
    packed: Packed
    tokens: npt.NDArray[np.int64]
    durations: npt.NDArray[np.int64]
    start: int
    """The first frame that counts."""
    prosody: Floats
    """float32 [3]: scaled mean and standard deviation of log pitch, scaled speaking rate."""


@dataclass(frozen=True, slots=True)
class Speakers:
    """Everybody's mel spectra where there is speech, normalized: voice number -> float32 [T, BANDS] each."""

    names: tuple[str, ...]
    heard: tuple[tuple[Floats, ...], ...]


def load(folder: Path, names: tuple[str, ...]) -> tuple[Speakers, list[Spoken], list[Spoken]]:
    """Return the speakers `names`, what is learned from, and what is held out, of the shards in `folder`.

    Phones of recordings lie beside their shard, in `labels/`, see `__main__`.
    """
    packed = [item for path in sorted(folder.glob("*.npz")) for item in _labeled(path)]
    number = {name: index for index, name in enumerate(names)}
    heard: list[list[Floats]] = [[] for _ in names]
    learned: list[Spoken] = []
    held_out: list[Spoken] = []
    for index, item in enumerate(packed):
        mel = speech_frames(from_bytes(item.measured.mel)).astype(np.float16)
        if len(mel) >= SHORTEST_REFERENCE // 2:
            heard[number[item.speaker]].append(mel)
        if len(item.tokens):
            (held_out if index % HELD_OUT_EVERY == 0 else learned).append(spoken(item, number[item.speaker]))
    return Speakers(names, tuple(map(tuple, heard))), learned, held_out


def _labeled(path: Path) -> list[Packed]:
    items = read_shard(path)
    labels = path.parent / "labels" / path.name
    if not labels.exists():
        return items
    with np.load(labels, allow_pickle=False) as archive:
        offsets, tokens, durations = (archive[name] for name in ("phones", "tokens", "durations"))
    return [
        Packed(
            one.name,
            one.speaker,
            one.measured,
            tokens[slice(*offsets[i : i + 2])],
            durations[slice(*offsets[i : i + 2])],
        )
        for i, one in enumerate(items)
    ]


def spoken(item: Packed, voice: int) -> Spoken:
    """Return a recording with silence cut from its ends and its prosody measured."""
    durations = item.durations.astype(np.int64)
    start, stop = 0, int(durations.sum())
    pause = item.tokens[:, 2] == PAUSE
    if pause[0]:
        start = max(int(durations[0]) - END_SILENCE, 0)
        durations[0] -= start
    if pause[-1]:
        cut = max(int(durations[-1]) - END_SILENCE, 0)
        stop -= cut
        durations[-1] -= cut
    log_pitch = np.log(item.measured.pitch_hz[start:stop].astype(np.float32))
    voiced = item.measured.voiced[start:stop]
    sung = log_pitch[voiced] if voiced.sum() > 10 else np.log(np.array([140.0, 150.0]))
    said = int(durations[~pause].sum())
    prosody = scaled_prosody(float(np.mean(sung)), float(np.std(sung)), 100 * int((~pause).sum()) / max(said, 1))
    return Spoken(voice, item, item.tokens.astype(np.int64), durations, start, np.array(prosody, np.float32))


@dataclass(frozen=True, slots=True)
class Batch:
    """Pieces of B recordings, T frames each, T even; N phones at the most; V voices more that are only heard."""

    tokens: npt.NDArray[np.int64]
    token_mask: Floats
    durations: Floats
    whole: Floats
    index: npt.NDArray[np.int64]
    place: Floats
    frame_mask: Floats
    envelope: Floats
    log_pitch: Floats
    voiced: Floats
    prosody: Floats
    reference: Floats
    """float32 [2 (B + V), R, BANDS]: each voice, then each once more in other words."""
    reference_mask: Floats
    speaker: npt.NDArray[np.int64]
    """int64 [B + V]: alike where the voice is, stretched frequencies counted in."""
    name: npt.NDArray[np.int64]
    """int64 [B + V]: which speaker, or -1 where frequencies are stretched."""


WARPS = tuple(float(factor) for factor in np.exp(np.linspace(-0.18, 0.18, 13)))
_PLAIN = len(WARPS) // 2


class Sampler:
    """Draws batches: `teacher_share` of the pieces from the teacher, else by the root of each speaker's minutes."""

    def __init__(
        self, speakers: Speakers, learned: list[Spoken], batch: int, others: int, frames: int, reference: int,
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
        minutes[teacher if teacher >= 0 else 0 : teacher + 1] = 0  # heard enough in the pieces
        self.voice_weights = minutes**0.25 / (minutes**0.25).sum()
        self.warps = [warp_matrix(factor) for factor in WARPS]

    def batches(self) -> Iterator[Batch]:
        """Yield batches without end."""
        while True:
            chosen = self.random.choice(len(self.learned), self.batch, p=self.weights)
            yield self.collate([self.learned[index] for index in chosen])

    def collate(self, items: list[Spoken]) -> Batch:
        """Return a batch of pieces of `items`, and of other voices."""
        pieces = [self._piece(item) for item in items]
        longest = max(len(tokens) for tokens, *_ in pieces)
        count, frames = len(items), self.frames
        voices = count + self.others
        out = Batch(
            tokens=np.zeros((count, longest, 3), np.int64),
            token_mask=np.zeros((count, longest, 1), np.float32),
            durations=np.zeros((count, longest), np.float32),
            whole=np.zeros((count, longest), np.float32),
            index=np.zeros((count, frames), np.int64),
            place=np.zeros((count, frames, 4), np.float32),
            frame_mask=np.zeros((count, frames, 1), np.float32),
            envelope=np.zeros((count, frames, BANDS), np.float32),
            log_pitch=np.full((count, frames), 5.0, np.float32),
            voiced=np.zeros((count, frames), np.float32),
            prosody=np.stack([item.prosody for item in items]),
            reference=np.zeros((2 * voices, self.reference, BANDS), np.float32),
            reference_mask=np.zeros((2 * voices, self.reference, 1), np.float32),
            speaker=np.zeros(voices, np.int64),
            name=np.full(voices, -1, np.int64),
        )
        for row, (item, (tokens, durations, start, whole)) in enumerate(zip(items, pieces, strict=True)):
            total = int(durations.sum())
            n = len(tokens)
            out.tokens[row, :n], out.token_mask[row, :n] = tokens, 1
            out.durations[row, :n], out.whole[row, :n] = durations, whole
            out.index[row, :total] = np.repeat(np.arange(n), durations)
            out.place[row, :total] = frame_positions(durations)
            out.frame_mask[row, :total] = 1
            choice = int(self.random.integers(len(WARPS))) if self.random.random() < 0.7 else _PLAIN
            measured = item.packed.measured
            part = slice(item.start + start, item.start + start + total)
            out.envelope[row, :total] = scale_level(from_bytes(measured.envelope[part])) @ self.warps[choice]
            out.voiced[row, :total] = measured.voiced[part]
            higher = np.log(WARPS[choice]) + (0.0 if choice == _PLAIN else float(self.random.normal(0, 0.08)))
            out.log_pitch[row, :total] = np.log(measured.pitch_hz[part].astype(np.float32)) + higher
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
            # Other words where there are any, else other parts of the same recording.
            own = order[second::2] if len(order) > 1 else order
            part = self._pick([mels[index] for index in own], second if len(order) == 1 else -1)
            level = float(self.random.normal(0, 0.05))
            row_of = row + second * (len(out.reference) // 2)
            out.reference[row_of, : len(part)] = part.astype(np.float32) @ self.warps[choice] + level
            out.reference_mask[row_of, : len(part)] = 1

    def _pick(self, mels: list[Floats], half: int) -> Floats:
        """Return SHORTEST_REFERENCE to `reference` frames of `mels`, an even number; `half` 0 or 1 of the only one."""
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

    def _piece(self, item: Spoken) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int, Floats]:
        """Return tokens, durations, first frame and whether each duration is whole, of up to `frames` frames."""
        ends = np.cumsum(item.durations)
        total = int(ends[-1])
        first = 0
        if total > self.frames:
            latest = int(np.searchsorted(ends, total - self.frames, side="right"))
            first = int(self.random.integers(0, latest + 1))
        start = int(ends[first] - item.durations[first])
        last = min(int(np.searchsorted(ends, start + self.frames)), len(ends) - 1)
        durations = item.durations[first : last + 1].copy()
        whole = np.ones(len(durations), np.float32)
        excess = int(durations.sum()) - self.frames
        if excess > 0:
            durations[-1] -= excess
            whole[-1] = 0
        return item.tokens[first : last + 1], durations, start, whole
