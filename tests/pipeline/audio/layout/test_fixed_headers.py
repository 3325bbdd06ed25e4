"""Joined and cut files of containers that speech corpora, MATLAB, sound cards and samplers have."""

from __future__ import annotations

import io
import struct
import warnings

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from speechzip.pipeline import AudioError, SpeechzipWarning, open_recording

SAMPLES = np.random.default_rng(7).uniform(-0.5, 0.5, (8000, 2)).astype(np.float32)
STEREO = [
    ("NIST", "PCM_16"), ("NIST", "ULAW"), ("MAT4", "PCM_16"), ("MAT4", "DOUBLE"), ("MAT5", "PCM_16"), ("MAT5", "FLOAT"),
    ("AVR", "PCM_16"), ("MPC2K", "PCM_16"), ("VOC", "PCM_16"), ("VOC", "ULAW"),
]  # fmt: skip
MONO = [("VOC", "PCM_U8"), ("SVX", "PCM_16"), ("SVX", "PCM_S8")]
ALL = [(*kind, 2) for kind in STEREO] + [(*kind, 1) for kind in [*STEREO, *MONO]]


def encoded(container: str, coding: str, channels: int, endian: str = "FILE") -> bytes:
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", 8000, channels, coding, endian=endian, format=container) as file:
        file.write(SAMPLES[:, :channels])
    return buffer.getvalue()


def read(content: bytes) -> npt.NDArray[np.float32]:
    """Return the sound; a warning is an error, and a second reading gives the same."""
    recording = open_recording(io.BytesIO(content))
    heard = np.concatenate(list(recording.blocks()))
    assert np.array_equal(np.concatenate(list(recording.blocks())), heard)
    return heard


@pytest.mark.parametrize(("container", "coding", "channels"), ALL)
def test_joined_files_are_read_to_the_end_and_cut_ones_are_told(container: str, coding: str, channels: int) -> None:
    content = encoded(container, coding, channels)
    whole = read(content)
    assert abs(len(whole) - 8000) <= 100  # VOC: libsndfile loses some of 8 bits, and takes the end's mark for sound
    assert np.abs(whole[:7900] - SAMPLES[:7900, :channels]).max() < 0.05
    assert np.array_equal(read(content * 3), np.tile(whole, (3, 1)))
    with pytest.raises(AudioError, match="is cut short or damaged: its header promises"):
        open_recording(io.BytesIO(content[: len(content) // 2]))
    with pytest.raises(AudioError, match="is cut short or damaged: its header promises"):
        open_recording(io.BytesIO(content + content[: len(content) // 2]))
    with pytest.warns(SpeechzipWarning, match="has 5000 bytes after the sound that its header promises"):
        assert np.array_equal(read(content + b"U" * 5000), whole)


@pytest.mark.parametrize("container", ["MAT4", "MAT5"])
def test_either_byte_order_of_matlab(container: str) -> None:
    for endian in ("LITTLE", "BIG"):
        assert len(read(encoded(container, "PCM_16", 1, endian) * 2)) == 16000


def test_another_matrix_behind_the_sound_is_told() -> None:
    name, values = b"notes\0", np.zeros(999)
    matrix = struct.pack("<5I", 0, 1, len(values), 0, len(name)) + name + values.tobytes()
    with pytest.warns(SpeechzipWarning, match=f"has {len(matrix)} bytes after the sound"):
        assert len(read(encoded("MAT4", "PCM_16", 1) + matrix)) == 8000


def test_a_voc_file_of_several_blocks_is_refused() -> None:
    """libsndfile would read the header of the second block as sound."""
    content = encoded("VOC", "PCM_U8", 1)
    block = b"\x02" + (4000).to_bytes(3, "little") + bytes([140]) * 4000
    with pytest.raises(AudioError, match="VOC file of several blocks of sound; convert it"):
        open_recording(io.BytesIO(content[:-1] + block + b"\0"))


def test_an_8svx_file_without_sound_is_not_searched_for_ever() -> None:
    """libsndfile 1.2.2 does not come back from 10,000 chunks."""
    with pytest.raises(AudioError, match="8SVX file without sound"):
        open_recording(io.BytesIO(b"FORM\0\1\0\0" + b"8SVX" + b"NAME\0\0\0\0" * 20_000))


def test_a_sphere_file_whose_header_states_no_size_of_itself_is_read() -> None:
    content = encoded("NIST", "PCM_16", 1)
    assert len(read(content[:8] + b" " * 8 + content[16:])) == 8000


def test_a_sphere_file_whose_header_has_no_length_is_read_to_its_end() -> None:
    content = encoded("NIST", "PCM_16", 1).replace(b"sample_count -i 8000", b"sample_count -i -001")
    assert len(read(content)) == 8000


@pytest.mark.parametrize(("container", "coding"), [("XI", "DPCM_16"), ("SDS", "PCM_16")])
def test_an_instrument_is_no_recording(container: str, coding: str) -> None:
    with pytest.raises(AudioError, match="is an instrument for a sampler"):
        open_recording(io.BytesIO(encoded(container, coding, 1)))


@pytest.mark.parametrize("container", ["NIST", "MAT4", "MAT5", "VOC", "SVX", "AVR", "MPC2K"])
def test_a_damaged_header_is_sound_or_one_error(container: str) -> None:
    content = encoded(container, "PCM_16", 1)[:2000]
    for place in range(140):
        for damage in (b"", b"\0", b"\xff", b"    ", b"\xff\xff\xff\xff"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SpeechzipWarning)
                try:
                    heard = read(content[:place] + damage + content[place + len(damage) :][: 2000 if damage else 0])
                except AudioError:
                    continue
                assert len(heard) <= 4000


@pytest.mark.parametrize("behind", ["noise", "WAV", "MP3"])
@pytest.mark.parametrize(("container", "coding"), [("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS")])
def test_what_lies_behind_compressed_sound_is_told(container: str, coding: str, behind: str) -> None:
    content = encoded(container, coding, 1)
    sound = np.tile(SAMPLES[:, :1], (3, 1))
    rest = io.BytesIO(np.random.default_rng(1).bytes(30_000))
    if behind != "noise":
        rest = io.BytesIO()
        soundfile.write(rest, np.tile(sound, (5, 1)), 8000, format=behind)
    whole = read(content)
    with pytest.warns(SpeechzipWarning, match=r"bytes (or more after its sound, which are left|between its sound)"):
        assert np.array_equal(read(content + rest.getvalue()), whole)
