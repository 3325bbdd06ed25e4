"""From a checkpoint to the files of `voices/trained/weights`: `python -m speechzip.voices.training.release CHECKPOINT`.

    voice.onnx, phones.onnx, frames.onnx    the networks, see `export`
    corrections.npz                         see `voices/trained/corrections.py`; fitted to many training speakers

It also writes the voices of the speakers to `--voices`, two of most of them from different recordings, and one of each
without what a telephone line at 8 kHz leaves out, which changes the corrections most. A line has the speaker's name, or
"telephone", and 64 bytes in hexadecimal digits. The prior of formats 2 and 3 and the constants of the matching came
from these; that of format 4 from fitted voices (`corpus/fitted_voices.py`). The package must be installed with `-e`,
since the networks speak to fit the corrections.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from ..acoustics.melspectrum import BACKGROUND_DB, level_db, loud_frames, mel_spectrum, normalized, speech_frames
from ..spaces.scalable_voice import CLASSES as COMPONENTS
from ..spaces.scalable_voice import ENVELOPE, ScalableVoice
from ..text.normalization.normalize import normalize_text
from ..text.split import split_text
from ..trained.corrections import (
    CLASSES,
    COEFFICIENTS,
    COMPARED,
    cepstra,
    class_difference,
    envelope_curve,
    envelope_difference,
    memberships,
)
from ..trained.engines import TrainedVoiceEncoder
from ..trained.speech import LONGEST_PIECE, say, to_frames, understand
from .corpus.recordings import CorpusRecording, load_samples, read_manifest
from .export import export

Floats = npt.NDArray[np.float32]

SPEECH_S, LEAST_S = 20.0, 6.0
"""Seconds of speech that a voice is measured in, at most and at least."""
TELEPHONE_HZ = 3900.0
"""Highest frequency of a telephone line at 8 kHz."""
KEPT = 400
"""Frames of each speaker that the classes are found with."""
ROUNDS = 40
RANGE = 3.6
"""A number of 1 is this many standard deviations of the training speakers, whom the networks know: others differ more.
Held-out readers are less similar by 0.004 with 2.05, the best steps for a Gaussian (Max, 1960)."""
SEED = 7


@dataclass(frozen=True, slots=True)
class Compared:
    """A speaker's speech beside the same words by the networks."""

    recorded_db: Floats
    made_db: Floats
    """[T, BANDS] each: mel spectra of the frames with speech."""
    envelope_db: Floats
    """[T, BANDS]: the networks' envelopes of the frames of `made_db`."""


def main() -> None:
    """Export, fit, and write the voices."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument(
        "--recordings", type=Path, nargs="*", default=[Path("../shared/voicedata"), Path("../shared/voicedata2")]
    )
    parser.add_argument("--build", type=Path, default=Path("build/voice"), help="of the training, for its transcripts")
    parser.add_argument("--weights", type=Path, default=Path("voices/trained/weights"))
    parser.add_argument("--voices", type=Path, default=Path("build/voice/voices.txt"))
    parser.add_argument("--speakers", type=int, default=600)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--keep-networks", action="store_true", help="do not export")
    parser.add_argument("--keep-corrections", action="store_true", help="write voices only")
    arguments = parser.parse_args()
    if not arguments.keep_networks:
        export(arguments.checkpoint, arguments.weights)
    spoken = list(islice(_speech(arguments.recordings, arguments.build / "measured"), arguments.speakers))
    with ProcessPoolExecutor(arguments.processes) as pool:
        if not arguments.keep_corrections:
            np.savez(arguments.weights / "corrections.npz", **_nothing())
            found = list(tqdm(pool.map(compare, [halves[0] for _, halves in spoken]), total=len(spoken)))
            np.savez_compressed(arguments.weights / "corrections.npz", **fit(found))
    with ProcessPoolExecutor(arguments.processes) as pool:  # new processes, with the new corrections
        jobs = [(name, half) for name, halves in spoken for half in halves]
        jobs += [("telephone", (by_telephone(halves[0][0]), halves[0][1])) for _, halves in spoken]
        voices = tqdm(pool.map(_voice, [half for _, half in jobs]), total=len(jobs))
        lines = [f"{name} {voice.hex()}\n" for (name, _), voice in zip(jobs, voices, strict=True)]
    arguments.voices.write_text("".join(lines), "utf-8")


Speech = tuple[Floats, str]
"""Samples and their words."""


def _speech(folders: list[Path], measured: Path) -> Iterator[tuple[str, list[Speech]]]:
    """Yield speakers, mixed, with one or two pieces of speech of each, from different recordings."""
    by_speaker: dict[str, list[CorpusRecording]] = {}
    for folder in folders:
        heard = _transcripts(measured / f"{folder.name}.csv")
        for one in read_manifest(folder):
            said = one.transcript.strip() or heard.get(one.key, "")
            if said:
                by_speaker.setdefault(one.speaker, []).append(replace(one, transcript=said))
    for name in sorted(by_speaker, key=lambda name: crc32(name.encode())):
        pieces: list[Speech] = []
        recordings = iter(by_speaker[name])
        while len(pieces) < 2 and (piece := _piece(recordings)) is not None:
            pieces.append(piece)
        if pieces:
            yield name, pieces


def _piece(recordings: Iterator[CorpusRecording]) -> Speech | None:
    samples: list[Floats] = []
    words: list[str] = []
    for one in recordings:
        samples.append(load_samples(one.path))
        words.append(one.transcript)
        if sum(map(len, samples)) > LEAST_S * 16_000:
            return np.concatenate(samples)[: int(SPEECH_S * 16_000)], " ".join(words)
    return None


def _transcripts(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    with open(path, encoding="utf-8", newline="") as file:
        return dict(csv.reader(file))


def by_telephone(samples: Floats) -> Floats:
    """Return speech, float32 [T] at 16 kHz, without what a telephone line leaves out."""
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(len(samples), 1 / 16_000) > TELEPHONE_HZ] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


def _voice(speech: Speech) -> bytes:
    return TrainedVoiceEncoder().encode(*speech).embedding


def compare(speech: Speech) -> Compared:
    """Return a speaker's frames, and the networks' for the same words in that voice, without corrections."""
    samples, words = speech
    measured = ScalableVoice.from_bytes(TrainedVoiceEncoder().encode(samples, words).embedding)
    plain = replace(measured, envelope=(0.0,) * ENVELOPE, classes=(0.0,) * COMPONENTS)
    frames = to_frames(understand(next(split_text(normalize_text(words), LONGEST_PIECE)), plain), plain, 1.0)
    mel = mel_spectrum(normalized(say(frames)))[: len(frames.envelope_db)]
    heard = loud_frames(mel, BACKGROUND_DB)
    recorded = level_db(speech_frames(mel_spectrum(normalized(samples))))
    return Compared(recorded, mel[heard], frames.envelope_db[heard].astype(np.float32))


def fit(found: list[Compared]) -> dict[str, Floats]:
    """Return the arrays of `corrections.npz`."""
    drawn = np.random.default_rng(SEED)
    some = [drawn.permutation(cepstra(db))[:KEPT] for one in found for db in (one.recorded_db, one.made_db)]
    mel_centers = _centers(np.concatenate(some)[:, 1 : COMPARED + 1], drawn)
    sums, counts = np.zeros((CLASSES, COMPARED)), np.zeros(CLASSES)
    for one in found:
        belongs = memberships(cepstra(one.made_db), mel_centers)
        sums += belongs.T @ cepstra(one.envelope_db)[:, 1 : COMPARED + 1]
        counts += belongs.sum(axis=0)
    envelope = np.array([envelope_difference(one.recorded_db, one.made_db) for one in found])
    classes: list[npt.NDArray[np.float64]] = []
    for one, difference in zip(found, envelope, strict=True):
        curve = envelope_curve(difference)
        classes.append(class_difference(one.recorded_db, one.made_db + curve.astype(np.float32), mel_centers).ravel())
    difference = np.array(classes)
    mean = difference.mean(axis=0)
    _, size, directions = np.linalg.svd(difference - mean, full_matrices=False)
    kept = directions[:COMPONENTS] * (RANGE * size[:COMPONENTS, np.newaxis] / np.sqrt(len(found)))
    arrays = {
        "mel_centers": mel_centers,
        "envelope_centers": sums / counts[:, np.newaxis],
        "envelope_mean_db": envelope.mean(axis=0),
        "envelope_scale_db": RANGE * envelope.std(axis=0),
        "class_mean_db": mean.reshape(CLASSES, COEFFICIENTS),
        "class_basis_db": kept.reshape(COMPONENTS, CLASSES, COEFFICIENTS),
    }
    return {name: values.astype(np.float32) for name, values in arrays.items()}


def _centers(points: npt.NDArray[np.float64], drawn: np.random.Generator) -> Floats:
    """Return `CLASSES` mean points by Lloyd's algorithm (1982), from those of `ROUNDS` rounds; float32 [CLASSES,
    COMPARED]."""
    centers = points[drawn.choice(len(points), CLASSES, replace=False)]
    for _ in range(ROUNDS):
        nearest = np.square(points[:, np.newaxis] - centers).sum(axis=2).argmin(axis=1)
        centers = np.array([points[nearest == one].mean(axis=0) for one in range(CLASSES)])
    return np.asarray(centers[np.argsort(centers[:, 0])], np.float32)


def _nothing() -> dict[str, Floats]:
    """Return corrections that do nothing, to compare with."""
    shapes = {
        "mel_centers": (CLASSES, COMPARED), "envelope_centers": (CLASSES, COMPARED), "envelope_mean_db": (ENVELOPE,),
        "envelope_scale_db": (ENVELOPE,), "class_mean_db": (CLASSES, COEFFICIENTS),
        "class_basis_db": (COMPONENTS, CLASSES, COEFFICIENTS),
    }  # fmt: skip
    arrays = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    arrays["envelope_scale_db"][:] = 1
    arrays["class_basis_db"][:, 0, 0] = 1
    return arrays


if __name__ == "__main__":
    main()
