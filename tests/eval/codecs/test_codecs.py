from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEmbedder, FakeRecognizer, FakeSynthesizer, FakeVoiceEncoder
from speechzip.eval import engines
from speechzip.eval.codecs import CODECS, chosen_set, load_codec
from speechzip.eval.codecs.packets import AMR_FRAME_BITS
from speechzip.eval.codecs.sound import message_packets, mono
from speechzip.eval.codecs.speechzip import SpeechzipCodec
from speechzip.eval.codecs.text import Text, TextCodec, brotli, english, hibari, utf8
from speechzip.eval.metrics import transcribe
from speechzip.pipeline import Audio, EngineError, InputError, Samples, open_recording, resample

RATE = 16_000


@pytest.fixture(scope="module")
def speech(wheel_recording: Callable[[str], Path]) -> Audio:
    """Seven seconds of real speech."""
    return Audio(np.concatenate(list(open_recording(wheel_recording("beckett.wav")).blocks()))[: 7 * RATE, 0], RATE)


def similarity(one: Samples, other: Samples) -> float:
    """Return the correlation of two envelopes, 20 ms frames."""
    length = min(len(one), len(other)) // 320 * 320
    levels = [np.sqrt(np.square(samples[:length]).reshape(-1, 320).mean(axis=1)) for samples in (one, other)]
    return float(np.corrcoef(*levels)[0, 1])


@pytest.mark.parametrize(
    ("name", "bitrate_bps", "packets"),
    [
        ("opus-6-20ms", (4500, 6600), 350),
        ("opus-24-60ms", (19000, 26000), 117),
        ("amr-nb-4.75", (4750, 4770), 350),  # 95 bits every 20 ms, one frame more at the end
        ("amr-nb-12.2", (12200, 12250), 350),
        ("speex-2.4", (2400, 2410), 350),  # 6 bytes every 20 ms
        ("codec2-1200", (1200, 1210), 175),
        ("codec2-700C", (700, 705), 175),
    ],
)
def test_bits_and_sound(speech: Audio, name: str, bitrate_bps: tuple[int, int], packets: int) -> None:
    try:
        codec = load_codec(name)
    except EngineError as error:
        pytest.skip(str(error))
    coded = codec.code(speech)
    assert bitrate_bps[0] <= coded.payload_bits / 7 <= bitrate_bps[1]
    assert coded.packets == pytest.approx(packets, abs=2)
    assert coded.audio.duration_s == pytest.approx(7, abs=0.05)
    decoded = resample(mono(coded.audio), coded.audio.sample_rate, RATE)
    assert similarity(speech.samples, decoded) > 0.6
    assert coded.encode_s > 0
    assert coded.decode_s > 0


def test_amr_frames_fill_their_rates() -> None:
    assert [50 * bits for bits in AMR_FRAME_BITS[:8]] == [4750, 5150, 5900, 6700, 7400, 7950, 10200, 12200]


def test_original_is_left_as_it_is(speech: Audio) -> None:
    stereo = Audio(np.stack([speech.samples, speech.samples], axis=1), RATE)
    coded = load_codec("original").code(stereo)
    assert coded.audio is stereo
    assert coded.payload_bits == 16 * 7 * RATE


@pytest.mark.parametrize(
    ("name", "module"), [("codec2-1200", "pycodec2"), ("text-utf8-hibari", "hibari"), ("text-brotli-espeak", "brotli")]
)
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, name: str, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    hibari.cache_clear()
    with pytest.raises(EngineError, match=r"pip install 'speechzip\[eval\]'"):
        CODECS[name]()


def test_speechzip_counts_its_sections(speech: Audio) -> None:
    codec = SpeechzipCodec(
        "speechzip", FakeRecognizer(["Ever tried."]), FakeVoiceEncoder(), FakeSynthesizer(), FakeEmbedder()
    )
    coded = codec.code(speech)
    assert coded.payload_bits == 8 * sum(coded.sections.values())
    assert set(coded.sections) == {"header", "voices", "timing", "text", "checksum"}
    assert coded.text is not None
    assert coded.text.startswith("Ever tried.")
    assert coded.packets == 1
    assert codec.engines == "fake, fake, fake"


def test_speechzip_sends_nothing_where_nobody_speaks() -> None:
    codec = SpeechzipCodec("speechzip", FakeRecognizer(), FakeVoiceEncoder(), FakeSynthesizer(), FakeEmbedder())
    coded = codec.code(Audio(np.zeros(RATE, np.float32), RATE))
    assert (coded.payload_bits, coded.packets, coded.text) == (0, 0, "")
    assert not coded.audio.samples.any()


@pytest.mark.parametrize(
    ("text", "size"), [(utf8, 24), (brotli, 28), (english, 8)], ids=["UTF-8", "Brotli", "our own coder"]
)
def test_texts_without_a_voice(speech: Audio, text: Callable[[], Text], size: int) -> None:
    """UTF-8 takes a byte a letter; Brotli makes so short a text longer; our coder takes a third."""
    asked: list[str] = []

    def speak(words: str) -> Audio:
        asked.append(words)
        return Audio(np.ones(10, np.float32), RATE)

    codec = TextCodec("text", text(), speak, FakeRecognizer(["Ever tried. Ever failed."]))
    coded = codec.code(speech)
    assert coded.payload_bits == 8 * size
    assert coded.sections == {"text": size}
    assert (coded.text, asked) == ("Ever tried. Ever failed.", ["Ever tried. Ever failed."])
    assert len(coded.audio.samples) == 10


def test_no_words_cost_nothing() -> None:
    coded = TextCodec("text", utf8(), pytest.fail, FakeRecognizer([""])).code(Audio(np.zeros(RATE, np.float32), RATE))
    assert (coded.payload_bits, coded.packets, coded.text) == (0, 0, "")


@pytest.mark.models
@pytest.mark.parametrize("name", ["text-utf8-hibari", "text-brotli-espeak", "text-english-hibari"])
def test_a_fixed_voice_says_the_words(speech: Audio, name: str) -> None:
    try:
        coded = load_codec(name).code(speech)
    except EngineError as error:
        pytest.skip(str(error))
    samples = resample(mono(coded.audio), coded.audio.sample_rate, RATE)
    heard = transcribe(engines.recognizer(), samples).lower()
    assert "no matter" in heard
    assert coded.text is not None
    assert coded.sections["text"] <= len(coded.text)


def test_sets_of_engines() -> None:
    assert chosen_set({}) == "speechzip"
    name = chosen_set({"voice_encoder": "classical", "synthesizer": "espeak"})
    assert name == "speechzip[voice_encoder=classical,synthesizer=espeak]"
    assert load_codec(name).engines == "moonshine-tiny-en, classical, espeak"
    with pytest.raises(EngineError, match="no synthesizer named 'nobody'"):
        load_codec("speechzip[synthesizer=nobody]")
    assert load_codec("speechzip[voice_bytes=64]").engines.endswith(", voices of 64 bytes")
    assert load_codec("speechzip[rescorer=english-2]").engines.endswith(", words chosen by english-2")
    with pytest.raises(InputError, match="voices of '12' bytes; a voice has: auto, 8, 16, 32, 64"):
        load_codec("speechzip[voice_bytes=12]")
    with pytest.raises(InputError, match="names a 'color'"):
        load_codec("speechzip[color=red]")
    with pytest.raises(InputError, match="no system named 'mp3'"):
        load_codec("mp3")


@pytest.mark.parametrize(("size", "packets"), [(0, 0), (1, 1), (1200, 1), (1201, 2)])
def test_packets_of_a_message(size: int, packets: int) -> None:
    assert message_packets(size) == packets
