"""The coders of other languages, with the shipped models."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speechzip.pipeline import TEXT_CODERS, PayloadCorrupt
from speechzip.pipeline.textcoder.alphabets import Alphabet
from speechzip.pipeline.textcoder.world import (
    FIRST_WORLD_ID,
    WORLD_FILE,
    WORLD_LANGUAGES,
    load_world_coder,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "text-world-1.json"
TALK = {
    "de": ["Guten Morgen, hier ist die Praxis.", "Können Sie mir sagen, wann ich morgen kommen soll?"],
    "es": ["Buenos días, le llamo por la cita.", "¿Puede usted venir mañana a las nueve?"],
    "fr": ["Bonjour, je vous appelle pour le rendez-vous.", "Est-ce que vous pouvez venir demain matin ?"],
    "it": ["Buongiorno, la chiamo per l'appuntamento.", "Può venire domani mattina alle nove?"],
    "pt": ["Bom dia, estou ligando por causa da consulta.", "Você pode vir amanhã de manhã?"],
    "nl": ["Goedemorgen, ik bel over de afspraak.", "Kunt u morgen om negen uur komen?"],
    "pl": ["Dzień dobry, dzwonię w sprawie wizyty.", "Czy może pan przyjść jutro rano?"],
    "ru": ["Доброе утро, я звоню по поводу встречи.", "Вы можете прийти завтра утром?"],
    "uk": ["Доброго ранку, я телефоную щодо зустрічі.", "Чи можете ви прийти завтра вранці?"],
    "tr": ["Günaydın, randevu için arıyorum.", "Yarın sabah gelebilir misiniz?"],
    "ar": ["صباح الخير، أتصل بك بشأن الموعد.", "هل يمكنك أن تأتي غدا في الصباح؟"],
    "hi": ["नमस्ते, मैं कल के बारे में पूछना चाहता हूँ।", "क्या आप सुबह आ सकते हैं?"],
    "ja": ["おはようございます。予約のことでお電話しました。", "明日の朝は来られますか?"],
    "ko": ["안녕하세요, 예약 때문에 전화했어요.", "내일 아침에 올 수 있어요?"],
    "zh": ["早上好，我想问一下明天的时间。", "你明天早上可以来吗？"],
}
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.mark.models
@pytest.mark.parametrize("language", WORLD_LANGUAGES)
def test_talk_comes_back_and_takes_a_third_of_its_utf8(language: str) -> None:
    coder = load_world_coder(language)
    code = coder.encode(TALK[language])
    assert coder.decode(code, 2) == TALK[language]
    assert len(code) < sum(len(text.encode("utf-8")) for text in TALK[language]) / 2.5
    assert TEXT_CODERS[FIRST_WORLD_ID + WORLD_LANGUAGES.index(language)] is coder


@pytest.mark.models
def test_codes_stay_as_they_are_for_ever() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert golden == {language: load_world_coder(language).encode(TALK[language]).hex() for language in WORLD_LANGUAGES}


@pytest.mark.models
@settings(deadline=None, max_examples=40)
@given(st.lists(ANY, max_size=3), st.sampled_from(("de", "zh")))
def test_any_unicode_comes_back_and_never_costs_more_than_plain(texts: list[str], language: str) -> None:
    coder = load_world_coder(language)
    code = coder.encode(texts)
    assert coder.decode(code, len(texts)) == texts
    assert len(code) <= sum(len(text.encode("utf-8")) + 1 for text in texts)


@pytest.mark.models
def test_every_flipped_bit_is_refused_or_another_text() -> None:
    coder = load_world_coder("de")
    code = coder.encode(TALK["de"])
    for place in range(8 * len(code)):
        changed = bytearray(code)
        changed[place // 8] ^= 1 << place % 8
        try:
            assert coder.decode(bytes(changed), 2) != TALK["de"]
        except PayloadCorrupt:
            continue


def test_the_weights_are_those_of_the_model_card() -> None:
    folder = files("speechzip.pipeline.textcoder")
    digest = hashlib.sha256(folder.joinpath(WORLD_FILE).read_bytes()).hexdigest()
    assert digest in folder.joinpath("MODEL-world.md").read_text(encoding="utf-8")


def test_an_alphabet_spells_every_text_in_one_way() -> None:
    alphabet = Alphabet("ab é")
    ids = alphabet.encode("a béc\N{GRINNING FACE}")
    assert alphabet.decode(ids[:-1]) == "a béc\N{GRINNING FACE}"
    assert len(ids) == 4 + 1 + 4 + 1
    with pytest.raises(PayloadCorrupt, match="UTF-8"):
        alphabet.decode([2 + 0xC3])


@pytest.mark.models
def test_only_the_arrays_of_one_language_are_read() -> None:
    with (
        files("speechzip.pipeline.textcoder").joinpath(WORLD_FILE).open("rb") as stream,
        np.load(stream, allow_pickle=False) as archive,
    ):
        assert {name.split(".")[0] for name in archive.files} == {*WORLD_LANGUAGES, "exp2", "shares"}
