"""README's picture: what is in it, and where."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from speechzip.eval.report.picture import picture
from speechzip.pipeline import InputError

SVG = "{http://www.w3.org/2000/svg}"


def row(system: str, rate_bps: float, **metrics: float) -> dict[str, Any]:
    values = {"bitrate_bps": rate_bps, **metrics}
    return {"system": system, **{name: {"value": value} for name, value in values.items()}}


ORIGINAL = row("original", 256000, wer=0.1, similarity=0.9, similarity_stranger=0.5)
ROWS = [
    ORIGINAL,
    row("speechzip", 60, wer=0.19, similarity=0.7),
    row("opus-6-60ms", 5000, wer=0.1, similarity=0.8),
    row("speex-8", 8000, wer=0.5, similarity=0.5),
]


def titles(drawn: str) -> list[str]:
    """Return the tooltips, and so the points, in order; it must be well-formed."""
    return [element.text or "" for element in ElementTree.fromstring(drawn).iter(f"{SVG}title")]


def test_words_and_voices_are_shares_of_what_recordings_reach() -> None:
    found = titles(picture({"headline": ROWS}))
    assert found.index("How many words arrive?") < found.index("Does it sound like her?")
    assert [title for title in found if "speechzip" in title] == [
        "speechzip: 60 bit/s, 90%",  # 0.81 of 0.9 words
        "speechzip: 60 bit/s, 50%",  # half way from a stranger to herself
    ]
    assert [title for title in found if "opus" in title] == [
        "opus-6-60ms: 5,000 bit/s, 100%",
        "opus-6-60ms: 5,000 bit/s, 75%",
    ]
    assert not [title for title in found if "speex-8" in title]  # stands in the table


def test_without_voices_there_are_words_alone() -> None:
    found = titles(picture({"headline": [row("original", 1, wer=0.0), row("speechzip", 60, wer=0.1)]}))
    assert "How many words arrive?" in found
    assert "Does it sound like her?" not in found


@pytest.mark.parametrize("rows", [[], [ORIGINAL], ROWS[1:]])
def test_nothing_to_compare_is_an_error(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(InputError, match="evaluate more of them"):
        picture({"headline": rows})
