from __future__ import annotations

from dataclasses import replace

import pytest
from eval_doubles import observed
from speechzip.eval import Observation, ResultRow
from speechzip.eval.results.summary import DRAWN, HEADLINE, summarize

FAMILIES = {"original": "original", "speechzip": "speechzip"}


def rows(*observations: Observation) -> dict[tuple[str, str, str], ResultRow]:
    summary = summarize(observations, FAMILIES, ["fake"], seed=0)
    return {(row.system, row.condition, row.category): row for row in summary}


def test_words_are_summed_over_recordings() -> None:
    row = rows(
        observed("1", heard="a b c d"),
        observed("2", said="red green", heard="red blue gray"),
        observed("3", said="a b c d", heard="a d"),
    )["original", "clean", HEADLINE]
    values = {name: estimate.value for name, estimate in row.metrics.items()}
    assert values["wer"] == pytest.approx(4 / 10)
    assert (values["substitutions"], values["insertions"], values["deletions"]) == pytest.approx((0.1, 0.1, 0.2))
    assert values["bitrate_bps"] == 100
    assert values["wire_bps"] == 200
    assert (values["encode_rtf"], values["decode_rtf"]) == (0.1, 0.05)
    assert row.metrics["wer"].low <= 0.4 <= row.metrics["wer"].high


def test_words_sent_are_judged_by_the_transcript() -> None:
    row = rows(observed("1", "speechzip", heard="", text="a b c x"))["speechzip", "clean", HEADLINE]
    assert row.metrics["text_wer"].value == 0.25
    assert row.metrics["wer"].value == 1.0


def test_numbers_and_names_that_came_through() -> None:
    said = "Yesterday Anna paid 25 for Ben"
    row = rows(
        observed("1", said=said, heard=said),
        observed("1", "speechzip", said=said, heard="yesterday anna paid 20 for ken"),
    )["speechzip", "clean", HEADLINE]
    assert row.metrics["numbers"].value == 0
    assert row.metrics["names"].value == 0.5


def test_names_in_capitals_come_from_what_is_heard_in_the_original() -> None:
    row = rows(
        observed("1", said="I SAW ANNA AND BEN", heard="I saw Anna and Ben"),
        observed("1", "speechzip", said="I SAW ANNA AND BEN", heard="i saw anna"),
    )["speechzip", "clean", HEADLINE]
    assert row.metrics["names"].value == 0.5


def test_voices_beside_their_anchors() -> None:
    anna, ben = (1.0, 0.0), (0.0, 1.0)
    summary = rows(
        observed("a1", said="one", direction=anna),
        observed("a2", said="two", direction=anna),
        observed("b1", said="three", speaker="Ben", direction=ben),
        observed("b2", said="four", speaker="Ben", direction=ben),
        observed("a1", "speechzip", said="one", direction=(3.0, 4.0)),  # cosines 0.6 and 0.8: taken for Ben
        observed("b1", "speechzip", said="three", speaker="Ben", direction=(0.0, 2.0)),
    )
    original, decoded = (summary[system, "clean", HEADLINE].metrics for system in FAMILIES)
    assert (original["similarity"].value, original["similarity_stranger"].value) == (1.0, 0.0)
    assert original["identified"].value == 1.0
    assert original["candidates"].value == 2
    assert decoded["similarity"].value == pytest.approx((0.6 + 1.0) / 2)
    assert decoded["similarity_stranger"].value == pytest.approx((0.8 + 0.0) / 2)
    assert decoded["identified"].value == 0.5


def test_a_voice_is_not_held_against_its_own_recording_or_text() -> None:
    summary = rows(
        observed("a1", said="one", direction=(1.0, 0.0)),
        observed("a2", said="one", direction=(1.0, 0.0)),
        observed("b1", said="two", speaker="Ben", direction=(0.0, 1.0)),
        observed("b2", said="three", speaker="Ben", direction=(0.0, 1.0)),
    )
    metrics = summary["original", "clean", HEADLINE].metrics
    assert metrics["similarity"].count == 2  # Ben's only: Anna said the same words twice


def test_starts_and_sections() -> None:
    sections = {"header": 3, "text": 7}
    row = rows(
        observed("1", "speechzip", sections=sections, onset_error_s=-0.03, bits=80),
        observed("2", "speechzip", sections=sections, onset_error_s=0.09, bits=80),
    )["speechzip", "clean", HEADLINE]
    assert row.metrics["onset_error_ms"].value == pytest.approx(60)
    assert row.metrics["on_time"].value == 0.5
    assert {name: estimate.value for name, estimate in row.sections.items()} == pytest.approx(
        {"header": 2.4, "text": 5.6}
    )
    assert sum(estimate.value for estimate in row.sections.values()) == pytest.approx(row.metrics["bitrate_bps"].value)


def test_parts_and_curves_compare_like_with_like() -> None:
    summary = rows(
        observed("1"),
        observed("2", heard="a"),
        observed("3", category="accented", heard=""),
        observed("4", category="nonspeech", said="", text="you"),
        observed("2", condition="noise-0dB", heard=""),
    )
    assert summary["original", "clean", HEADLINE].items == 2
    assert summary["original", "clean", "accented"].metrics["wer"].value == 1.0
    assert summary["original", "clean", "nonspeech"].metrics["invented"].value == 1.0
    assert "wer" not in summary["original", "clean", "nonspeech"].metrics
    assert summary["original", "clean", DRAWN].metrics["wer"].value == 0.75  # of the second recording alone
    assert summary["original", "noise-0dB", DRAWN].metrics["wer"].value == 1.0


def test_failed_recordings_are_counted() -> None:
    failed = Observation("2", "all", "clean", "original", failure="broken")
    row = rows(observed("1"), failed)["original", "clean", HEADLINE]
    assert (row.items, row.failed) == (1, 1)


def test_second_judge_beside_the_first() -> None:
    one = observed("1", heard="a b c d")
    turn = replace(one.turns[0], hypotheses={"fake": "a b c d", "other": "a"})
    (row,) = summarize([replace(one, turns=(turn,))], FAMILIES, ["fake", "other"], seed=0)[:1]
    assert (row.metrics["wer"].value, row.metrics["wer:other"].value) == (0.0, 0.75)
    assert row.metrics["cer:other"].value > 0.5
