"""Summaries of a payload: contents and sizes, as JSON for machines and as lines for people."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, TypedDict

from .console.display import printable
from .payload.format import Decoded
from .protocols import VoiceBook
from .types import SOUND_SPACE, Melody, PerhapsSpeech, Speaker, UnreadReason, Utterance, Voice, Word, unread_mark
from .unread.marks import Unread, unread_in

if TYPE_CHECKING:  # inspecting a payload must not load the modules of compression
    from .compression import Compressed

OPUS_BPS = 6000
"""Lowest bitrate of Opus (RFC 6716, section 2.1.1): the codec to beat."""


VOICE_ID_BYTES = 2
"""Size of a voice reference."""


class SpeakerSummary(TypedDict):
    """One person in a payload."""

    speaker: int
    channel: int
    voice_id: str
    voice_space: str | None
    """Voice space; None for a reference to an unknown voice."""
    travels: bool
    """Whether the payload carries the voice, not only its id."""
    voice_bytes: int
    name: str | None


class WordSummary(TypedDict):
    """One word of an utterance."""

    text: str
    start_s: float
    duration_s: float


class _TimedWords(TypedDict, total=False):
    words: list[WordSummary]
    """When each word is said: with `compress --word-times`, which do not travel, or estimated by `inspect --words`."""
    words_estimated: bool
    """With `words`: whether their times are estimated."""


class MelodySummary(TypedDict):
    """How an utterance is said, where it differs from a synthesizer's own way (see `Melody`)."""

    pitch_semitones: list[int]
    rise_semitones: int
    loudness_db: int


class UtteranceSummary(_TimedWords):
    """One utterance in a payload."""

    start_s: float
    duration_s: float
    speaker: int
    text: str
    confidence: float
    language: str
    melody: MelodySummary | None
    """None where the synthesizer does it by itself."""


class UnreadSummary(TypedDict):
    """A segment of speech that could not be read, or, found by `compress`, of what is perhaps speech."""

    start_s: float
    duration_s: float
    speaker: int | None
    reason: UnreadReason | PerhapsSpeech
    sound_bytes: int
    """Size of the sound that is sent in its place; 0 for a mark, and for what is perhaps speech: nothing of it is sent.
    """


class PayloadSummary(TypedDict):
    """What `inspect --json` prints."""

    format_version: int
    duration_s: float
    channels: int
    payload_bytes: int
    bitrate_bps: float
    sections: dict[str, int]
    recognizer: str
    text_coder: str
    text_bits_per_char: float
    speakers: list[SpeakerSummary]
    utterances: list[UtteranceSummary]
    """Utterances with words."""
    unread: list[UnreadSummary]


class CompressSummary(PayloadSummary):
    """What `compress --json` prints."""

    input: str
    output: str
    input_bytes: int
    ratio_to_input: float
    ratio_to_opus: float
    elapsed_s: float
    real_time_factor: float


def summarize_payload(
    decoded: Decoded, voice_book: VoiceBook | None = None, estimate_words: bool = False
) -> PayloadSummary:
    """Return the contents of a payload and the size of each section.

    Args:
        decoded: the payload.
        voice_book: knows the speakers' names.
        estimate_words: whether utterances get the times of their words (see `estimated_words`).
    """
    payload = decoded.payload
    size = decoded.size
    characters = sum(len(utterance.text) for utterance in payload.utterances)
    return {
        "format_version": decoded.version,
        "duration_s": payload.duration_s,
        "channels": payload.channels,
        "payload_bytes": size,
        "bitrate_bps": round(8 * size / payload.duration_s, 2) if payload.duration_s else 0.0,
        "sections": dict(decoded.sections),
        "recognizer": payload.recognizer,
        "text_coder": decoded.text_coder,
        "text_bits_per_char": round(_text_bits(decoded) / characters, 3) if characters else 0.0,
        "speakers": [
            _summarize_speaker(index, speaker, voice_book)
            for index, speaker in enumerate(payload.speakers)
            if not (isinstance(speaker.voice, Voice) and speaker.voice.space == SOUND_SPACE)
        ],
        "utterances": [
            _summarize_utterance(utterance, estimate_words) for utterance in payload.utterances if not utterance.unread
        ],
        "unread": _summarize_unread(unread_in(payload)),
    }


def _summarize_utterance(utterance: Utterance, estimate_words: bool) -> UtteranceSummary:
    summary: UtteranceSummary = {
        "start_s": utterance.start_s,
        "duration_s": utterance.duration_s,
        "speaker": utterance.speaker,
        "text": utterance.text,
        "confidence": utterance.confidence,
        "language": utterance.language,
        "melody": _summarize_melody(utterance.melody) if utterance.melody else None,
    }
    words = utterance.words or (estimated_words(utterance) if estimate_words else ())
    if words:
        summary["words"] = [
            {"text": word.text, "start_s": word.start_s, "duration_s": word.duration_s} for word in words
        ]
        summary["words_estimated"] = not utterance.words
    return summary


def _summarize_melody(melody: Melody) -> MelodySummary:
    return {
        "pitch_semitones": list(melody.pitch),
        "rise_semitones": melody.rise,
        "loudness_db": melody.loudness,
    }


def melody_text(melody: MelodySummary) -> str:
    """Return a melody for people.

    Example:
        >>> melody_text({"pitch_semitones": [3, 0, -3], "rise_semitones": 6, "loudness_db": -6})
        '{pitch +3 +0 -3, end +6, -6 dB}'
    """
    pitch = " ".join(f"{semitones:+d}" for semitones in melody["pitch_semitones"])
    parts = (
        f"pitch {pitch}" if pitch else "",
        f"end {melody['rise_semitones']:+d}" if melody["rise_semitones"] else "",
        f"{melody['loudness_db']:+d} dB" if melody["loudness_db"] else "",
    )
    return "{" + ", ".join(filter(None, parts)) + "}"


def estimated_words(utterance: Utterance) -> tuple[Word, ...]:
    """Return the words of an utterance, each as long as its share of the characters and spaces.

    A payload carries the times of utterances only. Half of these starts are within 0.2 s of the spoken ones, 90 %
    within 0.5 s (293 words of two dialogues, against `compress --word-times`).

    Example:
        >>> [(word.text, word.start_s) for word in estimated_words(Utterance(2.0, 1.2, 0, "Yes, I do."))]
        [('Yes,', 2.0), ('I', 2.545), ('do.', 2.764)]
    """
    from .recognizers.word_times import split_words

    words = split_words(utterance.text, utterance.language)
    ends = list(accumulate((len(word) + 1 for word in words), initial=0))
    times = [round(utterance.start_s + utterance.duration_s * end / max(1, ends[-1]), 3) for end in ends]
    return tuple(
        Word(text, start_s, round(end_s - start_s, 3))
        for text, (start_s, end_s) in zip(words, pairwise(times), strict=True)
    )


def _summarize_unread(marks: Sequence[Unread]) -> list[UnreadSummary]:
    return [
        {
            "start_s": round(mark.start_s, 3),  # of `compress`, as measured
            "duration_s": round(mark.duration_s, 3),
            "speaker": mark.speaker,
            "reason": mark.reason,
            "sound_bytes": mark.sound_bytes,
        }
        for mark in marks
    ]


def _text_bits(decoded: Decoded) -> float:
    return decoded.bits.get("text", 8 * decoded.sections["text"])


def _summarize_speaker(index: int, speaker: Speaker, voice_book: VoiceBook | None) -> SpeakerSummary:
    named = speaker.voice
    if isinstance(named, Voice):
        voice: Voice | None = named
    else:
        voice = voice_book.find(named.id, frozenset()) if voice_book else None
    return {
        "speaker": index,
        "channel": speaker.channel,
        "voice_id": f"{named.id:04x}",
        "voice_space": voice.space if voice else None,
        "travels": isinstance(named, Voice),
        "voice_bytes": len(named.embedding) if isinstance(named, Voice) else VOICE_ID_BYTES,
        "name": voice_book.name_of(named.id) if voice_book else None,
    }


def summarize_compressed(
    compressed: Compressed, source: str, output: str, voice_book: VoiceBook | None = None
) -> CompressSummary:
    """Return the summary of the payload, with ratios and the time of compression."""
    duration_s = compressed.payload.duration_s
    size = len(compressed.data)
    return {
        **summarize_payload(compressed.decoded, voice_book),
        "unread": _summarize_unread(compressed.unread),
        "input": source,
        "output": output,
        "input_bytes": compressed.input_bytes,
        "ratio_to_input": round(compressed.input_bytes / size, 1),
        "ratio_to_opus": round(OPUS_BPS * duration_s / 8 / size, 2),
        "elapsed_s": round(compressed.elapsed_s, 3),
        "real_time_factor": round(compressed.elapsed_s / max(duration_s, 1e-3), 4),
    }


def payload_lines(summary: PayloadSummary) -> list[str]:
    """Return the same for people: voices, utterances, bytes by section."""
    return [
        *_head(summary),
        *_voice_lines(summary),
        "",
        *transcript_lines(summary),
        "",
        *section_lines(summary),
    ]


def word_lines(summary: PayloadSummary) -> list[str]:
    """Return one line for each word: time, speaker, word. A "~" stands before estimated times."""
    return [
        f"{'~' if utterance.get('words_estimated') else ' '}{_clock(word['start_s'])} +{word['duration_s']:5.2f} s  "
        f"speaker {utterance['speaker'] + 1}  {printable(word['text'])}"
        for utterance in summary["utterances"]
        for word in utterance.get("words", ())
    ]


def compress_lines(summary: CompressSummary) -> list[str]:
    """Return the same for people: utterances, bytes by section, ratios."""
    return [
        f"{summary['input']} -> {summary['output']}",
        *_head(summary),
        "",
        *transcript_lines(summary),
        "",
        *section_lines(summary),
        f"{summary['ratio_to_input']:,.0f} times smaller than the input, {summary['ratio_to_opus']:,.1f} times smaller "
        f"than Opus at {OPUS_BPS // 1000} kbit/s; took {summary['real_time_factor']:.3f} of real time",
    ]


def transcript_lines(summary: PayloadSummary) -> list[str]:
    """Return one line for each utterance: time, speaker, confidence, words and melody, or a mark for unread speech."""
    said = [
        (utterance["start_s"], utterance["duration_s"], utterance["speaker"], f"{utterance['confidence']:4.0%}",
         printable(utterance["text"]) + (f" {melody_text(utterance['melody'])}" if utterance["melody"] else ""))
        for utterance in summary["utterances"]
    ]  # fmt: skip
    unread = [
        (
            mark["start_s"],
            mark["duration_s"],
            mark["speaker"],
            "    ",
            unread_mark(mark["reason"], mark["duration_s"])
            + (f" as sound, {mark['sound_bytes']} bytes" if mark["sound_bytes"] else "")
            + (" not sent" if mark["reason"] == "perhaps speech" else ""),
        )
        for mark in summary["unread"]
    ]
    return [
        f"{_clock(start_s)} +{duration_s:5.2f} s  speaker {'-' if speaker is None else speaker + 1}  {sure}  {words}"
        for start_s, duration_s, speaker, sure, words in sorted([*said, *unread], key=lambda line: line[0])
    ]


def section_lines(summary: PayloadSummary) -> list[str]:
    """Return a small table of bytes by section."""
    total = summary["payload_bytes"]
    rows = [f"  {name:<9}{size:>7} bytes {size / total:>5.0%}" for name, size in summary["sections"].items()]
    return [*rows, f"  {'total':<9}{total:>7} bytes  {summary['bitrate_bps']:,.1f} bit/s"]


def _head(summary: PayloadSummary) -> list[str]:
    return [
        f"{summary['duration_s']:.1f} s, {_count(len(summary['speakers']), 'speaker')} on "
        f"{_count(summary['channels'], 'channel')}, {_count(len(summary['utterances']), 'utterance')}"
        f"{_unread(summary['unread'])}",
        f"words by {summary['recognizer']}; text by {summary['text_coder']} at "
        f"{summary['text_bits_per_char']:.2f} bits a character",
    ]


def _unread(marks: Sequence[UnreadSummary]) -> str:
    """Return how much could not be read: nothing, or a clause behind a comma."""
    perhaps_s = [mark["duration_s"] for mark in marks if mark["reason"] == "perhaps speech"]
    speech_s = [mark["duration_s"] for mark in marks if mark["reason"] != "perhaps speech"]
    lengths = [
        f"{sum(lengths_s):.1f} s of {what}"
        for what, lengths_s in (("speech", speech_s), ("perhaps speech", perhaps_s))
        if lengths_s
    ]
    return f", {' and '.join(lengths)} unread" if lengths else ""


def _voice_lines(summary: PayloadSummary) -> list[str]:
    return [f"speaker {speaker['speaker'] + 1}: {_voice_line(speaker)}" for speaker in summary["speakers"]]


def _voice_line(speaker: SpeakerSummary) -> str:
    name = f" ({printable(speaker['name'])})" if speaker["name"] else ""
    engine = f"by {speaker['voice_space']}" if speaker["voice_space"] else "unknown here"
    size = f"{speaker['voice_bytes']} bytes" + ("" if speaker["travels"] else " that name it; it does not travel")
    return f"voice {speaker['voice_id']}{name} {engine}, {size}, channel {speaker['channel'] + 1}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60):3d}:{seconds % 60:05.2f}"
