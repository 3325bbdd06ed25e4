"""A conversation that was made of real recordings comes through with its words, speakers, starts and voices."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from speechzip.eval.corpora import read_corpus
from speechzip.eval.metrics.diarization import SpeechSpan
from speechzip.eval.run import conversations
from speechzip.eval.run.conversations import measure_conversations, with_rttm
from speechzip.eval.run.observe import RunSettings, read_audio
from speechzip.eval.run.store import ObservationStore
from speechzip.eval.types import Item, Turn
from speechzip.pipeline import ENGINE_SAMPLE_RATE, resample

BECKETT = ("Ever tried. Ever failed. No matter. Try again.", "Fail again. Fail better.")
DICKENS = "It was the best of times, it was the worst of times,"


@pytest.mark.models
def test_two_parties_on_two_channels_and_on_one(
    tmp_path: Path, wheel_recording: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pocketsphinx")
    if importlib.util.find_spec("resemblyzer") is None:
        pytest.skip("the encoder that judges voices is not installed")
    rate = ENGINE_SAMPLE_RATE
    sounds = (read_audio(wheel_recording(name)) for name in ("beckett.wav", "two_cities.wav"))
    beckett, dickens = (resample(one.samples, one.sample_rate, rate) for one in sounds)
    # Beckett from 0 to 6 s and from 12 to 16 s, Dickens between them.
    parts = [(0, 0.0, beckett[: 6 * rate]), (1, 6.5, dickens[: 5 * rate]), (0, 12.0, beckett[6 * rate :])]
    sound = 1e-4 * np.random.default_rng(0).standard_normal((17 * rate, 2))
    for channel, start_s, samples in parts:
        place = round(start_s * rate)
        sound[place : place + len(samples), channel] += samples
    folder = tmp_path / "dialogues"
    folder.mkdir()
    soundfile.write(str(folder / "dialogue1.wav"), sound.astype(np.float32), rate)
    rows = [(0.0, 6.0, "Sam", BECKETT[0]), (6.5, 5.0, "Charles", DICKENS), (12.0, 3.9, "Sam", BECKETT[1])]
    lines = [f'dialogue1,{start_s},{duration_s},{who},"{words}"' for start_s, duration_s, who, words in rows]
    (folder / "turns.csv").write_text("\n".join(["dialogue,start_s,duration_s,speaker,transcript", *lines]) + "\n")

    items, store = read_corpus(folder).items, ObservationStore(tmp_path / "report", RunSettings(judges=()))
    (separate, mixed), failures = measure_conversations(items, "speechzip[voice_encoder=trained:quick]", store)

    assert failures == []
    # An evaluation that goes on reads them, and measures nothing.
    monkeypatch.setattr(conversations, "_measure", None)
    assert measure_conversations(items, "speechzip[voice_encoder=trained:quick]", store) == ([separate, mixed], [])
    assert (separate.category, mixed.category) == ("dialogues", "dialogues, mixed")
    assert (separate.speakers, separate.found_speakers) == (2, 2)
    assert separate.words is not None
    assert separate.attributed is not None
    assert separate.words.errors <= separate.attributed.errors <= 6
    assert separate.words.reference_words == 24
    assert separate.diarization.confused_s == 0
    assert len(separate.start_errors_s) == 3
    assert np.abs(separate.start_errors_s).max() < 0.2
    assert np.mean(separate.similarities) > np.mean(separate.strangers)
    assert len(separate.minute_bytes) == 1
    assert 30 < separate.minute_bytes[0] <= separate.payload_bytes < 120


@pytest.mark.slow
def test_a_word_that_begins_before_its_span_is_found_although_somebody_else_is_ending(
    wheel_recording: Callable[[str], Path],
) -> None:
    pytest.importorskip("pocketsphinx")
    beckett = read_audio(wheel_recording("beckett.wav"))
    samples = resample(beckett.samples, beckett.sample_rate, ENGINE_SAMPLE_RATE)
    alone = SpeechSpan(0.0, 6.0, 0)
    starts_s = conversations.first_word_s(samples, alone, BECKETT[0], [alone])
    assert starts_s is not None
    late = SpeechSpan(starts_s + 0.04, 6.0, 0)
    ending = SpeechSpan(0.0, late.start_s, 1)
    found = conversations.first_word_s(samples, late, BECKETT[0], [ending, late], lead_s=0.1)
    assert found == pytest.approx(starts_s, abs=0.011)
    without = conversations.first_word_s(samples, late, BECKETT[0], [ending, late])
    assert without is not None
    assert without >= late.start_s


def test_turns_come_from_an_rttm_file_beside_the_recording(tmp_path: Path) -> None:
    (tmp_path / "all.rttm").write_text(
        "SPEAKER talk 1 2.5 1.5 <NA> <NA> ben <NA> <NA>\nSPEAKER talk 1 0.5 1.0 <NA> <NA> anna <NA> <NA>\n"
        "SPEAKER other 1 0 1 <NA> <NA> anna <NA> <NA>\n"
    )
    item = Item("talk.wav", tmp_path / "talk.wav", (Turn(None),))
    assert with_rttm(item).turns == (Turn(None, "anna", 0.5, 1.0), Turn(None, "ben", 2.5, 1.5))
    unknown = Item("else.wav", tmp_path / "else.wav", (Turn("words"),))
    assert with_rttm(unknown) is unknown
