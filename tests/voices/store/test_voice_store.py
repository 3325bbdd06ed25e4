from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speechzip.pipeline import MAX_LONG_VOICE_BYTES, OutputError, SpeechzipWarning, Voice, VoiceError, data_folder
from speechzip.voices import NamedVoice, VoiceStore
from speechzip.voices.store.store import SUFFIX
from speechzip.voices.store.voicefile import MAX_FILE_BYTES, decode_voices, encode_voice

ANNA = Voice("classical", bytes(range(10)))
ANNAS_CLIP = Voice("clip", b"\x48\x02ab" * 100)
BEN = Voice("classical", bytes(10))
ENROLLED = Voice("trained-2", bytes(range(64)), b"\1" + bytes(range(256)) * 19 + bytes(128))
SMALL = replace(ENROLLED, adaptation=b"")
BOTH = frozenset({"classical", "clip"})


@pytest.fixture
def store(tmp_path: Path) -> VoiceStore:
    return VoiceStore(tmp_path / "voices")


def test_empty(store: VoiceStore) -> None:
    assert store.voices() == []
    assert store.find(7, BOTH) is None
    assert store.match(ANNA) is None
    assert store.name_of(7) is None
    with pytest.raises(VoiceError, match="nobody yet"):
        store.of("Anna")
    assert not store.folder.exists()  # looking makes nothing


def test_kept_and_found(store: VoiceStore) -> None:
    store.add("Anna", ANNA)
    store.add("anna", ANNAS_CLIP)
    store.add("Jürgen O'Neill / Ops", BEN)
    again = VoiceStore(store.folder)
    assert [(named.name, named.voice) for named in again.of("ANNA")] == [("Anna", ANNA), ("anna", ANNAS_CLIP)]
    assert again.find(ANNA.id, frozenset({"classical"})) == ANNA
    assert again.find(ANNA.id, frozenset({"clip"})) == ANNAS_CLIP  # the same person, as this synthesizer likes it
    assert again.find(ANNA.id, frozenset({"space-9"})) == ANNA
    assert again.named("Anna", "clip") == ANNAS_CLIP
    assert again.name_of(BEN.id) == "Jürgen O'Neill / Ops"
    with pytest.raises(VoiceError, match=r"has no clip voice \(only: classical\)"):
        again.named("jürgen o'neill / ops", "clip")
    assert again.match(ANNA) == ANNA
    assert len(list(store.folder.iterdir())) == 3  # one file a voice
    if os.name == "posix":
        assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


def test_who_was_measured_by_an_earlier_release_is_named_by_that_voice(store: VoiceStore) -> None:
    first, second = Voice("trained-1", bytes(range(16))), Voice("trained-2", bytes(range(64)))
    store.add("Ann", first)
    assert store.named("Ann", "trained-2") == first
    store.add("Ann", second)
    assert store.named("Ann", "trained-2") == second
    with pytest.raises(VoiceError, match="has no classical voice"):
        store.named("Ann", "classical")


def test_nothing_is_replaced_unasked(store: VoiceStore) -> None:
    store.add("Anna", ANNA)
    store.add("Anna", ANNA)  # the same again is nothing new
    with pytest.raises(VoiceError, match="voice already"):
        store.add("anna", BEN)
    store.add("Anna", BEN, force=True)
    assert store.named("Anna", "classical") == BEN


def test_two_people_with_one_id_are_refused(store: VoiceStore) -> None:
    store.add("Anna", ANNA)
    with pytest.raises(VoiceError, match=r"has the id 9620 of Anna's"):
        store.add("Ben", ANNA)
    with pytest.raises(VoiceError, match="the id 9620"):
        store.add_all([NamedVoice("Carl", BEN), NamedVoice("Dora", ANNA)])
    assert [named.name for named in store.voices()] == ["Anna"]  # all or nothing


def test_removed(store: VoiceStore) -> None:
    store.add("Anna", ANNA)
    store.add("Anna", ANNAS_CLIP)
    with pytest.raises(VoiceError, match="only: classical, clip"):
        store.remove("Anna", "space-9")
    assert [named.voice for named in store.remove("anna", "clip")] == [ANNAS_CLIP]
    assert [named.voice for named in store.remove("anna")] == [ANNA]
    assert list(store.folder.iterdir()) == []
    with pytest.raises(VoiceError, match="not in the store"):
        store.remove("anna")


def test_damaged_files_are_removed_with_a_person_or_alone(store: VoiceStore) -> None:
    store.add("Anna", ANNA)
    store.add("Anna", ANNAS_CLIP)
    store.add("Anna Ott", BEN)
    clip = store.path(NamedVoice("Anna", ANNAS_CLIP))
    clip.write_bytes(clip.read_bytes()[:-1])
    with pytest.warns(SpeechzipWarning, match="is left out"):
        assert [named.voice for named in store.remove("anna")] == [ANNA]
    assert [named.name for named in store.voices()] == ["Anna Ott"]
    clip.write_bytes(b"rubbish")
    with pytest.warns(SpeechzipWarning, match="is left out"), pytest.raises(VoiceError):
        store.remove("Anna", "classical")
    with pytest.warns(SpeechzipWarning, match="is left out"):
        assert store.remove("Anna", "clip") == []
    assert [path.name for path in store.folder.iterdir()] == ["anna%20ott.classical.voice"]
    with pytest.raises(VoiceError, match="not in the store"):
        store.remove("Anna")


def test_exported_and_imported(store: VoiceStore, tmp_path: Path) -> None:
    store.add("Anna", ANNA)
    store.add("Anna", ANNAS_CLIP)
    file = tmp_path / "anna.voice"
    file.write_bytes(store.export("Anna"))
    other = VoiceStore(tmp_path / "other")
    assert [named.voice for named in other.import_file(file)] == [ANNA, ANNAS_CLIP]
    assert other.voices() == store.voices()
    with pytest.raises(VoiceError, match="has the id"):
        other.import_file(file, "Anna L.")
    assert [named.name for named in VoiceStore(tmp_path / "third").import_file(file, "Anna L.")] == ["Anna L."] * 2
    file.write_bytes(store.export("Anna", "clip") + encode_voice(NamedVoice("Ben", BEN)))
    with pytest.raises(VoiceError, match="2 people; leave out the name 'X'"):
        other.import_file(file, "X")
    with pytest.raises(VoiceError, match="cannot be read: No such file"):
        other.import_file(tmp_path / "nowhere.voice")


@pytest.mark.parametrize("name", ["", "  ", "auto", "-", "a\0b", "\x1b[2J", "x" * 65, "ü" * 33, "a\ud800"])
def test_impossible_names(store: VoiceStore, name: str) -> None:
    with pytest.raises(VoiceError, match="not a name for a voice"):
        store.add(name, ANNA)


@pytest.mark.parametrize("name", ["..", "../../etc/passwd", "/", "a.b.classical", "CON", "~", "%2E", "😀" * 16, "İ"])
def test_names_lead_out_of_no_folder(store: VoiceStore, tmp_path: Path, name: str) -> None:
    store.add(name, ANNA)
    assert [path.parent for path in tmp_path.rglob("*") if path.is_file()] == [store.folder]
    assert store.of(name)[0].name == name


def test_a_damaged_file_is_left_out_and_named(store: VoiceStore) -> None:
    store.add("Anna", ANNA)
    path = store.path(store.add("Ben", BEN))
    whole = path.read_bytes()
    for content in (b"", whole[:-1], whole + b"x", b"\0" * 100, whole * 2):
        path.write_bytes(content)
        with pytest.warns(SpeechzipWarning, match=path.name):
            assert [named.name for named in store.voices()] == ["Anna"]
    (store.folder / f"copied.classical{SUFFIX}").write_bytes(whole)
    path.write_bytes(whole)
    with pytest.warns(SpeechzipWarning, match="the store did not put it there"):
        assert [named.name for named in store.voices()] == ["Anna", "Ben"]


def test_killed_in_the_middle_of_writing(store: VoiceStore) -> None:
    store.add("Anna", ANNA)
    code = f"""
import os, signal
from speechzip.pipeline import Voice
from speechzip.voices import VoiceStore
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)  # the bytes are written, the file has no name yet
VoiceStore({str(store.folder)!r}).add("Anna", Voice("classical", bytes(10)), force=True)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    (partial,) = [path for path in store.folder.iterdir() if path.suffix == ".part"]
    assert [named.voice for named in store.voices()] == [ANNA]  # the old voice, whole
    store.add("Ben", BEN)
    assert not partial.exists()


def add_at_once(store: VoiceStore, names: list[str]) -> list[tuple[int, bytes]]:
    """Add another voice under each name, all at the same time, and return exit code and complaint of each process."""
    code = f"""
import sys
from speechzip.pipeline import Voice, VoiceError
from speechzip.voices import VoiceStore
voice = Voice("classical", bytes([int(sys.argv[2])]) * 10)
print("ready", flush=True)
sys.stdin.readline()
try:
    VoiceStore({str(store.folder)!r}).add(sys.argv[1], voice)
except VoiceError as error:
    sys.exit(str(error))
"""
    pipe = subprocess.PIPE
    adders = [
        subprocess.Popen([sys.executable, "-c", code, name, str(number)], stdin=pipe, stdout=pipe, stderr=pipe)
        for number, name in enumerate(names)
    ]
    for adder in adders:
        assert adder.stdout
        assert adder.stdout.readline() == b"ready\n"
    for adder in adders:
        assert adder.stdin
        adder.stdin.write(b"go\n")
        adder.stdin.flush()
    complaints = [adder.communicate()[1] for adder in adders]
    return [(adder.returncode, complaint) for adder, complaint in zip(adders, complaints, strict=True)]


@pytest.mark.slow
@pytest.mark.processes
def test_only_one_of_those_who_add_at_once_is_told_that_it_won(store: VoiceStore) -> None:
    for name in ("first", "second"):  # in a store that is still to be made, and in one that is there
        ended = add_at_once(store, ["Anna"] * 4)
        codes = [code for code, _ in ended]
        assert sorted(codes) == [0, 1, 1, 1], name
        assert sum(b"has a classical voice already" in complaint for _, complaint in ended) == 3
        (kept,) = store.of("Anna")
        assert kept.voice == Voice("classical", bytes([codes.index(0)]) * 10)
        store.remove("Anna")


@pytest.mark.slow
@pytest.mark.processes
def test_all_who_add_different_people_at_once_win(store: VoiceStore) -> None:
    names = ["Anna", "Ben", "Carla", "Dora"]
    assert add_at_once(store, names) == [(0, b"")] * 4
    assert {named.name: named.voice for named in store.voices()} == {
        name: Voice("classical", bytes([number]) * 10) for number, name in enumerate(names)
    }


@pytest.mark.slow
@pytest.mark.processes
def test_two_commands_that_import_at_once(store: VoiceStore, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.voice" for number in range(2)]
    for number, file in enumerate(files):
        file.write_bytes(encode_voice(NamedVoice("Anna", Voice("classical", bytes([number]) * 10))))
    command = [sys.executable, "-c", "from speechzip.pipeline.cli import main; main()", "voices", "import"]
    environment = {**os.environ, "SPEECHZIP_DATA": str(store.folder.parent)}
    importers = [
        subprocess.Popen([*command, str(file)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for file in files
    ]
    complaints = [importer.communicate()[1] for importer in importers]
    codes = [importer.returncode for importer in importers]
    assert sorted(codes) == [0, 1]
    told = b"speechzip: Anna has a classical voice already; give --force to overwrite\n"
    assert complaints[codes.index(1)] == told
    assert complaints[codes.index(0)] == b""
    assert store.of("Anna")[0].voice == Voice("classical", bytes([codes.index(0)]) * 10)


def test_somebody_keeps_the_store_locked(store: VoiceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add("Anna", ANNA)
    monkeypatch.setattr("speechzip.voices.store.store.LOCK_S", 0.05)
    descriptor = os.open(store.folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(OutputError, match="another process has locked the store"):
        store.add("Ben", BEN)
    os.close(descriptor)
    store.add("Ben", BEN)


def test_nobody_else_may_look(store: VoiceStore) -> None:
    before = os.umask(0)
    try:
        store.folder.mkdir(mode=0o777)
        open_file = store.path(NamedVoice("Anna", ANNA))
        open_file.write_bytes(encode_voice(NamedVoice("Anna", ANNA)))
        open_file.chmod(0o644)
        store.add("Ben", BEN)
    finally:
        os.umask(before)
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in store.folder.iterdir()] == [0o600, 0o600]


@pytest.mark.parametrize("name", ["\u1fb2" * 21, "\u0390" * 32, "😀" * 16, "x" * 64, "\u1e9e" * 21])
def test_long_names_have_files(store: VoiceStore, name: str) -> None:
    store.add(name, ANNA)
    store.add(name + "y" if len(name.encode()) < 64 else name[:-1] + "y", BEN)
    assert store.named(name, "classical") == ANNA
    assert store.named(name.casefold() if len(name.casefold().encode()) <= 64 else name, "classical") == ANNA
    assert len(store.voices()) == 2
    store.remove(name)
    assert [named.voice for named in store.voices()] == [BEN]


def test_what_is_no_file_is_left_out_and_named(store: VoiceStore) -> None:
    store.add("Anna", ANNA)
    os.mkfifo(store.folder / "pipe.voice")
    (store.folder / "gone.voice").symlink_to("nowhere")
    (store.folder / "loop.voice").symlink_to("loop.voice")
    (store.folder / "folder.voice").mkdir()
    (store.folder / "device.voice").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        there = os.getcwd()
        os.chdir(store.folder)  # a socket's path is short
        listener.bind("socket.voice")
        os.chdir(there)
        with pytest.warns(SpeechzipWarning) as told:
            assert [named.name for named in store.voices()] == ["Anna"]
        for name in ("pipe", "gone", "loop", "folder", "device", "socket"):
            assert any(f"{name}.voice is left out" in str(warning.message) for warning in told)
        with pytest.warns(SpeechzipWarning):
            store.add("Ben", BEN)


def test_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECHZIP_DATA", str(tmp_path))
    assert VoiceStore().folder == tmp_path / "voices"
    monkeypatch.delenv("SPEECHZIP_DATA")
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
        assert data_folder() == tmp_path / "share" / "speechzip"


def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be made"):
        VoiceStore(tmp_path / "file" / "voices").add("Anna", ANNA)


@given(
    st.text(min_size=1, max_size=16).filter(lambda name: name.isprintable() and name.strip() == name),
    st.sampled_from(["parametric", "clip"]),
    st.binary(min_size=1, max_size=MAX_LONG_VOICE_BYTES),
)
def test_records_come_back(name: str, space: str, embedding: bytes) -> None:
    with contextlib.suppress(VoiceError):  # the reserved names
        from speechzip.voices.store.voicefile import clean_name

        named = NamedVoice(clean_name(name), Voice(space, embedding))
        assert decode_voices(encode_voice(named) * 2) == [named, named]


def test_every_truncation_and_bit_flip_of_a_record() -> None:
    record = encode_voice(NamedVoice("Anna", ANNA))
    for length in range(len(record)):
        with pytest.raises(VoiceError):
            decode_voices(record[:length])
    for bit in range(8 * len(record)):
        flipped = bytearray(record)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(VoiceError):
            decode_voices(bytes(flipped))


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_rubbish_is_no_voice_file(rubbish: bytes) -> None:
    for content in (rubbish, b"SPZV" + rubbish, b"SPZV\x01\x01" + rubbish):
        with pytest.raises(VoiceError):
            decode_voices(content)


def test_huge_files_are_not_read() -> None:
    with pytest.raises(VoiceError, match="more than"):
        decode_voices(encode_voice(NamedVoice("Anna", ANNA)) * (MAX_FILE_BYTES // 10))


def test_voices_of_another_space_are_not_kept(store: VoiceStore) -> None:
    with pytest.raises(VoiceError, match="'space-9' cannot be stored"):
        store.add("Anna", Voice("space-9", b"x"))
    assert not store.folder.exists()


def test_an_enrolled_voice_is_kept_and_found_under_the_id_of_the_small_one(store: VoiceStore, tmp_path: Path) -> None:
    store.add("Anna", ENROLLED)
    assert ENROLLED.id == SMALL.id
    assert store.find(SMALL.id, frozenset({"trained-2"})) == ENROLLED
    assert store.named("Anna", "trained-2") == ENROLLED
    assert store.match(SMALL) == ENROLLED
    assert stat.S_IMODE(store.path(NamedVoice("Anna", ENROLLED)).stat().st_mode) == 0o600
    file = tmp_path / "anna.voice"
    file.write_bytes(store.export("Anna"))
    assert len(file.read_bytes()) - len(encode_voice(NamedVoice("Anna", SMALL))) == len(ENROLLED.adaptation) + 2 < 8000
    other = VoiceStore(tmp_path / "other")
    other.import_file(file)
    assert other.voices() == store.voices() == [NamedVoice("Anna", ENROLLED)]


def test_the_small_voice_becomes_the_enrolled_one_but_not_the_other_way_round(store: VoiceStore) -> None:
    store.add("Anna", SMALL)
    store.add("Anna", ENROLLED)  # the same person's, and more
    store.add("Anna", ENROLLED)
    with pytest.raises(VoiceError, match="voice already"):
        store.add("Anna", SMALL)
    with pytest.raises(VoiceError, match="voice already"):
        store.add("Anna", replace(ENROLLED, adaptation=ENROLLED.adaptation[:-1] + b"\1"))
    assert store.voices() == [NamedVoice("Anna", ENROLLED)]
    store.add("Anna", SMALL, force=True)
    assert store.voices() == [NamedVoice("Anna", SMALL)]


def test_small_voices_are_written_as_earlier_releases_read_them() -> None:
    assert encode_voice(NamedVoice("Anna", SMALL))[4] == 1
    record = encode_voice(NamedVoice("Anna", ENROLLED))
    assert record[4] == 2
    later = bytearray(record)
    later[4] = 3
    with pytest.raises(VoiceError, match="of version 3, this release reads 2; upgrade"):
        decode_voices(bytes(later))


@pytest.mark.parametrize(
    ("voice", "said"),
    [
        (replace(ENROLLED, adaptation=ENROLLED.adaptation[:-1]), "an enrolled voice of 4992 bytes is none"),
        (replace(ENROLLED, adaptation=ENROLLED.adaptation + b"x"), "an enrolled voice of 4994 bytes is none"),
        (replace(ENROLLED, adaptation=b"\1"), "an enrolled voice of 1 bytes is none"),
        (replace(ENROLLED, adaptation=b"\0" + ENROLLED.adaptation[1:]), "an enrolled voice of 4993 bytes is none"),
        (replace(ENROLLED, adaptation=b"\2" + ENROLLED.adaptation[1:]), "enrolled voice is of version 2, .* reads 1"),
        (replace(ENROLLED, adaptation=bytes(60_000)), "an enrolled voice of 60000 bytes is none"),
        (replace(ENROLLED, space="classical"), "no enrolled voices of the space 'classical'"),
        (replace(ENROLLED, space="clip"), "no enrolled voices of the space 'clip'"),
    ],
)
def test_hostile_enrolled_voices(voice: Voice, said: str) -> None:
    """Their checksums are right: whoever makes such a file makes those, too."""
    with pytest.raises(VoiceError, match=said):
        decode_voices(encode_voice(NamedVoice("Anna", voice)))


@pytest.mark.parametrize("length", [0, 1, 4992, 4994, 0xFFFF])
def test_an_enrolled_voice_is_as_long_as_it_says_or_damaged(length: int) -> None:
    record = encode_voice(NamedVoice("Anna", ENROLLED))
    at = record.index(ENROLLED.adaptation) - 2
    for checksum in (False, True):
        changed = record[:at] + struct.pack("<H", length) + record[at + 2 : -4]
        changed += struct.pack("<I", zlib.crc32(changed)) if checksum else record[-4:]
        with pytest.raises(VoiceError):
            decode_voices(changed)
    for cut in (at, at + 1, at + 2, at + 100, len(record) - 5, len(record) - 1):
        with pytest.raises(VoiceError, match="damaged or cut short"):
            decode_voices(record[:cut])


def test_golden_record() -> None:
    assert encode_voice(NamedVoice("Anna", ANNA)).hex() == (
        "53505a56" "01" "01" "04" "416e6e61" "0a00" "00010203040506070809" "db8f7bf0"
    )  # fmt: skip
