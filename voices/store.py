"""The voices of people you know, one file each, in the platform's place for data of applications.

    anna.classical.voice      whoever has this name ... in this space
    anna.clip.voice
    j%C3%BCrgen%20o.classical.voice
    .anna.clip.voice.1f09a2b3.part     left by a process that was killed: ignored, then removed
"""

from __future__ import annotations

import os
import time
import warnings
from pathlib import Path
from urllib.parse import quote

import platformdirs
from speechzip.pipeline import OutputError, SpeechzipWarning, Voice, VoiceError, atomic_file

from .matching import best_match
from .voicefile import MAX_FILE_BYTES, NamedVoice, clean_name, decode_voice, encode_voice, name_key

FOLDER_VARIABLE = "SPEECHZIP_DATA"
"""Environment variable that names another folder for what speechzip keeps."""
SUFFIX = ".voice"
STALE_S = 3600.0
"""Half-written files older than this belong to nobody any more."""


def data_folder() -> Path:
    """Return the folder in which speechzip keeps what belongs to its user."""
    return Path(os.environ.get(FOLDER_VARIABLE) or platformdirs.user_data_dir("speechzip", appauthor=False))


class VoiceStore:
    """A folder of voices; a `VoiceBook` for `compress` and `decompress`.

    Any number of processes may use it at once: files appear and go whole.

    Example:
        >>> import tempfile
        >>> store = VoiceStore(tempfile.mkdtemp())
        >>> anna = store.add("Anna", Voice("classical", bytes(10)))
        >>> store.find(anna.voice.id, frozenset({"classical"})) == anna.voice
        True
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        """Open the store in `folder`, or the user's own; it is made when the first voice comes."""
        self._folder = Path(folder) if folder else data_folder() / "voices"

    @property
    def folder(self) -> Path:
        """Where the voices lie."""
        return self._folder

    def voices(self) -> list[NamedVoice]:
        """Return every voice by name; a damaged file is left out, with a `SpeechzipWarning`."""
        found: list[NamedVoice] = []
        for path in sorted(self._folder.glob("*" + SUFFIX)):
            try:
                found.append(_read(path))
            except FileNotFoundError:
                continue  # removed since the folder was listed
            except (VoiceError, OSError) as error:
                warnings.warn(f"{path} is left out: {error}", SpeechzipWarning, stacklevel=2)
        return found

    def of(self, name: str) -> list[NamedVoice]:
        """Return somebody's voices, one for each space.

        Raises:
            VoiceError: nobody has that name.
        """
        voices = self.voices()
        own = [named for named in voices if name_key(named.name) == name_key(clean_name(name))]
        if not own:
            people = ", ".join(sorted({named.name for named in voices})) or "nobody yet"
            raise VoiceError(f"{name!r} is not in the store of voices ({people}); enroll: speechzip voices enroll NAME AUDIO")
        return own

    def add(self, name: str, voice: Voice, force: bool = False) -> NamedVoice:
        """Keep a voice.

        Raises:
            VoiceError: the name cannot be one; the person has a voice in this space already and `force` is
                not given; or another voice in the store has the same id.
            OutputError: the store cannot be written.
        """
        named = NamedVoice(clean_name(name), voice)
        path = self._path(named)
        for other in self.voices():
            same_file = self._path(other) == path
            if same_file and not force:
                raise VoiceError(f"{other.name} has a {voice.space} voice already; give --force to replace it")
            if other.voice.id == voice.id and not same_file:
                raise VoiceError(
                    f"this voice has the id {voice.id:04x} of {other.name}'s: a payload could not tell them apart; "
                    "enroll from another recording"
                )
        content = encode_voice(named)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"the store of voices {self._folder} cannot be made: {error.strerror or error}") from error
        self._sweep()
        with atomic_file(path, force=True) as file:
            file.write(content)
        return named

    def remove(self, name: str, space: str | None = None) -> list[NamedVoice]:
        """Remove somebody's voices, or only that in one space, and return them.

        Raises:
            VoiceError: there is none.
            OutputError: the store cannot be written.
        """
        doomed = [named for named in self.of(name) if space in (None, named.voice.space)]
        if not doomed:
            raise VoiceError(f"{name} has no {space} voice")
        for named in doomed:
            path = self._path(named)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise OutputError(f"{path} cannot be removed: {error.strerror or error}") from error
        return doomed

    def find(self, voice_id: int, spaces: frozenset[str]) -> Voice | None:
        """Return the voice that a payload names; see `VoiceBook.find`."""
        voices = self.voices()
        for named in voices:
            if named.voice.id == voice_id:
                if named.voice.space in spaces:
                    return named.voice
                own = [other.voice for other in voices if name_key(other.name) == name_key(named.name)]
                return next((voice for voice in own if voice.space in spaces), named.voice)
        return None

    def named(self, name: str, space: str) -> Voice:
        """Return somebody's voice; see `VoiceBook.named`."""
        own = self.of(name)
        for named in own:
            if named.voice.space == space:
                return named.voice
        spaces = ", ".join(named.voice.space for named in own)
        raise VoiceError(
            f"{own[0].name} has no {space} voice (only: {spaces}); enroll it: "
            f"speechzip voices enroll {own[0].name!r} AUDIO --voice-encoder {space}"
        )

    def match(self, voice: Voice) -> Voice | None:
        """Return the voice of who this surely is; see `VoiceBook.match`."""
        known = [named.voice for named in self.voices() if named.voice.space == voice.space]
        index = best_match(voice, known)
        return None if index is None else known[index]

    def name_of(self, voice_id: int) -> str | None:
        """Return whose voice it is; see `VoiceBook.name_of`."""
        return next((named.name for named in self.voices() if named.voice.id == voice_id), None)

    def _path(self, named: NamedVoice) -> Path:
        stem = quote(name_key(named.name), safe=" ").replace(".", "%2E").replace(" ", "%20")
        return self._folder / f"{stem}.{named.voice.space}{SUFFIX}"

    def _sweep(self) -> None:
        for path in self._folder.glob(".*.part"):
            try:
                if time.time() - path.stat().st_mtime > STALE_S:
                    path.unlink()
            except OSError:
                continue  # somebody else has swept it


def _read(path: Path) -> NamedVoice:
    with open(path, "rb") as file:
        return decode_voice(file.read(MAX_FILE_BYTES + 1))
