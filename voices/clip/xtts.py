"""The synthesizer ``xtts``: coqui's XTTS-v2, which clones a voice from a clip, in 17 languages.

    xtts           weights from the user's own folders, see `weight_folders`
    xtts:FOLDER    weights from a folder with `FILES`

    clip --> speaker embedding, style latents ----\\
    text --> pieces --> tokens --> GPT --> latents --> stretched to length --> HiFi-GAN --> speech

Source: Casanova et al., "XTTS: a Massively Multilingual Zero-Shot Text-to-Speech Model", 2024,
arXiv:2406.04904.
"""

from __future__ import annotations

import logging
import re
import threading
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from huggingface_hub import try_to_load_from_cache
from speechzip.pipeline import (
    ENGINE_SAMPLE_RATE,
    MAX_UTTERANCE_S,
    EngineError,
    Samples,
    SpeechzipWarning,
    Voice,
    data_folder,
)
from trainer.io import get_user_data_dir
from TTS.tts.configs.xtts_config import XttsConfig
from TTS.tts.models.xtts import Xtts

from ..acoustics.loudness import set_loudness, trim
from ..store.licenses import CPML, require
from ..text.split import split_text
from .clip import SPACE
from .cloning import MAX_STRETCH, MIN_STRETCH, STRETCH_TOLERANCE, KnownVoices, espeak_clip

logger = logging.getLogger(__name__)

FILES = ("config.json", "model.pth", "vocab.json")
"""Files of a folder of weights; ``speakers_xtts.pth``, with the voices that coqui recorded, is optional."""
MODEL_GIGABYTES = 1.9
COQUI_FOLDER = "tts_models--multilingual--multi-dataset--xtts_v2"
REPOSITORIES = ("tts-hub/XTTS-v2", "coqui/XTTS-v2")
"""Repositories of the weights: the present one and the earlier one."""

LANGUAGE_NAMES = {"zh": "zh-cn"}
"""XTTS's names of languages that differ from ISO 639-1."""
SAMPLE_RATE = 24_000
SEED = 0
STREAM_TOKENS = 20
"""Tokens of the GPT (46 ms each) in one piece of streamed sound."""
NUMBER = re.compile(r"\d+")
LONG_NUMBER = re.compile(r"\d{16,}")
"""Numbers that some languages cannot name; they are read digit by digit."""

Conditioning = tuple[torch.Tensor, torch.Tensor]
"""XTTS's representation of a voice: style latents [1, 32, 1024] and speaker embedding [1, 512, 1]."""


class XttsSynthesizer:
    """Speak with XTTS-v2 in the voice of a clip; threads take turns to use the model."""

    spaces = frozenset({SPACE})
    sample_rate = SAMPLE_RATE

    def __init__(self, folder: str = "") -> None:
        """Load the weights in `folder`, or in the first of `weight_folders` that has them.

        Raises:
            EngineError: the license of the weights is not accepted, or they are missing or broken.
        """
        require(CPML)
        path = Path(folder) if folder else _installed_folder()
        logger.debug("XTTS's weights: %s", path)
        self.name = f"xtts:{path.name}" if folder else "xtts-v2"
        self._model = _load(path)
        self._lock = threading.Lock()
        self._random = _Random()
        self._known = KnownVoices(self._listen, self._neutral)

    def synthesize(self, text: str, voice: Voice | None, duration_s: float | None, language: str) -> Samples:
        """Return `text` spoken; see `Synthesizer.synthesize`."""
        with self._lock, self._random.restarted():
            style, embedding = self._known.conditioning(voice)
            latents: list[torch.Tensor] = []
            spoken: list[Samples] = []
            room = MAX_UTTERANCE_S * SAMPLE_RATE
            for piece in self._pieces(text, language):
                result = self._model.inference(piece, self._language(language), style, embedding, **self._settings())
                latents.append(torch.from_numpy(result["gpt_latents"]))
                spoken.append(np.asarray(result["wav"], np.float32))
                room -= len(spoken[-1])
                if room <= 0:
                    break
            samples = trim(np.concatenate(spoken)) if spoken else np.zeros(0, np.float32)
            if duration_s is not None and len(samples):
                stretch = min(max(duration_s * SAMPLE_RATE / len(samples), MIN_STRETCH), MAX_STRETCH)
                if abs(stretch - 1) > STRETCH_TOLERANCE:
                    samples = trim(np.concatenate([self._vocode(part, embedding, stretch) for part in latents]))
        return set_loudness(samples[: int(MAX_UTTERANCE_S * SAMPLE_RATE)]) if samples.any() else samples[:0]

    def stream(self, text: str, voice: Voice | None, language: str) -> Iterator[Samples]:
        """Yield `text` spoken, a second at a time; see `StreamingSynthesizer.stream`.

        The caller holds the model's lock until the iterator ends or is closed.
        """
        with self._lock:
            with self._random.restarted():
                style, embedding = self._known.conditioning(voice)
            room = int(MAX_UTTERANCE_S * SAMPLE_RATE)
            for piece in self._pieces(text, language):
                chunks = self._model.inference_stream(
                    piece,
                    self._language(language),
                    style,
                    embedding,
                    stream_chunk_size=STREAM_TOKENS,
                    **self._settings(),
                )
                while room > 0:
                    with self._random.resumed():
                        chunk = next(chunks, None)
                    if chunk is None:
                        break
                    samples = np.asarray(chunk.cpu().numpy(), np.float32)[:room]
                    room -= len(samples)
                    yield np.clip(samples, -1.0, 1.0)
                chunks.close()

    def _language(self, language: str) -> str:
        name = LANGUAGE_NAMES.get(language, language)
        return name if name in self._model.config.languages else "en"

    def _pieces(self, text: str, language: str) -> Iterator[str]:
        """Yield the speakable parts of `text`, in pieces that fit the model."""
        name = self._language(language)
        if name == "en" and language != "en":
            _warn(f"XTTS does not speak {language!r}; it is read as English")
        text = LONG_NUMBER.sub(lambda digits: " ".join(digits[0]), text)
        limit = self._model.tokenizer.char_limits.get(name.split("-")[0], 200)
        for piece in split_text(text, limit):
            yield from self._speakable(piece, name)

    def _speakable(self, piece: str, language: str) -> Iterator[str]:
        if not any(character.isalnum() for character in piece):  # XTTS babbles on empty text
            return
        try:
            tokens = len(self._model.tokenizer.encode(piece.lower(), language))
        except ImportError as error:
            raise EngineError(
                f"XTTS needs {error.name or error} to speak {language!r}, which is not installed; "
                "run: pip install 'speechzip[xtts]'"
            ) from error
        except Exception as error:  # any failure of a number reader in one of 17 languages
            readable = NUMBER.sub(" ", piece)
            what = "the numbers in a piece" if readable != piece else "a piece"
            _warn(f"XTTS cannot read {what} of {len(piece)} characters of {language!r} ({error!r}); left out")
            if readable != piece:
                yield from self._speakable(readable, language)
            return
        if tokens < self._model.args.gpt_max_text_tokens:
            yield piece
        elif len(piece) > 1:
            for part in split_text(piece, (len(piece) + 1) // 2):
                yield from self._speakable(part, language)

    def _settings(self) -> dict[str, float]:
        """Return the sampling options of the GPT from the weights' configuration."""
        config = self._model.config
        return {
            "temperature": config.temperature,
            "length_penalty": config.length_penalty,
            "repetition_penalty": config.repetition_penalty,
            "top_k": config.top_k,
            "top_p": config.top_p,
        }

    def _vocode(self, latents: torch.Tensor, embedding: torch.Tensor, stretch: float) -> Samples:
        """Return the speech of `latents`, float32 [1, frames, channels], `stretch` times as long."""
        frames = latents.to(self._model.device).transpose(1, 2)
        stretched = torch.nn.functional.interpolate(frames, scale_factor=stretch, mode="linear").transpose(1, 2)
        with torch.inference_mode():
            speech = self._model.hifigan_decoder(stretched, g=embedding.to(self._model.device))
        return np.asarray(speech.cpu().squeeze().numpy(), np.float32)

    def _neutral(self) -> Conditioning:
        """Return the first voice that comes with the weights; without any, espeak-ng's."""
        if self._model.speaker_manager is not None and self._model.speaker_manager.speakers:
            first = next(iter(self._model.speaker_manager.speakers.values()))
            return first["gpt_cond_latent"], first["speaker_embedding"]
        return self._listen(espeak_clip())

    def _listen(self, samples: Samples) -> Conditioning:
        """Return the model's latents of float32 [T] mono 16 kHz `samples`."""
        sound = torch.from_numpy(samples).unsqueeze(0)
        style = self._model.get_gpt_cond_latents(sound, ENGINE_SAMPLE_RATE)
        return style, self._model.get_speaker_embedding(sound, ENGINE_SAMPLE_RATE)


class _Random:
    """Seeded random numbers of Torch, isolated from those of the rest of the program."""

    def __init__(self) -> None:
        self._cpu = torch.random.get_rng_state()
        self._cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []

    @contextmanager
    def restarted(self) -> Generator[None]:
        """Start from the seed."""
        with torch.random.fork_rng():
            torch.manual_seed(SEED)
            yield
            self._keep()

    @contextmanager
    def resumed(self) -> Generator[None]:
        """Continue from the end of the last block."""
        with torch.random.fork_rng():
            torch.random.set_rng_state(self._cpu)
            if self._cuda:
                torch.cuda.set_rng_state_all(self._cuda)
            yield
            self._keep()

    def _keep(self) -> None:
        self._cpu = torch.random.get_rng_state()
        self._cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []


def weight_folders() -> list[Path]:
    """Return the search path of the weights: speechzip's own folder, then those of coqui-tts."""
    cached = [try_to_load_from_cache(repository, FILES[0]) for repository in REPOSITORIES]
    return [
        data_folder() / "xtts",
        get_user_data_dir("tts") / COQUI_FOLDER,
        *[Path(file).parent for file in cached if isinstance(file, str)],
    ]


def _installed_folder() -> Path:
    folders = weight_folders()
    for folder in folders:
        if all((folder / name).is_file() for name in FILES):
            return folder
    raise EngineError(
        f"XTTS-v2's weights were not found: put {', '.join(FILES)} (model.pth has {MODEL_GIGABYTES} GB) into "
        f"{folders[0]}, from https://huggingface.co/{REPOSITORIES[0]}, or choose xtts:FOLDER"
    )


def _load(folder: Path) -> Xtts:
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise EngineError(f"{folder} has no {', '.join(missing)}; a folder of XTTS weights holds {', '.join(FILES)}")
    logging.getLogger("transformers").setLevel(logging.ERROR)  # it wrongly warns about the ends of XTTS's vocabulary
    try:
        config = XttsConfig()
        config.load_json(str(folder / "config.json"))
        model = Xtts(config)
        model.load_checkpoint(config, checkpoint_dir=str(folder), eval=True)
    except Exception as error:  # json, torch, tokenizers and coqui raise what comes
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise EngineError(
            f"XTTS's weights in {folder} cannot be loaded ({reason.rstrip('.')}); "
            "fetch them again, or name another folder"
        ) from error
    return model.to("cuda" if torch.cuda.is_available() else "cpu")


def _warn(message: str) -> None:
    warnings.warn(message, SpeechzipWarning, stacklevel=3)
