"""The coder `smollm2-1` with the real model of its wheel, and what happens without it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from speechzip.pipeline import (
    EngineError,
    InputError,
    Payload,
    PayloadCorrupt,
    Speaker,
    TextError,
    Utterance,
    VoiceReference,
    compress,
    decode_payload,
    encode_payload,
    load_recognizer,
    recognizer_recording,
    text_coders_for,
)
from speechzip.pipeline.archive.redaction.redact import Redaction, redact_encoded
from speechzip.pipeline.links.packets.packing import pack
from speechzip.pipeline.textcoder.arrays import read_arrays
from speechzip.pipeline.textcoder.coder import LanguageModelCoder
from speechzip.pipeline.textcoder.predictor import Model
from speechzip.pipeline.textcoder.registry import (
    SHIPPED_CODERS,
    TEXT_CODERS,
    check_english_coder,
    english_coder_of,
)
from speechzip.pipeline.textcoder.smollm import CODER_ID, weights
from speechzip.pipeline.textcoder.smollm.transformer import Transformer
from speechzip.pipeline.textcoder.tokens import Vocabulary
from speechzip.pipeline.textcoder.weights import read_weights

ROOT = Path(__file__).parents[3]
TALK = ["Hello, how are you?", "I'm fine, thank you. My card is 4111 1111 1111 1111.", "Naïve café: £5, 日本語 😀?"]


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(weights, "PACKAGE", "speechzip_without_this_wheel")
    weights.loaded_coder.cache_clear()
    monkeypatch.setattr(TEXT_CODERS, "_loaded", {})
    yield
    weights.loaded_coder.cache_clear()


def said(texts: list[str]) -> Payload:
    utterances = tuple(Utterance(2.0 * at, 1.5, at % 2, text, 0.9) for at, text in enumerate(texts))
    return Payload((Speaker(VoiceReference(1)), Speaker(VoiceReference(2))), utterances, 2.0 * len(texts))


def test_the_adapter_is_that_of_the_format() -> None:
    digest = hashlib.sha256(weights.ADAPTER.read_bytes()).hexdigest()
    card = weights.ADAPTER.with_name("MODEL-smollm2.md").read_text("utf-8")
    assert digest in card
    assert weights.SHA256 in (ROOT / "FORMAT.md").read_text("utf-8")
    assert weights.INSTALL in card


@pytest.mark.models
def test_texts_come_back_in_fewer_bytes() -> None:
    payload = said(["Good morning, this is Sarah from the clinic.", "Oh hi, Sarah. How are you?"])
    (coder,) = text_coders_for(payload.utterances, "smollm2-1")
    data = encode_payload(payload, coder)
    decoded = decode_payload(data, TEXT_CODERS)
    assert decoded.text_coders == ("smollm2-1",)
    assert [one.text for one in decoded.payload.utterances] == [one.text for one in payload.utterances]
    assert len(data) < len(encode_payload(payload, TEXT_CODERS[2]))


@pytest.mark.models
def test_what_it_has_no_room_for_is_coded_by_the_default() -> None:
    much = said(["So, what did he say about the red car in the yard?"] * 100)
    assert [coder.name for coder in text_coders_for(much.utterances, "smollm2-1")] == ["smollm2-1", "english-2"]


@pytest.mark.models
@pytest.mark.parametrize(
    "text",
    [
        *TALK,
        "a line\nand\ttabs\r\n\x00\x01\x7f\x80\ufeff\U0010ffff",
        "  two  spaces   and more    ",
        "’Don’t’ — “quoted”…",
        "A" * 90,
        "<|endoftext|> <|im_start|>",
        " ",
        "\x04\x06\x13\x14\x16\x1d \U00040000\U000bffff",
    ],
)
def test_any_text_comes_back(text: str) -> None:
    tokens = weights.byte_pairs(weights.read_model())
    assert tokens.decode(tokens.encode(text)[:-1]) == text
    payload = said([text])
    assert decode_payload(encode_payload(payload, TEXT_CODERS[3]), TEXT_CODERS).payload.utterances[0].text == text


@pytest.mark.models
def test_known_tokens_are_coded_at_once_as_one_by_one() -> None:
    file = weights.read_model()
    model = Transformer(weights.transformer_arrays(file, read_arrays(weights.ADAPTER)))
    tokens = weights.byte_pairs(file).encode(" ".join(TALK) * 2)
    at_once, one_by_one = model.start(), model.start()
    found = at_once.intervals(tokens)
    for token, interval in zip(tokens, found, strict=True):
        assert one_by_one.predict().interval(token) == interval
        one_by_one.update(token)


@pytest.mark.models
def test_packets_and_redacted_payloads_keep_the_coder() -> None:
    lines = [
        "So, what did he say about the red car in the yard?",
        "He wants to sell it to Margaret's brother, I think.",
        "That would be nice, because then we could see it again.",
        "My card is 4111 1111 1111 1111.",
    ]
    payload = said(lines)
    data, longer = (encode_payload(payload, TEXT_CODERS[coder_id]) for coder_id in (3, 2))
    size = len(data) - 1
    packed = pack(data, size)
    assert len(packed.packets) > 1
    assert sum(map(len, packed.packets)) < sum(map(len, pack(longer, size).packets))
    _, redacted, counts = redact_encoded(decode_payload(data, TEXT_CODERS), data, Redaction(frozenset({"card"})))
    assert counts == {"card": 1}
    assert english_coder_of(decode_payload(redacted, TEXT_CODERS)) == "smollm2-1"


def test_live_links_do_without_it() -> None:
    assert CODER_ID not in SHIPPED_CODERS
    assert CODER_ID in TEXT_CODERS


def test_a_choice_that_cannot_be_had_is_refused_before_the_work(no_wheel: None) -> None:
    recording = recognizer_recording("beckett.wav")
    with pytest.raises(EngineError, match=re.escape(weights.INSTALL)):
        compress(recording, text_coder="smollm2-1")
    with pytest.raises(EngineError, match=re.escape(weights.INSTALL)):
        load_recognizer(rescorer="smollm2-1")
    with pytest.raises(InputError, match="no text coder 'english-9'"):
        compress(recording, text_coder="english-9")
    with pytest.raises(InputError, match="format 1 has no choice"):
        check_english_coder("english-2", 1)


def test_a_receiver_without_it_says_what_to_install(no_wheel: None) -> None:
    data = bytes.fromhex((ROOT / "tests/golden/smollm2-4.hex").read_text())
    with pytest.raises(EngineError, match=re.escape(weights.INSTALL)):
        decode_payload(data, TEXT_CODERS)


def test_another_version_of_the_model_is_refused(
    no_wheel: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "another_wheel"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / weights.FILE).write_bytes(b"GGUF, but another one")
    monkeypatch.syspath_prepend(tmp_path)  # pyright: ignore[reportUnknownMemberType]
    monkeypatch.setattr(weights, "PACKAGE", "another_wheel")
    with pytest.raises(EngineError, match="is not the model"):
        weights.load_smollm2_coder()


def test_a_payload_has_so_many_tokens_at_most() -> None:
    arrays = read_weights("english-2")
    vocabulary = Vocabulary(arrays["vocabulary"].tobytes().decode("utf-8").split("\n"))
    model = Model(arrays)
    few = LanguageModelCoder(9, "few", model, vocabulary, most_tokens=8)
    payload = said(["Hello, how are you?"])
    data = encode_payload(payload, few)
    assert decode_payload(data, {9: few}).payload.utterances[0].text == "Hello, how are you?"
    twice = said(["Hello, how are you?"] * 2)
    with pytest.raises(TextError, match="longer than this text coder takes"):
        encode_payload(twice, few)
    data = encode_payload(twice, few, others=[TEXT_CODERS[2]])
    decoded = decode_payload(data, {9: few, 2: TEXT_CODERS[2]})
    assert [one.text for one in decoded.payload.utterances] == ["Hello, how are you?"] * 2
    assert decoded.text_coders == ("few", "english-2")
    many = LanguageModelCoder(9, "many", model, vocabulary)
    with pytest.raises(PayloadCorrupt, match="more words than its text coder takes"):
        decode_payload(encode_payload(twice, many), {9: few})
