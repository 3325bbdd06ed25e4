"""Cut a payload into several that fit one packet each and can be decoded alone.

A voice is sent in the first packet with words of its speaker; later packets reference it by its id. Times stay
those of the whole message.
"""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from itertools import count as count_up
from math import ceil

from ...errors import InputError
from ...payload.format import TICKS_PER_SECOND
from ...payload.timing import nearest_duration_s
from ...types import Payload, Speaker, Utterance, Voice, VoiceReference

Encode = Callable[[Payload], bytes]

TICK_S = 1 / TICKS_PER_SECOND

FIXED_BYTES = 12
BYTES_PER_CHARACTER = 0.22
"""Where the search for the end of a part starts: header, checksum and a voice's id; then text, times and new voices.
The second is corrected by the size of each part."""
INTERPOLATIONS = 4
UTTERANCE_CHARACTERS = 8
"""The time of an utterance takes about as many bits as this many characters."""
CODED_AT_MOST, SPARE_CHARACTERS = 12, 300
"""Trials code at most this many times the characters of the payload and a few, since hostile text costs time: thousands
of characters in a few bytes. Real talk in the smallest packets takes nine times."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A payload in parts."""

    parts: tuple[bytes, ...]
    """Payloads in order of time."""
    unsent_voices: tuple[Voice, ...]
    """Voices that are too long for any packet; only their ids are sent."""


def cut_payload(payload: Payload, limit: int, encode: Encode, most: int) -> Cut:
    """Return `payload` as parts of at most `limit` bytes, cut between utterances, or inside of one that is too long.

    Raises:
        InputError: a part has no room for a word, more than `most` parts would be needed, or the text is like none
            that is spoken, so that it takes too long.
    """
    cutter = _Cutter(payload, limit, encode)
    parts: list[bytes] = []
    while cutter.waiting or not parts:
        if len(parts) == most:
            held_s, duration_s = cutter.waiting[0].start_s, payload.duration_s
            wanted = ceil(limit * duration_s / max(held_s, TICK_S))
            raise InputError(
                f"{most} packets are the most, and hold the first {held_s:.0f} s of {duration_s:.0f} s: use packets "
                f"with about {wanted} bytes for the payload instead of {limit}, or send the recording in parts"
            )
        parts.append(cutter.next_part())
    return Cut(tuple(parts), tuple(cutter.unsent))


class _Cutter:
    def __init__(self, payload: Payload, limit: int, encode: Encode) -> None:
        self._payload = payload
        self._limit = limit
        self._encode = encode
        self._named: set[int] = set()  # speakers whose voice has been sent, or never will be
        self.waiting = deque(payload.utterances)
        self.unsent: list[Voice] = []
        self._fixed_bytes = FIXED_BYTES
        self._bytes_per_character = BYTES_PER_CHARACTER
        self._left = CODED_AT_MOST * (_length(payload.utterances) + SPARE_CHARACTERS)

    def next_part(self) -> bytes:
        """Take as many of the waiting utterances as fit; return them as a payload."""
        waiting = list(self.waiting)
        lengths = list(accumulate(_length([utterance]) for utterance in waiting))
        count, part = self._largest(lengths, lambda count: self._part(waiting[:count]))
        taken = [self.waiting.popleft() for _ in range(count)]
        if part is None and self.waiting:
            part = self._piece(self.waiting.popleft())
        elif part is None:
            part = self._part([])
            if len(part) > self._limit:
                raise self._too_small(len(part))
        self._named |= {utterance.speaker for utterance in taken}
        return part

    def _piece(self, utterance: Utterance) -> bytes:
        """Return the first part of an utterance that is too long; put the rest back."""
        for send_voice in (True, False):
            if not send_voice:
                self._forget_voice(utterance.speaker)
            if (whole := self._fitting([utterance])) is not None:  # without its voice
                self._named.add(utterance.speaker)
                return whole
            ends = _word_ends(utterance.text)
            fitting = self._longest(utterance, ends) or self._longest(utterance, _character_ends(utterance.text))
            if fitting:
                first, rest = cut_utterance(
                    utterance, _nice_end(utterance.text, ends, fitting), self._payload.duration_s
                )
                self.waiting.insert(bisect.bisect(self.waiting, rest.start_s, key=lambda waits: waits.start_s), rest)
                part = self._part([first])
                self._named.add(utterance.speaker)
                return part
        shortest = replace(utterance, text=utterance.text[:1], duration_s=TICK_S)
        raise self._too_small(len(self._part([shortest])))

    def _longest(self, utterance: Utterance, ends: Sequence[int]) -> int:
        """Return the last of `ends` for which the text before it fits; 0 if there is none."""

        def part(count: int) -> bytes:
            return self._part([cut_utterance(utterance, ends[count - 1], self._payload.duration_s)[0]])

        count, _ = self._largest(ends, part)
        return ends[count - 1] if count else 0

    def _largest(self, lengths: Sequence[int], part: Callable[[int], bytes]) -> tuple[int, bytes | None]:
        """Return the largest count whose part fits, and that part; 0 and None if not even one fits.

        Coding a part takes a tenth of a second. So the search starts at the end that earlier parts suggest, and goes
        on by interpolation, at last by halves: about three codings for each packet, instead of one for each utterance.

        Args:
            lengths: characters in the first 1, 2, ... pieces.
            part: returns the part with the first `count` pieces.
        """
        low, high = 0, len(lengths) + 1  # the first fits, the second does not
        best: bytes | None = None
        for step in count_up():
            if high - low <= 1:
                break
            room = self._limit - self._fixed_bytes
            guess = bisect.bisect(lengths, room / self._bytes_per_character)
            count = min(max(guess, low + 1), high - 1) if step < INTERPOLATIONS else (low + high) // 2
            coded = part(count)
            self._bytes_per_character = max(0.02, (len(coded) - self._fixed_bytes) / lengths[count - 1])
            if len(coded) <= self._limit:
                low, best = count, coded
            else:
                high = count
        return low, best

    def _fitting(self, utterances: Sequence[Utterance]) -> bytes | None:
        part = self._part(utterances)
        return part if len(part) <= self._limit else None

    def _part(self, utterances: Sequence[Utterance]) -> bytes:
        """Return a payload of some utterances with only their speakers; without utterances, with all speakers."""
        self._left -= _length(utterances)
        if self._left < 0:
            raise InputError(
                f"cutting this payload for packets of {self._limit} bytes takes too long: its text is like none that "
                "is spoken; use larger packets"
            )
        whole = self._payload
        present = sorted({utterance.speaker for utterance in utterances})
        if not whole.utterances:
            present = list(range(len(whole.speakers)))
        place = {speaker: index for index, speaker in enumerate(present)}
        speakers = [
            _named_only(whole.speakers[speaker]) if speaker in self._named else whole.speakers[speaker]
            for speaker in present
        ]
        moved = [replace(utterance, speaker=place[utterance.speaker]) for utterance in utterances]
        return self._encode(replace(whole, speakers=tuple(speakers), utterances=tuple(moved)))

    def _forget_voice(self, speaker: int) -> None:
        voice = self._payload.speakers[speaker].voice
        if speaker not in self._named and isinstance(voice, Voice):
            self.unsent.append(voice)
        self._named.add(speaker)

    def _too_small(self, needed: int) -> InputError:
        more = needed - self._limit
        return InputError(
            f"a packet has room for a payload of {self._limit} bytes, and the smallest part of this recording takes "
            f"{needed}: use packets that are {more} byte{'s' if more > 1 else ''} longer, or more"
        )


def _length(utterances: Sequence[Utterance]) -> int:
    return sum(len(utterance.text) + UTTERANCE_CHARACTERS for utterance in utterances)


def cut_utterance(utterance: Utterance, end: int, latest_s: float) -> tuple[Utterance, Utterance]:
    """Return an utterance cut before character `end`.

    Its time, in whole ticks, and its melody are divided by the length of the text.
    """
    share = utterance.duration_s * end / len(utterance.text)
    first_s = nearest_duration_s(share)
    melodies = utterance.melody.cut(end / len(utterance.text)) if utterance.melody else (None, None)
    first = replace(utterance, text=utterance.text[:end].rstrip(), duration_s=first_s, melody=melodies[0])
    rest = replace(
        utterance,
        melody=melodies[1],
        start_s=min(utterance.start_s + first_s, latest_s),
        duration_s=max(TICK_S, utterance.duration_s - first_s),
        text=utterance.text[end:].lstrip(),
    )
    return first, rest


def _named_only(speaker: Speaker) -> Speaker:
    voice = speaker.voice
    return replace(speaker, voice=VoiceReference(voice.id)) if isinstance(voice, Voice) else speaker


def _word_ends(text: str) -> list[int]:
    """Return the ends of all words but the last."""
    return [match.end() for match in re.finditer(r"\S+(?=\s+\S)", text)]


def _character_ends(text: str) -> list[int]:
    """Return the places where the first word may be cut: never before a combining character."""
    word = re.match(r"\s*\S*", text)
    last = word.end() if word else 0
    return [end for end in range(1, min(last, len(text) - 1) + 1) if not unicodedata.combining(text[end])]


def _nice_end(text: str, ends: Sequence[int], fitting: int) -> int:
    """Return the end of the last sentence that fits, if it uses at least half of the room."""
    sentences = [end for end in ends if fitting // 2 <= end <= fitting and text[end - 1] in ".?!"]
    return sentences[-1] if sentences else fitting
