"""What can be listened to: a typical recording through several systems, and the worst ones."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from statistics import median

from ..conditions import CLEAN
from ..metrics.wer import word_diff, word_errors
from ..results.results import Results
from ..results.summary import in_headline
from ..run.store import LISTENED_TO, read_clip
from ..types import Observation

WORST = 10
LONGEST_TYPICAL_S = 15.0
"""A page should not hold minutes of sound: a typical recording is shorter."""


def typical_sample(results: Results, folder: Path) -> str:
    """Return the recording whose word error rate is in the middle, to be heard through several systems."""
    judged = [one for one in _judged(results) if one.duration_s <= LONGEST_TYPICAL_S]
    if not judged:
        return ""
    middle = median(_rate(one, results) for one in judged)
    one = min(judged, key=lambda one: (abs(_rate(one, results) - middle), one.item))
    systems = [name for name in results.systems if name.startswith(LISTENED_TO)]
    players = "".join(_player(system, folder, one) for system in systems)
    return (
        f"<p>A typical recording ({escape(one.item)}): its word error rate is in the middle. Said is: "
        f"“{escape(' '.join(turn.reference or '' for turn in one.turns))}”</p>{players}"
    )


def worst_samples(results: Results, folder: Path) -> str:
    """Return the recordings with the highest word error rates, with players and what became of the words."""
    wrong = [one for one in _judged(results) if _rate(one, results) > 0]
    worst = sorted(wrong, key=lambda one: (-_rate(one, results), one.item))[:WORST]
    if not worst:
        return ""
    intro = (
        "<p>By word error rate of the decoded speech. <del>Struck through</del> is what was said and lost, "
        "<ins>underlined</ins> "
        "what was heard instead.</p>"
    )
    return f'<div class="diff">{intro}</div>' + "".join(_sample(one, results, folder) for one in worst)


def _sample(one: Observation, results: Results, folder: Path) -> str:
    said = " ".join(turn.reference or "" for turn in one.turns)
    heard = " ".join(turn.hypotheses.get(results.judges[0], "") for turn in one.turns)
    sent = f"<p class=diff><b>sent</b> {_diff(said, one.text)}</p>" if one.text is not None else ""
    return (
        f'<div class="sample"><h3>{escape(one.item)}: WER {_rate(one, results):.0%}, {one.duration_s:.1f} s, '
        f"{one.payload_bits / 8:.0f} bytes</h3>{_player('original', folder, one)}{_player(results.main, folder, one)}"
        f"<p class=diff><b>heard</b> {_diff(said, heard)}</p>{sent}</div>"
    )


def _diff(reference: str, hypothesis: str) -> str:
    parts: list[str] = []
    for part in word_diff(reference, hypothesis):
        if part.edit == "equal":
            parts.append(escape(part.reference))
            continue
        parts += [f"<del>{escape(part.reference)}</del>"] if part.reference else []
        parts += [f"<ins>{escape(part.hypothesis)}</ins>"] if part.hypothesis else []
    return " ".join(parts)


def _player(system: str, folder: Path, one: Observation) -> str:
    sound = read_clip(folder, system, one.item)
    if sound is None:
        return ""
    data = base64.b64encode(sound).decode()
    audio = f'<audio controls preload="none" src="data:audio/mpeg;base64,{data}"></audio>'
    return f'<span class="clip">{escape(system)}{audio}</span>'


def _judged(results: Results) -> list[Observation]:
    return [
        one
        for one in results.observations
        if one.system == results.main and one.condition == CLEAN and not one.failure and in_headline(one)
    ]


def _rate(one: Observation, results: Results) -> float:
    judge = results.judges[0]
    references = [turn.reference or "" for turn in one.turns]
    return word_errors(references, [turn.hypotheses.get(judge, "") for turn in one.turns]).rate
