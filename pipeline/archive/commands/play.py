"""The command ``play``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...console.display import tell
from ...console.options import ForceFiles
from ...errors import DeviceError

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
    from ...console.output import open_output
    from ...decompression import with_voices
    from ...writing import audio_format, write_speech

    container = audio_format(output)
    with open_output(output, force, [source.removeprefix("file://")]) as file:
        write_speech(file, container, with_voices(piece, engine), engine, size=size)
