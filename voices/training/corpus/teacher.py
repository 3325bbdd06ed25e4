"""The teacher: well-articulated speech of any text from hibari-tts (Apache-2.0), to learn words and melody from first.

It has one voice with American English, and Kokoro's phones, which are mapped to ours. Its audio is aligned and measured
like a recording, so that both teach the same durations. Only training needs the package, which extra `train` installs.
"""

from __future__ import annotations

import lzma
import random
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr
from tqdm import tqdm

from ...acoustics.melspectrum import normalized
from ...acoustics.vocoder import SAMPLE_RATE
from ...text.lexicon.arpabet import PAUSES, VOWELS
from ...text.pronunciation.phones import Group, Phone
from .alignment import label
from .features import measure
from .shards import SHARD, TEACHER, PackedItem, write_shard

SHORTEST, LONGEST = 8, 150
"""Characters of a sentence that the teacher speaks."""
SPEEDS = (0.85, 1.2)

PHONE_OF = {
    "A": "EY", "I": "AY", "O": "OW", "W": "AW", "Y": "OY", "i": "IY", "u": "UW", "æ": "AE", "ɑ": "AA", "ɒ": "AA",
    "ɔ": "AO", "ɛ": "EH", "e": "EH", "ɪ": "IH", "ᵻ": "IH", "ʊ": "UH", "ʌ": "AH", "ə": "AX", "ɐ": "AX", "ᵊ": "AX",
    "ɜ": "ER", "ɚ": "ER", "a": "AA", "o": "OW",
    "b": "B", "d": "D", "f": "F", "h": "HH", "j": "Y", "k": "K", "l": "L", "m": "M", "n": "N", "p": "P", "s": "S",
    "t": "T", "v": "V", "w": "W", "z": "Z", "ð": "DH", "θ": "TH", "ŋ": "NG", "ɡ": "G", "ɹ": "R", "ʃ": "SH", "ʒ": "ZH",
    "ʤ": "JH", "ʧ": "CH", "ɾ": "T", "T": "T", "ʔ": "T",
}  # fmt: skip
STRESS = {"ˈ": 1, "ˌ": 2}


def groups_of(phonemes: str) -> tuple[Group, ...]:
    """Return the words and pauses of a phoneme string from hibari.

    Example:
        >>> [[phone.symbol for phone in group.phones] for group in groups_of("lˈunəɹ mˈɪʃən.")]
        [['L', 'UW', 'N', 'ER'], ['M', 'IH', 'SH', 'AX', 'N'], ['.']]
    """
    groups: list[Group] = []
    for piece in re.findall(r"[;:,.!?—…]|[^\s;:,.!?—…]+", phonemes):
        if piece in PAUSES:
            if groups and not groups[-1].is_pause:
                groups.append(Group(piece, (Phone(piece),)))
            continue
        phones: list[Phone] = []
        stress = 0
        for character in piece:
            stress = STRESS.get(character, stress)
            symbol = PHONE_OF.get(character)
            if symbol == "R" and phones and phones[-1].symbol == "ER":
                continue
            if symbol == "R" and phones and phones[-1].symbol == "AX":
                phones[-1] = Phone("ER", phones[-1].stress)
            elif symbol in VOWELS:
                symbol = {"AX": "AH"}.get(symbol, symbol) if stress else {"AH": "AX"}.get(symbol, symbol)
                phones.append(Phone(symbol, stress))
                stress = 0
            elif symbol:
                phones.append(Phone(symbol))
        if phones:
            groups.append(Group(piece, tuple(phones)))
    return tuple(groups)


def sentences(texts: list[Path], count: int, seed: int) -> list[str]:
    """Return `count` sentences, from each of `texts` in turn; their lines are spoken English."""
    shares: list[list[str]] = []
    for path in sorted(texts):
        shares.append(list(_sentences(path)))
        random.Random(seed).shuffle(shares[-1])
    found = [share[place] for place in range(count) for share in shares if place < len(share)]
    return found[:count]


def _sentences(path: Path) -> Iterator[str]:
    """Yield each thirteenth of the short and whole sentences in plain letters."""
    number = 0
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            for sentence in re.split(r"(?<=[.?!]) ", line.strip()):
                plain = re.fullmatch(r"[A-Z][A-Za-z ,;:'-]*[.?!]", sentence)
                if plain and SHORTEST <= len(sentence) <= LONGEST and not re.search(r"[A-Z]{3}|--| -|- ", sentence):
                    number += 1
                    if number % 13 == 0:
                        yield sentence


def generate(texts: list[Path], folder: Path, first: int, shards: int, processes: int) -> None:
    """Write `shards` shards of the teacher's speech to `folder`, from number `first` on, except those it has."""
    folder.mkdir(parents=True, exist_ok=True)
    said = sentences(texts, (first + shards) * SHARD, seed=1)
    jobs = [
        (said[number * SHARD : (number + 1) * SHARD], folder / f"teacher-{number:03d}.npz", number)
        for number in range(first, first + shards)
    ]
    jobs = [job for job in jobs if not job[1].exists()]
    with ProcessPoolExecutor(processes) as pool:
        for _ in tqdm(pool.map(_shard, *zip(*jobs, strict=True)) if jobs else (), total=len(jobs), desc="teacher"):
            pass


def _shard(said: list[str], path: Path, seed: int) -> None:
    from hibari import Hibari  # loads networks

    teacher: Any = Hibari()
    drawn = np.random.default_rng(seed)
    items: list[PackedItem] = []
    for number, sentence in enumerate(said):
        phonemes = " ".join(teacher.phonemize(sentence))
        groups = groups_of(phonemes)
        if not any(not group.is_pause for group in groups) or len(phonemes) > 400:
            continue
        speed = float(np.exp(drawn.uniform(*np.log(SPEEDS))))
        sound = teacher.from_phonemes(phonemes, speed=speed, seed=int(drawn.integers(1 << 30)))
        samples = normalized(_resampled(sound, teacher.sample_rate))
        try:
            items.append(_packed(f"{path.stem}-{number:03d}", samples, groups))
        except ValueError as error:
            print(f"{sentence!r}: left out, {error}")
    write_shard(path, items)


def _resampled(sound: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.float32]:
    return np.asarray(soxr.resample(sound, sample_rate, SAMPLE_RATE), np.float32)


def _packed(name: str, samples: npt.NDArray[np.float32], groups: tuple[Group, ...]) -> PackedItem:
    measured = measure(samples)
    return PackedItem(name, TEACHER, measured, *label(samples, groups, len(measured.voiced)))
