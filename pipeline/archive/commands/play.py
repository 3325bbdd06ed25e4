"""The command ``play``."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from ...console.display import tell
from ...console.options import ForceFiles
from ...errors import DeviceError, OutputError

if TYPE_CHECKING:
    from ...protocols import Synthesizer
    from ...types import Payload

EPILOG = (
    "Examples:\n\nspeechzip play call.spz --at 12.5\n\nspeechzip play call.spz --whole\n\n"
    "speechzip play s3://bucket/archive/call.wav.spz --at 12.5 -o words.wav"
)


def play(
    payload: Annotated[str, typer.Argument(help="Payload (.spz), a path or URL.")],
    at: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Play the utterance at this time.")] = 0.0,
    whole: Annotated[bool, typer.Option("--whole", help="Play from that time to the end.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Sound file to write instead of playing; - for standard output."),
    ] = None,
    synthesizer: Annotated[str | None, typer.Option(help="Engine that speaks.")] = None,
    max_hours: Annotated[
        float | None, typer.Option(min=0, help="Refuse to speak for longer, 4 hours by default.")
    ] = None,
    force: ForceFiles = False,
) -> None:
    """Speak one utterance of a payload, or everything from there on, aloud (extra live) or into a file."""
    from ...decompression import MAX_DURATION_S, check_duration
    from ...engines.loading import load_engine
    from ..excerpts import excerpt, speak_excerpt
    from ..payloads import read_any

    decoded = read_any(payload)
    piece = excerpt(decoded.payload, at, whole)
    longest_s = MAX_DURATION_S if max_hours is None else 3600 * max_hours
    check_duration(piece, longest_s)
    for said in piece.utterances:
        tell(said.shown_text)
    engine = load_engine("synthesizer", synthesizer)
    if output is not None:
        _write(piece, output, engine, payload, force, decoded.size if max_hours is None else None)
        return
    try:
        speak_excerpt(piece, engine, longest_s)
    except DeviceError as error:
        raise DeviceError(f"{error}; write to a file with --output") from error


def _write(piece: Payload, output: Path, engine: Synthesizer, source: str, force: bool, size: int | None) -> None:
    from ...decompression import with_voices
    from ...writing import audio_format, write_speech

    container = audio_format(output)
    with _opened(output, force, source) as file:
        write_speech(file, container, with_voices(piece, engine), engine, size=size)


@contextmanager
def _opened(output: Path, force: bool, source: str) -> Generator[BinaryIO]:
    """Open the output, which must not be the payload itself."""
    if str(output) != "-":
        from ...system.atomic import atomic_file

        with atomic_file(output, force, [source.removeprefix("file://")]) as file:
            yield file
        return
    if sys.stdout.isatty():
        raise OutputError(
            "the result is binary and would garble the terminal; redirect it, or name a file with --output"
        )
    from ...console.streams import standard_output

    with standard_output() as file:
        yield file
