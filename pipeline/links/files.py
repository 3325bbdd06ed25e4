"""Packets as files in a folder, and packets from any files."""

from __future__ import annotations

import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..console.display import shown_name
from ..decompression import MAX_PAYLOAD_BYTES
from ..errors import InputError, OutputError, PayloadError
from ..payload.format import encode_payload
from ..system.atomic import atomic_file, check_writable
from ..textcoder.registry import text_coders_for
from ..types import Payload
from .packets.text import find_packets
from .packets.unpacking import Inbox, Message, join_payloads

SUFFIX = ".packet"


def write_packets(
    packets: Sequence[bytes],
    folder: Path,
    stem: str,
    force: bool,
    suffix: str = SUFFIX,
    inputs: Sequence[Path | BinaryIO] = (),
) -> list[Path]:
    """Write each packet, or its image, to a file of its own, ``STEM-01.packet`` and so on, and return their paths.

    With `force`, earlier packets with the same stem are deleted, so that they do not mix with these.

    Raises:
        OutputError: the folder cannot be written, or has such packets and `force` is not given; or one of the packets
            would overwrite one of the `inputs`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        earlier = [path for path in folder.iterdir() if _is_numbered(path.name, stem, suffix)]
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written: {error.strerror or error}", remedies=("another_folder",)
        ) from error
    if earlier and not force:
        raise OutputError(f"{folder} already has packets of {stem}", remedies=("force", "another_folder"))
    paths = [folder / f"{stem}-{number:02}{suffix}" for number in range(1, len(packets) + 1)]
    for path in paths:
        check_writable(path, force, inputs)
    for path, packet in zip(paths, packets, strict=True):
        with atomic_file(path, force) as file:
            file.write(packet)
    for path in set(earlier) - set(paths):
        path.unlink(missing_ok=True)
    return paths


def _is_numbered(name: str, stem: str, suffix: str) -> bool:
    number = name.removeprefix(stem + "-").removesuffix(suffix)
    return name == f"{stem}-{number}{suffix}" and number.isdecimal()


def read_packet(path: Path) -> bytes:
    """Return the content of a file, or of standard input for ``-``.

    Raises:
        InputError: it cannot be read, or is longer than any payload.
    """
    is_stdin = str(path) == "-"
    name = "standard input" if is_stdin else shown_name(path)
    try:
        with nullcontext(sys.stdin.buffer) if is_stdin else open(path, "rb") as file:
            packet = file.read(MAX_PAYLOAD_BYTES + 1)
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror or error}") from error
    if len(packet) > MAX_PAYLOAD_BYTES:
        raise InputError(f"{name} is no packet: it has more than {MAX_PAYLOAD_BYTES} bytes")
    return packet


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The content of a set of packets."""

    recordings: tuple[tuple[bytes, Message | None], ...]
    """Payloads, each with its message, or with None for a whole payload in one packet."""
    broken: tuple[tuple[str, str], ...]
    """Name and fault of each packet that is damaged or not a speechzip packet."""
    silent: tuple[Message, ...]
    """Messages of which only parity arrived, so without words."""


def packets_of(name: str, content: bytes) -> tuple[list[tuple[str, bytes]], list[tuple[str, str]]]:
    """Return the packets and the faults of a file, each with the file's name.

    No packet begins like UTF-8 or UTF-16, so a text file is searched for the lines of packets.
    """
    if not content or 0x80 <= content[0] < 0xC0:
        return [(name, content)], []
    encoding = "utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8"
    found = find_packets(content.decode(encoding, errors="replace"))
    faults = [f"packet {key} lacks lines, or they are damaged; ask for them again" for key in found.incomplete]
    if not found.packets and not faults:
        faults = ["there is no packet in it, neither as bytes nor as text"]
    return [(name, packet) for packet in found.packets], [(name, fault) for fault in faults]


def unpack(packets: Iterable[tuple[str, bytes]]) -> Unpacked:
    """Return the content of packets that are all available at once.

    Args:
        packets: name and bytes of each; faults are reported with the name.
    """
    inbox = Inbox()
    singles: list[bytes] = []
    parts: dict[int, list[Payload]] = {}
    messages: dict[int, Message] = {}
    broken: list[tuple[str, str]] = []
    for name, packet in packets:
        try:
            arrival = inbox.push(packet, now_s=0.0)
        except PayloadError as error:
            broken.append((name, str(error)))
            continue
        if arrival.message is not None:
            messages[arrival.message.serial] = arrival.message
            parts.setdefault(arrival.message.serial, []).extend(arrival.payloads)
        elif not arrival.is_duplicate:
            singles.append(packet)
    joined: list[tuple[bytes, Message]] = []
    for serial, message in messages.items():
        try:
            joined += [(encode_best(join_payloads(parts[serial])), message)] if parts[serial] else []
        except InputError as error:
            broken.append((f"message {message.number}", str(error)))
    silent = tuple(message for serial, message in messages.items() if not parts[serial])
    return Unpacked((*((single, None) for single in singles), *joined), tuple(broken), silent)


def encode_best(payload: Payload, english: str | None = None) -> bytes:
    """Return a payload as bytes; each utterance has the text coder that makes it shortest.

    Args:
        payload: what to encode.
        english: name of the coder of English; None for the default one.

    Raises:
        InputError: it is more than a payload can hold, as parts of strangers together may be.
    """
    coder, *others = text_coders_for(payload.utterances, english)
    try:
        return encode_payload(payload, coder, others=others)
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"it is no payload: {error}") from error


def numbered(path: Path, count: int) -> list[Path]:
    """Return `count` paths: `path`, then the same with a number before its suffix.

    Example:
        >>> [str(path) for path in numbered(Path("call.spz"), 2)]
        ['call.spz', 'call.2.spz']
    """
    return [path, *(path.with_suffix(f".{number}{path.suffix}") for number in range(2, count + 1))][:count]
