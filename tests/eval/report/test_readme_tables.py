from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from speechzip.eval.report.readme import NOTHING, TABLES, conversations_table, markers, short_table, update_readme
from speechzip.pipeline import InputError

ROOT = Path(__file__).parents[3]
BEGIN, END = markers("eval")


def row(system: str, bps: float, wer: float, second: float, similarity: float) -> dict[str, Any]:
    values = {"bitrate_bps": bps, "wer": wer, "wer:whisper-base": second, "similarity": similarity}
    return {
        "system": system,
        "items": 2,
        "failed": 0,
        **{name: {"value": value, "low": value, "high": value, "count": 2} for name, value in values.items()},
    }


@pytest.fixture
def document() -> dict[str, Any]:
    return {
        "main": "speechzip",
        "judges": ["moonshine-tiny-en", "whisper-base"],
        "headline": [
            row("original", 300_000, 0.046, 0.047, 0.85),
            row("speechzip", 52.14, 0.069, 0.078, 0.71),
            row("opus-6-60ms", 5025, 0.122, 0.092, 0.75),
        ],
        "conversation_rows": [
            {
                "kind": "dialogues, mixed", "count": 4, "bytes_per_minute": 225.4, "wer": 0.0203, "cpwer": 0.021,
                "der": 0.12, "der_collar": 0.046, "right_count": 3, "starts": 40, "on_time": 0.875,
                "start_bias_ms": 2.0, "similarity": 0.85, "stranger": 0.69,
            },
            {
                "kind": "debates", "count": 1, "bytes_per_minute": 190.6, "wer": None, "cpwer": None, "der": 0.4,
                "der_collar": 0.3, "right_count": 0, "starts": 0, "on_time": None, "start_bias_ms": None,
                "similarity": 0.76, "stranger": None,
            },
        ],
        "corpus": {"name": "some", "items": ["a", "b"]},
        "failed_items": 0, "untranscribed_items": 0,
        "facts": {"speechzip": "0.1.0", "date": "2026-11-27 08:00 UTC", "command": "speechzip eval some"},
    }  # fmt: skip


def test_each_table_goes_between_its_markers(document: dict[str, Any], tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    old = "\n\n".join("{}\nold\n{}".format(*markers(name)) for name in TABLES)
    readme.write_text(f"before\n\n{old}\n\nafter\n", "utf-8")
    update_readme(document, readme)
    first = readme.read_text("utf-8")
    assert re.findall(r"^(?:before|old|after)$", first, re.MULTILINE) == ["before", "after"]
    assert "| speechzip | 52.1 (52.1–52.1) | 6.9 % (6.9–6.9) | 7.8 % (7.8–7.8) | 0.71 (0.71–0.71) |" in first
    assert "| bitrate of single utterances | 52.1 bit/s | 5,025 bit/s |" in first
    assert "| 1 debates | 191 |" in first
    update_readme(document, readme)
    assert readme.read_text("utf-8") == first


def test_the_short_table_says_what_the_recordings_reach(document: dict[str, Any]) -> None:
    assert short_table(document).splitlines()[3:] == [
        "| word error rate of the decoded speech (4.6 % in the recordings) | 6.9 % | 12.2 % |",
        "| the same, heard by whisper-base (4.7 % in the recordings) | 7.8 % | 9.2 % |",
        "| voice similarity, cosine (0.85 in the recordings) | 0.71 | 0.75 |",
    ]


def test_a_row_of_conversations(document: dict[str, Any]) -> None:
    dialogues, debates = conversations_table(document).splitlines()[2:]
    assert dialogues == (
        "| the same, mixed to one channel | 225 | 2.0 % | 2.1 % | 12.0 %, 4.6 % | 3 of 4 | 35 of 40 | 0.85, 0.69 |"
    )
    assert debates == "| 1 debates | 191 |  |  | 40.0 %, 30.0 % | 0 of 1 |  | 0.76 |"


def test_what_was_not_measured_leaves_no_old_figures(document: dict[str, Any]) -> None:
    assert conversations_table({**document, "conversation_rows": []}) == NOTHING
    assert short_table({**document, "headline": document["headline"][:2]}) == NOTHING


@pytest.mark.parametrize(
    "text",
    ["", BEGIN, f"{END}\n{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}", f"{BEGIN}{END}{END}",
     f"{BEGIN}{END}{markers('eval-short')[0]}", f"{BEGIN}{END}{markers('eval-conversations')[1]}"],
)  # fmt: skip
def test_a_document_without_markers_is_left_alone(document: dict[str, Any], tmp_path: Path, text: str) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(text, "utf-8")
    with pytest.raises(InputError, match="lacks the markers"):
        update_readme(document, readme)
    assert readme.read_text("utf-8") == text


def test_readme_has_all_tables() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert all(text.count(marker) == 1 for name in TABLES for marker in markers(name))
