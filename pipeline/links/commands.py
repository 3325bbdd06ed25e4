"""The commands ``pack`` and ``unpack``: a payload as packets for a small link, and back."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from .unpacking import Message

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Replace what is there.")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands of packets."""
    app.command(
        epilog="Examples:\n\nspeechzip pack call.spz --for meshtastic\n\nspeechzip pack call.spz --size 51 --parity 2"
    )(pack)
    app.command(epilog="Example:\n\nspeechzip unpack call.packets/call-01.packet -o call.spz")(unpack)


def pack(
    payload: Annotated[Path, typer.Argument(help="Payload that compress wrote; - for standard input.")],
    link: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="LINK",
            help="Link that says the size: meshtastic, meshtastic-pki, lxmf, sms, sms-long, sbd-mo, sbd-mt, "
            "lorawan-dr0 to lorawan-dr5, datac13, datac4, datac3, datac1, ax25.",
        ),
    ] = None,
    size: Annotated[int | None, typer.Option(min=1, metavar="BYTES", help="Bytes of the longest packet.")] = None,
    parity: Annotated[int, typer.Option(min=0, max=8, help="Packets more, each of which replaces any lost one.")] = 0,
    message: Annotated[
        int | None, typer.Option(min=0, max=15, help="The message's number; if not given, it follows from the payload.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the packets; NAME.packets if not given.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")] = False,
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Cut a payload into packets that can be decoded alone; what fits stays one packet as it is."""
    from ..display import shown_name
    from .files import read_packet, write_packets
    from .packing import pack as pack_payload
    from .presets import preset

    if (link is None) == (size is None):
        raise typer.BadParameter("give either --for LINK or --size BYTES")
    data = sys.stdin.buffer.read() if str(payload) == "-" else read_packet(payload)
    packed = pack_payload(data, preset(link).size if link else size or 0, parity, message)
    stem = "speech" if str(payload) == "-" else payload.stem
    folder = output or payload.parent / f"{stem}.packets"
    paths = [] if dry_run else write_packets(packed.packets, folder, stem, force)
    for voice in packed.unsent_voices:
        _tell(
            f"voice {voice.id:04x} of {len(voice.embedding)} bytes fits no packet and is only named: "
            "send it beforehand (speechzip voices export)"
        )
    sizes = list(map(len, packed.packets))
    summary: dict[str, Any] = {
        "payload_bytes": len(data),
        "packets": len(sizes),
        "parity": packed.parity,
        "bytes": sum(sizes),
        "packet_bytes": sizes,
        "unsent_voices": [f"{voice.id:04x}" for voice in packed.unsent_voices],
        "files": [shown_name(path) for path in paths],
    }
    of_parity = f", {packed.parity} of them parity" if packed.parity else ""
    place = "nothing written" if dry_run else shown_name(folder)
    line = f"{len(data)} bytes -> {place}: packets of {', '.join(map(str, sizes))} bytes{of_parity}"
    _print(summary, [line], as_json)


def unpack(
    packets: Annotated[list[Path], typer.Argument(help="Files with a packet each, in any order.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Payload to write; more are numbered: call.spz, call.2.spz.")
    ] = Path("speech.spz"),
    as_json: Json = False,
    force: Force = False,
) -> None:
    """Put packets together again: what has come can be spoken, and what is missing is told."""
    from ..atomic import atomic_file, check_writable
    from ..display import shown_name
    from ..errors import PayloadCorrupt
    from .files import numbered, read_packet
    from .files import unpack as unpack_packets

    unpacked = unpack_packets((shown_name(path), read_packet(path)) for path in packets)
    for name, fault in unpacked.broken:
        _tell(f"{name}: {fault}")
    if not unpacked.recordings:
        raise PayloadCorrupt("no packet that came can be spoken; ask for them again")
    targets = numbered(output, len(unpacked.recordings))
    for target in targets:
        check_writable(target, force, packets)
    rows: list[dict[str, Any]] = []
    for target, (data, message) in zip(targets, unpacked.recordings, strict=True):
        with atomic_file(target, force, packets) as file:
            file.write(data)
        rows.append({"output": shown_name(target), "bytes": len(data), **_state(message)})
    for message in unpacked.silent:
        rows.append({"output": None, "bytes": 0, **_state(message)})
    broken = [{"file": name, "fault": fault} for name, fault in unpacked.broken]
    _print({"recordings": rows, "broken": broken}, [line for row in rows for line in _lines(row)], as_json)


def _state(message: Message | None) -> dict[str, Any]:
    if message is None:
        return {"message": None, "packets": 1, "restored": 0, "missing": [], "neutral_voices": []}
    return {
        "message": message.number,
        "packets": message.count,
        "restored": message.restored,
        "missing": [
            {"packet": missing.index + 1, "start_s": missing.start_s, "end_s": missing.end_s}
            for missing in message.missing
        ],
        "neutral_voices": [f"{voice:04x}" for voice in message.neutral_voices],
    }


def _lines(row: dict[str, Any]) -> list[str]:
    came = row["packets"] - len(row["missing"])
    restored = f", {row['restored']} of them by parity" if row["restored"] else ""
    lines = [
        f"{row['output'] or 'nothing to speak'}: {row['bytes']} bytes, {came} of {row['packets']} packets{restored}"
    ]
    for (start_s, end_s), gaps in groupby(row["missing"], lambda gap: (gap["start_s"], gap["end_s"])):
        numbers = ", ".join(str(gap["packet"]) for gap in gaps)
        lines.append(f"  missing: packet {numbers}, what was said between {start_s:.1f} and {end_s:.1f} s")
    lines += [
        f"  voice {voice} did not come: a neutral one speaks, unless you have it" for voice in row["neutral_voices"]
    ]
    return lines


def _print(summary: dict[str, Any], lines: list[str], as_json: bool) -> None:
    from ..display import printable, printable_json

    print(printable_json(summary, indent=2) if as_json else "\n".join(map(printable, lines)))


def _tell(message: str) -> None:
    from ..display import printable

    print(f"speechzip: {printable(message)}", file=sys.stderr)
