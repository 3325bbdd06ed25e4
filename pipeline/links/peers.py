"""The voices that a peer and we have of each other: a voice is sent once, and then referenced by its id.

One small file for each peer and direction, in ``links/`` of the data folder, which only the user may enter:

    sent-1f09a2b3c4d5e6f7.json       voices that the peer has from us
    received-1f09a2b3c4d5e6f7.json   voices that we have from the peer
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from ..errors import OutputError, VoiceError
from ..protocols import VoiceBook
from ..system.atomic import atomic_file
from ..system.datafolder import data_folder
from ..types import MAX_VOICE_BYTES, VOICE_SPACES, Payload, Speaker, Voice, VoiceReference

MAX_VOICES = 32
"""Largest number of voices of a peer; the oldest are removed first."""
MAX_PEERS = 256
"""Largest number of files; those unchanged for the longest time are removed first."""
MAX_FILE_BYTES = 16 << 10
"""A file with `MAX_VOICES` voices of `MAX_VOICE_BYTES` takes 6 KB; 256 files stay below 2 MB."""

Direction = Literal["sent", "received"]


class PeerVoices:
    """The voices that were sent to a peer, or received from one."""

    def __init__(self, direction: Direction, peer: str, folder: Path | None = None) -> None:
        """Open the memory of a peer's voices.

        Args:
            direction: voices that we sent, or that we received.
            peer: link and address, such as ``lxmf:1f09...``; without an address all peers of the link are one.
            folder: where the files lie; ``links`` in the data folder if None.
        """
        self._peer = peer
        self._folder = folder or data_folder() / "links"
        digest = hashlib.sha256(peer.encode(errors="surrogateescape")).hexdigest()[:16]
        self._path = self._folder / f"{direction}-{digest}.json"

    def voices(self) -> list[Voice]:
        """Return the voices, oldest first; none if the file is missing or not readable."""
        try:
            with open(self._path, "rb") as file:
                content = json.loads(file.read(MAX_FILE_BYTES))
            return [Voice(_space(space), _embedding(embedding)) for space, embedding in content["voices"]]
        except (OSError, ValueError, TypeError, KeyError):
            return []

    def remember(self, voices: Iterable[Voice]) -> None:
        """Add voices; long ones (clips) are left out, since a reference to them would not be worth their disk space.

        Raises:
            OutputError: the data folder cannot be written.
        """
        before = self.voices()
        new = [voice for voice in voices if len(voice.embedding) <= MAX_VOICE_BYTES and voice not in before]
        if not new:
            return
        kept = (before + new)[-MAX_VOICES:]
        content = {"peer": self._peer, "voices": [[voice.space, voice.embedding.hex()] for voice in kept]}
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with atomic_file(self._path, force=True, mode=0o600) as file:
                file.write(json.dumps(content).encode())
            files = sorted(self._folder.glob("*-*.json"), key=lambda path: path.stat().st_mtime)
            for path in files[:-MAX_PEERS]:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{self._folder} cannot be written: {error.strerror or error}") from error

    def name_known(self, payload: Payload, book: VoiceBook) -> Payload:
        """Return `payload` with references in place of the voices that the peer has received before.

        Args:
            payload: with the voices as measured.
            book: compares voices. A voice that is not recognized for certain is sent again.
        """
        known = self.voices()
        return replace(payload, speakers=tuple(_named(speaker, known, book) for speaker in payload.speakers))

    def resolve(self, payload: Payload) -> Payload:
        """Return `payload` with its references replaced by the voices that the peer sent before."""
        known = {voice.id: voice for voice in self.voices()}
        return replace(
            payload,
            speakers=tuple(
                replace(speaker, voice=known.get(speaker.voice.id, speaker.voice))
                if isinstance(speaker.voice, VoiceReference)
                else speaker
                for speaker in payload.speakers
            ),
        )


def _named(speaker: Speaker, known: list[Voice], book: VoiceBook) -> Speaker:
    voice = speaker.voice
    if not isinstance(voice, Voice):
        return speaker
    if voice in known:
        return replace(speaker, voice=VoiceReference(voice.id))
    try:
        match = book.match(voice, among=known)
    except VoiceError:  # voices of this space cannot be compared: only an identical one is recognized
        match = None
    return speaker if match is None else replace(speaker, voice=VoiceReference(match.id))


def _space(space: Any) -> str:
    if space not in VOICE_SPACES.values():
        raise ValueError(f"no voice space {space!r}")
    return str(space)


def _embedding(embedding: Any) -> bytes:
    content = bytes.fromhex(embedding)
    if not 1 <= len(content) <= MAX_VOICE_BYTES:
        raise ValueError(f"a voice of {len(content)} bytes")
    return content
