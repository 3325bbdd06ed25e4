"""Greedy decoding: the likeliest token at each step, and an exit from loops."""

from __future__ import annotations

import heapq

import numpy as np

from .decoder import END_TOKEN, Decoder, LogProbabilities, Reading, Sound, State
from .repetition import Run, repeated_runs
from .tokenizer import Tokenizer

WAYS_OUT = 5
"""Most places at which a stuck decoder may try to leave its loop."""
END_COST = 1.0
"""In nats: an end of text may lose words after the loop, so it must be more likely by this margin."""


def read_greedily(decoder: Decoder, tokenizer: Tokenizer, sound: Sound, most: int) -> Reading:
    """Return the likeliest token after each other, up to `most`, without the loops of a stuck decoder."""
    reading = _read_on(decoder, Reading(), *decoder.begin(sound), most)
    runs = repeated_runs(reading.tokens)
    if runs and not reading.ended and runs[-1].end < len(reading.tokens):
        # Repeated words are spoken faster than others: allow tokens for the words after them.
        repeated = sum(len(run.again) for run in runs)
        reading = _read_on(decoder, reading, *decoder.begin(sound, reading.tokens), repeated)
        runs = repeated_runs(reading.tokens)
    if runs and not reading.ended and runs[-1].end == len(reading.tokens):
        reading = _without_loop(decoder, tokenizer, sound, reading, runs[-1], most)
    return reading


def _read_on(
    decoder: Decoder, read: Reading, following: LogProbabilities, state: State, most: int, loops: bool = True
) -> Reading:
    """Return `read` and up to `most` tokens more, to the end or, without `loops`, to the first loop in them."""
    tokens, log_probabilities = list(read.tokens), list(read.log_probabilities)
    for _ in range(most):
        token = int(np.argmax(following[-1]))
        log_probabilities.append(float(following[-1, token]))
        if token == END_TOKEN:
            break
        tokens.append(token)
        if not loops and repeated_runs(tokens[len(read.tokens) :]):
            break
        following, state = decoder.next(state, [token])
    return Reading(tokens, log_probabilities)


def _without_loop(
    decoder: Decoder, tokenizer: Tokenizer, sound: Sound, stuck: Reading, loop: Run, most: int
) -> Reading:
    """Return the likeliest reading that leaves a loop and comes to an end, or what stands before the loop.

    "is two, two, two, two, two, two, two, ..."   second likeliest tokens: "." -1.1, "and" -2.2 here
                                  and the code word is orange.  <- reading on after the likeliest of these
    """
    once = Reading(stuck.tokens[: loop.again.start], stuck.log_probabilities[: loop.again.start])
    if not tokenizer.has_words(stuck.tokens[loop.start : loop.again.start]):
        return once
    following, state = decoder.begin(sound, stuck.tokens)
    ways_out: list[tuple[float, int, int]] = []
    for place in loop.again:
        other = following[place].copy()
        other[stuck.tokens[place]] = -np.inf
        token = int(np.argmax(other))
        ways_out.append((float(following[place, token]), place, token))
    readings: list[Reading] = []
    for log_probability_out, place, token in heapq.nlargest(WAYS_OUT, ways_out):
        tokens, log_probabilities = stuck.tokens[:place], [*stuck.log_probabilities[:place], log_probability_out]
        if token == END_TOKEN:
            readings.append(Reading(tokens, log_probabilities))
            continue
        left = Reading([*tokens, token], log_probabilities)
        start = decoder.next(state.cut(place + 1), [token])
        readings.append(_read_on(decoder, left, *start, most, loops=False))
    if not any(reading.ended for reading in readings):  # another way to loop, perhaps: "7, 7, 7," for "7777"
        likeliest = max(readings, key=lambda reading: reading.log_probability)
        readings = [_read_on(decoder, likeliest, *decoder.begin(sound, likeliest.tokens), most)]

    def worth(reading: Reading) -> float:
        pairs = enumerate(zip(reading.tokens, stuck.tokens, strict=False))
        left = next((index for index, (token, looped) in pairs if token != looped), len(reading.tokens))
        return reading.log_probability - (0.0 if tokenizer.has_words(reading.tokens[left:]) else END_COST)

    return max((reading for reading in readings if reading.ended), key=worth, default=once)
