"""Conversations in tables, in the page and in its JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eval_doubles import observed, results_of
from speechzip.eval.metrics.diarization import DiarizationErrors
from speechzip.eval.metrics.wer import WordErrors
from speechzip.eval.report import write_report
from speechzip.eval.results.conversations import Conversation, conversation_rows


def _conversation(item: str, category: str, **changes: object) -> Conversation:
    values: dict[str, object] = {
        "item": item,
        "category": category,
        "duration_s": 60.0,
        "minute_bytes": (180,),
        "payload_bytes": 180,
        "speakers": 2,
        "found_speakers": 2,
        "words": WordErrors(95, 5, 0, 0),
        "attributed": WordErrors(90, 5, 5, 5),
        "diarization": DiarizationErrors(50.0, 2.0, 2.0, 1.0),
        "collared": DiarizationErrors(40.0, 1.0, 0.0, 0.0),
        "start_errors_s": (0.01, -0.05, 0.06, 0.2),
        "similarities": (0.8, 0.7),
        "strangers": (0.6, 0.5),
    }
    return Conversation(**{**values, **changes})  # type: ignore[arg-type]  # the fields by name


def test_conversations_of_a_kind_add_up() -> None:
    (calls, meetings) = conversation_rows(
        [
            _conversation("a", "calls"),
            _conversation("b", "calls", duration_s=30.0, payload_bytes=60, found_speakers=1, start_errors_s=(0.0,)),
            _conversation(
                "c", "meetings", words=None, attributed=None, start_errors_s=(), similarities=(), strangers=()
            ),
        ]
    )
    assert (calls.kind, calls.count, calls.right_count) == ("calls", 2, 1)
    assert calls.bytes_per_minute == pytest.approx(160)
    assert (calls.wer, calls.cpwer) == (0.05, 0.15)
    assert (calls.der, calls.der_collar) == pytest.approx((0.1, 0.025))
    assert (calls.starts, calls.on_time) == (5, 0.6)
    assert calls.start_bias_ms == pytest.approx(10)
    assert (calls.similarity, calls.stranger) == pytest.approx((0.75, 0.55))
    assert (meetings.wer, meetings.cpwer, meetings.starts) == (None, None, 0)


def test_they_are_in_the_page_and_in_its_json(tmp_path: Path) -> None:
    observations = [observed("a", "original"), observed("a", "speechzip")]
    several = [
        _conversation("a", "calls"),
        _conversation("m", "meeting", words=None, attributed=None, start_errors_s=()),
    ]
    page = write_report(results_of(observations, conversations=several), tmp_path).read_text("utf-8")
    assert '<h2 id="conversations">' in page
    assert "cpWER" in page
    assert "15.0 %" in page
    document = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert [row["cpwer"] for row in document["conversation_rows"]] == [0.15, None]
    assert document["conversation_rows"][1]["on_time"] is None
    assert document["conversations"][0]["minute_bytes"] == [180]
    without = write_report(results_of(observations), tmp_path).read_text("utf-8")
    assert '<h2 id="conversations">' not in without
