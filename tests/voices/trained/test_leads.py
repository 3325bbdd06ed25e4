from __future__ import annotations

import numpy as np
import pytest
from speechzip.eval.metrics.alignment import word_start_s
from speechzip.pipeline import ENGINE_SAMPLE_RATE, Payload, Speaker, Utterance, Voice, decompress
from speechzip.voices import ParametricVoice, ScalableVoice, TrainedSynthesizer
from speechzip.voices.acoustics.loudness import trim
from speechzip.voices.spaces.scalable_voice import SPACE
from speechzip.voices.trained.leads import lead_s

VOICE = Voice(SPACE, ScalableVoice().to_bytes())
TEXTS = (
    "Five people came to the door.",
    "Thank you for all of it.",
    "How are you doing today?",
    "And so we went home.",
    "People say that it rains.",
    "She sold the house.",
    "No, I never did.",
    "I know what you mean.",
)


@pytest.mark.parametrize(
    ("text", "lead"), [("Five.", 0.06), ("... 5 of them.", 0.06), ("And so on.", 0.035), ("Oh!", 0.015), ("", 0.035)]
)
def test_the_first_phone_decides(text: str, lead: float) -> None:
    assert lead_s(text) == lead


@pytest.mark.models
def test_first_words_start_where_they_did_before_they_are_loud() -> None:
    """The aligner hears them earlier than a segmenter, by the lead; cut where they are loud, they are 20 ms late."""
    said = tuple(Utterance(1.0 + 4 * place, 2.0, 0, text) for place, text in enumerate(TEXTS))
    sound = decompress(Payload((Speaker(VOICE),), said, 4.0 * len(said))).samples
    errors: list[float] = []
    for one in said:
        first = round((one.start_s - 0.5) * ENGINE_SAMPLE_RATE)
        found = word_start_s(sound[first : first + 3 * ENGINE_SAMPLE_RATE], one.text)
        assert found is not None
        errors.append(found - 0.5 + lead_s(one.text))
    assert np.abs(errors).max() <= 0.04
    assert abs(float(np.mean(errors))) <= 0.01


@pytest.mark.models
def test_no_soft_first_consonant_is_cut_off() -> None:
    synthesizer = TrainedSynthesizer()
    for text in ("Five people came.", "Three of them.", "How are you?"):
        spoken = synthesizer.synthesize(text, VOICE, None, "en")
        (streamed,) = synthesizer.stream(text, VOICE, "en")
        assert np.array_equal(streamed, trim(spoken))  # a live voice must not begin with what nobody hears
        assert 0.005 < (len(spoken) - len(streamed)) / synthesizer.sample_rate < 0.08


@pytest.mark.models
def test_what_espeak_says_starts_on_time() -> None:
    synthesizer = TrainedSynthesizer()
    assert synthesizer.lead_s("Fünf.", VOICE, "de") == synthesizer.lead_s("Пять.", VOICE, "en") == 0
    assert synthesizer.lead_s("Five.", Voice("classical", ParametricVoice().to_bytes()), "en") == 0
    assert synthesizer.lead_s("Five.", VOICE, "en") == synthesizer.lead_s("Five.", None, "en") == 0.06
