"""Cut a payload into packets, lose some, and join what is left: `python packets.py call.spz [INDEX ...]`."""

from __future__ import annotations

import sys
from pathlib import Path

# --8<-- [start:example]
from speechzip.pipeline import Payload
from speechzip.pipeline.links import Inbox, join_payloads, pack


def send_and_lose(payload: bytes, lost: set[int]) -> str:
    """Return the words that arrive if the packets with these indices are lost."""
    packed = pack(payload, size=60, parity=1)
    inbox = Inbox()
    parts: list[Payload] = []
    for index, packet in enumerate(packed.packets):
        if index not in lost:
            parts += inbox.push(packet, now_s=float(index)).payloads
    for message in inbox.close():
        print("missing between", [(part.start_s, part.end_s) for part in message.missing])
    return "\n".join(utterance.text for utterance in join_payloads(parts).utterances) if parts else ""


# --8<-- [end:example]
if __name__ == "__main__":
    print(send_and_lose(Path(sys.argv[1]).read_bytes(), {int(index) for index in sys.argv[2:]}))
