"""The voice store: one file for each voice, in the platform's folder for application data.

anna.classical.voice      name.space.voice
anna.clip.voice
j%C3%BCrgen%20o.classical.voice

A name too long for a file is cut and completed by a digest: ``long...=5e884898da28047151d0e56f``.
Only the user can read them: the folder has mode 0700, files 0600.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import time
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from speechzip.pipeline import OutputError, SpeechzipWarning, Voice, VoiceError, atomic_file, data_folder

from ..spaces.scalable_voice import OLDER_SPACES
from .matching import best_match
from .voicefile import MAX_FILE_BYTES, NamedVoice, clean_name, decode_voices, encode_voice, name_key

SUFFIX = ".voice"
LONGEST_STEM = 150
"""Most characters of a name in a file name: with space, digest and suffix less than the 255 bytes of file systems."""
LOCK_S = 10.0
"""Time limit to wait for another process that changes the store."""


class VoiceStore:
    """A folder of voices; a `VoiceBook` for `compress` and `decompress`.

    Any number of processes may use it at once: files appear and disappear whole.

    Example:
        >>> import tempfile
        >>> store = VoiceStore(tempfile.mkdtemp())
        >>> anna = store.add("Anna", Voice("classical", bytes(10)))
        >>> store.find(anna.voice.id, frozenset({"classical"})) == anna.voice
        True
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        """Open the store in `folder`, or the user's own; the folder is created with the first voice."""
        self._folder = Path(folder) if folder else data_folder() / "voices"

    @property
    def folder(self) -> Path:
        """The folder of the voices."""
        return self._folder

    def voices(self) -> list[NamedVoice]:
        """Return every voice by name; damaged files are skipped with a `SpeechzipWarning`."""
        found: list[NamedVoice] = []
        for path in sorted(self._folder.glob("*" + SUFFIX)):
            try:
                found.append(self._read(path))
            except VoiceError as error:
                if os.path.lexists(path):  # otherwise removed since the folder was listed
                    warnings.warn(f"{path} is left out: {error}", SpeechzipWarning, stacklevel=2)
        return found

    def of(self, name: str) -> list[NamedVoice]:
        """Return a person's voices, one for each space.

        Raises:
            VoiceError: the name is unknown.
        """
        voices = self.voices()
        own = [named for named in voices if name_key(named.name) == name_key(clean_name(name))]
        if not own:
            people = ", ".join(sorted({named.name for named in voices})) or "nobody yet"
            raise VoiceError(
                f"{name!r} is not in the store of voices ({people}); enroll: speechzip voices enroll NAME AUDIO"
            )
        return own

    def add(self, name: str, voice: Voice, force: bool = False) -> NamedVoice:
        """Store one voice; see `add_all`."""
        return self.add_all([NamedVoice(clean_name(name), voice)], force)[0]

    def add_all(self, voices: Sequence[NamedVoice], force: bool = False) -> list[NamedVoice]:
        """Store voices, all of them or none.

        Raises:
            VoiceError: the name is invalid; the person has another voice in one of the spaces and
                `force` is not given; or another person's voice in the store has the same id.
            OutputError: the store cannot be written.
        """
        contents = [encode_voice(named) for named in voices]
        with self._locked():
            known = self.voices()
            for named in voices:
                self._refuse_clash(named, known, force)
            for named, content in zip(voices, contents, strict=True):
                with atomic_file(self.path(named), force=True, mode=0o600) as file:
                    file.write(content)
        return list(voices)

    def check_free(self, name: str, spaces: Sequence[str]) -> None:
        """Check that a person has no voice in some spaces yet, before voices are measured.

        Raises:
            VoiceError: there is one.
        """
        for named in self.voices():
            if name_key(named.name) == name_key(name) and named.voice.space in spaces:
                raise _taken(named)

    def import_file(self, path: Path, name: str | None = None, force: bool = False) -> list[NamedVoice]:
        """Store the voices of a file, under another `name` if given.

        Raises:
            VoiceError: the file holds no voice, or those of several people and a name is given; also as `add_all`.
            OutputError: the store cannot be written.
        """
        voices = read_voices(path)
        people = {name_key(named.name) for named in voices}
        if name is not None and len(people) > 1:
            raise VoiceError(f"{path} holds the voices of {len(people)} people; leave out the name {name!r}")
        return self.add_all([replace(named, name=clean_name(name or named.name)) for named in voices], force)

    def export(self, name: str, space: str | None = None) -> bytes:
        """Return a person's voices, or only the one in `space`, as a file for `import_file`.

        Raises:
            VoiceError: there is none.
        """
        return b"".join(encode_voice(named) for named in self._chosen(name, space))

    def remove(self, name: str, space: str | None = None) -> list[NamedVoice]:
        """Remove a person's voices, or only the one in `space`, and return them.

        Damaged files of this person go, too; they are not among what is returned.

        Raises:
            VoiceError: there is none.
            OutputError: the store cannot be written.
        """
        if not self._files(name, space):
            self._chosen(name, space)  # raises: an unknown name needs neither lock nor folder
        with self._locked():
            doomed = self._files(name, space)
            removed = [named for named in self.voices() if self.path(named) in doomed]
            if not doomed:  # another process was faster
                self._chosen(name, space)
            for path in doomed:
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    raise OutputError(f"{path} cannot be removed: {error.strerror or error}") from error
        return removed

    def find(self, voice_id: int, spaces: frozenset[str]) -> Voice | None:
        """Return the voice with an id; see `VoiceBook.find`."""
        voices = self.voices()
        for named in voices:
            if named.voice.id == voice_id:
                if named.voice.space in spaces:
                    return named.voice
                own = [other.voice for other in voices if name_key(other.name) == name_key(named.name)]
                return next((voice for voice in own if voice.space in spaces), named.voice)
        return None

    def named(self, name: str, space: str) -> Voice:
        """Return a person's voice; see `VoiceBook.named`."""
        own = self.of(name)
        for wanted in (space, *OLDER_SPACES.get(space, ())):
            for named in own:
                if named.voice.space == wanted:
                    return named.voice
        spaces = ", ".join(named.voice.space for named in own)
        raise VoiceError(f"{own[0].name} has no {space} voice (only: {spaces})", remedies=("enroll",))

    def match(self, voice: Voice, among: Sequence[Voice] | None = None) -> Voice | None:
        """Return the certain match of a voice; see `VoiceBook.match`."""
        voices = [named.voice for named in self.voices()] if among is None else among
        known = [other for other in voices if other.space == voice.space]
        index = best_match(voice, known)
        return None if index is None else known[index]

    def name_of(self, voice_id: int) -> str | None:
        """Return the name of a voice's owner; see `VoiceBook.name_of`."""
        return next((named.name for named in self.voices() if named.voice.id == voice_id), None)

    def path(self, named: NamedVoice) -> Path:
        """Return the path for a voice, existing or not."""
        return self._folder / f"{file_stem(named.name)}.{named.voice.space}{SUFFIX}"

    def _files(self, name: str, space: str | None) -> list[Path]:
        """Return the files of a person, or only that of a space, damaged ones included."""
        stem = file_stem(clean_name(name))
        return [
            path
            for path in sorted(self._folder.glob(f"{stem}.*{SUFFIX}"))  # no stem has a dot or a character of patterns
            if space is None or path.name == f"{stem}.{space}{SUFFIX}"
        ]

    def _chosen(self, name: str, space: str | None) -> list[NamedVoice]:
        own = self.of(name)
        chosen = [named for named in own if space in (None, named.voice.space)]
        if not chosen:
            spaces = ", ".join(named.voice.space for named in own)
            raise VoiceError(f"{own[0].name} has no {space} voice, only: {spaces}")
        return chosen

    def _refuse_clash(self, named: NamedVoice, known: Sequence[NamedVoice], force: bool) -> None:
        for other in known:
            same_file = self.path(other) == self.path(named)
            if same_file and other.voice not in (named.voice, replace(named.voice, adaptation=b"")) and not force:
                raise _taken(other)
            if other.voice.id == named.voice.id and not same_file:
                raise VoiceError(
                    f"this voice has the id {named.voice.id:04x} of {other.name}'s: a payload could not tell them "
                    "apart; enroll from another recording"
                )

    def _read(self, path: Path) -> NamedVoice:
        try:
            mode = path.stat().st_mode
        except OSError as error:
            raise VoiceError(f"it cannot be read: {error.strerror or error}") from error
        if not stat.S_ISREG(mode):  # opening a pipe could block for ever
            raise VoiceError("it is not a file")
        voices = read_voices(path)
        if len(voices) != 1 or self.path(voices[0]) != path:
            raise VoiceError("the store did not put it there; take it out and run: speechzip voices import FILE")
        return voices[0]

    @contextmanager
    def _locked(self) -> Generator[None]:
        """Create the folder for its user alone, and lock out other processes that would change it.

        Raises:
            OutputError: the folder cannot be made, or another process has held the lock for `LOCK_S`.
        """
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise OutputError(
                f"the store of voices {self._folder} cannot be made: {error.strerror or error}"
            ) from error
        try:
            self._lock(descriptor)
            self._make_private(descriptor)
            yield
        finally:
            os.close(descriptor)  # releases the lock

    def _lock(self, descriptor: int) -> None:
        deadline = time.monotonic() + LOCK_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise OutputError(
                        f"another process has locked the store of voices {self._folder} for {LOCK_S:.0f} s; "
                        "try again later"
                    ) from None
                time.sleep(0.02)
            except OSError:  # a file system without locks
                return

    def _make_private(self, descriptor: int) -> None:
        """Remove permissions for others, as an earlier release may have left them."""
        try:
            if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
                os.fchmod(descriptor, 0o700)
            for path in self._folder.glob("*" + SUFFIX):
                mode = path.lstat().st_mode
                if stat.S_ISREG(mode) and stat.S_IMODE(mode) & 0o077:
                    path.chmod(0o600)
        except OSError as error:
            warnings.warn(
                f"other users may be able to read the store of voices {self._folder}: {error.strerror or error}",
                SpeechzipWarning,
                stacklevel=4,
            )


def _taken(named: NamedVoice) -> VoiceError:
    return VoiceError(f"{named.name} has a {named.voice.space} voice already", remedies=("force",))


def file_stem(name: str) -> str:
    """Return a name as part of a file name; no name can lead out of the folder."""
    key = name_key(name)
    stem = quote(key, safe="").replace(".", "%2E")
    if len(stem) > LONGEST_STEM:  # no other name contains "="
        stem = f"{stem[:LONGEST_STEM]}={hashlib.sha256(key.encode()).hexdigest()[:24]}"
    return stem


def read_voices(path: Path) -> list[NamedVoice]:
    """Return the voices in a file, from the store or from elsewhere.

    Raises:
        VoiceError: the file holds no voice, or cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return decode_voices(file.read(MAX_FILE_BYTES + 1))
    except OSError as error:
        raise VoiceError(f"{path} cannot be read: {error.strerror or error}") from error
