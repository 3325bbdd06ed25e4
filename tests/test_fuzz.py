"""A few mutants of each target, always the same; `make fuzz` runs ten minutes of them."""

from __future__ import annotations

import pytest
from fuzz.campaign import Result, fuzz
from fuzz.targets import Target, targets
from speechzip.pipeline import PayloadCorrupt, PayloadError, VoiceError

MUTANTS = {"payload": 4000, "voice file": 4000, "live frames": 2000, "payload with text": 20, "text coder": 20}


@pytest.mark.models
@pytest.mark.parametrize("name", [*MUTANTS, "synthesizers"])
def test_mutants(name: str) -> None:
    result = fuzz(name, targets()[name], seed=1, mutants=MUTANTS.get(name, 8))
    assert [reason for _, reason in result.failures] == []
    assert result.accepted > 0
    assert result.mutants == MUTANTS.get(name, 8)


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
