from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeMelodyEncoder, FakeVoiceEncoder
from speechzip.pipeline import Contour, InputError, Melody, Utterance, Voice
from speechzip.pipeline.segments.melody import melody_encoder, with_melodies


def test_marks_have_no_melody_and_move_none() -> None:
    said = [Utterance(2.0 * n, 1.0 + n, 0, text) for n, text in enumerate(("Hello.", "", "Yes.", "No."))]
    contours = [Contour(np.zeros(1, np.float32), utterance.duration_s) for utterance in said]
    found = with_melodies(said, contours, Voice("classical", b"x"), FakeMelodyEncoder())
    assert [utterance.melody for utterance in found] == [None, None, Melody((3,)), Melody((6,))]
    assert [utterance.text for utterance in found] == ["Hello.", "", "Yes.", "No."]


def test_who_measures() -> None:
    encoder = FakeMelodyEncoder()
    assert melody_encoder("auto", encoder) is encoder
    assert melody_encoder("off", encoder) is None
    assert melody_encoder("off", FakeVoiceEncoder()) is None
    with pytest.raises(InputError, match="fake measures no melody"):
        melody_encoder("auto", FakeVoiceEncoder())
