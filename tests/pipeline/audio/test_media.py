"""Files that only FFmpeg's libraries read, with PyAV, and the error without it."""

from __future__ import annotations

import contextlib
import io
import struct
import sys
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from speechzip.pipeline import AudioError, SpeechzipWarning, open_recording

av = pytest.importorskip("av", reason="PyAV comes with the extra `media`")

TONE = (0.4 * np.sin(2 * np.pi * 440 * np.arange(48000) / 16000)).astype(np.float32)


def coded(
    container: str,
    codec: str,
    sample_rate: int = 16000,
    tracks: int = 1,
    pictures: bool = False,
    gain: npt.NDArray[np.float64] | float = 1.0,
) -> bytes:
    """Return three seconds of a tone."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        streams = [output.add_stream(codec, rate=sample_rate, layout="mono") for _ in range(tracks)]
        if pictures:
            video = output.add_stream("mpeg4", rate=5)
            video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
            for number in range(5):
                frame = av.VideoFrame(64, 64, "yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, 5)
                output.mux(video.encode(frame))
            output.mux(video.encode(None))
        for stream in streams:
            stream.bit_rate = 64_000
            frame = av.AudioFrame.from_ndarray((gain * TONE).astype(np.float32)[None], format="fltp", layout="mono")
            frame.sample_rate = 16000
            resampler = av.AudioResampler(stream.format, "mono", sample_rate, frame_size=stream.frame_size or 1024)
            for piece in [*resampler.resample(frame), *resampler.resample(None)]:
                output.mux(stream.encode(piece))
            output.mux(stream.encode(None))
    return buffer.getvalue()


KINDS = [
    ("mp4", "aac", 16000),
    ("mov", "alac", 16000),
    ("3gp", "aac", 16000),
    ("webm", "libopus", 48000),
    ("matroska", "aac", 16000),
    ("asf", "wmav2", 16000),
    ("adts", "aac", 16000),
    ("avi", "pcm_s16le", 16000),
    ("mpegts", "aac", 16000),
    ("wv", "wavpack", 16000),
    ("caf", "alac", 16000),
]


@pytest.mark.parametrize(("container", "codec", "sample_rate"), KINDS)
def test_read_whole_and_as_often_as_wanted(tmp_path: Path, container: str, codec: str, sample_rate: int) -> None:
    path = tmp_path / "called.wav"  # the first bytes count, not the name
    path.write_bytes(coded(container, codec, sample_rate))
    for source in (path, io.BytesIO(path.read_bytes())):
        recording = open_recording(source)
        assert (recording.sample_rate, recording.channels) == (sample_rate, 1)
        for _ in range(2):
            heard = np.concatenate(list(recording.blocks()))[:, 0]
            assert len(heard) / sample_rate == pytest.approx(3, abs=0.15)
            second = heard[sample_rate : 2 * sample_rate]
            assert np.argmax(np.abs(np.fft.rfft(second))) == pytest.approx(440, abs=1)
            assert np.abs(second).max() == pytest.approx(0.4, abs=0.05)


def test_the_sound_of_a_video_and_several_tracks() -> None:
    heard = sum(map(len, open_recording(io.BytesIO(coded("mp4", "aac", pictures=True))).blocks()))
    assert heard / 16000 == pytest.approx(3, abs=0.15)
    with pytest.raises(AudioError, match="is MP4 with pictures but no sound in it"):
        open_recording(io.BytesIO(coded("mp4", "aac", tracks=0, pictures=True)))
    recording = open_recording(io.BytesIO(coded("mp4", "aac", tracks=2)))
    with pytest.warns(SpeechzipWarning, match="has 2 tracks of sound; the first is taken"):
        assert sum(map(len, recording.blocks())) / 16000 == pytest.approx(3, abs=0.15)


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mp4", "aac"), ("mov", "alac"), ("3gp", "aac"), ("matroska", "aac"), ("adts", "aac"), ("mpegts", "aac")],
)
def test_joined_files_are_read_to_the_end(container: str, codec: str) -> None:
    """FFmpeg reads an MP4 file to the end of its first list of boxes."""
    other = coded(container, codec, 32000)
    recording = open_recording(io.BytesIO(coded(container, codec) * 2 + other))
    with warnings.catch_warnings():
        if container == "mpegts":  # the length of the first is taken for that of all
            warnings.simplefilter("ignore", SpeechzipWarning)
        heard = np.concatenate(list(recording.blocks()))[:, 0]
    assert len(heard) / 16000 == pytest.approx(9, abs=0.6)
    for second in (1, 4, 7):
        spectrum = np.abs(np.fft.rfft(heard[second * 16000 :][:16000]))
        assert np.argmax(spectrum) == pytest.approx(440, abs=1)


@pytest.mark.parametrize(
    ("container", "codec"), [("mp4", "aac"), ("mov", "alac"), ("matroska", "aac"), ("webm", "libopus")]
)
def test_what_lies_behind_the_sound_is_told(container: str, codec: str) -> None:
    content = coded(container, codec, 48000)
    behind = io.BytesIO()
    soundfile.write(behind, TONE, 16000, format="WAV")
    recording = open_recording(io.BytesIO(content + behind.getvalue()))
    with pytest.warns(SpeechzipWarning, match="has 96044 bytes after its sound, which are left out"):
        assert sum(map(len, recording.blocks())) / 48000 == pytest.approx(3, abs=0.15)


def test_a_stream_without_a_length_promises_none() -> None:
    """FFmpeg guesses the length of AAC from its first packets: 8.5 s for 6.8 s of speech."""
    silence_first = coded("adts", "aac", gain=np.linspace(0, 1, len(TONE)) ** 8)
    recording = open_recording(io.BytesIO(silence_first))
    assert recording.duration_s == 0
    assert sum(map(len, recording.blocks())) / 16000 == pytest.approx(3, abs=0.15)  # and no warning


def many_channels(layout: str, channels: int) -> bytes:
    """Return a second of AVI, whose channel number n is n + 1 everywhere."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="avi") as output:
        stream = output.add_stream("pcm_s16le", rate=16000, layout=layout)
        levels = np.repeat(np.arange(1, channels + 1, dtype=np.int16)[None], 16000, axis=0)
        frame = av.AudioFrame.from_ndarray(levels.reshape(1, -1), format="s16", layout=layout)
        frame.sample_rate = 16000
        for each in (frame, None):
            output.mux(stream.encode(each))
    return buffer.getvalue()


def claiming(content: bytes, channels: int) -> bytes:
    """Return an AVI whose header claims another number of channels, none of which has a place."""
    at = content.index(b"strf") + 8
    form = bytearray(content[at : at + 40])
    form[2:4], form[12:14], form[20:24] = struct.pack("<H", channels), struct.pack("<H", 2 * channels), bytes(4)
    return content[:at] + bytes(form) + content[at + 40 :]


def test_a_part_of_an_avi_that_is_longer_than_the_file_is_refused_before_it_takes_memory() -> None:
    content = bytearray(many_channels("stereo", 2))
    at = content.index(b"INFO") - 4
    content[at : at + 4] = struct.pack("<I", 1 << 31)
    with pytest.raises(AudioError, match=r"^standard input is damaged: a part of its header is longer than the file"):
        open_recording(io.BytesIO(bytes(content)))


@pytest.mark.parametrize(("layout", "channels"), [("7.1", 8), ("7.1.4", 12), ("hexadecagonal", 16), ("22.2", 24)])
def test_more_channels_than_pyav_has_planes_for(layout: str, channels: int) -> None:
    """PyAV 15 reads the ninth plane of a frame from beyond its list, and crashes."""
    recording = open_recording(io.BytesIO(many_channels(layout, channels)))
    samples = np.concatenate(list(recording.blocks()))
    assert samples.shape == (16000, channels)
    assert (np.round(samples * 32768) == np.arange(1, channels + 1)).all()


@pytest.mark.parametrize("channels", [9, 32, 33, 255])
def test_a_header_that_claims_channels_without_a_place(channels: int) -> None:
    content = claiming(many_channels("7.1.4", 12), channels)
    if channels > 32:
        with pytest.raises(AudioError, match=f"has {channels} channels; a recording has at most 32"):
            open_recording(io.BytesIO(content))
        return
    recording = open_recording(io.BytesIO(content))
    with pytest.warns(SpeechzipWarning, match=r"header promises 1\.0 s|damaged packets"):  # no longer a whole number
        samples = np.concatenate(list(recording.blocks()))
    assert recording.channels == samples.shape[1] == channels
    assert len(samples) == pytest.approx(16000 * 12 / channels, rel=0.1)


def test_cut_short_is_told() -> None:
    whole = coded("mp4", "aac")
    with pytest.raises(AudioError, match="looks like MP4 but is cut short or damaged"):
        open_recording(io.BytesIO(whole[: len(whole) // 2]))
    whole = coded("asf", "wmav2")
    with pytest.warns(SpeechzipWarning, match="damaged packets"):
        list(open_recording(io.BytesIO(whole[: len(whole) // 2])).blocks())


def test_damage_is_told_once_however_often_a_recording_is_read() -> None:
    recording = open_recording(io.BytesIO(coded("asf", "wmav2")[:9000]))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(3):
            list(recording.blocks())
    assert ["damaged packets" in str(warning.message) for warning in told].count(True) == 1


def atom(name: bytes, *content: bytes) -> bytes:
    """Return an atom of QuickTime."""
    return struct.pack(">I4s", 8 + sum(map(len, content)), name) + b"".join(content)


REFERENCE = atom(b"rdrf", bytes(4), b"url ", struct.pack(">I", 11), b"secret.wav\0")
PLAYLISTS = {
    "m3u8": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:3,\nsecret.wav\n#EXT-X-ENDLIST\n",
    "ffconcat": b"ffconcat version 1.0\nfile secret.wav\n",
    "pls": b"[playlist]\nFile1=secret.wav\nLength1=3\nNumberOfEntries=1\nVersion=2\n",
    "asx": b'<asx version="3.0"><entry><ref href="secret.wav"/></entry></asx>',
    "dash": b"<MPD><Period><AdaptationSet><Representation><BaseURL>secret.wav</BaseURL>",
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
    "reference movie": atom(b"ftyp", b"qt  ", bytes(4), b"qt  ")
    + atom(b"moov", atom(b"rmra", atom(b"rmda", REFERENCE))),
}


@pytest.mark.parametrize("name", [*PLAYLISTS, "mov"])
def test_no_file_leads_to_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A playlist, or a film whose sound lies in another file, is no recording, also where the other file exists."""
    monkeypatch.chdir(tmp_path)
    soundfile.write("secret.wav", TONE, 16000)
    outside = coded("mov", "pcm_s16le").replace(b"url \0\0\0\1", b"url \0\0\0\0").replace(TONE.tobytes(), b"")
    Path("call.wav").write_bytes(
        PLAYLISTS.get(name) or b"".join([outside[: outside.index(b"mdat") - 4], outside[-900:]])
    )
    with pytest.raises(AudioError):
        list(open_recording(Path("call.wav")).blocks())


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_an_error_or_a_warning(kind: tuple[str, str, int]) -> None:
    whole = coded(*kind)
    random = np.random.default_rng(6)
    for _ in range(8):
        damaged = bytearray(whole)
        for position in random.integers(0, len(whole), 30):
            damaged[position] ^= int(random.integers(1, 256))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with contextlib.suppress(AudioError):
                assert sum(map(len, open_recording(io.BytesIO(bytes(damaged))).blocks())) < 100 * 48000


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (coded("mp4", "aac"), "MP4"),
        (coded("webm", "libopus", 48000), "WebM"),
        (coded("asf", "wmav2"), "WMA"),
        (coded("3gp", "aac"), "3GP"),
        (coded("adts", "aac"), "AAC"),
        (b"#!AMR\n" + bytes(100), "AMR"),
    ],
)
def test_without_pyav_it_says_what_it_is_and_how_to_convert_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, name: str
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    path = tmp_path / "my call.xyz"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=rf"is {name}.*speechzip\[media\].*ffmpeg -i '.*my call\.xyz' 'my call\.wav'"):
        open_recording(path)


def test_what_is_no_sound_at_all(tmp_path: Path) -> None:
    for content, name in ((b"%PDF-1.4" + bytes(99), "PDF document"), (b"PK\x03\x04" + bytes(99), "ZIP archive")):
        with pytest.raises(AudioError, match=f"is a {name}"):
            open_recording(io.BytesIO(content))
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n")
    with pytest.raises(AudioError, match="is not audio that can be read"):
        open_recording(playlist)
