"""The command ``play``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...console.display import tell
from ...console.options import ForceFiles

EPILOG = (
    "Examples:\n\nspeechzip play call.spz --at 12.5\n\nspeechzip play call.spz --whole\n\n"
    "speechzip play s3://bucket/archive/call.wav.spz --at 12.5 -o words.wav"
)


def play(
    payload: Annotated[str, typer.Argument(help="Payload (.spz), a path or URL.")],
    at: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Play the utterance at this time.")] = 0.0,
    whole: Annotated[bool, typer.Option("--whole", help="Play from that time to the end.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Sound file to write instead of playing.")
    ] = None,
    synthesizer: Annotated[str | None, typer.Option(help="Engine that speaks.")] = None,
    force: ForceFiles = False,
) -> None:
    """Speak one utterance of a payload, or everything from there on, aloud (extra live) or into a file."""
    from ...engines.loading import load_engine
    from ..excerpts import excerpt, speak_excerpt
    from ..payloads import read_any

    decoded = read_any(payload)
    piece = excerpt(decoded.payload, at, whole)
    for said in piece.utterances:
        tell(said.shown_text)
    engine = load_engine("synthesizer", synthesizer)
    if output is None:
        speak_excerpt(piece, engine)
        return
    from ...decompression import with_voices
    from ...system.atomic import atomic_file
    from ...writing import audio_format, write_speech

    container = audio_format(output)
    with atomic_file(output, force) as file:
        write_speech(file, container, with_voices(piece, engine), engine, size=decoded.size)
