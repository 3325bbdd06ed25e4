"""The commands ``send`` and ``receive``: speech over a radio, a modem or a messenger."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from ..console.display import print_result, shown_name, tell
from ..console.options import Force, Json, TextCoderOption

if TYPE_CHECKING:
    from ..types import Payload
    from .carrier import Carrier
    from .receiving import MessageState
    from .sending import Transmission

OverOption = Annotated[
    str,
    typer.Option(
        "--over",
        metavar="LINK[:ADDRESS]",
        help="Link, and where to: hf:MODE, kiss:HOST:PORT, lxmf:HASH, meshtastic:PORT.",
    ),
]

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FOLDER", help="lxmf: Reticulum's configuration.")
]
BaudOption = Annotated[int | None, typer.Option(min=1, help="kiss: speed of the TNC's serial line.")]
NodeOption = Annotated[
    str | None,
    typer.Option(
        "--propagation-node", metavar="HASH", help="lxmf: node that stores messages for a receiver that is offline."
    ),
]


def add_commands(app: typer.Typer) -> None:
    """Add the commands that use links."""
    app.command(
        epilog="Examples:\n\nspeechzip send call.wav --over hf:datac4 --output burst.wav\n\n"
        "speechzip send call.wav --over hf:datac3 --parity 2 --device 1 --ptt /dev/ttyUSB0"
    )(send)
    app.command(epilog="Example:\n\nspeechzip receive --over hf:datac4 --input burst.wav")(receive)


def send(
    over: OverOption,
    recording: Annotated[
        Path | None,
        typer.Argument(help="Recording, or payload that compress wrote; - for standard input; none with --mic."),
    ] = None,
    mic: Annotated[
        bool, typer.Option("--mic", help="Record from the microphone: Enter starts, Enter ends and sends (extra live).")
    ] = False,
    to: Annotated[
        str | None, typer.Option(metavar="PEER", help="Receiver: a callsign, or a node such as !a1b2c3d4.")
    ] = None,
    parity: Annotated[
        int, typer.Option(min=0, max=8, help="Additional packets, each of which replaces any lost one.")
    ] = 0,
    size: Annotated[
        int | None,
        typer.Option(min=1, metavar="BYTES", help="Largest size of a packet in bytes, if less than the link's."),
    ] = None,
    voice_once: Annotated[
        bool,
        typer.Option("--voice-once", help="Only reference voices that this peer has received before."),
    ] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="hf: sound file for the bursts.")] = None,
    device: Annotated[str | None, typer.Option(metavar="NAME", help="hf: sound device of the transmitter.")] = None,
    ptt: Annotated[
        str | None, typer.Option(metavar="PORT", help="hf: serial port whose RTS line keys the transmitter.")
    ] = None,
    callsign: Annotated[str | None, typer.Option(help="kiss: your own callsign.")] = None,
    via: Annotated[str | None, typer.Option(metavar="CALLSIGN,...", help="kiss: digipeaters.")] = None,
    bitrate: Annotated[int | None, typer.Option(min=1, metavar="BPS", help="kiss: the radio's, 1200 or 300.")] = None,
    baud: BaudOption = None,
    channel: Annotated[int | None, typer.Option(min=0, help="meshtastic: index of the channel.")] = None,
    hop_limit: Annotated[
        int | None, typer.Option(min=0, help="meshtastic: largest number of repetitions by other nodes.")
    ] = None,
    text_coder: TextCoderOption = None,
    duty_cycle: Annotated[
        float | None,
        typer.Option(help="meshtastic: share of the time in which to send, such as 0.1; by default the region's."),
    ] = None,
    with_text: Annotated[
        bool, typer.Option("--with-text", help="lxmf: send the words as text, too, for receivers without speechzip.")
    ] = False,
    propagation_node: NodeOption = None,
    config: ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")] = False,
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Send speech over a radio, a modem or a messenger."""
    from ..engines.loading import load_engine
    from ..textcoder.registry import check_english_coder
    from .carrier import open_carrier
    from .describing import state_line, voice_lines
    from .peers import PeerVoices
    from .sending import prepare, transmit

    options = _given(
        to=to, output=output, device=device, ptt=ptt, force=force, callsign=callsign, via=via, bitrate=bitrate,
        baud=baud, channel=channel, hop_limit=hop_limit, duty_cycle=duty_cycle, with_text=with_text,
        propagation_node=propagation_node, config=config,
    )  # fmt: skip
    carrier = open_carrier(over, options)
    english = text_coder and text_coder.value
    if english:
        check_english_coder(english)
    if mic == (recording is not None):
        raise typer.BadParameter("give either a recording or --mic")
    peer = PeerVoices("sent", f"{over.partition(':')[0]}:{carrier.peer}") if voice_once else None
    book = load_engine("voice_book") if voice_once else None

    def go(payload: Payload, english: str | None) -> bool:
        transmission = prepare(payload, carrier, parity=parity, size=size, english=english, peer=peer, book=book)
        for told in voice_lines(transmission.packed):
            tell(told)
        if not dry_run:
            count = len(transmission.packed.packets)
            try:
                transmit(transmission, carrier, lambda state: tell(state_line(state, count)))
            except BaseException:  # whatever ended it, Ctrl-C included
                tell(transmission.summary(carrier.acknowledges))
                if as_json:
                    _print_sent(transmission, carrier, dry_run, as_json)
                raise
            if peer and transmission.is_done(carrier.acknowledges):
                peer.remember(transmission.voices)
        _print_sent(transmission, carrier, dry_run, as_json)
        return dry_run or transmission.is_done(carrier.acknowledges)

    if mic:
        from .dictation import dictate

        all_went = True
        for payload in dictate(tell, english):
            all_went = go(payload, english) and all_went
    else:
        assert recording is not None  # as checked above
        payload, before = _payload(recording, english)
        all_went = go(payload, english or before)
    if not all_went:
        raise typer.Exit(1)


def receive(
    over: OverOption,
    source: Annotated[
        str | None, typer.Option("--input", metavar="FILE|DEVICE", help="hf: recording or sound device to listen to.")
    ] = None,
    baud: BaudOption = None,
    propagation_node: NodeOption = None,
    config: ConfigOption = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the messages.")] = Path("received"),
    sound: Annotated[bool, typer.Option("--sound/--no-sound", help="Make a sound file of each message.")] = True,
    synthesizer: Annotated[
        str | None, typer.Option(help="Engine that speaks: trained, espeak, hibari, pocket, xtts.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Exit when the first message is complete.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON.")] = False,
) -> None:
    """Receive speech: print the words as they arrive, and write each message into a folder."""
    import time

    from ..engines.loading import check_engine, load_engine
    from ..errors import OutputError, PayloadError
    from ..system.atomic import check_writable
    from .carrier import Notice, open_carrier
    from .receiving import Mailbox

    if sound:
        check_engine("synthesizer", synthesizer)
    if output.exists() and not output.is_dir():
        raise OutputError(f"{output} is a file; name a folder for the messages", remedies=("another_folder",))
    if output.exists():
        check_writable(output / "001.spz", force=True)
    carrier = open_carrier(over, _given(input=source, baud=baud, propagation_node=propagation_node, config=config))
    mailbox = Mailbox(
        over.partition(":")[0], output, (lambda: load_engine("synthesizer", synthesizer)) if sound else None
    )
    try:
        for received in carrier.receive():
            if isinstance(received, Notice):
                tell(received.text)
                continue
            if received is None:
                states = mailbox.expire(time.monotonic())
            else:
                try:
                    states = mailbox.push(received, time.monotonic())
                except PayloadError as error:
                    tell(f"a packet of {len(received.packet)} bytes is left out: {error}")
                    continue
            for state in states:
                _print_message(state, as_json)
            if once and any(state.is_whole for state in states):
                break
    finally:
        for state in mailbox.close():
            _print_message(state, as_json)
    if mailbox.unkept:
        raise typer.Exit(1)


def _given(**options: object) -> dict[str, object]:
    """Return the options that the user gave."""
    return {name: value for name, value in options.items() if value is not None and value is not False}


def _payload(path: Path, english: str | None) -> tuple[Payload, str | None]:
    """Return the payload of a file, and its coder of English: a payload is read, a recording is compressed.

    Args:
        path: of the file or pipe; ``-`` for standard input.
        english: name of the coder of English that will code the words; None for the default one.
    """
    from ..compression import compress
    from ..console.progress import progress_bar
    from ..engines.loading import load_recognizer
    from ..textcoder.registry import english_coder_of
    from ..unread.marks import perhaps_speech, unread_speech
    from .sending import read_payload_or_none

    with _source(path) as source:
        decoded = read_payload_or_none(_beginning(source))
        if decoded is not None:
            return decoded.payload, english_coder_of(decoded)
        with progress_bar("compressing") as progress:
            compressed = compress(source, recognizer=load_recognizer(text_coder=english), progress=progress)
    if unread := unread_speech(compressed.unread):
        tell(f"{shown_name(path)}: {unread}: marks are sent")
    if perhaps := perhaps_speech(compressed.unread):
        tell(f"{shown_name(path)}: {perhaps}: nothing of it is sent")
    return compressed.payload, None


@contextmanager
def _source(path: Path) -> Generator[Path | BinaryIO]:
    """Yield the path of a file, or the content of a pipe or of standard input (``-``) as a seekable file."""
    from ..audio.spooling import spool, spool_unless_file

    source = spool(sys.stdin.buffer, "standard input") if str(path) == "-" else spool_unless_file(path)
    if isinstance(source, str | Path):
        yield path
    else:
        with source:
            yield source


def _beginning(source: Path | BinaryIO) -> bytes:
    """Return as much of a source as a payload may have; a file is at its beginning again."""
    from ..decompression import MAX_PAYLOAD_BYTES
    from ..errors import InputError

    if not isinstance(source, Path):
        found = source.read(MAX_PAYLOAD_BYTES)
        source.seek(0)
        return found
    try:
        with open(source, "rb") as file:
            return file.read(MAX_PAYLOAD_BYTES)
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror or error}") from error


def _print_sent(transmission: Transmission, carrier: Carrier, dry_run: bool, as_json: bool) -> None:
    packed = transmission.packed
    sizes = list(map(len, packed.packets))
    airtimes = [carrier.airtime_s(size) for size in sizes]
    airtime_s = None if None in airtimes else sum(filter(None, airtimes))
    summary: dict[str, Any] = {
        "packets": len(sizes),
        "parity": packed.parity,
        "bytes": sum(sizes),
        "packet_bytes": sizes,
        "airtime_s": airtime_s,
        "sent": sorted(transmission.sent),
        "acknowledged": sorted(transmission.acknowledged) if carrier.acknowledges else None,
        "stopped": sorted(transmission.stopped),
        "shortened_voices": [len(voice.embedding) for voice in packed.shortened],
        "failed": {str(index): why for index, why in transmission.failed.items()},
        "dry_run": dry_run,
    }
    air = "" if airtime_s is None else f", {airtime_s:.1f} s on the air"
    state = "nothing sent" if dry_run else transmission.summary(carrier.acknowledges)
    of_parity = f", {packed.parity} of them parity" if packed.parity else ""
    print_result(summary, [f"{state}: packets of {', '.join(map(str, sizes))} bytes{of_parity}{air}"], as_json)


def _print_message(state: MessageState, as_json: bool) -> None:
    from ..console.display import printable, printable_json
    from .describing import received_fields, received_lines

    row = received_fields(state)
    print(printable_json(row) if as_json else "\n".join(map(printable, received_lines(row))), flush=True)
