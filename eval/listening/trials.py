"""Trials: which sounds a listener hears, what is asked, and what would be right.

    same     two sounds: the same person, or two people?
    nearer   a person's recording, then A and B: which one is she?
    natural  one sound: how natural, 1 to 5? (absolute category rating, ITU-T P.800)
    typed    one sound: type what you hear

Originals and strangers are among them as anchors: they tell how far the listener can be believed.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Literal

from speechzip.pipeline import InputError

from ..codecs import ORIGINAL
from ..conditions import CLEAN
from ..results.results import Results
from ..results.summary import in_headline
from ..types import Observation

Kind = Literal["same", "nearer", "natural", "typed"]
PAIRS = 6
"""Trials of each of the four sorts of pairs: originals or decoded speech, of one person or of two."""
NEARER = 10
NATURAL = 6
"""Trials for each system."""
TYPED = 4
"""Trials for each system."""
SHORTEST_S, LONGEST_S = 2.0, 12.0
"""Recordings that a listener can compare, and remember for typing."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording as it comes out of a system."""

    system: str
    """Name of the system."""
    item: str
    """Id of the recording."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One question."""

    id: str
    """Its number in the order of playing; it tells nothing."""
    kind: Kind
    """What is asked."""
    condition: str
    """What is heard, as the summary names it."""
    sounds: tuple[Sound, ...]
    """The sounds, in the order of the page."""
    right: str = ""
    """The right answer: `same` or `different`, `A` or `B`, the words said; empty where there is none."""


@dataclass(frozen=True, slots=True)
class _Pool:
    """What trials are drawn from."""

    by_speaker: dict[str, list[Observation]]
    """Speaker -> recordings in the main system, at least two."""
    dice: random.Random

    def two_of_one(self) -> tuple[Observation, Observation]:
        """Return two recordings of one person."""
        first, second = self.dice.sample(self.by_speaker[self.dice.choice(sorted(self.by_speaker))], 2)
        return first, second

    def one_of_two(self) -> tuple[Observation, Observation]:
        """Return a recording of each of two people."""
        one, other = self.dice.sample(sorted(self.by_speaker), 2)
        return self.dice.choice(self.by_speaker[one]), self.dice.choice(self.by_speaker[other])


def make_trials(results: Results, systems: Sequence[str], seed: int) -> list[Trial]:
    """Return the trials in the order of playing.

    Args:
        results: of an evaluation with the original and the main system.
        systems: whose naturalness and words are asked for; those without sound are left out beforehand.
        seed: draws the recordings and the order.

    Raises:
        InputError: fewer than two speakers have two recordings each of a fitting length.
    """
    main = results.main
    dice = random.Random(seed)
    heard = _comparable(results)
    dice.shuffle(heard)
    first_time = min(TYPED * len(systems), len(heard) // 3)
    typed, others = heard[:first_time], heard[first_time:]  # whoever types a sentence must not have heard it before
    pool = _Pool(_repeated(others), dice)
    if len(pool.by_speaker) < 2:
        raise InputError(
            f"a listening test needs two speakers with two recordings of {SHORTEST_S:g} to {LONGEST_S:g} s each, and "
            f"some more sentences to type; this corpus has {len(_repeated(heard))} such speakers"
        )
    drafts: list[tuple[Kind, str, tuple[Sound, ...], str]] = []
    for system in (ORIGINAL, main):
        for draw, who, right in ((pool.two_of_one, "one person", "same"), (pool.one_of_two, "two people", "different")):
            for _ in range(PAIRS):
                first, second = draw()
                pair = (Sound(ORIGINAL, first.item), Sound(system, second.item))
                drafts.append(("same", f"{system}, {who}", pair, right))
    for _ in range(NEARER):
        first, second = pool.two_of_one()
        stranger = dice.choice([one for one in others if one.turns[0].speaker != first.turns[0].speaker])
        places = [second.item, stranger.item]
        dice.shuffle(places)
        sounds = (Sound(ORIGINAL, first.item), *(Sound(main, item) for item in places))
        drafts.append(("nearer", main, sounds, "AB"[places.index(second.item)]))
    for one, system in zip(others[: NATURAL * len(systems)], cycle(systems), strict=False):
        drafts.append(("natural", system, (Sound(system, one.item),), ""))
    for one, system in zip(typed, cycle(systems), strict=False):
        drafts.append(("typed", system, (Sound(system, one.item),), one.turns[0].reference or ""))
    dice.shuffle(drafts)
    return [Trial(f"{number:03d}", *draft) for number, draft in enumerate(drafts, start=1)]


def _comparable(results: Results) -> list[Observation]:
    """Return the single utterances of a fitting length in the main system, sorted."""
    found = [
        one
        for one in results.observations
        if (one.system, one.condition) == (results.main, CLEAN)
        and not one.failure
        and in_headline(one)
        and SHORTEST_S <= one.duration_s <= LONGEST_S
    ]
    return sorted(found, key=lambda one: one.item)


def _repeated(heard: Sequence[Observation]) -> dict[str, list[Observation]]:
    by_speaker: dict[str, list[Observation]] = {}
    for one in heard:
        if speaker := one.turns[0].speaker:
            by_speaker.setdefault(speaker, []).append(one)
    return {speaker: ones for speaker, ones in by_speaker.items() if len(ones) > 1}
