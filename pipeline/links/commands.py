"""The commands ``pack`` and ``unpack``: a payload as packets for a small link, and back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from ..console.display import print_result, tell
from ..console.options import ForceFiles, Json

TEXT_PACKET = 640
"""Default size of packets, in bytes; as text, such a packet fits every form."""


def add_commands(app: typer.Typer) -> None:
    """Add the commands of packets."""
    app.command(
        epilog="Examples:\n\nspeechzip pack call.spz --for meshtastic\n\n"
        "speechzip pack call.spz --size 51 --parity 2\n\nspeechzip pack call.spz --as base64\n\n"
        "speechzip pack call.spz --plan"
    )(pack)
    app.command(epilog="Example:\n\nspeechzip unpack call.packets/call-01.packet -o call.spz")(unpack)


def pack(
    payload: Annotated[Path, typer.Argument(help="Payload that compress wrote; - for standard input.")],
    link: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="LINK",
            help="Link for which to choose the size: meshtastic, meshtastic-pki, lxmf, sms, sms-long, sbd-mo, sbd-mt, "
            "lorawan-dr0 to lorawan-dr5, datac13, datac4, datac3, datac1, ax25.",
        ),
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=1, metavar="BYTES", help="Largest size of a packet, in bytes.")
    ] = None,
    parity: Annotated[
        int, typer.Option(min=0, max=8, help="Parity packets to add; each replaces any lost packet.")
    ] = 0,
    message: Annotated[
        int | None, typer.Option(min=0, max=15, help="Number of the message; by default derived from the payload.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the packets; by default NAME.packets.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--as", metavar="FORM", help="Text: hex, base32, base64, base91; or qr for images (extra qr)."),
    ] = None,
    line: Annotated[
        int, typer.Option(min=16, metavar="N", help="Longest line of text, in characters; 67 fit an APRS message.")
    ] = 67,
    show_plan: Annotated[
        bool, typer.Option("--plan", help="Print packets, bytes and time on the air for every link, and write nothing.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the sizes of packets; write nothing.")] = False,
    as_json: Json = False,
    force: ForceFiles = False,
) -> None:
    """Cut a payload into packets that can be decoded alone. A payload that fits one packet stays as it is."""
    from ..console.display import shown_name
    from .describing import voice_lines
    from .files import SUFFIX, read_packet, write_packets
    from .packets.packing import pack as pack_payload
    from .packets.presets import preset
    from .packets.qr import encode_qr
    from .packets.text import FORMS, packet_lines

    if show_plan:
        if size is not None or form is not None or output is not None:
            raise typer.BadParameter("--plan compares links and writes nothing; leave out --size, --as and --output")
        _print_plan(payload, link, parity, as_json)
        return
    if form not in (None, "qr", *FORMS):
        raise typer.BadParameter(f"{form!r} is no form; known are {', '.join((*FORMS, 'qr'))}", param_hint="--as")
    is_text = form in FORMS
    if output is not None and _is_dash(output) and not is_text:
        raise typer.BadParameter("packets are files of a folder; only text goes to standard output, see --as")
    if (link is None) == (size is None) and not (form and link is None):
        raise typer.BadParameter("give either --for LINK or --size BYTES")
    data = read_packet(payload)
    packed = pack_payload(data, preset(link).size if link else size or TEXT_PACKET, parity, message)
    stem = "speech" if _is_dash(payload) else payload.stem
    target = output or (Path("-") if is_text else payload.parent / f"{stem}.packets")
    inputs = [sys.stdin.buffer if _is_dash(payload) else payload]
    lines: list[str] = []
    paths: list[Path] = []
    if form and is_text:
        lines = [text for packet in packed.packets for text in packet_lines(packet, form, line)]
        if not dry_run and not _is_dash(target):
            _write_text(lines, target, force, inputs)
            paths = [target]
    else:
        contents = [encode_qr(packet) for packet in packed.packets] if form == "qr" else packed.packets
        if not dry_run:
            paths = write_packets(contents, target, stem, force, ".png" if form == "qr" else SUFFIX, inputs)
    for told in voice_lines(packed):
        tell(told)
    to_stdout = is_text and not dry_run and not paths
    if to_stdout and not as_json:
        print("\n".join(lines))
        return
    sizes = list(map(len, packed.packets))
    summary: dict[str, Any] = {
        "payload_bytes": len(data),
        "packets": len(sizes),
        "parity": packed.parity,
        "bytes": sum(sizes),
        "packet_bytes": sizes,
        "unsent_voices": [f"{voice.id:04x}" for voice in packed.unsent_voices],
        "shortened_voices": [len(voice.embedding) for voice in packed.shortened],
        "files": [shown_name(path) for path in paths],
        **({"lines": lines} if to_stdout else {}),
    }
    of_parity = f", {packed.parity} of them parity" if packed.parity else ""
    place = "nothing written" if dry_run else shown_name(target)
    told = f"{len(data)} bytes -> {place}: packets of {', '.join(map(str, sizes))} bytes{of_parity}"
    print_result(summary, [told], as_json)


def unpack(
    packets: Annotated[
        list[Path],
        typer.Argument(help="Files with one packet each, or text with packets in it, in any order; - for pasted text."),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="Payload to write; more are numbered: call.spz, call.2.spz; - for standard output.",
        ),
    ] = Path("speech.spz"),
    as_json: Json = False,
    force: ForceFiles = False,
) -> None:
    """Join packets into a payload, even if some are missing; print which parts are missing."""
    from ..console.display import shown_name
    from ..console.output import open_output
    from ..errors import OutputError, PayloadCorrupt
    from ..system.atomic import check_writable
    from .describing import message_fields, message_lines
    from .files import numbered, packets_of, read_packet
    from .files import unpack as unpack_packets

    found: list[tuple[str, bytes]] = []
    broken: list[tuple[str, str]] = []
    for path in packets:
        content = read_packet(path)
        in_file, faults = packets_of(shown_name(path), content)
        found += in_file
        broken += faults
    unpacked = unpack_packets(found)
    broken += unpacked.broken
    for name, fault in broken:
        tell(f"{name}: {fault}")
    if not unpacked.recordings:
        raise PayloadCorrupt("no packet that came can be spoken; ask for them again")
    to_stdout = _is_dash(output)
    if to_stdout and len(unpacked.recordings) > 1:
        raise OutputError(
            f"the packets hold {len(unpacked.recordings)} recordings, and standard output takes one",
            remedies=("another_file",),
        )
    targets = numbered(output, len(unpacked.recordings))
    for target in [] if to_stdout else targets:
        check_writable(target, force, packets)
    rows: list[dict[str, Any]] = []
    for target, (data, message) in zip(targets, unpacked.recordings, strict=True):
        with open_output(target, force, packets) as file:
            file.write(data)
        rows.append({"output": shown_name(target), "bytes": len(data), **message_fields(message)})
    for message in unpacked.silent:
        rows.append({"output": None, "bytes": 0, **message_fields(message)})
    print_result(
        {"recordings": rows, "broken": [{"file": name, "fault": fault} for name, fault in broken]},
        [line for row in rows for line in message_lines(row)],
        as_json,
        to_stderr=to_stdout,
    )


def _is_dash(path: Path) -> bool:
    return str(path) == "-"


def _write_text(lines: list[str], output: Path, force: bool, inputs: Sequence[Path | BinaryIO]) -> None:
    from ..system.atomic import atomic_file

    with atomic_file(output, force, inputs) as file:
        file.write("\n".join([*lines, ""]).encode())


def _print_plan(payload: Path, link: str | None, parity: int, as_json: bool) -> None:
    from dataclasses import asdict

    from .files import read_packet
    from .packets.plan import plan
    from .packets.presets import PRESETS

    data = read_packet(payload)
    plans = plan(data, [link] if link else tuple(PRESETS), parity)
    lines = [f"{'link':<15}{'packets':>8}{'bytes':>7}{'on air':>10}{'at 10 %':>10}{'at 1 %':>10}  (868 MHz in the EU)"]
    for row in plans:
        times = (row.airtime_s, row.duty_cycle_10_s, row.duty_cycle_1_s)
        shown = "".join(f"{'' if time is None else f'{time:.1f} s':>10}" for time in times)
        figures = f"{len(row.packet_bytes):>8}{sum(row.packet_bytes):>7}{shown}".rstrip()
        lines.append(f"{row.link:<15}" + (figures if row.packet_bytes else f"{'-':>8}  {row.obstacle}"))
    print_result({"plans": [asdict(row) for row in plans]}, lines, as_json)
