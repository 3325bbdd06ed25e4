"""The command ``redact``."""

from __future__ import annotations

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
        str, typer.Argument(help="Payload (.spz), or an archive (folder or URL), which is changed in place.")
    ],
    kinds: Kinds,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Payload to write; by default NAME.redacted.spz.")
    ] = None,
    as_json: Json = False,
    force: ForceFiles = False,
    quiet: Quiet = False,
) -> None:
    """Replace personal data, such as card numbers, by marks, also where the digits are spoken as words."""
    from ..redaction.redact import parse_kinds
    from ..stores import is_remote

    redaction = parse_kinds(kinds)
    if source.endswith(".spz") and not Path(source).is_dir():
        from ...console.display import shown_name
        from ...system.atomic import atomic_file
        from ..payloads import read_bytes
        from ..redaction.files import redact_bytes

        name = Path(source.rpartition("/")[2] if is_remote(source) else source)
        target = output or name.with_suffix(".redacted.spz")
        with atomic_file(target, force, [] if is_remote(source) else [source]) as file:
            data, counts = redact_bytes(read_bytes(source), redaction)
            file.write(data)
        summary = {"input": shown_name(source), "output": shown_name(target), "bytes": len(data), "redacted": counts}
        lines = [f"{shown_name(source)} -> {shown_name(target)}: {counted(counts)}"]
    else:
        summary, lines = _redact_archive(source, redaction, quiet or as_json)
    if as_json or not quiet:
        print_result(summary, lines, as_json)


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
