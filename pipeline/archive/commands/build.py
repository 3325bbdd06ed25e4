"""The command ``archive``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...console.display import tell
from ...console.options import ChannelsChoice, Quiet, RescorerOption
from .redact import counted

if TYPE_CHECKING:
    from ..building import Totals
    from ..work import Result

EPILOG = (
    "Examples:\n\nspeechzip archive calls/ --to archive/\n\n"
    "speechzip archive 'radio/**/*.mp3' --to s3://bucket/radio --workers 8\n\n"
    "speechzip archive - --to archive/ < list.txt\n\nspeechzip archive calls/ --to archive/ --redact card,phone\n\n"
    "speechzip archive s3://bucket/calls --to s3://bucket/archive --dask tcp://scheduler:8786"
)


def archive(
    sources: Annotated[
        list[str], typer.Argument(help="Folders, files, globs or URLs such as s3://; - for a list on standard input.")
    ],
    to: Annotated[str, typer.Option("--to", metavar="ARCHIVE", help="Folder or URL of the archive.")],
    under: Annotated[str, typer.Option(metavar="FOLDER", help="Folder in the archive for these recordings.")] = "",
    null: Annotated[
        bool, typer.Option("--null", "-0", help="The items of the list on standard input end with NUL.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Worker processes, 0 for none; by default one per core."),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Scheduler of a Dask cluster, such as tcp://host:8786; local starts one."),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Retry recordings that failed in an earlier run.")
    ] = False,
    channels: Annotated[
        ChannelsChoice, typer.Option(help="split: one party on each channel; mix: all speakers in one channel.")
    ] = ChannelsChoice.auto,
    speaker_count: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Number of people who share a channel; by default estimated.")
    ] = None,
    recognizer: Annotated[str | None, typer.Option(help="Engine that recognizes the words.")] = None,
    language: Annotated[str | None, typer.Option(help="ISO 639-1 code of the spoken language.")] = None,
    rescorer: RescorerOption = None,
    voice_encoder: Annotated[str | None, typer.Option(help="Engine that measures voices.")] = None,
    speaker: Annotated[
        list[str] | None, typer.Option(help="Name of a speaker in the voice store, or auto to recognize the speakers.")
    ] = None,
    redact: Annotated[
        str | None,
        typer.Option(
            metavar="KINDS", help="Personal data to leave out: card,phone,email,ssn,iban,date,name-list=FILE."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each recording.")] = False,
    quiet: Quiet = False,
) -> None:
    """Compress every recording below the sources into an archive. A recording that it already has is skipped."""
    from ...system.inference import cores
    from ..building import BuildPlan, build, sources_of
    from ..progress import bar
    from ..redaction.redact import parse_kinds
    from ..runners import Runner, SameProcess, WorkerPool
    from ..stores import open_store
    from ..work import Settings

    settings = Settings(
        recognizer, language, voice_encoder, channels.value, speaker_count, tuple(speaker or ()), bool(speaker),
        parse_kinds(redact) if redact else None, rescorer.value if rescorer else None,
    )  # fmt: skip
    found, listed = sources_of(sources, "\0" if null else "\n")
    plan = BuildPlan(found, settings, under, retry_failed, listed)
    count = cores() if workers is None else workers
    runner: Runner
    if dask:
        from ..cluster import DaskCluster

        runner = cluster = DaskCluster(dask, max(1, count))
        if cluster.dashboard and not quiet:
            tell(f"dashboard: {cluster.dashboard}")
    else:
        runner = WorkerPool(count) if count else SameProcess()
    try:
        with bar(quiet or as_json) as shown:

            def observe(result: Result) -> None:
                shown.advance(result.row.duration_s)
                _show(result, as_json)

            totals = build(open_store(to), plan, runner, observe, shown.expect)
    finally:
        runner.close()
    _conclude(totals, to, as_json, quiet)


def _show(result: Result, as_json: bool) -> None:
    from ...console.display import printable_json, shown_name

    row = result.row
    if as_json:
        print(printable_json({"state": result.state, **asdict(row)}), flush=True)
    elif result.state == "failed":
        tell(f"{shown_name(row.source)}: {row.error}")
    for note in row.notes if not as_json else ():
        tell(f"warning: {shown_name(row.source)}: {note}")


def _conclude(totals: Totals, to: str, as_json: bool, quiet: bool) -> None:
    from ...console.display import printable, printable_json, shown_name

    for url, reason in totals.left_out:
        tell(f"{shown_name(url)} is left out: {reason}")
    if as_json:
        print(printable_json({"state": "summary", **_plain(totals)}))
    elif not quiet:
        print(printable(f"{shown_name(to)}: {_sentence(totals)}"))
    if totals.failed or totals.left_out:
        raise typer.Exit(1)


def _plain(totals: Totals) -> dict[str, Any]:
    return {**asdict(totals), "left_out": [{"source": url, "reason": reason} for url, reason in totals.left_out]}


def _sentence(totals: Totals) -> str:
    parts = [
        f"{totals.done} archived ({totals.duration_s / 3600:.2f} h as {totals.payload_bytes:,} bytes)",
        f"{totals.unchanged} there already",
    ]
    if totals.without_speech:
        parts.append(f"{totals.without_speech} without speech")
    if totals.failed:
        parts.append(f"{totals.failed} failed")
    if totals.failed_before:
        parts.append(f"{totals.failed_before} failed before (--retry-failed tries them again)")
    if totals.redacted:
        parts.append(counted(totals.redacted))
    if totals.other_files:
        parts.append(f"{totals.other_files} files of other kinds")
    return ", ".join(parts)
