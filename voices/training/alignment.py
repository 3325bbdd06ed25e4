"""Forced alignment with pocketsphinx's English acoustic model: when each phone is spoken.

Every word enters the aligner's dictionary with its phones in the transcript. Silence may stand between any two words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pocketsphinx
from tqdm import tqdm

from ..text.lexicon import arpabet
from ..text.pronunciation.phonemes import CONSONANTS, VOWELS, phoneme_groups
from ..text.pronunciation.phones import Group
from .recordings import CorpusRecording, Span, load_samples

ARPABET = dict(
    zip(
        (*VOWELS, *CONSONANTS),
        """
        IY IY IH IH EY EH AE AA AO AO OW UH UW AH AH AH ER ER AY AW OY N
        P B T D K G CH JH F V TH DH S Z SH ZH HH M N NG L R W Y D T
        """.split(),
        strict=True,
    )
)
"""Each phone of the first inventory -> the nearest of the acoustic model."""
ARPABET |= {phone: phone for phone in (*arpabet.VOWELS, *arpabet.CONSONANTS)} | {"AX": "AH"}
"""The second inventory is the acoustic model's own."""
SILENCE = "SIL"


def align(samples: npt.NDArray[np.float32], groups: tuple[Group, ...]) -> list[Span]:
    """Return words and silences from the first frame to the last.

    Args:
        samples: float32 [T], mono, 16 kHz.
        groups: words and pauses of the transcript; pauses are not aligned.

    Raises:
        ValueError: the alignment fails.
    """
    decoder = pocketsphinx.Decoder(
        lm=None, dict=None, beam=1e-80, wbeam=1e-60, pbeam=1e-80, bestpath=False, loglevel="FATAL", samprate=16000
    )
    words: list[int] = [index for index, group in enumerate(groups) if not group.is_pause]
    names: dict[str, str] = {}
    for index in words:
        phones = " ".join(ARPABET[phone.symbol] for phone in groups[index].phones)
        if phones not in names:
            names[phones] = f"w{len(names)}"
            decoder.add_word(names[phones], phones, False)
    text = [names[" ".join(ARPABET[phone.symbol] for phone in groups[index].phones)] for index in words]
    decoder.set_align_text(" ".join(text))
    pcm = np.asarray(np.clip(samples * 32767, -32768, 32767), np.int16).tobytes()
    for second_pass in (False, True):
        if second_pass:
            decoder.set_alignment()
        decoder.start_utt()
        decoder.process_raw(pcm, full_utt=True)
        try:
            decoder.end_utt()
        except RuntimeError as error:  # the second pass found no way through the recording
            raise ValueError("the aligner gave up") from error
        if not second_pass and decoder.hyp() is None:
            raise ValueError("the words are not in the recording")
    alignment = decoder.get_alignment()
    if alignment is None:
        raise ValueError("the words are not in the recording")
    spans: list[Span] = []
    said = iter(words)
    for word in alignment:
        durations = tuple(int(phone.duration) for phone in word)
        if word.name.startswith("w"):
            spans.append(Span(next(said), durations))
            if len(durations) != len(groups[spans[-1].group].phones):
                raise ValueError("the aligner lost a phone")
        else:
            spans.append(Span(-1, (sum(durations),)))
    if next(said, None) is not None:
        raise ValueError("the aligner lost a word")
    return spans


def align_all(recordings: Iterable[CorpusRecording], path: Path, processes: int) -> dict[str, list[Span]]:
    """Return the alignments by key, without those that fail; they are kept in the JSON file `path`."""
    if path.exists():
        return {key: [Span(g, tuple(d)) for g, d in spans] for key, spans in json.loads(path.read_text()).items()}
    recordings = list(recordings)
    with ProcessPoolExecutor(processes) as pool:
        found = list(tqdm(pool.map(_try, recordings, chunksize=8), total=len(recordings), desc="aligning"))
    spans = {recording.key: result for recording, result in zip(recordings, found, strict=True) if result}
    path.write_text(json.dumps({k: [(span.group, span.durations) for span in v] for k, v in spans.items()}))
    return spans


def _try(recording: CorpusRecording) -> list[Span] | None:
    try:
        return align(load_samples(recording.path), phoneme_groups(recording.transcript))
    except ValueError as error:
        print(f"{recording.key}: left out, {error}")
        return None
