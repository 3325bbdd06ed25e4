"""Voices of many speakers as `compress` fits them, for the prior of voices in a payload.

    python -m speechzip.voices.training.corpus.fitted_voices

Each speaker's voice is measured and fitted twice, in the speech itself and by one of many telephones, in 64 bytes. A
line of `--out` has the speaker's name, "clean" or "telephone", and the bytes in hexadecimal digits: what
`python -m speechzip.pipeline.training voices` fits a prior to. The voices of a speaker are neighbors, and the clean one
is there twice, since most recordings are no telephone's.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import typer
from speechzip.pipeline import ENGINE_SAMPLE_RATE, Transcript

from ...trained.engines import TrainedVoiceEncoder
from .recordings import CorpusRecording, load_samples, read_manifest

Floats = npt.NDArray[np.float32]
Speech = list[tuple[Floats, str]]
"""Utterances of a speaker and their words."""

SPEECH_S = 12.0
"""Seconds of speech, at least, if there is so much of a speaker."""
LISTS = ("AN4-", "STI-")
"""How the names of those speakers begin who spell, count and give orders: that is not the pace of talk."""
CONFIDENCE = 0.9
"""Of the words, which were read from a transcript."""
SEED = 9


class Telephone:
    """A telephone: what it leaves out, its noise, and whether it rounds by G.711."""

    def __init__(self, drawn: Random) -> None:
        """Draw one."""
        self._low_hz, self._high_hz = drawn.uniform(80, 400), drawn.uniform(3000, 3800)
        self._steep_low, self._steep_high = drawn.choice((4, 8, 12)), drawn.choice((12, 24))
        self._noise_db = drawn.uniform(18, 40)
        self._rounds = drawn.random() < 0.5

    def heard(self, samples: Floats) -> Floats:
        """Return speech, float32 [T] at 16 kHz, as it comes out; one sample less if T is odd."""
        count = len(samples) // 2 * 2
        frequencies = np.fft.rfftfreq(count, 1 / ENGINE_SAMPLE_RATE)
        below = 1 / np.sqrt(1 + (self._low_hz / np.maximum(frequencies, 1)) ** self._steep_low)
        above = 1 / np.sqrt(1 + (frequencies / self._high_hz) ** self._steep_high)
        band = below * above * (frequencies < ENGINE_SAMPLE_RATE / 4)
        sound = np.fft.irfft(np.fft.rfft(samples[:count]) * band, count)[::2]
        noise = np.random.default_rng(SEED).standard_normal(len(sound))
        sound = sound + noise * np.sqrt(np.mean(sound**2)) * 10 ** (-self._noise_db / 20)
        if self._rounds:
            sound = _rounded(sound)
        spectrum = np.zeros(count // 2 + 1, complex)
        spectrum[: len(sound) // 2 + 1] = 2 * np.fft.rfft(sound)
        return np.fft.irfft(spectrum, count).astype(np.float32)


def _rounded(sound: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return sound in the 8 bits of mu-law (ITU-T G.711)."""
    level: npt.NDArray[np.float64] = np.log1p(255 * np.minimum(1, np.abs(sound))) / np.log(256)
    return np.asarray(np.sign(sound) * (256 ** (np.round(127 * level) / 127) - 1) / 255)


def main() -> None:
    """Write the voices, as they are fitted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--recordings", type=Path, nargs="*", default=[Path("../shared/voicedata"), Path("../shared/voicedata2")]
    )
    parser.add_argument("--out", type=Path, default=Path("build/voice/fitted.txt"))
    parser.add_argument("--speakers", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    spoken = list(islice(speech_of_speakers(arguments.recordings), arguments.speakers))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(arguments.processes) as pool, open(arguments.out, "w", encoding="utf-8") as file:
        drawn = Random(SEED)
        jobs = [(name, speech, Telephone(drawn)) for name, speech in spoken]
        with typer.progressbar(pool.map(_fitted, jobs), length=len(jobs)) as voices:
            for lines in voices:
                file.writelines(lines)


def speech_of_speakers(folders: list[Path]) -> Iterator[tuple[str, Speech]]:
    """Yield speakers of whom there are transcripts, mixed, with their first `SPEECH_S` seconds of speech."""
    by_speaker: dict[str, list[CorpusRecording]] = {}
    for folder in folders:
        for one in read_manifest(folder):
            if one.transcript.strip() and not one.speaker.startswith(LISTS):
                by_speaker.setdefault(one.speaker, []).append(one)
    names = sorted(by_speaker)
    Random(SEED).shuffle(names)
    for name in names:
        speech: Speech = []
        for one in by_speaker[name]:
            if sum(len(samples) for samples, _ in speech) < SPEECH_S * ENGINE_SAMPLE_RATE:
                speech.append((load_samples(one.path), one.transcript.lower()))
        yield name, speech


def _fitted(job: tuple[str, Speech, Telephone]) -> list[str]:
    name, speech, telephone = job
    by_telephone = [(telephone.heard(samples), words) for samples, words in speech]
    clean = f"{name} clean {fitted_voice(speech).hex()}\n"
    return [clean, clean, f"{name} telephone {fitted_voice(by_telephone).hex()}\n"]


def fitted_voice(speech: Speech) -> bytes:
    """Return the voice of a speaker in 64 bytes, as `compress` measures and fits it."""
    encoder = TrainedVoiceEncoder()
    measured = encoder.encode(
        np.concatenate([samples for samples, _ in speech]), " ".join(words for _, words in speech)
    )
    heard = [(samples, Transcript(words, CONFIDENCE)) for samples, words in speech]
    return encoder.fit(measured, heard).embedding


if __name__ == "__main__":
    main()
