from __future__ import annotations

import json

import pytest
from speechzip.pipeline import engine_names
from speechzip.pipeline.cli import app
from speechzip.pipeline.engines.listing import ABOUT, SHOWN_KINDS, engines_json, engines_lines, list_engines
from speechzip.pipeline.engines.loading import DEFAULTS, EXTRAS
from typer.testing import CliRunner


def test_every_engine_is_known_with_what_it_needs() -> None:
    for kind in SHOWN_KINDS:
        assert {name for of, name in ABOUT if of == kind} == set(engine_names(kind))
    extras = {name: about.extra for (_, name), about in ABOUT.items() if about.extra}
    assert extras == EXTRAS
    for about in ABOUT.values():
        assert about.does
        assert about.weights
        assert about.license


def test_the_default_is_the_one_that_loads_and_says_why() -> None:
    defaults = {entry.kind: entry for entry in list_engines() if entry.default}
    assert {kind: entry.name for kind, entry in defaults.items()} == {kind: DEFAULTS[kind] for kind in SHOWN_KINDS}
    assert all(entry.installed and entry.why_default for entry in defaults.values())
    assert not any(entry.why_default for entry in list_engines() if not entry.default)


def test_what_is_not_installed_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(module: str) -> object:
        return None if module in ("faster_whisper", "TTS") else object()

    monkeypatch.setattr("importlib.util.find_spec", find)
    lines = engines_lines(list_engines())
    assert "  faster-whisper  not installed: pip install 'speechzip[faster-whisper]'" in lines
    assert "  whisper         installed" in lines
    installed = {entry["name"]: entry["installed"] for entry in engines_json(list_engines())}
    assert not installed["xtts"]
    assert installed["moonshine"]


def test_engines_of_other_packages_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    def names(_kind: str) -> list[str]:
        return ["moonshine", "parrot"]

    monkeypatch.setattr("speechzip.pipeline.engines.listing.engine_names", names)
    (parrot,) = [entry for entry in list_engines() if entry.name == "parrot" and entry.kind == "recognizer"]
    assert (parrot.installed, parrot.default, parrot.does) == (True, False, "of another package")


def test_the_command() -> None:
    result = CliRunner().invoke(app, ["engines", "--json"])
    engines = json.loads(result.stdout)["engines"]
    assert next(engine["name"] for engine in engines if engine["kind"] == "recognizer") == "moonshine"
    assert "the default, since it needs no download" in CliRunner().invoke(app, ["engines"]).stdout
