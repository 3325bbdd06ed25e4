"""The types that flow: sound at the two ends, utterances and voices in the middle."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
"""Sound pressure as float32 in [-1, 1]; [T] for mono, [T, channels] otherwise."""

SOUND_SPACE = "sound"
"""The voice space of recorded sound: its speaker has one mark, which is played as that sound."""

VOICE_SPACES: dict[int, str] = {1: "classical", 2: "clip", 3: "trained-1", 4: "trained-2", 16: SOUND_SPACE}
"""The number of a voice space in a payload -> its name. FORMAT.md has the same table."""

SCALABLE_SPACES: dict[str, dict[int, int]] = {"trained-2": {8: 64, 16: 127, 32: 256, 64: 511}}
"""Space whose voices' first bytes are voices, too -> the sizes in use, in bytes -> the bits with a meaning."""

VoiceBytes = Literal["auto", 8, 16, 32, 64]
"""Bytes of each voice in such a space; ``auto`` weighs them against the length of the recording."""

MAX_VOICE_BYTES = 64
"""The longest quantized speaker embedding; a longer voice is a long voice, such as a reference clip."""

MAX_LONG_VOICE_BYTES = 4096
"""The longest voice of any kind that a payload may carry."""

DEFAULT_RECOGNIZER = "moonshine-tiny-en"
"""The recognizer of a payload without a recognizer's number."""

RECOGNIZERS: dict[int, str] = dict(
    enumerate(
        """
        another whisper whisper-tiny whisper-tiny.en whisper-base whisper-base.en whisper-small whisper-small.en
        whisper-medium whisper-medium.en whisper-large-v1 whisper-large-v2 whisper-large-v3 whisper-large-v3-turbo
        """.split()
    )
)
"""The number of a recognizer in a payload -> its name; ``whisper`` stands for custom weights. Append only."""

UnreadReason = Literal["unclear", "another language", "over music"]
"""Why speech could not be read: its words are too uncertain, it is in a language that the recognizer lacks, or it is
spoken over music or sung. The last one does not travel: a payload has *unclear* in its place."""

PerhapsSpeech = Literal["perhaps speech"]
"""What the speech detector takes for speech although nobody is sure of it: neither the words nor the detector over the
whole segment. Half of it is noise, so it is told where it is found and nothing of it travels."""

UNREAD_CONFIDENCE: dict[UnreadReason, float] = {"unclear": 0.5, "another language": 0.75, "over music": 0.25}
"""The confidence of an utterance without text says why it has none. FORMAT.md has those that travel."""


def unread_mark(reason: UnreadReason | PerhapsSpeech, duration_s: float) -> str:
    """Return the mark of unread speech for people.

    Example:
        >>> unread_mark("unclear", 5.5)
        '[unclear 5.5 s]'
    """
    return f"[{reason} {duration_s:.1f} s]"


MAX_TEXT_BYTES = 1 << 20
"""The longest text of a payload as UTF-8: a day of talk. Decoders stop there."""


@dataclass(frozen=True, slots=True)
class Audio:
    """A recording in memory.

    Example:
        >>> import numpy as np
        >>> Audio(np.zeros(8000, np.float32), 16000).duration_s
        0.5
    """

    samples: Samples
    """float32 [T] (mono) or [T, channels], in [-1, 1]. Borrowed, never written to."""
    sample_rate: int
    """Samples a second, in Hz."""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate

    @property
    def channels(self) -> int:
        """Number of channels: 1 for mono."""
        return 1 if self.samples.ndim == 1 else int(self.samples.shape[1])


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text, and when it is said."""

    text: str
    """With the marks around it."""
    start_s: float
    """Start in seconds: in a `Transcript` from the first sample, in an `Utterance` from the start of the recording."""
    duration_s: float
    """Length in seconds, greater than 0."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A recognizer's result for one segment of speech."""

    text: str
    """The words, with casing and punctuation; empty if there are none."""
    confidence: float
    """Mean probability of the tokens, in [0, 1]; 0.0 for empty text. With several hypotheses, times the share of the
    words that they agree on."""
    language: str = "en"
    """ISO 639-1 code of the language."""
    unsure_words: tuple[int, ...] = ()
    """Indices in ``text.split()`` of the words that the recognizer is unsure of, if it tells them."""
    words: tuple[Word, ...] = ()
    """The words of the text in order; none unless the recognizer was loaded with ``word_times``."""


@dataclass(frozen=True, slots=True)
class Melody:
    """How an utterance is said, where that differs from what a synthesizer makes of its words by itself.

    A payload keeps it in the steps and limits below.
    """

    PITCH_STEP: ClassVar[int] = 3
    MAX_PITCH: ClassVar[int] = 9
    MAX_POINTS: ClassVar[int] = 8
    """Steps and the largest size of `pitch`, in semitones, and how many points it has..."""
    RISE_STEP: ClassVar[int] = 6
    MAX_RISE: ClassVar[int] = 12
    """...those of `rise`, in semitones..."""
    LOUDNESS_STEP: ClassVar[int] = 6
    LEAST_LOUDNESS: ClassVar[int] = -12
    MAX_LOUDNESS: ClassVar[int] = 6
    """...and of `loudness`, in decibels. More would clip: speech is played 23 dB below full scale."""

    pitch: tuple[int, ...] = ()
    """How much higher, in semitones, at up to `MAX_POINTS` points, evenly spaced from the first voiced sound to
    the last, on straight lines in between. A single number holds everywhere."""
    rise: int = 0
    """How much more the pitch rises over the last 0.3 s of voiced sound, in semitones."""
    loudness: int = 0
    """How much louder than this speaker usually is, in decibels."""

    def __bool__(self) -> bool:
        """Return whether anything differs."""
        return any(self.pitch) or self.rise != 0 or self.loudness != 0

    def pitch_at(self, time: float) -> float:
        """Return the pitch at a time in [0, 1], from the first voiced sound to the last, without the rise.

        Example:
            >>> Melody((6, 0, -3)).pitch_at(0.75)
            -1.5
        """
        place = time * (len(self.pitch) - 1)
        before = min(int(place), max(0, len(self.pitch) - 2))
        first, second = (*self.pitch, *self.pitch, 0, 0)[before : before + 2]
        return first + (place - before) * (second - first)

    def cut(self, time: float) -> tuple[Melody, Melody]:
        """Return the melody of the part of an utterance before a time in [0, 1], and that of the part after it.

        Example:
            >>> Melody((0, 6, 0), rise=6).cut(0.5)
            (Melody(pitch=(0, 6), rise=0, loudness=0), Melody(pitch=(6, 0), rise=6, loudness=0))
        """
        parts: list[tuple[int, ...]] = []
        for start, end in ((0.0, time), (time, 1.0)):
            count = min(len(self.pitch), 1 + math.ceil((end - start) * max(0, len(self.pitch) - 1)))
            places = [start + (end - start) * index / max(1, count - 1) for index in range(count)]
            parts.append(tuple(round(self.pitch_at(place)) for place in places))
        return Melody(parts[0], 0, self.loudness), Melody(parts[1], self.rise, self.loudness)


@dataclass(frozen=True, slots=True)
class Contour:
    """The pitch and the loudness of a recorded utterance, from which its melody follows. It does not travel."""

    pitch_hz: npt.NDArray[np.float32]
    """float32 [frames], one each 10 ms; 0 where the sound is unvoiced."""
    level_db: float
    """Level while speaking, relative to full scale."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One segment of speech: who said what, and when."""

    start_s: float
    """Start in the recording, in seconds."""
    duration_s: float
    """Length in seconds, greater than 0."""
    speaker: int
    """Index into `Payload.speakers`."""
    text: str
    """The words, with casing and punctuation; empty for speech that could not be read."""
    confidence: float = 1.0
    """The recognizer's confidence, in [0, 1]; a payload keeps two levels of it. Without text, see `unread`."""
    language: str = "en"
    """ISO 639-1 code, one of `LANGUAGES`."""
    unsure_words: tuple[int, ...] = ()
    """As in `Transcript`. They do not travel."""
    words: tuple[Word, ...] = ()
    """The words of `text` and their times, where the recognizer tells them. They do not travel: a payload that was
    decoded has none."""
    melody: Melody | None = None
    """How it is said; None to leave that to the synthesizer. Format 1 cannot carry it."""

    @property
    def end_s(self) -> float:
        """End in the recording, in seconds."""
        return self.start_s + self.duration_s

    @property
    def unread(self) -> UnreadReason | None:
        """Why this speech could not be read; None if it has words.

        Example:
            >>> Utterance(1.0, 5.5, 0, "", UNREAD_CONFIDENCE["unclear"]).unread
            'unclear'
        """
        if self.text:
            return None
        reasons: list[UnreadReason] = [why for why, value in UNREAD_CONFIDENCE.items() if value == self.confidence]
        return reasons[0] if reasons else "unclear"

    @property
    def shown_text(self) -> str:
        """The text for people: the words, or ``[unclear 5.5 s]``."""
        return unread_mark(self.unread, self.duration_s) if self.unread else self.text


@dataclass(frozen=True, slots=True)
class Voice:
    """A person's voice: a quantized speaker embedding."""

    space: str
    """Name of the space that the embedding lives in, such as ``"classical"``."""
    embedding: bytes
    """1 to `MAX_LONG_VOICE_BYTES` bytes; the space defines their meaning."""
    adaptation: bytes = b""
    """What an enrolled voice has beyond its embedding, or nothing; the space defines its meaning. Only a `VoiceBook`
    has it: it is neither sent nor part of the `id`."""

    @property
    def id(self) -> int:
        """A 16-bit name for this voice: the first two bytes of SHA-256 over space and embedding."""
        digest = hashlib.sha256(self.space.encode() + b"\0" + self.embedding).digest()
        return int.from_bytes(digest[:2], "little")

    def shortened(self, size: int) -> Voice:
        """Return the voice in at most `size` bytes, if its space is scalable; `size` is one of the sizes in use there.

        Example:
            >>> len(Voice("trained-2", bytes(64)).shortened(8).embedding)
            8
        """
        if self.space not in SCALABLE_SPACES or len(self.embedding) <= size:
            return self
        meant = (1 << SCALABLE_SPACES[self.space][size]) - 1
        first = int.from_bytes(self.embedding[:size], "little") & meant
        return Voice(self.space, first.to_bytes(size, "little"))


@dataclass(frozen=True, slots=True)
class VoiceReference:
    """A reference to a voice that the receiver is expected to have."""

    id: int
    """`Voice.id` of the voice."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """One of the people in a recording."""

    voice: Voice | VoiceReference
    """Their voice, or a reference to it."""
    channel: int = 0
    """The channel they speak on: 0, or 1 in a recording with a party on each channel."""


@dataclass(frozen=True, slots=True)
class Payload:
    """The decoded content of an ``.spz`` file."""

    speakers: tuple[Speaker, ...]
    """The people, in the order that `Utterance.speaker` counts."""
    utterances: tuple[Utterance, ...]
    """What they said, sorted by start."""
    duration_s: float
    """Length of the whole recording, in seconds."""
    channels: int = 1
    """1, or 2 where each party has a channel of its own."""
    recognizer: str = DEFAULT_RECOGNIZER
    """The recognizer of the words: a name in `RECOGNIZERS`; any other is sent as ``another``."""

    @property
    def voices(self) -> tuple[Voice, ...]:
        """The voices that it carries itself."""
        return tuple(speaker.voice for speaker in self.speakers if isinstance(speaker.voice, Voice))
