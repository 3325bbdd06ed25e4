"""Train and measure the network for unknown words: `python -m speechzip.voices.text.training.letters`.

It takes six minutes on one thread. Training leaves out the words of the dictionary with a held-out stem; the network is
measured on them, and on names separately. It writes a checkpoint every minute and resumes from it; at the end it writes
`data/letters.npz`.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..lexicon.arpabet import PHONES
from ..lexicon.unknown import LONGEST, SLOTS, SYMBOLS, decode
from .dictionary import Pronunciation, is_held_out, names, read_dictionary
from .network import LettersNetwork

BATCH = 256
RATE = 3e-3
AVERAGING = 0.999
SAVE_EVERY_S = 60.0
BLANK = len(PHONES)
_PHONE = {phone: index for index, phone in enumerate(PHONES)}


def main() -> None:
    """Train, measure, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build/letters"))
    parser.add_argument("--text", type=Path, default=Path("../shared/text/train.txt.xz"), help="tells names from words")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "data" / "letters.npz")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.build.mkdir(parents=True, exist_ok=True)
    words = read_dictionary()
    network = train(words, arguments.build / "letters.pt", arguments.epochs)
    held_out = {word: said for word, said in words.items() if is_held_out(word) and is_learnable(word, said[0])}
    called = names(arguments.text, set(held_out))
    seen = {word for word in held_out if word in called}
    measure("held-out words", network, {word: said for word, said in held_out.items() if word not in seen})
    measure("held-out names", network, {word: said for word, said in held_out.items() if word in seen})
    write(network, arguments.out)


def is_learnable(word: str, phones: Pronunciation) -> bool:
    """Return whether a word is read from its letters, as "hello" is and "mph" is not."""
    return 1 < len(word) <= LONGEST and len(phones) <= SLOTS * len(word) - 1 and any(c in "aeiouy" for c in word)


def train(words: dict[str, list[Pronunciation]], path: Path, epochs: int) -> LettersNetwork:
    """Return the averaged network after `epochs` passes; resume from the checkpoint `path` if it exists."""
    torch.manual_seed(1)
    pairs = [
        (word, one) for word, said in words.items() if not is_held_out(word) for one in said if is_learnable(word, one)
    ]
    pairs.sort(key=lambda pair: len(pair[0]))
    steps = epochs * len(pairs) // BATCH
    network = LettersNetwork()
    averaging = torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGING)
    average = torch.optim.swa_utils.AveragedModel(network, multi_avg_fn=averaging)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    step = 0
    if path.exists():
        state = torch.load(path, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step = int(state["step"])
    random = np.random.default_rng(step)
    saved, total, started = time.monotonic(), 0.0, step
    network.train()
    while step < steps:
        for group in optimizer.param_groups:
            group["lr"] = RATE * min((step + 1) / 500, 1.0) * (0.01 + 0.495 * (1 + math.cos(math.pi * step / steps)))
        chosen = _alike(pairs, random)
        loss = _loss(network, chosen)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(network)
        step, total = step + 1, total + float(loss.detach())
        if time.monotonic() - saved > SAVE_EVERY_S or step == steps:
            state = {"network": network.state_dict(), "average": average.state_dict()}
            part = path.with_suffix(".part")
            torch.save({**state, "optimizer": optimizer.state_dict(), "step": step}, part)
            part.rename(path)
            print(f"{step} of {steps}: loss {total / (step - started):.4f} a phone", flush=True)
            saved, total, started = time.monotonic(), 0.0, step
    averaged: LettersNetwork = average.module
    return averaged.eval()


def _alike(pairs: list[tuple[str, Pronunciation]], random: np.random.Generator) -> list[tuple[str, Pronunciation]]:
    """Return a batch of words of about the same length, with little padding; `pairs` are sorted by length."""
    start = int(random.integers(-BATCH, len(pairs)))
    return [pairs[index] for index in np.clip(start + random.integers(4 * BATCH, size=BATCH), 0, len(pairs) - 1)]


def _loss(network: LettersNetwork, pairs: list[tuple[str, Pronunciation]]) -> Tensor:
    lengths = torch.tensor([len(word) for word, _ in pairs])
    targets = torch.tensor([_PHONE[phone] for _, phones in pairs for phone in phones])
    sizes = torch.tensor([len(phones) for _, phones in pairs])
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(_letters([word for word, _ in pairs]))
    scores = logits.float().log_softmax(dim=2).transpose(0, 1)
    return nn.functional.ctc_loss(
        scores, targets, SLOTS * lengths, sizes, blank=BLANK, reduction="mean", zero_infinity=True
    )


def _letters(words: list[str]) -> Tensor:
    letters = torch.zeros(len(words), max(map(len, words)), dtype=torch.int64)
    for row, word in enumerate(words):
        letters[row, : len(word)] = torch.tensor([SYMBOLS.index(letter) + 1 for letter in word])
    return letters


def measure(what: str, network: LettersNetwork, words: dict[str, list[Pronunciation]]) -> None:
    """Print the error rates of words and phones, against the most similar pronunciation of each word."""
    wrong = wrong_without_stress = errors = errors_without_stress = phones = 0
    with torch.inference_mode():
        for word, said in words.items():
            heard = decode(network(_letters([word]))[0].numpy())
            distance, length = min((_distance(heard, one), len(one)) for one in said)
            bare = min(_distance(_bare(heard), _bare(one)) for one in said)
            wrong += distance > 0
            wrong_without_stress += bare > 0
            errors, errors_without_stress, phones = errors + distance, errors_without_stress + bare, phones + length
    count = len(words)
    print(
        f"{what}: {count}; wrong words {100 * wrong / count:.1f} % ({100 * wrong_without_stress / count:.1f} % "
        f"stress aside), wrong phones {100 * errors / phones:.1f} % ({100 * errors_without_stress / phones:.1f} %)"
    )


def _bare(phones: Pronunciation) -> Pronunciation:
    return tuple(phone.rstrip("012").replace("AX", "AH") for phone in phones)


def _distance(left: Pronunciation, right: Pronunciation) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def write(network: LettersNetwork, path: Path) -> None:
    """Write the weights: matrices in 8 bits with a scale for each row, everything else in 16."""
    arrays: dict[str, np.ndarray] = {}
    for name, tensor in network.state_dict().items():
        values = tensor.numpy()
        if values.ndim == 2 and values.size > 1024:
            scale = np.maximum(np.abs(values).max(axis=1), 1e-8) / 127
            arrays[name] = np.round(values / scale[:, np.newaxis]).astype(np.int8)
            arrays[f"{name}.scale"] = scale.astype(np.float32)
        else:
            arrays[name] = values.astype(np.float16)
    np.savez_compressed(path, **arrays)


if __name__ == "__main__":
    main()
