"""The test set of redaction: the required recall, and a check that the test can fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from speechzip.eval.bench.redaction import FORM_SETS, read_forms, score


def test_there_are_enough_forms() -> None:
    forms = [form for path in FORM_SETS.values() for form in read_forms(path)]
    assert sum(len(form.items) for form in forms) >= 300
    assert sum(not form.items for form in forms) >= 80


@pytest.mark.parametrize("title", FORM_SETS)
def test_recall_and_precision_of_the_forms(title: str) -> None:
    result = score(read_forms(FORM_SETS[title]))
    for kind in {"card", "phone", "email"} & set(result.wanted):
        assert result.recall(kind) >= 0.95
    assert all(result.precision(kind) >= 0.95 for kind in result.wanted)


def test_a_miss_and_a_false_alarm_are_told(tmp_path: Path) -> None:
    path = tmp_path / "forms.txt"
    path.write_text(
        "# a comment\n\n{card:no number at all} here\nuse 4242 4242 /@ yes / 4242 4242\nmy {card:4242} / {+:1}\n"
    )
    result = score(read_forms(path))
    assert (result.wanted["card"], result.found["card"], result.false_alarms["card"]) == (2, 0, 1)
    assert [miss.split(":")[0] for miss in result.misses] == ["missed card", "no card", "missed card"]
