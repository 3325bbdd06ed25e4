"""A reader whom nothing was trained on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from speechzip.pipeline import Samples, compress, utterance_sounds


@pytest.fixture(scope="session")
def dickens(wheel_recording: Callable[[str], Path]) -> list[tuple[Samples, str]]:
    """The utterances of a reader: 12, 10 and 17 s."""
    path = wheel_recording("two_cities.wav")
    utterances = compress(path).payload.utterances
    return [(sound, said.text) for sound, said in zip(utterance_sounds(path, utterances), utterances, strict=True)]
