"""The command ``export``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ...console.display import print_result, tell
from ...console.options import ForceFiles, Json

EPILOG = (
    "Examples:\n\nspeechzip export call.spz -o call.srt\n\nspeechzip export call.spz --format vtt -o -\n\n"
    "speechzip export archive/ --format TextGrid -o annotations/"
)


def export(
    source: Annotated[str, typer.Argument(help="Payload (.spz), or an archive of them: a folder or URL; - for stdin.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write, or folder for an archive; - for standard output."),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="srt, vtt, txt, md, json, csv, rttm or TextGrid."),
    ] = None,
    as_json: Json = False,
    force: ForceFiles = False,
) -> None:
    """Write transcripts of a payload or a whole archive: subtitles, documents, tables or annotations."""
    from ...console.display import shown_name
    from ...errors import OutputError
    from ..export.files import chosen_format, known_names
    from ..stores import is_remote

    local = source.removeprefix("file://")
    if source != "-" and not source.endswith(".spz") and (is_remote(source) or Path(local).is_dir()):
        if output is None or str(output) == "-":
            raise OutputError("an archive has many transcripts; name a folder for them with --output")
        _export_archive(source, output, chosen_format(None, form), as_json, force)
        return
    format_name = chosen_format(output, form)
    text = _transcript(source, format_name, known_names())
    target = output or Path("speech" if source == "-" else Path(local).with_suffix("")).with_suffix(f".{format_name}")
    if str(target) == "-":
        from ...console.streams import standard_output

        with standard_output() as stdout:
            stdout.write(text.encode())
        return
    from ...system.atomic import atomic_file

    with atomic_file(target, force, [local]) as file:
        file.write(text.encode())
    print_result(
        {"input": shown_name(source), "output": shown_name(target), "format": format_name},
        [f"{shown_name(source)} -> {shown_name(target)}"],
        as_json,
    )


def _transcript(source: str, format_name: str, name_of: Any) -> str:
    from ...decompression import read_payload
    from ..export.files import title_of, transcript_text
    from ..payloads import read_any

    if source == "-":
        decoded, name = read_payload(sys.stdin.buffer), "speech"
    else:
        decoded, name = read_any(source), source
    return transcript_text(decoded, title_of(name), format_name, name_of)


def _export_archive(source: str, output: Path, format_name: str, as_json: bool, force: bool) -> None:
    from ...console.display import shown_name
    from ..export.files import export_archive, known_names
    from ..stores import open_store

    done: list[str] = []
    failed: list[dict[str, str]] = []
    for exported in export_archive(open_store(source), output, format_name, known_names(), force):
        if exported.path is None:
            failed.append({"file": shown_name(exported.name), "error": exported.error})
            tell(f"{shown_name(exported.name)} is left out: {exported.error}")
        else:
            done.append(shown_name(exported.path))
    print_result(
        {"output": shown_name(output), "format": format_name, "files": done, "failed": failed},
        [f"{shown_name(source)} -> {shown_name(output)}: {len(done)} transcripts, {len(failed)} payloads left out"],
        as_json,
    )
    if failed:
        raise typer.Exit(1)
