"""The commands ``listen`` and ``talk``: parse, run a session, show its reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..console.display import tell
from ..console.options import (
    ForceFiles,
    SoundBytesOption,
    SoundCodecChoice,
    SoundCodecOption,
    UnreadChoice,
    UnreadOption,
    VocabularyOption,
    read_vocabulary,
)
from ..unread import SOUND_BYTES
from ..unread.marks import UnreadSettings
from .defaults import CONNECT_TIMEOUT_S, DEFAULT_PORT, PAIRING_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from .devices.page import Page
    from .devices.web import PageServer
    from .reports import Report
    from .session.connecting import Connect
    from .session.session import Session, SessionOptions

Input = Annotated[Path | None, typer.Option("--input", help="Recording to send, instead of the microphone.")]
Output = Annotated[Path | None, typer.Option(help="Folder for the received speech, instead of the loudspeaker.")]
Vad = Annotated[bool, typer.Option("--vad", help="Hands-free: detect speech, without the Enter key.")]
Web = Annotated[bool, typer.Option("--web", help="Talk in the browser; prints the address of the page.")]
ReviewOption = Annotated[
    float,
    typer.Option(
        min=0,
        max=60,
        metavar="SECONDS",
        help="Show each utterance for this long before it is sent, such as 2, so that it can be dropped or repeated.",
    ),
]
JsonLines = Annotated[bool, typer.Option("--json", help="Print each report as a line of JSON, for machines.")]
RecognizerOption = Annotated[
    str | None, typer.Option(help="Engine that recognizes the words: moonshine, whisper, whisper:SIZE, whisper:FILE.")
]
VoiceEncoderOption = Annotated[
    str | None,
    typer.Option(help="Engine that measures your voice: trained, classical, or clip for a peer that clones it."),
]
ConfigOption = Annotated[Path | None, typer.Option("--config", metavar="FOLDER", help="Reticulum's configuration.")]
SynthesizerOption = Annotated[
    str | None, typer.Option(help="Engine that speaks: trained, espeak, hibari, pocket, xtts, xtts:FOLDER.")
]


def add_commands(app: typer.Typer) -> None:
    """Add the commands of a live conversation."""
    app.command(epilog="Examples:\n\nspeechzip listen\n\nspeechzip listen --host 0.0.0.0 --vad")(listen)
    app.command(
        epilog="Examples:\n\nspeechzip talk 127.0.0.1:7310\n\nspeechzip talk -\n\nspeechzip talk --pairing-file line"
    )(talk)


def listen(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any free port.")] = DEFAULT_PORT,
    audio: Input = None,
    output: Output = None,
    vad: Vad = False,
    web: Web = False,
    review: ReviewOption = 0.0,
    unread: UnreadOption = UnreadChoice.mark,
    sound_bytes: SoundBytesOption = SOUND_BYTES,
    sound_codec: SoundCodecOption = SoundCodecChoice.opus,
    secure: Annotated[bool, typer.Option("--secure", help="Require the pairing line on loopback, too.")] = False,
    pairing_file: Annotated[
        Path | None,
        typer.Option(help="File to write the pairing line to, readable by you only; the line is then not shown."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Exit when the first peer leaves.")] = False,
    over: Annotated[
        str | None, typer.Option("--over", metavar="LINK", help="Take calls over another link: rns (Reticulum).")
    ] = None,
    config: ConfigOption = None,
    recognizer: RecognizerOption = None,
    vocabulary: VocabularyOption = None,
    voice_encoder: VoiceEncoderOption = None,
    synthesizer: SynthesizerOption = None,
    as_json: JsonLines = False,
    force: ForceFiles = False,
) -> None:
    """Wait for a call and talk. The Enter key starts and ends a turn."""
    from .session.connecting import call_link, wait_for_calls
    from .session.session import SessionOptions

    unread_settings = UnreadSettings(unread.value, sound_bytes, sound_codec.value)
    options = SessionOptions(audio, output, vad, force, once, review, unread_settings)
    engines = (recognizer, voice_encoder, synthesizer, read_vocabulary(vocabulary))
    if over:
        connect = call_link(over).wait_for_calls(config)
    else:
        connect = wait_for_calls(host, port, secure, pairing_file, force)
    _run_session(connect, options, engines, as_json, web)


def talk(
    address: Annotated[
        str | None,
        typer.Argument(
            help="HOST:PORT on this machine; rns:HASH or lxmf:HASH over Reticulum; or - to enter the pairing line that "
            "listen printed. Do not put the pairing line itself on the command line: other users of the machine could "
            "read it.",
            envvar=PAIRING_VARIABLE,
        ),
    ] = None,
    pairing_file: Annotated[Path | None, typer.Option(help="File with the pairing line.")] = None,
    connect_timeout: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Time limit for the first connection; 0 for none.")
    ] = CONNECT_TIMEOUT_S,
    config: ConfigOption = None,
    audio: Input = None,
    output: Output = None,
    vad: Vad = False,
    web: Web = False,
    review: ReviewOption = 0.0,
    unread: UnreadOption = UnreadChoice.mark,
    sound_bytes: SoundBytesOption = SOUND_BYTES,
    sound_codec: SoundCodecOption = SoundCodecChoice.opus,
    recognizer: RecognizerOption = None,
    vocabulary: VocabularyOption = None,
    voice_encoder: VoiceEncoderOption = None,
    synthesizer: SynthesizerOption = None,
    as_json: JsonLines = False,
    force: ForceFiles = False,
) -> None:
    """Call a listener and talk. The Enter key starts and ends a turn. With --input, send a recording and exit."""
    from .session.connecting import call_link, dial, link_of
    from .session.session import SessionOptions
    from .wire.pairing import parse_address

    line = _pairing_line(address, pairing_file)
    engines = (recognizer, voice_encoder, synthesizer, read_vocabulary(vocabulary))
    if (link := link_of(line)) is not None:
        connect = call_link(link).dial(line, connect_timeout or None, config)
    else:
        connect = dial(parse_address(line), connect_timeout or None)
    unread_settings = UnreadSettings(unread.value, sound_bytes, sound_codec.value)
    options = SessionOptions(audio, output, vad, force, review_s=review, unread=unread_settings)
    _run_session(connect, options, engines, as_json, web)


def _pairing_line(address: str | None, pairing_file: Path | None) -> str:
    """Return the address or pairing line from the argument, the file or standard input."""
    import sys

    from .wire.pairing import read_pairing_file, read_pairing_line

    if pairing_file is not None:
        return read_pairing_file(pairing_file)
    if address is None:
        raise typer.BadParameter(f"give HOST:PORT, - to be asked, --pairing-file or {PAIRING_VARIABLE}")
    if address != "-":
        return address
    if sys.stdin.isatty():
        print("The line that listen printed: ", end="", file=sys.stderr, flush=True)
    return read_pairing_line(sys.stdin.fileno())


def _run_session(
    connect: Connect,
    options: SessionOptions,
    names: tuple[str | None, str | None, str | None, tuple[str, ...]],
    as_json: bool,
    web: bool,
) -> None:
    import asyncio
    import sys
    from contextlib import nullcontext

    from .devices.files import check_recording
    from .devices.keyboard import EnterKey
    from .devices.lines import LineWriter
    from .devices.sound import use_microphone
    from .devices.terminal import TerminalView, json_line
    from .session.engines import LiveEngines
    from .session.session import run_session
    from .workers import leave_at_once

    if web and (options.input or options.output):
        raise typer.BadParameter("--web uses the browser's microphone and loudspeaker; leave out --input and --output")
    if options.input:
        check_recording(options.input)
    page, page_server = _page() if web else (None, None)
    key = None if web or options.input or options.hands_free else EnterKey(review=options.review_s > 0)
    engines = LiveEngines.load(*names)
    lines = LineWriter(sys.stdout.fileno())

    def show_json(report: Report) -> None:
        lines.put(json_line(report))

    try:
        with nullcontext(show_json) if as_json else TerminalView(key.hint if key else _hint, lines.put) as show:

            def observe(report: Report) -> None:
                show(report)
                if page:
                    page.view.observe(report)

            async def leave_if_nobody_reads(session: Session) -> None:
                await lines.until_broken()
                session.done.set()

            async def front_end(session: Session) -> None:
                jobs: list[Awaitable[None]] = [leave_if_nobody_reads(session)]
                if page and page_server:
                    jobs.append(page_server(session.conversation, page).run(show))
                elif options.input is None:
                    jobs.append(use_microphone(session.conversation, options.output is not None))
                if key:
                    jobs.append(key.run(session.conversation, session.done))
                await asyncio.gather(*jobs)

            asyncio.run(run_session(engines, connect, options, observe, front_end, page.loudspeaker if page else None))
    finally:
        if left_out := lines.close():
            tell(f"{left_out} lines were left out: nobody read them")
    leave_at_once()


def _hint() -> str:
    return "Ctrl-C leaves"


def _page() -> tuple[Page, type[PageServer]]:
    """Return a page and what serves it, or raise early that the extra is missing."""
    from .devices.page import Page
    from .devices.web import PageServer

    return Page(), PageServer
