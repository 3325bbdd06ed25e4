"""The command line: parse, call one library function, print.

Engines load inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from .console.display import print_result, shown_name
from .console.options import (
    ChannelsChoice,
    Force,
    Json,
    MelodyChoice,
    MelodyOption,
    Quiet,
    RescorerOption,
    SoundBytesOption,
    SoundCodecChoice,
    SoundCodecOption,
    TextCoderOption,
    UnreadChoice,
    UnreadOption,
    VocabularyOption,
    VoiceBytesChoice,
    VoiceBytesOption,
    read_vocabulary,
)
from .console.process import complain, run
from .errors import InputError, OutputError
from .system.threads import keep_one_blas_thread
from .unread import SOUND_BYTES

if TYPE_CHECKING:
    from .payload.format import Decoded
    from .protocols import Progress

app = typer.Typer(
    name="speechzip",
    help="Compress speech by understanding it: words, voices and timing in a few bytes.",
    epilog="Start with:\n\nspeechzip compress call.wav && speechzip decompress call.spz",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command(
    epilog="Examples:\n\nspeechzip compress call.wav\n\nspeechzip compress - -o - < call.flac > call.spz\n\n"
    "speechzip compress call.wav --export srt"
)
def compress(
    audio: Annotated[Path, typer.Argument(help="Recording, such as WAV, FLAC, OGG or MP3; - for standard input.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Payload to write, by default beside the recording; - for standard output."
        ),
    ] = None,
    channels: Annotated[
        ChannelsChoice, typer.Option(help="split: one party on each channel; mix: all speakers in one channel.")
    ] = ChannelsChoice.auto,
    speaker_count: Annotated[
        str | None,
        typer.Option(metavar="N", help="Number of people who share a channel; by default estimated from their voices."),
    ] = None,
    speakers: Annotated[str | None, typer.Option(hidden=True)] = None,
    recognizer: Annotated[
        str | None,
        typer.Option(help="Engine that recognizes the words, such as whisper or whisper:SIZE; see: speechzip engines"),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="ISO 639-1 code of the spoken language, such as de; by default detected.")
    ] = None,
    vocabulary: VocabularyOption = None,
    beam: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Hypotheses that the recognizer follows at a time: more give better words and take longer.",
        ),
    ] = None,
    word_times: Annotated[
        bool,
        typer.Option("--word-times", help="Print the time of every word with --json; these times are not sent."),
    ] = False,
    voice_encoder: Annotated[
        str | None, typer.Option(help="Engine that measures voices: trained, classical, clip.")
    ] = None,
    speaker: Annotated[
        list[str] | None,
        typer.Option(
            help="Name of a speaker in the voice store, or auto to recognize the speakers; repeat for the next one."
        ),
    ] = None,
    carry_voice: Annotated[
        bool, typer.Option(help="Send the voices of known speakers along, not only their ids.")
    ] = False,
    unread: UnreadOption = UnreadChoice.mark,
    sound_bytes: SoundBytesOption = SOUND_BYTES,
    sound_codec: SoundCodecOption = SoundCodecChoice.opus,
    voice_bytes: VoiceBytesOption = VoiceBytesChoice.auto,
    melody: MelodyOption = MelodyChoice.off,
    text_coder: TextCoderOption = None,
    rescorer: RescorerOption = None,
    payload_format: Annotated[
        int,
        typer.Option(
            "--format",
            min=1,
            max=4,
            help="Highest payload format to write; a lower one for receivers with an earlier release.",
        ),
    ] = 4,
    export: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORMAT",
            help="Also write a transcript beside it: srt, vtt, txt, md, json, csv, rttm, TextGrid; repeatable.",
        ),
    ] = None,
    as_json: Json = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Compress a recording of speech to a payload of a few hundred bytes."""
    from .compression import compress as compress_audio
    from .engines.loading import load_engine, load_recognizer
    from .summary import compress_lines, summarize_compressed
    from .system.atomic import check_writable
    from .textcoder.registry import check_english_coder

    if speakers is not None:
        complain("--speakers is called --speaker-count now")
        speaker_count = speaker_count or speakers
    if speaker_count not in (None, "auto") and not speaker_count.isdecimal():
        raise typer.BadParameter(f"{speaker_count!r} is not a number", param_hint="--speaker-count")
    count = None if speaker_count in (None, "auto") else int(speaker_count)
    english = text_coder and text_coder.value
    if english:
        check_english_coder(english, payload_format)
    target = output or _beside(audio, ".spz", "speech.spz")
    transcripts = _transcripts(export or [], _beside(audio, ".spz", "speech.spz") if _is_dash(target) else target)
    for path in transcripts.values():
        if path.resolve() == target.resolve():
            raise OutputError(f"{path} is to be both payload and transcript", remedies=("another_file",))
        check_writable(path, force, [sys.stdin.buffer if _is_dash(audio) else audio])
    with (
        _output(target, force, audio) as file,
        _recording(audio) as source,
        _progress("compressing", quiet) as progress,
    ):
        compressed = compress_audio(
            source,
            channels=channels.value,
            recognizer=load_recognizer(
                recognizer,
                language,
                beam=beam,
                vocabulary=read_vocabulary(vocabulary),
                word_times=word_times,
                rescorer=rescorer and rescorer.value,
                text_coder=english,
            ),
            voice_encoder=load_engine("voice_encoder", voice_encoder),
            speakers=speaker or (),
            carry_voices=carry_voice,
            speaker_count=count,
            unread=unread.value,
            sound_bytes=sound_bytes,
            sound_codec=sound_codec.value,
            voice_bytes=voice_bytes.size,
            melody=melody.value,
            text_coder=english,
            payload_version=payload_format,
            progress=progress,
        )
        file.write(compressed.data)
    _export(compressed.decoded, audio, transcripts, force)
    summary = summarize_compressed(compressed, shown_name(audio), shown_name(target), load_engine("voice_book"))
    if as_json or not quiet:
        print_result(summary, compress_lines(summary), as_json, to_stderr=_is_dash(target))


@app.command(epilog="Examples:\n\nspeechzip decompress call.spz\n\nspeechzip decompress call.spz -o call.flac")
def decompress(
    payload: Annotated[Path, typer.Argument(help="Payload that compress wrote; - for standard input.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Recording to write (.wav .flac .ogg .mp3), by default beside the payload; - for standard output.",
        ),
    ] = None,
    synthesizer: Annotated[
        str | None, typer.Option(help="Engine that speaks: trained, espeak, hibari, pocket, xtts, xtts:FOLDER.")
    ] = None,
    max_hours: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Refuse to make a longer recording, 4 by default; an hour of one channel takes 115 MB as WAV. "
            "If given, few bytes may ask for much speech.",
        ),
    ] = None,
    as_json: Json = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Synthesize the speech of a payload, in voices like the speakers'."""
    from .decompression import MAX_DURATION_S, check_duration, read_payload, with_voices
    from .engines.loading import load_engine
    from .writing import audio_format, write_speech

    target = output or _beside(payload, ".decoded.wav", "speech.decoded.wav")
    container = audio_format(target)
    with _output(target, force, payload) as file, _progress("speaking", quiet) as progress:
        decoded = read_payload(_payload(payload))
        check_duration(decoded.payload, MAX_DURATION_S if max_hours is None else 3600 * max_hours)
        size = decoded.size if max_hours is None else None
        engine = load_engine("synthesizer", synthesizer)
        written = write_speech(file, container, with_voices(decoded.payload, engine), engine, progress, size)
    names = shown_name(payload), shown_name(target)
    summary = {"input": names[0], "output": names[1], **written}
    line = (
        f"{names[0]} -> {names[1]}: {written['duration_s']:.1f} s, took {written['real_time_factor']:.3f} of real time"
    )
    if as_json or not quiet:
        print_result(summary, [line], as_json, to_stderr=_is_dash(target))


@app.command(
    epilog="Examples:\n\nspeechzip inspect call.spz\n\nspeechzip inspect call.spz --json\n\n"
    "speechzip inspect call.spz --words"
)
def inspect(
    payload: Annotated[Path, typer.Argument(help="Payload that compress wrote; - for standard input.")],
    words: Annotated[
        bool,
        typer.Option(
            "--words",
            help="Show a line for each word, with its time estimated within its utterance: exact ones are not sent "
            "(compress --word-times --export has them).",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the contents of a payload: voices, words, times, and bytes by section."""
    from .decompression import read_payload
    from .engines.loading import load_engine
    from .summary import payload_lines, summarize_payload, word_lines

    summary = summarize_payload(read_payload(_payload(payload)), load_engine("voice_book"), estimate_words=words)
    print_result(summary, (word_lines if words else payload_lines)(summary), as_json)


@app.command(epilog="Examples:\n\nspeechzip engines\n\nspeechzip engines --json")
def engines(as_json: Json = False) -> None:
    """List all engines: whether each is installed, what it needs, and which is the default and why."""
    from .engines.listing import engines_json, engines_lines, list_engines

    entries = list_engines()
    print_result({"engines": engines_json(entries)}, engines_lines(entries), as_json)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"speechzip {version('speechzip')}")
        raise typer.Exit


@app.callback()
def _options(  # pyright: ignore[reportUnusedFunction]  # typer calls it
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit."),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug", envvar="SPEECHZIP_DEBUG", help="Write a log to standard error, with the causes of an error."
        ),
    ] = False,
) -> None:
    """Compress speech by understanding it: words, voices and timing in a few bytes."""
    if debug:
        from .console.diagnostics import show_log

        show_log()


def add_commands(arguments: Sequence[str]) -> None:
    """Add the commands of other rooms and packages to `app`, unless the arguments begin with a command from here.

    Importing and registering them takes a tenth of the time of a short `inspect`.
    """
    own = {command.name or getattr(command.callback, "__name__", None) for command in app.registered_commands}
    if not arguments or arguments[0] not in own:
        from importlib.metadata import entry_points

        for entry in entry_points(group="speechzip.commands"):
            entry.load()(app)


def main() -> None:
    """Run the command line: exit 0 on success, 1 with one line on standard error, 2 on wrong usage."""
    keep_one_blas_thread()
    add_commands(sys.argv[1:])
    run(lambda: app(standalone_mode=True))


def _is_dash(path: Path) -> bool:
    return str(path) == "-"


def _beside(path: Path, suffix: str, for_stdin: str) -> Path:
    try:
        is_pipe = str(path).startswith(("/dev/", "/proc/")) or path.is_fifo()  # no file can be written beside these
    except OSError as error:  # such as a name that is too long
        raise InputError(f"{shown_name(path)} cannot be read: {error.strerror or error}") from error
    return Path(for_stdin) if _is_dash(path) or is_pipe else path.parent / (path.stem + suffix)


def _transcripts(formats: list[str], payload: Path) -> dict[str, Path]:
    """Return format -> the file for the transcript, beside the payload."""
    from .archive.export.formats import format_named

    return {name: payload.with_suffix(f".{name}") for name in map(format_named, formats)}


def _export(decoded: Decoded, audio: Path, transcripts: dict[str, Path], force: bool) -> None:
    from .archive.export.files import known_names, transcript_text
    from .system.atomic import atomic_file

    for name, path in transcripts.items():
        text = transcript_text(decoded, "speech" if _is_dash(audio) else shown_name(audio.name), name, known_names())
        with atomic_file(path, force) as file:
            file.write(text.encode())


@contextmanager
def _recording(path: Path) -> Generator[Path | BinaryIO]:
    """Yield the recording to compress: the path itself, or all of standard input as a seekable file."""
    if not _is_dash(path):
        yield path
        return
    from .audio.spooling import spool

    with spool(sys.stdin.buffer, "standard input") as source:
        yield source


def _payload(path: Path) -> Path | BinaryIO:
    """Return the source of a payload; `read_payload` reads no more of it than a payload may have."""
    return sys.stdin.buffer if _is_dash(path) else path


@contextmanager
def _output(path: Path, force: bool, source: Path) -> Generator[BinaryIO]:
    """Open the output file; it appears whole if the block succeeds, or not at all.

    `source` is the input, which must not be overwritten.
    """
    from .console.output import open_output

    with open_output(path, force, [sys.stdin.buffer if _is_dash(source) else source]) as file:
        yield file


def _progress(verb: str, quiet: bool) -> AbstractContextManager[Progress | None]:
    from .console.progress import progress_bar

    return nullcontext() if quiet else progress_bar(verb)


Command = Callable[[typer.Typer], None]
"""The type of an entry point in the group ``speechzip.commands``: it adds commands to the app."""
