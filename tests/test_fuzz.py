"""A few mutants of each target, always the same; `make fuzz` runs ten minutes of them."""

from __future__ import annotations

import multiprocessing
import os
import time

import pytest
from fuzz import apart
from fuzz.campaign import Result, fuzz, mutant
from fuzz.mutation import fix_flac_checksums, fix_ogg_checksums
from fuzz.packets import fix_line, fix_packets
from fuzz.target import Target
from fuzz.targets import targets
from speechzip.pipeline import PayloadCorrupt, PayloadError, VoiceError

MUTANTS = {
    "payload": 4000,
    "payload with text": 40,
    "payload, shipped text": 4,
    "text code": 20,
    "text code, shipped": 4,
    "text code, world": 40,
    "voice file": 4000,
    "live frames": 2000,
    "packets": 10,
    "pasted packets": 10,
    "KISS": 1000,
    "LXMF fields": 1000,
    "Meshtastic packets": 1000,
    "HF frames": 1000,
    "WAV": 400,
    "MP3": 100,
    "FLAC": 100,
    "Ogg": 60,
    "media (PyAV)": 100,
    "synthesizers": 8,
}


CARRIERS = ("KISS", "LXMF fields", "Meshtastic packets", "HF frames")


@pytest.mark.models
@pytest.mark.parametrize("name", MUTANTS)
def test_mutants(name: str) -> None:
    result = fuzz(name, targets()[name], seed=1, mutants=MUTANTS[name])
    assert [reason for _, reason in result.failures] == []
    assert result.mutants == MUTANTS[name]
    assert result.accepted > 0 or result.mutants < 10


@pytest.mark.models
def test_every_target_is_tried_and_its_seeds_are_good() -> None:
    assert set(targets()) == set(MUTANTS)
    for name in ("packets", "pasted packets", *CARRIERS, "WAV", "MP3", "FLAC", "Ogg", "media (PyAV)"):
        for seed in targets()[name].seeds:
            targets()[name].run(seed)


@pytest.mark.models
def test_checksums_are_put_right() -> None:
    """Each repair leaves whole seeds as they are, and mends one whose checksum alone is damaged."""
    repairs = {"Ogg": fix_ogg_checksums, "FLAC": fix_flac_checksums, "packets": fix_packets, "pasted packets": fix_line}
    for name, repair in repairs.items():
        assert {seed for seed in targets()[name].seeds if repair(seed) != seed} == set()
    ogg, flac = targets()["Ogg"].seeds[0], targets()["FLAC"].seeds[0]
    assert fix_ogg_checksums(ogg[:22] + b"fail" + ogg[26:]) == ogg
    assert fix_flac_checksums(flac[:-2] + b"no") == flac


def _fuzz(run: object) -> Result:
    def call(data: bytes) -> None:
        if isinstance(run, Exception):
            raise run
        sum(range(3_000_000))

    return fuzz("x", Target(call, [b"seed"], None, PayloadError, 0.001, 1.0), seed=0, mutants=3)


def test_what_is_a_failure() -> None:
    assert [reason for _, reason in _fuzz(KeyError("a")).failures] == ["KeyError: 'a'"] * 4  # the seed, too
    assert len(_fuzz(VoiceError("not a payload's")).failures) == 4
    assert _fuzz(PayloadCorrupt("damaged")).failures == []
    slow = _fuzz(None)
    assert len(slow.failures) == 3
    assert "is the bound" in slow.failures[0][1]
    assert slow.slowest


def _crash(data: bytes) -> None:
    if data == mutant("crash", crashing()["crash"], 0, 2):
        os._exit(7)


def crashing() -> dict[str, Target]:
    return {"crash": Target(_crash, [b"a long enough seed"], None, PayloadError, 60.0, 1.0)}


def test_a_crash_is_told_and_the_rest_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "targets", crashing)
    monkeypatch.setattr(apart, "CONTEXT", multiprocessing.get_context("fork"))  # takes the patch along
    result = apart.fuzz_apart("crash", seed=0, mutants=6, seconds=60.0)
    ((data, reason),) = result.failures
    assert data == mutant("crash", crashing()["crash"], 0, 2)
    assert reason == "ends or stalls the process (exit code 7) at mutant 2"
    assert (result.mutants, result.accepted) == (6, 3)


def test_time_ends_a_run() -> None:
    target = Target(lambda data: None, [b"seed"], None, PayloadError, 60.0, 1.0)
    assert fuzz("x", target, seed=0, mutants=10**9, ends_at_s=time.monotonic() + 0.05).mutants < 10**7
