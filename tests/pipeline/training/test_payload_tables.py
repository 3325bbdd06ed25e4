from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from fakes import GOLDEN, FakeTextCoder
from speechzip.pipeline import Payload, Speaker, Utterance, Voice, decode_payload, encode_payload
from speechzip.pipeline.payload import timing
from speechzip.pipeline.payload.voiceprior import VoicePrior, voice_prior
from speechzip.pipeline.training.__main__ import main
from speechzip.pipeline.training.tallies import ODDS, coded_bits, entropy, tally
from speechzip.pipeline.training.timing import GAP_START, SURPLUS_START, fit, fit_tables, report
from speechzip.pipeline.training.voiceprior import fit_prior, read_numbers, unseen_bits, voice_bits

FAKE = FakeTextCoder()
WIDTHS = (8, 4, 3)


def conversation(seed: int, channels: int = 2) -> Payload:
    """Return two speakers who take turns, with pauses of about a second."""
    rng = Random(seed)
    utterances: list[Utterance] = []
    at = 0.0
    for turn in range(12):
        text = "word " * rng.randrange(1, 20)
        duration = 0.3 + len(text) / 15
        utterances.append(Utterance(at, duration, turn // 2 % 2, text, rng.choice((0.6, 0.88, 0.88)), "en"))
        at += duration + rng.choice((-0.25, 0.0, 0.5, 1.0, 1.0, 1.5))
    speakers = tuple(Speaker(Voice("clip", bytes(4)), channel) for channel in (0, channels - 1))
    return Payload(speakers, tuple(utterances), at + 5, channels)


def drawn(odds: tuple[int, ...], count: int, seed: int) -> tuple[int, ...]:
    return tuple(Random(seed).choices(range(len(odds)), odds, k=count))


@pytest.mark.parametrize("channels", [1, 2])
def test_tallied_symbols_cost_what_they_cost_in_a_payload(channels: int) -> None:
    payload = conversation(1, channels)
    decoded = decode_payload(encode_payload(payload, FAKE), {FAKE.id: FAKE})
    bits, tables = decoded.bits, tally(decoded.payload)
    for part, prefix in (("duration", "duration"), ("confidence", "confidence")):
        names = [name for name in tables if name.startswith(prefix)]
        assert sum(coded_bits(ODDS[name], [tables[name]]) for name in names) == pytest.approx(bits[part])
    gaps = {name for name in tables if name.startswith("gap")}
    assert gaps == {"gap, same speaker", "gap, another channel" if channels == 2 else "gap, another speaker"}


def test_entropy_is_the_least_that_fixed_odds_reach() -> None:
    symbols = [(0, 1, 0, 0), (0, 0, 0, 1)]
    assert entropy(symbols) == pytest.approx(8 * 0.8112781)  # 6 : 2
    assert entropy(symbols) == pytest.approx(coded_bits((6, 2), symbols, step=0))
    assert entropy(symbols) < coded_bits((1, 1), symbols, step=0)


def test_fit_finds_the_shape_that_symbols_were_drawn_from() -> None:
    true = {"spike": 900, "hump": 200, "center": 14, "spread": 10, "long": 100, "overlap": 30}
    odds = timing.gap_odds(**true)
    payloads = [drawn(odds, 12, seed) for seed in range(150)]

    def make(shape: dict[str, int]) -> tuple[int, ...]:
        return timing.gap_odds(**shape)

    shape = fit(make, GAP_START, payloads)
    assert abs(shape["center"] - true["center"]) <= 2
    assert shape["spike"] > 2 * shape["hump"]
    assert coded_bits(make(shape), payloads) <= coded_bits(odds, payloads) * 1.002
    assert coded_bits(make(shape), payloads) < coded_bits(make(GAP_START), payloads) * 0.95


def test_fit_of_durations_follows_their_spread() -> None:
    found: list[int] = []
    for true in (20, 150):
        payloads = [drawn(timing.surplus_odds(true), 12, seed) for seed in range(100)]
        found.append(fit(lambda shape: timing.surplus_odds(**shape), SURPLUS_START, payloads)["spread"])
    assert 14 <= found[0] <= 28
    assert 100 <= found[1] <= 230


def test_report_has_every_table_that_has_symbols() -> None:
    found = fit_tables([conversation(seed) for seed in range(4)])
    assert [one.table for one in found] == [
        "turn",
        "turn after two of one speaker",
        "gap, same speaker",
        "gap, another channel",
        "duration, short text",
        "duration, long text",
        "confidence",
    ]
    assert all(one.bits <= one.unseen_bits + 1e-9 for one in found)
    assert all(one.bits <= one.shipped_bits for one in found)
    assert report(found)[2].startswith("| turn | ")


def voices(count: int, seed: int = 1) -> list[bytes]:
    """Return made-up voices: the second number follows the first, the third does not."""
    rng = Random(seed)
    made: list[bytes] = []
    for _ in range(count):
        first = min(255, max(0, round(rng.gauss(120, 40))))
        second = min(15, max(0, round(first / 16 + rng.gauss(0, 0.5))))
        made.append((first | second << 8 | rng.randrange(8) << 12).to_bytes(2, "little"))
    return made


def test_numbers_of_a_voice_are_those_that_its_prior_codes() -> None:
    assert read_numbers((0x5A | 0x7 << 8 | 0x3 << 12).to_bytes(2, "little"), WIDTHS) == [0x5A, 0x7, 0x3]


def test_prior_learns_what_depends_on_what() -> None:
    prior = fit_prior(voices(400), WIDTHS, ridge=1)
    rows = [[int(number) for number in line.split()] for line in prior.splitlines()]
    assert [row[0] for row in rows] == list(WIDTHS)
    assert [len(row) for row in rows] == [3, 4, 5]
    assert rows[0][2] / (1 << 17) == pytest.approx(120, abs=6)  # its mean
    # for normal errors E[x / (1 + x)] = 1/4 with x = error^2 / spread: 1.9 times their mean square
    assert rows[0][1] / 32**2 == pytest.approx(1.9 * 40**2, rel=0.25)
    assert rows[1][3] / (1 << 17) == pytest.approx(1 / 16, rel=0.05)
    unseen = voices(200, seed=2)
    assert voice_bits(VoicePrior(prior), unseen) < sum(WIDTHS) - 2
    assert unseen_bits(voices(400), WIDTHS, 1) == pytest.approx(voice_bits(VoicePrior(prior), unseen), abs=0.3)


def test_ridge_pulls_weights_toward_zero() -> None:
    weights = [abs(int(fit_prior(voices(100), WIDTHS, ridge).splitlines()[1].split()[3])) for ridge in (0, 50, 5000)]
    assert all(less < more for more, less in pairwise(weights))


def test_few_voices_are_refused() -> None:
    with pytest.raises(ValueError, match="9 voices are too few for a prior; give at least 10"):
        fit_prior(voices(9), WIDTHS, 1)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["training", *arguments])
    main()


def test_recipes_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    payload = tmp_path / "one.spz"
    payload.write_bytes(bytes.fromhex((GOLDEN / "two-channels-2.hex").read_text()))
    run(monkeypatch, "timing", str(payload))
    assert "| gap, another channel | " in capsys.readouterr().out
    some = tmp_path / "voices.txt"
    rng = Random(1)
    some.write_text("".join(f"somebody {rng.getrandbits(511).to_bytes(64, 'little').hex()}\n" for _ in range(20)))
    out = tmp_path / "new" / "a.prior"
    run(monkeypatch, "voices", str(some), "--out", str(out), "--ridge", "1000")
    assert "20 voices; bits a voice" in capsys.readouterr().out
    for size in (8, 16, 32, 64):
        assert VoicePrior(out.read_text(), size).widths == voice_prior("trained-2", size).widths
