"""Speech to a payload: regions of speech, words, voices, bytes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .accumulation import SegmentReader, SpeakerAccumulator, payload_of
from .arguments import check_choice, check_integer, check_strings
from .audio.leveling import Levels, SteadyRecording, amplified, measure_levels
from .audio.reading import AudioSource, Recording, engine_blocks, open_recording
from .engines.loading import load_engine, load_recognizer
from .errors import AudioError, InputError, NoSpeechError
from .payload.format import (
    MAX_DURATION_TICKS,
    TICKS_PER_SECOND,
    VERSION,
    WITH_MELODY,
    Decoded,
    decode_payload,
    encode_payload,
)
from .protocols import (
    ENGINE_SAMPLE_RATE,
    ParallelRecognizer,
    Progress,
    Recognizer,
    RememberingRecognizer,
    SpeakerEmbedder,
    TextCoder,
    VoiceBook,
    VoiceEncoder,
)
from .segments.channels import ChannelMode, splits, tracks
from .segments.crosstalk import without_crosstalk
from .segments.diarization import MAX_DIARIZED_SPEAKERS, Diarizer
from .segments.melody import MelodyMode, melody_encoder
from .segments.segmentation import SpeechSegmenter, cut_segments
from .speakers import check_names, name_speakers
from .system.memory import give_back_freed_memory
from .system.pools import pool
from .textcoder.registry import COMMON_ID, TEXT_CODERS, check_english_coder, text_coders_for
from .types import Payload, Samples, Utterance, VoiceBytes
from .unread import SOUND_BYTES
from .unread.marks import SoundCodec, Unread, UnreadMode, drop_unread, perhaps_speech, unread_in
from .unread.sounds import check_codec, with_sounds


@dataclass(frozen=True, slots=True)
class Compressed:
    """A compressed recording: the bytes, their meaning and their sizes."""

    data: bytes
    """The bytes to store or send: the content of an ``.spz`` file."""
    decoded: Decoded
    """`data` as a receiver decodes it, with bytes by section; times and confidence are rounded. Its utterances have
    their `words`, which do not travel, if the recognizer tells them."""
    input_bytes: int
    """Size of the source; for samples in memory, as 16-bit WAV."""
    elapsed_s: float
    """How long compressing took, models loaded included."""
    unread: tuple[Unread, ...] = ()
    """Speech that could not be read, whether or not a mark of it is sent, and what is perhaps speech, of which nothing
    is sent; in order of time."""

    @property
    def payload(self) -> Payload:
        """`data` as a receiver decodes it: speakers and utterances."""
        return self.decoded.payload

    @property
    def text(self) -> str:
        """All words in the order of their utterances' starts; a space between utterances."""
        return " ".join(utterance.text for utterance in self.payload.utterances if utterance.text)

    @property
    def bitrate_bps(self) -> float:
        """Bits of `data` for each second of the recording, its pauses included."""
        return 8 * len(self.data) / self.payload.duration_s


def compress(
    source: AudioSource,
    *,
    channels: ChannelMode = "auto",
    recognizer: Recognizer | None = None,
    voice_encoder: VoiceEncoder | None = None,
    text_coder: TextCoder | str | None = None,
    speaker_count: int | None = None,
    speaker_embedder: SpeakerEmbedder | None = None,
    speakers: Sequence[str] = (),
    voice_book: VoiceBook | None = None,
    carry_voices: bool = False,
    unread: UnreadMode = "mark",
    sound_bytes: int = SOUND_BYTES,
    sound_codec: SoundCodec = "opus",
    melody: MelodyMode = "off",
    voice_bytes: VoiceBytes = "auto",
    payload_version: int = VERSION,
    progress: Progress | None = None,
) -> Compressed:
    """Return a recording's words, voices and timing in a few hundred bytes.

    Args:
        source: path of a WAV, FLAC, OGG or MP3 file, a seekable binary file, or `Audio`.
        channels: how to read a stereo recording: ``split``, one party on each channel;
            ``mix``, all speakers in one channel; ``auto`` detects which.
        recognizer: recognizes the words; None for the default engine, as in all that follow.
        voice_encoder: measures the voice of each speaker.
        text_coder: codes the words; by default those of the languages that are spoken. The name of a coder of English
            takes that one for English: ``smollm2-1`` takes a sixth fewer bits, a wheel of 93 MB, and much more time.
            The default recognizer asks it for the words, too.
        speaker_count: number of people in a recording of one channel (or a mix), 1 to 16; estimated from
            their voices if None.
        speaker_embedder: tells these people apart.
        speakers: a name in the voice book for each speaker in order (in a two-party recording, of the
            channels); ``-`` for an unknown speaker, ``auto`` to recognize the speaker. A single
            ``auto`` applies to all.
        voice_book: the voices known by name; the default store if None.
        carry_voices: send the voices of known speakers along, not only their ids.
        unread: what is sent for speech that could not be read: ``mark``, its time; ``sound``, the sound itself;
            ``drop``, nothing.
        sound_bytes: with ``sound``, the most bytes for all of it; what does not fit is a mark.
        sound_codec: how it is coded; Codec2 takes a fifth or less of the bytes, sounds worse and needs pycodec2.
        melody: ``auto`` sends pitch and loudness of utterances where they differ from a synthesizer's own, in about
            7 bytes a minute of conversation; ``off`` leaves them to the synthesizer.
        voice_bytes: how many bytes a voice gets, in a space that has several sizes; ``auto`` gives 16, and more to long
            recordings, whose payload grows by at most 5 % for it.
        payload_version: the highest format to write: 1, 2 or 3 for receivers of earlier releases; 3 and 4 have melody.
        progress: called with the seconds done and the total.

    Raises:
        AudioError: the source is not audio, empty, cut short, or longer than a day.
        NoSpeechError: there is no speech in it, or with ``drop`` none that could be read.
        VoiceError: the voice book does not know somebody who is named.
        EngineError: an engine is missing or fails.
        InputError: an argument is none of its choices, out of its range, or contradicts another one.
        TextError: there are more words than a payload may hold.

    Example:
        >>> from speechzip.pipeline import recognizer_recording
        >>> compressed = compress(recognizer_recording("beckett.wav"))
        >>> len(compressed.data) < 200
        True
        >>> compressed.text[:10], len(compressed.payload.speakers)
        ('Ever tried', 1)
    """
    started = time.monotonic()
    check_choice("channels", channels, ChannelMode)
    check_choice("voice_bytes", voice_bytes, VoiceBytes)
    check_strings("speakers", speakers)
    if speaker_count is not None:
        check_integer("speaker_count", speaker_count, 1, MAX_DIARIZED_SPEAKERS)
    _check_unread(unread, sound_bytes, sound_codec)
    _check_format(payload_version, melody)
    english = text_coder if isinstance(text_coder, str) else None
    if english:
        check_english_coder(english, payload_version)
    opened = open_recording(source)
    _refuse_too_long(opened)
    recognizer = recognizer or load_recognizer(text_coder=english)
    if isinstance(recognizer, RememberingRecognizer):
        recognizer.begin()
    voice_encoder = voice_encoder or load_engine("voice_encoder")
    singer = melody_encoder(melody, voice_encoder)
    if speakers:
        voice_book = voice_book or load_engine("voice_book")
        check_names(speakers, voice_book, voice_encoder.space)
    levels = measure_levels(opened)
    recording = SteadyRecording(opened, levels.offset)
    split = splits(recording, channels)
    if split and speaker_count not in (None, 2):
        raise AudioError(
            f"{recording.name} has a speaker on each channel; speaker_count is for one channel",
            remedies=("no_speaker_count", "mix"),
        )
    at_once = recognizer.segments_at_once if isinstance(recognizer, ParallelRecognizer) else 1
    with pool(at_once, "speechzip-recognition") as recognition:
        reader = SegmentReader(recognizer, recognition, singer)
        if split or speaker_count == 1:
            accumulators, heard = _accumulators_by_channel(recording, levels, split, reader, progress)
        else:
            accumulators, heard = _accumulators_by_voice(
                recording, levels, speaker_count, reader, speaker_embedder, progress
            )
        for accumulator in accumulators:
            accumulator.finish()
        if reader.conversation.is_known_language:  # which was not yet known at some marks
            for accumulator in accumulators:
                accumulator.tell_no_other_language()
    give_back_freed_memory()
    duration_s = heard / ENGINE_SAMPLE_RATE
    names = speakers if unread != "drop" else ()  # which go to those who are left
    payload, perhaps = payload_of(accumulators, voice_encoder, voice_bytes, duration_s, 2 if split else 1, names)
    if not payload.utterances:
        but = f", but {perhaps_speech(perhaps)}" if perhaps else ""
        raise NoSpeechError(
            f"no speech found in {recording.name} ({recording.duration_s:.1f} s){but}; "
            "check that it is the right recording and loud enough"
        )
    told = (*unread_in(payload), *perhaps)
    if unread == "drop":
        payload, told = drop_unread(payload, told)
        if not payload.utterances:
            unread_s = sum(each.duration_s for each in told if each.reason != "perhaps speech")
            raise NoSpeechError(
                f"no words found in {recording.name}: {unread_s:.1f} s of speech could not be read",
                remedies=("mark_unread", "another_recognizer"),
            )
    if voice_book and speakers:
        payload = name_speakers(payload, speakers, voice_book, voice_encoder.space, carry_voices)
    if unread == "sound":

        def track(channel: int) -> Iterator[Samples]:
            return (parties[channel] for parties in _tracks(recording, levels, split))

        payload = with_sounds(payload, track, sound_bytes, sound_codec)
        told = (*unread_in(payload), *perhaps)
    payload = replace(payload, recognizer=recognizer.name)
    give_back_freed_memory()
    if text_coder and not isinstance(text_coder, str):
        text_coders = [text_coder]
    elif payload_version == 1:
        text_coders = [TEXT_CODERS[COMMON_ID]]
    else:
        text_coders = text_coders_for(payload.utterances, english)
    data = encode_payload(payload, text_coders[0], payload_version, text_coders[1:])
    return Compressed(
        data=data,
        # only what can be decoded is returned
        decoded=_with_words(decode_payload(data, {coder.id: coder for coder in text_coders}), payload.utterances),
        input_bytes=recording.size_bytes,
        elapsed_s=time.monotonic() - started,
        unread=tuple(sorted(told, key=lambda each: each.start_s)),
    )


def _check_unread(unread: UnreadMode, sound_bytes: int, sound_codec: SoundCodec) -> None:
    check_choice("unread", unread, UnreadMode)
    check_choice("sound_codec", sound_codec, SoundCodec)
    check_integer("sound_bytes", sound_bytes, 0)
    if unread == "sound":
        check_codec(sound_codec)


def _check_format(payload_version: int, melody: MelodyMode) -> None:
    check_choice("melody", melody, MelodyMode)
    check_integer("payload_version", payload_version, 1, VERSION)
    if melody != "off" and payload_version < WITH_MELODY:
        raise InputError(f"format {payload_version} has no melody; formats {WITH_MELODY} to {VERSION} have")


def _with_words(decoded: Decoded, said: Sequence[Utterance]) -> Decoded:
    """Return what was decoded with the words' times of the same utterances as they were said."""
    pairs = zip(decoded.payload.utterances, said, strict=True)
    utterances = tuple(replace(utterance, words=before.words) for utterance, before in pairs)
    return replace(decoded, payload=replace(decoded.payload, utterances=utterances))


def _tracks(recording: Recording, levels: Levels, split: bool) -> Iterator[list[Samples]]:
    """Yield the sound of each party, without crosstalk, or of their mix: blocks at 16 kHz, amplified if it is quiet."""
    blocks = engine_blocks(recording)
    leveled = amplified(without_crosstalk(blocks), levels.gain) if split else amplified(blocks, levels.common_gain)
    return (tracks(block, split) for block in leveled)


def _accumulators_by_channel(
    recording: Recording, levels: Levels, split: bool, reader: SegmentReader, progress: Progress | None
) -> tuple[list[SpeakerAccumulator], int]:
    """Return the speaker of each channel, or the only speaker, and the number of samples at 16 kHz."""
    accumulators = [SpeakerAccumulator(reader, channel) for channel in range(2 if split else 1)]
    segmenters = [SpeechSegmenter() for _ in accumulators]
    heard = 0
    for parties in _tracks(recording, levels, split):
        for accumulator, segmenter, track in zip(accumulators, segmenters, parties, strict=True):
            for segment in segmenter.push(track):
                accumulator.take(segment)
        heard += len(parties[0])
        if progress:
            progress(min(heard / ENGINE_SAMPLE_RATE, recording.duration_s), recording.duration_s)
    for accumulator, segmenter in zip(accumulators, segmenters, strict=True):
        for segment in segmenter.flush():
            accumulator.take(segment)
    return accumulators, heard


def _accumulators_by_voice(
    recording: Recording,
    levels: Levels,
    speaker_count: int | None,
    reader: SegmentReader,
    embedder: SpeakerEmbedder | None,
    progress: Progress | None,
) -> tuple[list[SpeakerAccumulator], int]:
    """Return the speakers found by their voices, and the number of samples at 16 kHz.

    The recording is read twice, since diarization needs all of it first.
    """
    segmenter, diarizer = SpeechSegmenter(), Diarizer(embedder or load_engine("speaker_embedder"))
    heard = 0
    for (mix,) in _tracks(recording, levels, split=False):
        for segment in segmenter.push(mix):
            diarizer.listen(segment)
        heard += len(mix)
        if progress:
            progress(min(heard / ENGINE_SAMPLE_RATE, recording.duration_s) / 2, recording.duration_s)
    for segment in segmenter.flush():
        diarizer.listen(segment)
    turns = diarizer.turns(speaker_count)
    del diarizer  # with the embedder, if it is ours
    give_back_freed_memory()
    accumulators = [
        SpeakerAccumulator(reader, channel=0) for _ in range(max((turn.speaker + 1 for turn in turns), default=0))
    ]
    sound = (mix for (mix,) in _tracks(recording, levels, split=False))
    for turn, segment in zip(turns, cut_segments(sound, [(turn.start_s, turn.end_s) for turn in turns]), strict=True):
        accumulators[turn.speaker].take(segment)
        if progress:
            progress((recording.duration_s + turn.end_s) / 2, recording.duration_s)
    return accumulators, heard


def _refuse_too_long(recording: Recording) -> None:
    longest_s = MAX_DURATION_TICKS / TICKS_PER_SECOND
    if recording.duration_s > longest_s:
        raise AudioError(
            f"{recording.name} lasts {recording.duration_s / 3600:.1f} h; "
            f"{longest_s / 3600:.0f} h is the most: split it into parts"
        )
