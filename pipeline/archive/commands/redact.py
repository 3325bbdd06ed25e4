"""The command ``redact``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...console.display import print_result, tell
from ...console.options import ForceFiles, Json, Quiet

if TYPE_CHECKING:
    from ..redaction.redact import Redaction

EPILOG = (
    "Examples:\n\nspeechzip redact call.spz --kinds card,phone,email\n\n"
    "speechzip redact archive/ --kinds card,name-list=customers.txt"
)
Kinds = Annotated[
    str,
    typer.Option(metavar="KINDS", help="What to replace: card,phone,email,ssn,iban,date,name-list=FILE."),
]


def redact(
    source: Annotated[
        str,
        typer.Argument(
            help="Payload (.spz; - for standard input), or an archive (folder or URL), which is changed in place."
        ),
    ],
    kinds: Kinds,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Payload to write, by default NAME.redacted.spz; - for standard output."),
    ] = None,
    as_json: Json = False,
    force: ForceFiles = False,
    quiet: Quiet = False,
) -> None:
    """Replace personal data, such as card numbers, by marks, also where the digits are spoken as words."""
    from ...errors import OutputError
    from ..redaction.redact import parse_kinds

    redaction = parse_kinds(kinds)
    if _is_payload(source):
        _redact_payload(source, redaction, output, as_json, force, quiet)
        return
    if output is not None:
        raise OutputError("an archive is changed in place; leave out --output, or copy it first")
    summary, lines = _redact_archive(source, redaction, quiet or as_json)
    if as_json or not quiet:
        print_result(summary, lines, as_json)
    if summary["damaged"]:
        raise typer.Exit(1)


def _is_payload(source: str) -> bool:
    from ..stores import is_remote

    if source == "-" or is_remote(source):
        return source == "-" or source.endswith(".spz")
    path = Path(source.removeprefix("file://"))
    return not path.is_dir() and (path.exists() or path.suffix == ".spz")


def _redact_payload(
    source: str, redaction: Redaction, output: Path | None, as_json: bool, force: bool, quiet: bool
) -> None:
    from ...console.display import shown_name
    from ...console.output import open_output
    from ..redaction.files import redact_bytes
    from ..stores import is_remote

    path = Path(source.rpartition("/")[2] if is_remote(source) else source.removeprefix("file://"))
    target = output or (Path("speech") if source == "-" else path).with_suffix(".redacted.spz")
    inputs = [sys.stdin.buffer if source == "-" else path] if not is_remote(source) else []
    with open_output(target, force, inputs) as file:
        data, counts = redact_bytes(_read(source), redaction)
        file.write(data)
    summary = {"input": shown_name(source), "output": shown_name(target), "bytes": len(data), "redacted": counts}
    lines = [f"{shown_name(source)} -> {shown_name(target)}: {counted(counts)}"]
    if as_json or not quiet:
        print_result(summary, lines, as_json, to_stderr=str(target) == "-")


def _read(source: str) -> bytes:
    from ...decompression import MAX_PAYLOAD_BYTES
    from ..payloads import read_bytes

    return sys.stdin.buffer.read(MAX_PAYLOAD_BYTES + 1) if source == "-" else read_bytes(source)


def counted(counts: dict[str, int]) -> str:
    """Return counts for people."""
    return ", ".join(f"{count} {kind}" for kind, count in counts.items()) + " redacted"


def _redact_archive(source: str, redaction: Redaction, quiet: bool) -> tuple[dict[str, object], list[str]]:
    from ...console.display import shown_name
    from ...console.progress import progress_bar
    from ..redaction.files import redact_archive
    from ..stores import open_store

    store = open_store(source)
    next(store.files(), None)  # fails if it does not exist
    if quiet:
        done = redact_archive(store, redaction)
    else:
        with progress_bar("redacting", counted=True) as progress:
            done = redact_archive(store, redaction, progress)
    for name, fault in done.damaged:
        tell(f"{shown_name(name)} is left as it is: {fault}")
    summary: dict[str, object] = {
        "archive": shown_name(source), "files": done.files, "changed": done.changed, "redacted": done.counts,
        "damaged": [shown_name(name) for name, _ in done.damaged],
    }  # fmt: skip
    return summary, [f"{shown_name(source)}: {done.changed} of {done.files} payloads changed, {counted(done.counts)}"]
