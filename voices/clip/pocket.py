"""The synthesizer ``pocket``: Kyutai's Pocket TTS, which clones a voice from a clip; weights speak one language each.

    pocket           weights from the folder `pocket` beside the voice store
    pocket:FOLDER    weights from a folder with `FILES`, in full precision or of 8 bits

    clip --> Mimi encoder --> conditioning --\\
    text --> words --> pieces --> tokens --> flow language model --> latents --> Mimi decoder --> stretched to length

A voice travels as a clip: the loader gives the conditioning of a clip, 1,024 numbers for each 80 ms with Kyutai's
weights, and neither gives nor takes the 32 latents that it is computed from, which would need 600 bytes for 3 s.

It runs in onnxruntime, through pocketsynth (Apache-2.0). The weights are Kyutai's, under CC-BY-4.0; as ONNX they are
at https://huggingface.co/KevinAHM/pocket-tts-onnx.

Source: Rouard et al., "Continuous Audio Language Models", 2025, arXiv:2509.06926.
"""

from __future__ import annotations

import logging
import math
import threading
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from pocketsynth import GenerationConfig, PocketRuntime, PreparedVoice, SynthesisRequest
from speechzip.pipeline import (
    ENGINE_SAMPLE_RATE,
    MAX_UTTERANCE_S,
    EngineError,
    Samples,
    SpeechzipWarning,
    Voice,
    data_folder,
    resample,
)

from ..acoustics.loudness import set_loudness, trim
from ..acoustics.stretch import time_stretch
from ..foreign import translated
from ..parametric.synthesizer import EspeakSynthesizer
from ..streaming import stream_pieces
from ..text.normalization.normalize import normalize_text
from ..text.normalization.unicode import is_readable
from ..text.split import split_text
from .clip import SPACE
from .cloning import MAX_STRETCH, MIN_STRETCH, STRETCH_TOLERANCE, KnownVoices, espeak_clip

logger = logging.getLogger(__name__)

COMMON_FILES = ("bundle.json", "mimi_encoder.onnx", "text_conditioner.onnx")
EIGHT_BIT_FILES = ("flow_lm_flow_int8.onnx", "flow_lm_main_int8.onnx", "mimi_decoder_int8.onnx")
"""Networks of 8 bits; without ``_int8`` in full precision. `bundle.json` names two files more, of tokens."""
SOURCE = "https://huggingface.co/KevinAHM/pocket-tts-onnx, CC-BY-4.0"

SEED = 0
LONGEST_PIECE = 200
"""Characters of a piece before its tokens are counted."""
TOKENS_PER_S, MORE_S = 3.0, 2.0
"""Kyutai's own bound on the speech of a piece: slower speech never ended."""


class PocketSynthesizer:
    """Speak with Pocket TTS in the voice of a clip; threads take turns to use the model."""

    spaces = frozenset({SPACE})

    def __init__(self, folder: str = "") -> None:
        """Load the weights in `folder`, or in the folder ``pocket`` beside the voice store.

        Raises:
            EngineError: the weights are missing or broken.
        """
        path = Path(folder) if folder else data_folder() / "pocket"
        logger.debug("Pocket TTS's weights: %s", path)
        self.name = f"pocket:{path.name}" if folder else "pocket"
        self._espeak = EspeakSynthesizer()
        self._lock = threading.Lock()
        self._known = KnownVoices(self._listen, lambda: self._listen(espeak_clip()))
        self._runtime = _load(path)
        self.sample_rate = self._runtime.sample_rate
        self._language = self._runtime.bundle_language
        with translated(f"Pocket TTS's weights in {path} cannot be used", "fetch them again, or name another folder"):
            self._known.conditioning(None)  # opens the encoder
            self._piece("Yes.", None)

    def synthesize(self, text: str, voice: Voice | None, duration_s: float | None, language: str) -> Samples:
        """Return `text` spoken; see `Synthesizer.synthesize`."""
        if not text.strip():
            return np.zeros(0, np.float32)
        if language != self._language or (language == "en" and not is_readable(text)):
            _warn(f"Pocket TTS does not speak {language!r} with these weights; espeak-ng speaks it, in a neutral voice")
            spoken = self._espeak.synthesize(text, None, duration_s, language)
            return resample(spoken, self._espeak.sample_rate, self.sample_rate)
        most = int(MAX_UTTERANCE_S * self.sample_rate)
        parts = [np.zeros(0, np.float32)]
        room = int(most / MIN_STRETCH)
        with self._lock, translated(f"Pocket TTS failed on {len(text)} characters", "choose another synthesizer"):
            for piece in self._pieces(text):
                parts.append(self._piece(piece, voice))
                room -= len(parts[-1])
                if room <= 0:
                    break
        samples = trim(np.concatenate(parts))
        if duration_s is not None and len(samples):
            stretch = min(max(duration_s * self.sample_rate / len(samples), MIN_STRETCH), MAX_STRETCH)
            if abs(stretch - 1) > STRETCH_TOLERANCE:
                samples = time_stretch(samples[: int(most / stretch)], self.sample_rate, stretch)
        return set_loudness(samples[:most]) if samples.any() else samples[:0]

    def stream(self, text: str, voice: Voice | None, language: str) -> Iterator[Samples]:
        """Return the speech of `text`, piece by piece; see `StreamingSynthesizer.stream`."""
        return stream_pieces(self, text, voice, language)

    def _pieces(self, text: str) -> Iterator[str]:
        """Yield the speakable parts of `text`, in pieces that fit the model."""
        for written in split_text(text, LONGEST_PIECE):
            said = normalize_text(written) if self._language == "en" else written
            for piece in split_text(said, LONGEST_PIECE):
                yield from self._fitting(piece)

    def _fitting(self, piece: str) -> Iterator[str]:
        if not any(character.isalnum() for character in piece):
            return
        measure = self._runtime.measure_request(SynthesisRequest(id="piece", text=piece))
        if measure.fits:
            yield piece
        elif len(piece) > 1:
            for part in split_text(piece, (len(piece) + 1) // 2):
                yield from self._fitting(part)

    def _piece(self, piece: str, voice: Voice | None) -> Samples:
        """Return the speech of one piece that fits the model."""
        request = SynthesisRequest(id="piece", text=piece)
        bound_s = self._runtime.measure_request(request).amount / TOKENS_PER_S + MORE_S
        config = GenerationConfig(max_frames=math.ceil(bound_s / self._runtime.metadata.frame_duration))
        with _seeded():
            result = self._runtime.synthesize(request, voice=self._known.conditioning(voice), config=config)
        return np.asarray(result.audio, np.float32)

    def _listen(self, clip: Samples) -> PreparedVoice:
        """Return the conditioning on a clip, float32 [T], mono, 16 kHz."""
        samples = resample(clip, ENGINE_SAMPLE_RATE, self._runtime.sample_rate)
        return self._runtime.prepare_voice((samples, self._runtime.sample_rate))


@contextmanager
def _seeded() -> Generator[None]:
    """Draw NumPy's global random numbers, which the library takes, from the seed; then go on as before."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(SEED)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def _load(folder: Path) -> PocketRuntime:
    missing = [name for name in COMMON_FILES if not (folder / name).is_file()]
    eight_bits = all((folder / name).is_file() for name in EIGHT_BIT_FILES)
    if not eight_bits:
        missing += [name for name in EIGHT_BIT_FILES if not (folder / name.replace("_int8", "")).is_file()]
    if missing:
        raise EngineError(
            f"{folder} has no {', '.join(missing)}: put a folder of Pocket TTS's weights there, from {SOURCE}, "
            "or choose pocket:FOLDER"
        )
    with translated(f"Pocket TTS's weights in {folder} cannot be loaded", "fetch them again, or name another folder"):
        return PocketRuntime.load(folder, precision="int8" if eight_bits else "fp32")


def _warn(message: str) -> None:
    warnings.warn(message, SpeechzipWarning, stacklevel=3)
