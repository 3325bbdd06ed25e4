from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from eval_doubles import observed, results_of
from speechzip.eval import Corpus, Failure, Observation, Results, write_report
from speechzip.eval.report import headline_lines, headline_rows
from speechzip.eval.report.readme import main_table
from speechzip.eval.report.svg import MARKERS, Style, linear_axis, log_axis, marker
from speechzip.eval.results.results import NO_TRANSCRIPT
from speechzip.eval.results.summary import summarize
from speechzip.eval.run.store import stored_path

ANNA, BEN = (1.0, 0.2, 0.0), (0.0, 1.0, 0.2)
SECTIONS = {"header": 4, "voices": 11, "timing": 2, "text": 30, "checksum": 2}


def some_observations() -> Iterator[Observation]:
    for name, speaker, direction in (
        ("a1", "Anna", ANNA),
        ("a2", "Anna", ANNA),
        ("b1", "Ben", BEN),
        ("b2", "Ben", BEN),
    ):
        said = f"call {name} <b>now</b> & then"
        for condition in ("clean", "noise-10dB", "telephone"):
            yield observed(
                name, said=said, heard=said, speaker=speaker, direction=direction, condition=condition, bits=2.56e6
            )
            yield observed(
                name, "speechzip", said=said, heard="call now then", speaker=speaker, direction=(1.0, 0.5, 0.1),
                condition=condition, bits=392, sections=SECTIONS, text=said, onset_error_s=0.02,
            )  # fmt: skip
        yield observed(name, "opus-6-60ms", said=said, heard=said, speaker=speaker, direction=direction, bits=60000)
        yield observed(name, "codec2-1200", said=said, heard="call", speaker=speaker, direction=direction, bits=12000)


@pytest.fixture
def results() -> Results:
    return results_of(
        list(some_observations()),
        failures=[Failure("lost.wav", (), "no such <file>")],
        left_out={"xtts": "not installed"},
        warnings=["the judge is partial"],
    )


@pytest.fixture
def page(results: Results, tmp_path: Path) -> str:
    for system in ("original", "speechzip"):
        clip = stored_path(tmp_path / "clips", "clean", system, "a1", "mp3")
        clip.parent.mkdir(parents=True)
        clip.write_bytes(b"sound of " + system.encode())
    return write_report(results, tmp_path).read_text("utf-8")


def test_page_needs_nothing_from_outside(page: str) -> None:
    links = re.findall(r"(?:src|href)\s*=\s*[\"']?([^\"' >]*)", page)
    assert links
    assert all(link.startswith(("data:", "#")) for link in links)
    assert "url(" not in page.replace("url(#", "")
    assert "<script" not in page
    assert "@import" not in page


def test_a_recording_without_a_transcript_has_not_failed(results: Results, tmp_path: Path) -> None:
    untold = [Failure("a.wav", (), NO_TRANSCRIPT), Failure("b.wav", (), NO_TRANSCRIPT)]
    both = replace(results, failures=[*results.failures, *untold])
    assert (both.failed_items, both.untranscribed_items) == (1, 2)
    assert "1 failed in part or whole" in write_report(both, tmp_path).read_text("utf-8")
    page = write_report(replace(results, failures=untold), tmp_path).read_text("utf-8")
    assert "none failed, <a href" in page
    assert "2 without a transcript" in page
    document = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert "0 failed in part or whole, 2 without a transcript." in main_table(document)


def test_page_says_what_there_is_to_say(page: str) -> None:
    assert "39.2" in page  # 392 bits in 10 s
    assert "1 failed in part or whole" in page
    assert "no such &lt;file&gt;" in page
    assert "the judge is partial" in page
    assert "speechzip eval made-up --out report --seed 0" in page
    assert "data:audio/mpeg;base64,c291bmQgb2Ygc3BlZWNoemlw" in page  # "sound of speechzip"
    assert "<del>a one</del>" in page  # lost, as the normalizer writes it
    assert page.count("<svg") > 5
    assert "<b>now</b>" not in page.replace("&lt;b&gt;now", "")


def test_nothing_from_a_corpus_becomes_markup(tmp_path: Path) -> None:
    """Names, words and reasons are escaped everywhere: in tables, plots, players and the page's title."""
    bad = """<script>'"&"""
    shown = "&lt;script&gt;"
    seen = [
        observed(
            bad, system, said=f"{bad} one", heard=bad, text=bad, category=bad, sections={bad: 4}, condition=condition
        )
        for system in ("original", "speechzip")
        for condition in ("clean", "noise-0dB")
    ]
    results = results_of(
        seen,
        corpus=Corpus(bad, "manifest", ()),
        failures=[Failure(bad, (bad,), bad)],
        left_out={bad: bad},
        warnings=[bad],
        judges=["fake", bad],
        engines={bad: bad},
        facts={"normalizer": bad, "date": bad, "speechzip": bad, "command": bad, bad: bad},
    )
    for system in ("original", "speechzip"):
        clip = stored_path(tmp_path / "clips", "clean", system, bad, "mp3")
        clip.parent.mkdir(parents=True, exist_ok=True)
        clip.write_bytes(b"sound")
    page = write_report(results, tmp_path).read_text("utf-8")
    assert "<script" not in page
    assert page.count(shown) > 25
    assert page.startswith("<!DOCTYPE html>")
    assert "<svg" in page


def test_json_holds_every_number(results: Results, tmp_path: Path) -> None:
    write_report(results, tmp_path)
    document = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert document["headline"] == headline_rows(results)
    assert {row["system"] for row in document["headline"]} == {"original", "speechzip", "opus-6-60ms", "codec2-1200"}
    speechzip = next(row for row in document["headline"] if row["system"] == "speechzip")
    assert speechzip["bitrate_bps"] == {"value": 39.2, "low": 39.2, "high": 39.2, "count": 4}
    assert len(document["observations"]) == len(results.observations)
    assert document["failed_items"] == 1


def test_csv_has_a_line_for_every_number_and_observation(results: Results, tmp_path: Path) -> None:
    write_report(results, tmp_path)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "results.csv").read_text("utf-8"))))
    numbers = {(row["system"], row["condition"], row["category"], row["metric"]): float(row["value"]) for row in rows}
    assert numbers["speechzip", "clean", "headline", "text_bps"] == pytest.approx(24)  # 30 bytes in 10 s
    assert len(numbers) == len(rows)
    lines = list(csv.DictReader(io.StringIO((tmp_path / "observations.csv").read_text("utf-8"))))
    assert len(lines) == len(results.observations)


def test_nothing_came_through(tmp_path: Path) -> None:
    failed = [Observation("a", "all", "clean", system, failure="broken") for system in ("original", "speechzip")]
    results = results_of(failed, failures=[Failure("a", (), "broken")], memory_mib={})
    text = write_report(results, tmp_path).read_text("utf-8")
    assert "broken" in text
    assert "1 of 1 recordings failed" in text


def test_headline_for_a_terminal(results: Results) -> None:
    lines = headline_lines(results)
    assert lines[0].split()[:3] == ["system", "bit/s", "WER"]
    assert len(lines) == 5
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 0.37), (0, 126), (0.2, 0.95), (0, 1e-9)])
def test_linear_axes_reach_and_have_round_ticks(low: float, high: float) -> None:
    axis = linear_axis(low, high, "", "{:g}".format)
    assert axis.low == low
    assert axis.high >= high
    assert 2 <= len(axis.ticks) <= 10
    assert axis.share(axis.low) == 0
    assert axis.share(axis.high) == pytest.approx(1)


def test_log_axis() -> None:
    axis = log_axis([30, 256_000], "", "{:g}".format)
    assert axis.low < 30
    assert axis.high > 256_000
    assert axis.share((axis.low * axis.high) ** 0.5) == pytest.approx(0.5)
    assert list(axis.ticks) == [30, 100, 300, 1000, 3000, 10000, 30000, 100000, 300000]


def test_markers_are_closed_shapes_around_their_place() -> None:
    for name in MARKERS:
        corners = re.findall(r"(-?[\d.]+),(-?[\d.]+)", marker(100, 50, Style("#000", name), size=10))
        xs, ys = [float(x) for x, _ in corners], [float(y) for _, y in corners]
        assert min(xs) < 100 < max(xs)
        assert min(ys) < 50 < max(ys)


def test_a_second_judge_has_its_column_beside_the_first(tmp_path: Path) -> None:
    one = observed("1")
    turn = replace(one.turns[0], hypotheses={"fake": "a b c d", "whisper-base": "a b c"})
    judged, judges = [replace(one, turns=(turn,))], ["fake", "whisper-base"]
    results = results_of(judged, judges=judges, rows=summarize(judged, {"original": "original"}, judges, seed=0))
    heading, row = headline_lines(results)
    assert heading.index(" WER  ") < heading.index("WER, whisper-base") < heading.index("DNSMOS")
    assert row.split()[2:6] == ["0.0", "%", "25.0", "%"]
    write_report(results, tmp_path)
    table = main_table(json.loads((tmp_path / "results.json").read_text("utf-8")))
    assert "| WER | WER, whisper-base |" in table
    assert "judge fake and whisper-base." in table
