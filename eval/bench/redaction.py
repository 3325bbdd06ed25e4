"""Recall and precision of redaction on spoken forms: `python -m speechzip.eval.bench.redaction`.

The forms were written by hand. One is found if what is redacted of its kind covers all of its words; what is redacted
where no form of that kind stands is a false alarm. `--misses` prints both.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from speechzip.pipeline import Utterance
from speechzip.pipeline.archive import REDACTED_KINDS, Redaction, find_personal

_HERE = Path(__file__).parent
FORM_SETS = {
    "forms that the rules were made with": _HERE / "redaction-forms.txt",
    "second set (45 of 48 at first)": _HERE / "redaction-forms-2.txt",
    "third set, written without knowing the rules (45 of 53 at first)": _HERE / "redaction-forms-3.txt",
    "fourth set, cards, phones and e-mails (38 of 40 at first)": _HERE / "redaction-forms-4.txt",
    "fifth set, as addresses are told to strangers (75 of 77 at first)": _HERE / "redaction-forms-5.txt",
    "sixth set, hard e-mails above all (27 of 37 at first)": _HERE / "redaction-forms-6.txt",
    "seventh set, everyday calls (26 of 27 at first)": _HERE / "redaction-forms-7.txt",
    "eighth set, and talk full of numbers (58 of 60, 10 false alarms at first)": _HERE / "redaction-forms-8.txt",
    "ninth set, more of that (15 of 16, 2 false alarms at first)": _HERE / "redaction-forms-9.txt",
}
"""What the later sets showed when they were new was mended since; the kinds of it, not these forms."""
KINDS = frozenset(REDACTED_KINDS - {"name"})
"""All kinds that need no list of names."""
UTTERANCE_S, GAP_S = 3.0, 1.0
_ITEM = re.compile(r"\{(\+|\w+):([^}]*)\}")

Span = tuple[int, int, int]
"""Index of an utterance, its first character, and the end (exclusive)."""


@dataclass(frozen=True, slots=True)
class SpokenForm:
    """A line of the test set."""

    line: str
    """The line as written."""
    utterances: tuple[Utterance, ...]
    """The utterances."""
    items: tuple[tuple[str, tuple[Span, ...]], ...]
    """Kind and places of each form in it."""


@dataclass(slots=True)
class Score:
    """The results of redaction."""

    wanted: Counter[str]
    """Kind -> number of forms."""
    found: Counter[str]
    """Kind -> number of forms that are redacted completely."""
    false_alarms: Counter[str]
    """Kind -> number of false alarms."""
    misses: list[str]
    """Lines with a fault."""

    def recall(self, kind: str) -> float:
        """Return the share of forms that are redacted."""
        return self.found[kind] / max(1, self.wanted[kind])

    def precision(self, kind: str) -> float:
        """Return the share of redactions that are forms."""
        return self.found[kind] / max(1, self.found[kind] + self.false_alarms[kind])


def read_forms(path: Path) -> Iterator[SpokenForm]:
    """Yield the forms of a test set."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield _form(line)


def _form(line: str) -> SpokenForm:
    utterances: list[Utterance] = []
    items: list[tuple[str, tuple[Span, ...]]] = []
    for number, written in enumerate(re.split(r" / ?(?=\S)", line.replace(" /@", " / @"))):
        other = written.startswith("@")
        rest = written.removeprefix("@").strip()
        text = ""
        while match := _ITEM.search(rest):
            text += rest[: match.start()]
            span = (number, len(text), len(text) + len(match[2]))
            if match[1] == "+":
                kind, spans = items[-1]
                items[-1] = (kind, (*spans, span))
            else:
                items.append((match[1], (span,)))
            text += match[2]
            rest = rest[match.end() :]
        start_s = number * (UTTERANCE_S + GAP_S)
        utterances.append(Utterance(start_s, UTTERANCE_S, int(other), text + rest))
    return SpokenForm(line, tuple(utterances), tuple(items))


def score(forms: Iterator[SpokenForm]) -> Score:
    """Return the results of redaction on forms."""
    result = Score(Counter(), Counter(), Counter(), [])
    for form in forms:
        found = find_personal(form.utterances, Redaction(KINDS))
        for kind, spans in form.items:
            result.wanted[kind] += 1
            if all(_covered(span, kind, found, form) for span in spans):
                result.found[kind] += 1
            else:
                result.misses.append(f"missed {kind}: {form.line}")
        for kind, places_found in found:
            if not any(kind == wanted and _overlap(places_found, places) for wanted, places in form.items):
                result.false_alarms[kind] += 1
                texts = [form.utterances[number].text[start:end] for number, start, end in places_found]
                result.misses.append(f"no {kind}: {texts} in {form.line}")
    return result


def _covered(span: Span, kind: str, found: list[tuple[str, list[Span]]], form: SpokenForm) -> bool:
    """Whether every letter and digit of a span is redacted as that kind."""
    number, start, end = span
    text = form.utterances[number].text
    places = [place for other, spans in found if other == kind for place in spans if place[0] == number]
    return all(
        any(first <= position < last for _, first, last in places)
        for position in range(start, end)
        if text[position].isalnum()
    )


def _overlap(one: list[Span], other: tuple[Span, ...]) -> bool:
    return any(a[0] == b[0] and a[1] < b[2] and b[1] < a[2] for a in one for b in other)


def main() -> None:
    """Print recall and precision of each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", action="store_true", help="print what is missed and what is redacted wrongly")
    misses = bool(parser.parse_args().misses)
    for title, path in FORM_SETS.items():
        print(f"{title}:")
        show(score(read_forms(path)), misses)


def show(result: Score, misses: bool) -> None:
    """Print recall and precision of each kind, and on request the faults."""
    if misses and result.misses:
        print("\n".join(result.misses))
    print(f"{'kind':<8}{'forms':>6}{'recall':>8}{'precision':>11}{'false alarms':>14}")
    for kind in sorted(result.wanted):
        print(
            f"{kind:<8}{result.wanted[kind]:>6}{result.recall(kind):>8.3f}{result.precision(kind):>11.3f}"
            f"{result.false_alarms[kind]:>14}"
        )
    total = sum(result.wanted.values())
    found, alarms = sum(result.found.values()), sum(result.false_alarms.values())
    print(f"{'all':<8}{total:>6}{found / total:>8.3f}{found / (found + alarms):>11.3f}{alarms:>14}")


if __name__ == "__main__":
    main()
