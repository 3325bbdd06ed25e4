from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest
import second_decoder
from fakes import FakeRecognizer, FakeSynthesizer, FakeVoiceEncoder
from numpy.typing import NDArray
from speechzip.pipeline import TEXT_CODERS, Payload, Speaker, Utterance, VoiceReference, decode_payload, encode_payload
from speechzip.pipeline.live.session.engines import LiveEngines
from speechzip.pipeline.textcoder import registry
from speechzip.pipeline.textcoder.coder import LanguageModelCoder
from speechzip.pipeline.textcoder.fixedpoint import function_tables
from speechzip.pipeline.textcoder.tokens import END, START, Vocabulary
from speechzip.pipeline.textcoder.training.ngrams import count_ngrams
from speechzip.pipeline.textcoder.training.shares import first_shares
from speechzip.pipeline.textcoder.weights import coder_from

WIDTH, HIDDEN = 16, 24
PIECES = [*"abcdefghijklmnopqrstuvwxyz' ,.?", " how", " are", " you", " fine", " i", " am"]
TALK = ["how are you?", "i am fine, how are you?"] * 5


@pytest.mark.models
def test_registry_knows_its_coders() -> None:
    assert all(TEXT_CODERS[coder_id].id == coder_id for coder_id in TEXT_CODERS)
    assert 250 not in TEXT_CODERS
    assert len(TEXT_CODERS) == len(list(TEXT_CODERS))


def tiny_coder() -> LanguageModelCoder:
    """Return a coder with all parts of a later model of English, phrases included; its network is random."""
    rng = np.random.default_rng(1)
    vocabulary = Vocabulary(PIECES)
    tokens = np.array([START, *(token for line in TALK for token in vocabulary.encode(line))], np.uint16)

    def steps(*shape: int) -> NDArray[np.int8]:
        return rng.integers(-127, 128, shape).astype(np.int8)

    arrays: dict[str, NDArray[np.generic]] = {
        **function_tables(),
        **first_shares(4),
        **count_ngrams(tokens, 100),
        "vocabulary": np.frombuffer("\n".join(PIECES).encode(), np.uint8),
        "embedding": steps(len(vocabulary), WIDTH),
        "phrases": steps(2, WIDTH),
        "phrases.keys": np.array([int(tokens[1]) << 12 | int(tokens[2]), END << 12 | int(tokens[1])], np.uint64),
        "projection.weights": steps(WIDTH, 2 * HIDDEN),
        "projection.factors": np.full(WIDTH, 500, np.int32),
        "logit.factor": np.array([20_000], np.int32),
        "logit.bias": rng.integers(-500, 500, len(vocabulary)).astype(np.int32),
    }
    for layer, below in (("lstm0", WIDTH), ("lstm1", HIDDEN)):
        arrays[f"{layer}.weights"] = steps(4 * HIDDEN, below + HIDDEN)
        arrays[f"{layer}.factors"] = np.full(4 * HIDDEN, 5_000, np.int32)
        arrays[f"{layer}.bias"] = rng.integers(-200, 200, 4 * HIDDEN).astype(np.int32)
    return coder_from(arrays, 2, "english-2")


def test_a_later_model_of_english_writes_no_format_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.LOADERS, 2, tiny_coder)
    monkeypatch.setattr(registry, "TEXT_CODERS", registry.TextCoders())
    monkeypatch.setattr(registry, "DEFAULT_ID", 2)
    said = tuple(Utterance(float(at), 0.5, 0, text, 0.88) for at, text in enumerate([*TALK, "Zoë, NASA & 1234!"]))
    payload = Payload((Speaker(VoiceReference(7)),), said, 20.0)
    (coder,) = registry.text_coders_for(said)
    data = encode_payload(payload, coder)
    decoded = decode_payload(data, registry.TEXT_CODERS)
    assert decoded.text_coder == "english-2"
    assert [one.text for one in decoded.payload.utterances] == [one.text for one in said]
    folder = files("speechzip.pipeline.payload")
    names = ("trained-1", "trained-2-fitted")
    priors = {name: folder.joinpath(f"{name}.prior").read_text("ascii") for name in names}
    contents = second_decoder.decode(data, {2: coder.stream}, priors)
    assert [one.text for one in contents.spoken] == [one.text for one in said]
    # earlier releases read neither: peers on a link are sent what every release reads
    hello = LiveEngines(FakeRecognizer(), FakeVoiceEncoder(), FakeSynthesizer()).hello(b"", "")
    assert hello.text_coders[0] == registry.COMMON_ID == 1
    assert TEXT_CODERS[1].encode(["how are you?"]) == registry.TEXT_CODERS[1].encode(["how are you?"])
