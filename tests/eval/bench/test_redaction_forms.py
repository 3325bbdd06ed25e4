"""The test set of redaction: what it must reach, and that it can tell."""

from __future__ import annotations

from pathlib import Path

from speechzip.eval.bench.redaction import FORMS, UNSEEN_FORMS, read_forms, score


def test_recall_and_precision_of_the_forms() -> None:
    forms = list(read_forms(FORMS))
    assert sum(len(form.items) for form in forms) >= 150
    assert sum(not form.items for form in forms) >= 60
    result = score(iter(forms))
    for kind in ("card", "phone", "email"):
        assert result.recall(kind) >= 0.95
    assert all(result.precision(kind) >= 0.95 for kind in result.wanted)
    later = score(read_forms(UNSEEN_FORMS))
    assert sum(later.found.values()) >= 0.9 * sum(later.wanted.values())


def test_a_miss_and_a_false_alarm_are_told(tmp_path: Path) -> None:
    path = tmp_path / "forms.txt"
    path.write_text(
        "# a comment\n\n{card:no number at all} here\nuse 4242 4242 /@ yes / 4242 4242\nmy {card:4242} / {+:1}\n"
    )
    result = score(read_forms(path))
    assert (result.wanted["card"], result.found["card"], result.false_alarms["card"]) == (2, 0, 1)
    assert [miss.split(":")[0] for miss in result.misses] == ["missed card", "no card", "missed card"]
