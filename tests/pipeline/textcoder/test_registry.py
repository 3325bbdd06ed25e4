from __future__ import annotations

from speechzip.pipeline import TEXT_CODERS


def test_registry_knows_its_coders() -> None:
    assert all(TEXT_CODERS[coder_id].id == coder_id for coder_id in TEXT_CODERS)
    assert 250 not in TEXT_CODERS
    assert len(TEXT_CODERS) == len(list(TEXT_CODERS))
