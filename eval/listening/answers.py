"""Sum up what listeners answered: with the key of the test, and with 95 % intervals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from speechzip.pipeline import InputError, printable

from ..metrics.wer import word_errors
from ..results.bootstrap import Estimate, estimate_ratio
from .page import KEY, SCHEMA
from .trials import Kind, Trial

LARGEST = 4 << 20
"""Bytes of a file of answers, or of a key, at most."""
LONGEST_ANSWER = 1000
"""Characters of an answer; more are cut off."""
CHOICES: Mapping[Kind, tuple[str, ...]] = {
    "same": ("same", "different"),
    "nearer": ("A", "B"),
    "natural": ("1", "2", "3", "4", "5"),
}
MEASURES: Mapping[Kind, str] = {
    "same": "said to be the same person",
    "nearer": "right one of two",
    "natural": "naturalness, 1 to 5",
    "typed": "words typed wrong",
}


@dataclass(frozen=True, slots=True)
class Judgment:
    """What listeners said about one condition."""

    kind: Kind
    """What was asked."""
    condition: str
    """What was heard."""
    estimate: Estimate
    """A share, a mean or a word error rate; its count is that of the answers."""


def summarize_answers(files: Sequence[Path], folder: Path | None = None) -> list[Judgment]:
    """Return a judgment for every condition that somebody answered.

    Args:
        files: answers of one or more listeners to one test.
        folder: of the test; by default that of the first file.

    Raises:
        InputError: a file is no such file, or belongs to another test.
    """
    path = (folder or files[0].parent) / KEY
    key = _read(path, "trials", list)
    try:
        trials = {one["id"]: Trial(**one) for one in key["trials"]}
    except (TypeError, KeyError) as error:
        raise InputError(f"{path} is no key of a listening test") from error
    parts: dict[tuple[Kind, str], list[tuple[float, float]]] = {}
    for file in files:
        answers = _read(file, "answers", dict)
        if answers.get("test") != key.get("test"):
            raise InputError(f"{file} belongs to another listening test")
        for number, answer in answers["answers"].items():
            trial = trials.get(number)
            if trial is None or not isinstance(answer, str):
                raise InputError(f"{file}: there is no such answer: {printable(str(number)[:40])}")
            parts.setdefault((trial.kind, trial.condition), []).append(_part(trial, answer[:LONGEST_ANSWER], file))
    order = list(MEASURES)
    return [
        Judgment(kind, condition, estimate)
        for (kind, condition), ones in sorted(parts.items(), key=lambda pair: (order.index(pair[0][0]), pair[0][1]))
        if (estimate := estimate_ratio(ones)) is not None
    ]


def summary_lines(judgments: Sequence[Judgment]) -> list[str]:
    """Return the judgments as a table of text."""
    rows = [(MEASURES[one.kind], one.condition, _cell(one), f"{one.estimate.count}") for one in judgments]
    head = ("measure", "what was heard", "value [95 % interval]", "answers")
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]
    ]


def _cell(one: Judgment) -> str:
    form = "{:.2f}" if one.kind == "natural" else "{:.0%}"
    return f"{form} [{form}, {form}]".format(one.estimate.value, one.estimate.low, one.estimate.high)


def _part(trial: Trial, answer: str, file: Path) -> tuple[float, float]:
    """Return numerator and denominator of one answer."""
    if trial.kind in CHOICES and answer not in CHOICES[trial.kind]:
        raise InputError(f"{file}: {printable(answer[:40])!r} is no answer to question {trial.id}")
    if trial.kind == "typed":
        errors = word_errors([trial.right], [answer])
        return errors.errors, errors.reference_words
    if trial.kind == "natural":
        return float(answer), 1
    return float(answer == ("same" if trial.kind == "same" else trial.right)), 1


def _read(path: Path, wanted: str, kind: type) -> dict[str, Any]:
    """Return a JSON file of this test's schema, with a field of this kind."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    content: dict[str, Any] = {}
    try:
        if len(data) <= LARGEST and isinstance(found := json.loads(data), dict):
            content = cast("dict[str, Any]", found)
    except (ValueError, RecursionError):
        pass
    if content.get("schema") != SCHEMA or not isinstance(content.get(wanted), kind):
        raise InputError(f"{path} is no file of a listening test, or of another release")
    return content
