from __future__ import annotations

import importlib.metadata
from importlib.metadata import EntryPoint

import pytest
from speechzip.pipeline import EngineError, InputError, load_engine, load_recognizer
from speechzip.pipeline.engines import loading
from speechzip.pipeline.engines.loading import EngineKind


def _entry_point_class() -> type:
    """Return the class of entry points: once the package importlib_metadata is imported, it is its own."""
    return type(next(iter(importlib.metadata.entry_points(group="speechzip.synthesizers"))))


@pytest.fixture
def _missing(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    def load(entry: EntryPoint) -> object:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(_entry_point_class(), "load", load)


@pytest.mark.usefixtures("_missing")
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("recognizer", "whisper:small"),
        ("recognizer", "faster-whisper"),
        ("synthesizer", "hibari"),
        ("synthesizer", "pocket:folder"),
        ("synthesizer", "xtts"),
    ],
)
def test_an_engine_that_is_not_installed_says_which_extra_to_install(kind: EngineKind, name: str) -> None:
    extra = name.partition(":")[0]
    with pytest.raises(EngineError, match=rf"needs torch, .* run: pip install 'speechzip\[{extra}\]'"):
        load_engine(kind, name)


def test_a_library_that_does_not_load_is_no_bug_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(entry: EntryPoint) -> object:
        raise OSError("libavutil.so.59: cannot open shared object file")

    monkeypatch.setattr(_entry_point_class(), "load", load)
    with pytest.raises(EngineError, match="needs libavutil"):
        load_engine("synthesizer", "xtts")


def test_models_and_languages_only_where_there_are_some(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="offers no choice of models; leave out 'large'"):
        load_engine("synthesizer", "espeak:large")
    with pytest.raises(InputError, match="no language 'english'"):
        load_recognizer(None, "english")
    with pytest.raises(EngineError, match="Moonshine tiny recognizes English, not 'de'"):
        load_recognizer(None, "de")

    class Deaf:
        name = "deaf"

    monkeypatch.setattr(loading, "_find", lambda _kind, _name: Deaf)  # pyright: ignore[reportUnknownLambdaType,reportUnknownArgumentType]
    with pytest.raises(EngineError, match="'deaf' has no option for the language"):
        load_recognizer("deaf", "de")
    with pytest.raises(EngineError, match="'deaf' has no option for the beam"):
        load_recognizer("deaf", beam=4)
    with pytest.raises(EngineError, match="'deaf' has no option for the vocabulary"):
        load_recognizer("deaf", vocabulary=["King"])
    with pytest.raises(InputError, match="a beam of 0 has no hypotheses"):
        load_recognizer("deaf", beam=0)
    with pytest.raises(EngineError, match="'deaf' has no option for the rescorer"):
        load_recognizer("deaf", rescorer="smollm2-1")
    assert load_recognizer("deaf", quick=True, text_coder="smollm2-1").name == "deaf"


def test_a_rescorer_needs_readings_to_choose_among() -> None:
    with pytest.raises(InputError, match="'smollm2-1' chooses among readings; leave out what finds only one"):
        load_recognizer(beam=1, rescorer="smollm2-1")
    with pytest.raises(InputError, match="'smollm2-1' chooses among readings; leave out what finds only one"):
        load_recognizer(quick=True, rescorer="smollm2-1")
    with pytest.raises(InputError, match="'smollm2-1' chooses among readings; leave out the vocabulary"):
        load_recognizer(vocabulary=["King"], rescorer="smollm2-1")


def test_the_rescorer_is_the_text_coder_unless_another_one_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    class Asking:
        def __init__(self, rescorer: str | None = None) -> None:
            self.name = f"asks {rescorer}"

    monkeypatch.setattr(loading, "_find", lambda _kind, _name: Asking)  # pyright: ignore[reportUnknownLambdaType,reportUnknownArgumentType]
    assert load_recognizer("any").name == "asks None"
    assert load_recognizer("any", text_coder="smollm2-1").name == "asks smollm2-1"
    assert load_recognizer("any", rescorer="smollm2-1").name == "asks smollm2-1"
    assert load_recognizer("any", rescorer="english-2", text_coder="smollm2-1").name == "asks english-2"
