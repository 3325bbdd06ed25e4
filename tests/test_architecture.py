from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_every_file_that_it_names_exists() -> None:
    named = re.findall(r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|md|toml)|(?:[\w-]+/)+)`", TEXT)
    assert len(named) > 30
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_room_is_on_the_map() -> None:
    for folder in ("pipeline", "voices", "eval"):
        (line,) = re.findall(rf"^    {folder}/ .*\n(.*)$", TEXT, re.MULTILINE)
        rooms = {path.parent.name for path in (ROOT / folder).glob("*/__init__.py")}
        assert {word.rstrip("/") for word in line.split() if word.endswith("/")} == rooms
