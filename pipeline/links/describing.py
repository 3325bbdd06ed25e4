"""How the commands show messages and their sending: as JSON and as lines."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from ..console.display import shown_name
from ..types import VoiceReference
from .carrier import SendState
from .packets.packing import Packed
from .packets.unpacking import Message
from .receiving import MessageState


def message_fields(message: Message | None) -> dict[str, Any]:
    """Return number, packets and missing parts of a message; None means a packet that is a whole payload."""
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


def message_lines(row: dict[str, Any]) -> list[str]:
    """Return the lines of an unpacked message: `message_fields` with its output and bytes."""
    came, restored = _counts(row)
    return [f"{row['output'] or 'nothing to speak'}: {row['bytes']} bytes, {came}{restored}", *_gap_lines(row)]


def received_fields(state: MessageState) -> dict[str, Any]:
    """Return the part of a message that has arrived."""
    fields = message_fields(state.message)
    fields["neutral_voices"] = [
        f"{speaker.voice.id:04x}" for speaker in state.payload.speakers if isinstance(speaker.voice, VoiceReference)
    ]
    return {
        "sender": state.sender,
        "signal": state.detail,
        "output": shown_name(state.path) if state.path else None,
        "sound": shown_name(state.sound) if state.sound else None,
        "why_silent": state.why_silent,
        "whole": state.is_whole,
        **fields,
        "new": [
            {"start_s": utterance.start_s, "speaker": utterance.speaker, "text": utterance.text}
            for payload in state.new
            for utterance in payload.utterances
        ],
    }


def received_lines(row: dict[str, Any]) -> list[str]:
    """Return the lines of `received_fields`: the new words, then their file and the missing parts."""
    words = [f"{word['start_s']:7.1f} s  {word['text']}" for word in row["new"]]
    came, restored = _counts(row)
    where = " and ".join(filter(None, [row["output"], row["sound"]])) or f"message {row['message']}"
    sender = f" from {row['sender']}" if row["sender"] else ""
    signal = f", {row['signal']}" if row["signal"] else ""
    lines = [f"{where}: {came}{sender}{restored}{signal}"]
    if row["why_silent"]:
        lines.append(f"  no sound: {row['why_silent']}")
    return [*words, *lines, *_gap_lines(row)]


def state_line(state: SendState, count: int) -> str:
    """Return one step of sending `count` packets as a line."""
    packet = "" if state.packet is None else f"packet {state.packet + 1} of {count} "
    phase = {"waiting": "waiting", "sending": "goes out", "failed": "not delivered"}.get(state.phase, state.phase)
    return f"{packet}{phase}" + (f": {state.detail}" if state.detail else "")


def voice_lines(packed: Packed) -> list[str]:
    """Return what became of the voices that do not travel as they are."""
    lines = [
        f"voice {voice.id:04x} of {len(voice.embedding)} bytes fits no packet and is only named: "
        "send it beforehand (speechzip voices export)"
        for voice in packed.unsent_voices
    ]
    if packed.shortened:
        sizes = ", ".join(str(len(voice.embedding)) for voice in packed.shortened)
        lines.append(f"voices shortened to {sizes} bytes, which saves packets; they sound less like their owners")
    return lines


def _counts(row: dict[str, Any]) -> tuple[str, str]:
    """Return how many packets have come, and how many of them parity brought."""
    restored = f", {row['restored']} of them by parity" if row["restored"] else ""
    return f"{row['packets'] - len(row['missing'])} of {row['packets']} packets", restored


def _gap_lines(row: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for (start_s, end_s), gaps in groupby(row["missing"], lambda gap: (gap["start_s"], gap["end_s"])):
        numbers = ", ".join(str(gap["packet"]) for gap in gaps)
        lines.append(f"  missing: packet {numbers}, what was said between {start_s:.1f} and {end_s:.1f} s")
    return lines + [
        f"  voice {voice} did not come: a neutral one speaks, unless you have it" for voice in row["neutral_voices"]
    ]
