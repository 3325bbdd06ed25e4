"""Checkpoints of openai-whisper and XTTS that are tiny and random, for the libraries' own loaders.

They are made by the libraries' own classes. Only the sizes differ, and what Whisper says: its
random decoder is led by its positions,

    position    0          1           2             3            4       ...
    says        language   (ignored)   (ignored)     first token  second  ...

since the embedding of each position is mostly that of the token which comes next.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch
import whisper
from tokenizers import Tokenizer
from tokenizers.models import BPE
from TTS.tts.configs.xtts_config import XttsArgs, XttsConfig
from TTS.tts.models.xtts import Xtts
from whisper.tokenizer import get_tokenizer

PROMPT_TOKENS = 4
"""Start of transcript, language, task, no timestamps: text follows."""
TEXT_TOKENS = 128
"""Half of them at most are decoded."""
LEAD = 50.0
"""Weight of the next token over everything else at a position."""


def save_whisper(
    path: Path, says: str = "", language: str = "en", no_speech: bool = False, multilingual: bool = True
) -> Path:
    """Write a Whisper checkpoint that returns `says` for any sound; a fully random one if `says` is empty."""
    torch.manual_seed(1)
    dims = whisper.ModelDimensions(
        n_vocab=51865 if multilingual else 51864, n_mels=80,
        n_audio_ctx=1500, n_audio_state=64, n_audio_head=2, n_audio_layer=1,
        n_text_ctx=TEXT_TOKENS, n_text_state=64, n_text_head=2, n_text_layer=1,
    )  # fmt: skip
    state = whisper.Whisper(dims).state_dict()
    words = get_tokenizer(multilingual, num_languages=99)
    embeddings, positions = state["decoder.token_embedding.weight"], state["decoder.positional_embedding"]
    positions[:] = 0.1 * torch.randn(TEXT_TOKENS, 64)
    if says:
        first = 3 if multilingual else 1  # the prompt of the English models has two tokens
        positions[0] = LEAD * embeddings[words.no_speech if no_speech else words.to_language_token(language)]
        for position, token in enumerate([*words.encode(" " + says), words.eot], start=first):
            positions[position] = LEAD * embeddings[token]
    torch.save({"dims": asdict(dims), "model_state_dict": state}, str(path))
    return path


def save_xtts(folder: Path, speakers: bool = False, audio_tokens: int = 20) -> Path:
    """Write a folder of XTTS weights; with `speakers`, also with voices of its own."""
    torch.manual_seed(1)
    folder.mkdir()
    config = XttsConfig(
        model_args=XttsArgs(
            gpt_layers=2, gpt_n_model_channels=64, gpt_n_heads=2, gpt_max_audio_tokens=audio_tokens,
            gpt_max_text_tokens=100, gpt_use_perceiver_resampler=True, decoder_input_dim=64,
        )
    )  # fmt: skip
    config.save_json(str(folder / "config.json"))
    special = ["[STOP]", "[UNK]", "[SPACE]", "[START]", *[f"[{language}]" for language in config.languages]]
    characters = sorted(set("abcdefghijklmnopqrstuvwxyzäöüßéñ.,!?'-0123456789"))
    words = Tokenizer(BPE({token: i for i, token in enumerate([*special, *characters])}, [], unk_token="[UNK]"))
    words.add_special_tokens(special)
    words.save(str(folder / "vocab.json"))
    config.model_args.gpt_number_text_tokens = len(special) + len(characters)
    config.model_args.gpt_start_text_token, config.model_args.gpt_stop_text_token = 3, 0
    model = Xtts(config)
    torch.save({"model": model.state_dict()}, str(folder / "model.pth"))
    if speakers:
        voice = {"gpt_cond_latent": torch.randn(1, 32, 64), "speaker_embedding": torch.randn(1, 512, 1)}
        torch.save({"Somebody": voice}, str(folder / "speakers_xtts.pth"))
    return folder
