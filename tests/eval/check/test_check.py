"""A release that got worse is found."""

from __future__ import annotations

import importlib.util
import json
from functools import partial
from pathlib import Path

import pytest
from speechzip.eval.check.__main__ import main
from speechzip.eval.check.baseline import (
    BASELINE,
    Bound,
    compare,
    make_bounds,
    read_baseline,
    write_baseline,
)
from speechzip.eval.check.figures import BYTES, SIMILARITY, SPEEDS, STEPS, WORDS_HEARD, measure_speeds
from speechzip.pipeline import InputError

BOUNDS = {BYTES: Bound(200, 196, 204), SIMILARITY: Bound(0.7, 0.68, 0.72), "compress / Opus": Bound(30, 20, 40)}
SAME = {BYTES: 200.0, SIMILARITY: 0.7, "compress / Opus": 31.0}


def test_what_stays_the_same_is_inside() -> None:
    assert compare(SAME, BOUNDS) == []


@pytest.mark.parametrize(
    ("name", "value", "is_worse"),
    [
        (BYTES, 205.0, True),
        (BYTES, 190.0, False),
        (SIMILARITY, 0.67, True),
        (SIMILARITY, 0.73, False),
        ("compress / Opus", 41.0, True),
    ],
)
def test_what_fell_outside_is_named(name: str, value: float, is_worse: bool) -> None:
    (outside,) = compare(SAME | {name: value}, BOUNDS)
    assert (outside.name, outside.is_worse) == (name, is_worse)
    assert str(outside).startswith(f"{'WORSE' if is_worse else 'better'}: {name}")


def test_other_figures_than_the_baseline_are_an_error() -> None:
    with pytest.raises(InputError, match=SIMILARITY):
        compare({name: value for name, value in SAME.items() if name != SIMILARITY}, BOUNDS)


def test_intervals_hold_all_runs_and_a_step_more() -> None:
    bounds = make_bounds([{BYTES: 200.0}, {BYTES: 203.0}, {BYTES: 199.0}], {"inspect / Opus": [2.0, 1.0, 3.0]})
    assert bounds[BYTES] == Bound(200.0, 199.0 - STEPS[BYTES], 203.0 + STEPS[BYTES])
    assert bounds["inspect / Opus"].value == 2.0
    assert bounds["inspect / Opus"].low < 1.0 < 3.0 < bounds["inspect / Opus"].high < 5.0


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    write_baseline(BOUNDS, "2026-11-26", path)
    assert read_baseline(path) == BOUNDS
    assert json.loads(path.read_text())["release"]
    for text in ("", "[]", "{}", '{"figures": {"a": 1}}', '{"figures": {"a": {"value": 1}}}'):
        path.write_text(text)
        with pytest.raises(InputError, match=r"baseline\.json"):
            read_baseline(path)


@pytest.mark.models
@pytest.mark.slow
def test_the_robot_of_espeak_is_found_to_be_worse(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("av")
    if importlib.util.find_spec("resemblyzer") is None:
        pytest.skip("the encoder that judges voices is not installed")
    assert set(read_baseline()) == {*STEPS, *SPEEDS}
    # Speeds are no matter here: they are measured in one round, not in five.
    monkeypatch.setattr("speechzip.eval.check.__main__.measure_speeds", partial(measure_speeds, rounds=1))
    assert main(["--system", "speechzip[voice_encoder=trained:quick,synthesizer=espeak]"]) == 1
    printed = capsys.readouterr().out
    assert f"WORSE: {WORDS_HEARD}" in printed
    assert f"WORSE: {SIMILARITY}" in printed
    assert f"WORSE: {BYTES}" not in printed


def test_the_baseline_of_this_release_is_whole() -> None:
    for bound in read_baseline(BASELINE).values():
        assert 0 <= bound.low <= bound.value <= bound.high
