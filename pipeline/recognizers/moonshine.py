"""The default recognizer: Moonshine tiny (English), run directly with onnxruntime.

The weights lie inside the wheel ``moonshine-voice==0.0.48``, which is found without
being imported: its import pulls in sound drivers.

Source: Jeffries et al., "Moonshine: Speech Recognition for Live Transcription and Voice
Commands", 2024, arXiv:2410.15608.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from ..errors import EngineError
from ..protocols import ENGINE_SAMPLE_RATE
from ..system.wheels import RECOGNIZER_WHEEL, recognizer_folder
from ..types import Samples, Transcript
from .decoder import Decoder
from .greedy import read_greedily
from .tokenizer import Tokenizer

logger = logging.getLogger(__name__)

TOKENS_PER_SECOND = 6.5
"""Faster than any English speaker (arXiv:2410.15608, section 3): more tokens mean a loop."""
MAX_LENGTH_S = 30.0
"""Longest input: what the model was trained on."""
MIN_LENGTH_S = 0.3
"""The encoder's convolutions need 0.06 s; shorter input than this is padded with silence."""


class MoonshineRecognizer:
    """Moonshine tiny, 27 million parameters, English.

    Example:
        >>> import numpy as np
        >>> MoonshineRecognizer().transcribe(np.zeros(16000, np.float32)).language
        'en'
    """

    name = "moonshine-tiny-en"
    only_language = "en"

    def __init__(self, folder: str | Path | None = None, language: str = "en") -> None:
        """Load the model from `folder`, or from the installed wheel.

        Raises:
            EngineError: the weights are missing or cannot be loaded, or the language is not English.
        """
        if language != "en":
            raise EngineError(
                f"Moonshine tiny recognizes English, not {language!r}; "
                "Whisper does (pip install 'speechzip[faster-whisper]')",
                remedies=("another_recognizer",),
            )
        folder = Path(folder) if folder else recognizer_folder() / "assets" / "tiny-en"
        logger.debug("Moonshine's weights: %s", folder)
        try:
            self._tokenizer = Tokenizer(folder / "tokenizer.bin")
            self._decoder = Decoder(folder)
        except Exception as error:  # onnxruntime has no base class for its errors
            raise EngineError(
                f"Moonshine's weights in {folder} cannot be loaded ({error}); "
                f"reinstall them: pip install --force-reinstall {RECOGNIZER_WHEEL}"
            ) from error

    def transcribe(self, samples: Samples) -> Transcript:
        """Return the words in float32 [T] mono 16 kHz sound of up to `MAX_LENGTH_S`."""
        if len(samples) > MAX_LENGTH_S * ENGINE_SAMPLE_RATE:
            raise EngineError(f"Moonshine reads at most {MAX_LENGTH_S:.0f} s at a time, not {len(samples)} samples")
        shortfall = int(MIN_LENGTH_S * ENGINE_SAMPLE_RATE) - len(samples)
        if shortfall > 0:
            samples = np.pad(samples, (0, shortfall))
        sound = self._decoder.encode(samples)
        most = max(8, int(len(samples) / ENGINE_SAMPLE_RATE * TOKENS_PER_SECOND))
        reading = read_greedily(self._decoder, self._tokenizer, sound, most)
        text = self._tokenizer.text(reading.tokens)
        return Transcript(text, reading.confidence if text else 0.0)
