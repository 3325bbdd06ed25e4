"""The real modem of libcodec2, through a simulated channel."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from fakes import GOLDEN
from speechzip.eval.radio.channel import CHANNELS, propagate
from speechzip.pipeline import (
    DeviceError,
    InputError,
    LinkError,
    LiveError,
    OutputError,
    Samples,
    decode_payload,
)
from speechzip.pipeline.links import Inbox, Received, open_carrier, pack, serialport, soundinput, transfer, unpad
from speechzip.pipeline.links.carrier import Notice
from speechzip.pipeline.links.hf import devices, modem
from speechzip.pipeline.links.hf.carrier import HfCarrier, signal
from speechzip.pipeline.links.hf.modem import BURST_S, FRAME_BYTES, MODEM_RATE, MODES, Modem
from speechzip.pipeline.links.packets.padding import is_whole, pad
from speechzip.pipeline.links.packets.wire import Fragment, Parity
from speechzip.pipeline.payload.format import encode_payload
from speechzip.pipeline.textcoder.registry import DEFAULT_ID, TEXT_CODERS

pytest.importorskip("pycodec2", reason="pycodec2 needs Python 3.11")
DATA = bytes.fromhex((GOLDEN / "two-channels.hex").read_text("ascii"))


@pytest.mark.parametrize("mode", MODES)
def test_what_the_tables_say_is_what_the_modem_does(mode: str) -> None:
    real = Modem(mode)
    frame = bytes(range(256)) * 2
    burst = real.modulate(frame[: real.frame_bytes])
    assert real.frame_bytes == FRAME_BYTES[mode]
    assert len(burst) / MODEM_RATE == pytest.approx(BURST_S[mode], abs=0.005)
    assert np.abs(burst).max() > 8000  # about half of full scale


def heard(sound: np.ndarray[Any, np.dtype[np.int16]], mode: str) -> list[bytes]:
    """Return the packets that a receiver finds, the sound coming in blocks of odd length."""
    receiver = Modem(mode)
    blocks = [sound[start : start + 4321] for start in range(0, len(sound), 4321)]
    return [
        unpad(frame) for block in [*blocks, np.zeros(MODEM_RATE, np.int16)] for frame, _ in receiver.demodulate(block)
    ]


# In white noise, DATAC4 is heard whole at -7 dB, DATAC3 at -2 and DATAC1 at 3: see the curves of `make radio-demo`.
@pytest.mark.parametrize(("mode", "snr_db"), [("datac4", -6.0), ("datac3", -1.0), ("datac1", 5.0)])
def test_packets_through_white_noise(mode: str, snr_db: float) -> None:
    packets = pack(DATA, FRAME_BYTES[mode]).packets
    noisy = propagate(signal(Modem(mode), packets), MODEM_RATE, CHANNELS["noise"], snr_db, seed=5)
    assert heard(noisy, mode) == list(packets)


def test_far_below_the_noise_nothing_is_heard() -> None:
    packets = pack(DATA, FRAME_BYTES["datac4"]).packets
    noisy = propagate(signal(Modem("datac4"), packets), MODEM_RATE, CHANNELS["noise"], -14.0, seed=5)
    assert heard(noisy, "datac4") == []


@pytest.mark.slow
def test_parity_replaces_a_burst_that_fading_swallows() -> None:
    packed = pack(DATA, FRAME_BYTES["datac4"], parity=2)
    sound = signal(Modem("datac4"), packed.packets)
    faded = propagate(sound, MODEM_RATE, CHANNELS["moderate"], -6.0, seed=0)
    packets = heard(faded, "datac4")
    assert 0 < len(packets) < len(packed.packets)
    assert any(packet not in packets for packet in packed.packets[: -packed.parity])
    inbox = Inbox()
    arrivals = [inbox.push(packet, 0.0) for packet in packets]
    last = arrivals[-1].message
    assert last is not None
    assert last.missing == ()
    words = [utterance.text for arrival in arrivals for payload in arrival.payloads for utterance in payload.utterances]
    said = [utterance.text for utterance in decode_payload(DATA, TEXT_CODERS).payload.utterances]
    assert " ".join(sorted(" ".join(words).split())) == " ".join(sorted(" ".join(said).split()))


@pytest.mark.parametrize("rate", [8000, 48000])
def test_to_a_sound_file_and_back(tmp_path: Path, rate: int) -> None:
    """The recorder's rate does not matter, and neither do silence, noise and talk around the bursts."""
    packets = pack(DATA, FRAME_BYTES["datac3"]).packets
    path = tmp_path / "burst.wav"
    states = list(open_carrier("hf:datac3", {"output": path}).send(packets))
    assert [(state.phase, state.packet) for state in states] == [("sent", index) for index in range(len(packets))]
    sound, sample_rate = soundfile.read(str(path), dtype="float32")
    assert sample_rate == MODEM_RATE
    noise = np.random.default_rng(2).normal(0, 0.01, 2 * MODEM_RATE).astype(np.float32)
    recorded = np.concatenate([noise, sound, noise])
    repeated = np.repeat(recorded, rate // MODEM_RATE)
    soundfile.write(str(tmp_path / "heard.flac"), np.stack([repeated, 0 * repeated], axis=1), rate)
    received = list(open_carrier("hf:datac3", {"input": str(tmp_path / "heard.flac")}).receive())
    assert [each.packet for each in received if isinstance(each, Received)] == list(packets)
    assert all("dB" in each.detail for each in received if isinstance(each, Received))


def test_a_sound_file_is_not_overwritten_and_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "burst.wav"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists"):
        list(HfCarrier("datac3", output=path).send([DATA]))
    assert path.read_bytes() == b"mine"
    list(HfCarrier("datac3", output=path, force=True).send([DATA[:100]]))
    assert path.stat().st_size > 50_000


@pytest.mark.parametrize("length", range(10, 30))
def test_padding_comes_off(length: int) -> None:
    payload = DATA if length == 29 else Parity(3, 1, 2, bytes(range(1, length))).encode()
    assert unpad(pad(payload, len(payload) + 5)) == payload
    assert unpad(pad(payload, len(payload))) == payload


@pytest.mark.models
@pytest.mark.parametrize("version", [1, 2])
def test_padding_comes_off_payloads_and_fragments_of_both_formats(version: int) -> None:
    data = encode_payload(decode_payload(DATA, TEXT_CODERS).payload, TEXT_CODERS[DEFAULT_ID], version)
    packets = pack(data, 54).packets
    assert len(packets) > 1
    for packet in [data, *packets]:
        assert unpad(pad(packet, len(packet) + 3)) == packet


def test_a_full_packet_that_ends_like_padding() -> None:
    """One in 65,536 packets ends in 80 00: its own checksum shows that nothing was added."""
    payloads = (DATA[:4] + bytes([high, low]) + DATA[6:] for high in range(256) for low in range(256))
    packet = next(packet for packet in map(with_checksum, payloads) if packet.endswith(b"\x80"))
    assert is_whole(packet)
    assert unpad(packet) == packet
    assert unpad(pad(packet, len(packet) + 1)) == packet


def with_checksum(payload: bytes) -> bytes:
    """Return a parity packet of the bytes of a payload."""
    return Parity(1, 0, 2, payload[:40]).encode()


def test_rubbish_that_passes_the_modem_is_handed_on_as_it_is() -> None:
    assert unpad(b"\x80\0\0") == b"\x80\0\0"
    assert unpad(bytes(14)) == bytes(14)
    assert not is_whole(b"")
    assert not is_whole(Fragment(0, 0, 1, bytes(12)).encode())


def test_a_recording_without_bursts_of_the_mode_is_an_error(tmp_path: Path) -> None:
    list(open_carrier("hf:datac3", {"output": tmp_path / "burst.wav"}).send([DATA]))
    with pytest.raises(LinkError, match=r"no burst of datac13 is heard in .*burst\.wav: was it sent in another mode"):
        list(open_carrier("hf:datac13", {"input": str(tmp_path / "burst.wav")}).receive())


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(InputError, match="no mode 'datac9'; give one of hf:datac0, hf:datac1"):
        open_carrier("hf:datac9", {})
    with pytest.raises(InputError, match=r"has no option --to; it has --output, --force, --device, --ptt, --input"):
        open_carrier("hf:datac3", {"to": "me"})
    with pytest.raises(InputError, match="name a file as the output"):
        list(open_carrier("hf:datac3", {}).send([DATA]))
    with pytest.raises(InputError, match="as the input"):
        list(open_carrier("hf:datac3", {}).receive())
    with pytest.raises(InputError, match="no link is called 'pigeon'; known are "):
        open_carrier("pigeon:coop", {})
    with pytest.raises(InputError, match="name one of them"):
        open_carrier("hf:datac3", {"output": Path("a.wav"), "device": "1"})


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycodec2", None)
    modem._library.cache_clear()  # pyright: ignore[reportPrivateUsage]
    with pytest.raises((LinkError, ValueError), match="pycodec2"):
        Modem("datac3")
    modem._library.cache_clear()  # pyright: ignore[reportPrivateUsage]


class FakeStream:
    """A sound device that records what it plays."""

    latency = 0.0
    samplerate = float(MODEM_RATE)

    def __init__(self, callback: Any = None, **options: Any) -> None:
        self.options = options
        self.active = True
        self.played: list[np.ndarray[Any, np.dtype[np.int16]]] = []
        self.callback = callback
        self.pieces_until_ctrl_c = -1
        self.is_aborted = False

    def __enter__(self) -> FakeStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.active = False

    def write(self, sound: Samples) -> None:
        if self.pieces_until_ctrl_c == 0:
            raise SystemExit(130)
        self.pieces_until_ctrl_c -= 1
        keyed.append(port.rts)
        self.played.append(modem.to_sound(sound[:, 0]))

    def bring(self, sound: np.ndarray[Any, np.dtype[np.int16]], status: Any = None) -> None:
        """Hear something."""
        self.callback((sound / modem.FULL_SCALE).astype(np.float32).reshape(-1, 1), len(sound), None, status)

    def abort(self) -> None:
        self.is_aborted = True


port = SimpleNamespace(rts=False)
keyed: list[bool] = []


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> list[FakeStream]:
    """Sound devices and a serial port that are not there."""
    made: list[FakeStream] = []

    def stream(**options: Any) -> FakeStream:
        if str(options["device"]).startswith("nothing"):
            raise ValueError(f"No input device matching {options['device']!r}")
        made.append(FakeStream(**options))
        return made[-1]

    class Port(SimpleNamespace):
        def __enter__(self) -> Any:
            return port

        def __exit__(self, *_: object) -> None:
            pass

        def __setattr__(self, name: str, value: bool) -> None:
            setattr(port, name, value)

    module = SimpleNamespace(PortAudioError=RuntimeError, OutputStream=stream, InputStream=stream)
    monkeypatch.setattr(devices, "load_sounddevice", lambda: module)

    def open_serial(*_: object, keyed: bool) -> Port:
        port.rts = keyed
        return Port()

    monkeypatch.setattr(devices, "open_serial", open_serial)
    monkeypatch.setattr(devices, "KEY_DELAY_S", 0.0)
    keyed.clear()
    return made


def test_a_transmitter_is_keyed_while_it_plays_and_let_go_whatever_happens(streams: list[FakeStream]) -> None:
    packets = pack(DATA, FRAME_BYTES["datac3"]).packets
    steps = HfCarrier("datac3", device="2", ptt="/dev/ttyUSB0").send(packets)
    assert (next(steps).phase, next(steps).phase) == ("sending", "sent")
    assert set(keyed) == {True}
    assert not port.rts
    assert streams[0].options["device"] == 2
    steps.close()  # type: ignore[attr-defined]  # Ctrl-C
    assert not streams[0].active
    assert heard(np.concatenate(streams[0].played), "datac3") == [packets[0]]


def test_ctrl_c_in_the_middle_of_a_burst_drops_the_line_and_is_told(
    streams: list[FakeStream], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "call.spz").write_bytes(DATA)
    opened = devices._open_stream  # pyright: ignore[reportPrivateUsage]

    def interrupted(kind: str, device: str) -> FakeStream:
        stream: FakeStream = opened(kind, device)
        stream.pieces_until_ctrl_c = 60  # 6 s: within the second burst
        return stream

    monkeypatch.setattr(devices, "_open_stream", interrupted)
    with pytest.raises(SystemExit):
        transfer.send("hf:datac3", tmp_path / "call.spz", size=36, device="2", ptt="/dev/ttyUSB0")
    assert re.fullmatch(
        r"speechzip: 1 of \d packets sent; packet 2 stopped on the way; packets? 3.* did not go out",
        capsys.readouterr().err.splitlines()[-1],
    )
    assert not port.rts
    assert streams[0].is_aborted
    assert len(streams[0].played) == 60


def test_a_sound_card_runs_at_its_own_rate(streams: list[FakeStream], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeStream, "samplerate", 48_000.0)
    monkeypatch.setattr(soundinput, "TICK_S", 0.01)
    packets = pack(DATA, FRAME_BYTES["datac3"]).packets[:1]
    list(HfCarrier("datac3", device="2").send(packets))
    assert "samplerate" not in streams[0].options
    played = np.concatenate(streams[0].played)
    assert len(played) / 48_000 == pytest.approx(devices.VOX_LEAD_S + BURST_S["datac3"] + 0.5, abs=0.01)
    listening = HfCarrier("datac3", input="2").receive()
    assert next(listening) is None
    for start in range(0, len(played), 4800):
        streams[1].bring(played[start : start + 4800])
    streams[1].bring(np.zeros(48_000, np.int16))
    assert next(each for each in listening if isinstance(each, Received)).packet == packets[0]


def test_a_device_that_goes_in_the_middle_of_a_burst_is_told(
    streams: list[FakeStream], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unplugged(_stream: FakeStream, _sound: object) -> None:
        raise RuntimeError("Device unavailable")

    monkeypatch.setattr(FakeStream, "write", unplugged)
    with pytest.raises(DeviceError, match=r"sound device 2 has stopped \(Device unavailable\); is it still plugged in"):
        list(HfCarrier("datac3", device="2", ptt="/dev/ttyUSB0").send([DATA]))
    assert not port.rts


def test_a_vox_gets_a_tone_first_and_the_burst_stays_whole(streams: list[FakeStream]) -> None:
    """A VOX that takes 0.3 s to open cuts nothing but the tone."""
    packets = pack(DATA, FRAME_BYTES["datac3"]).packets[:1]
    assert [state.phase for state in HfCarrier("datac3", device="2").send(packets)] == ["sending", "sent"]
    played = np.concatenate(streams[0].played)
    assert np.abs(played[: int(0.3 * MODEM_RATE)]).max() > 8000
    for cut_s in (0.0, 0.3):
        assert heard(played[int(cut_s * MODEM_RATE) :], "datac3") == list(packets)


@pytest.mark.slow
def test_a_sound_device_is_listened_to_until_it_goes(
    streams: list[FakeStream], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soundinput, "TICK_S", 0.01)
    packets = pack(DATA, FRAME_BYTES["datac3"]).packets
    listening = HfCarrier("datac3", input="2").receive()
    assert next(listening) is None
    sound = np.concatenate([signal(Modem("datac3"), packets), np.zeros(MODEM_RATE, np.int16)])
    for start in range(0, len(sound), 512):
        streams[0].bring(sound[start : start + 512])
    assert [each.packet for each in (next(listening) for _ in packets) if isinstance(each, Received)] == list(packets)
    overflow = SimpleNamespace(input_overflow=True)
    streams[0].bring(np.zeros(512, np.int16), overflow)
    assert "s of sound came faster" in next(each.text for each in listening if isinstance(each, Notice))
    for _ in range(devices.MAX_QUEUED + 16):
        streams[0].bring(np.zeros(512, np.int16))
    lost = next(each.text for each in listening if isinstance(each, Notice))
    assert re.match(r"about [12]\.\d s of sound", lost)
    streams[0].active = False
    with pytest.raises(DeviceError, match="still plugged in"):
        for _ in listening:
            pass
    with pytest.raises(DeviceError, match=r"nothing cannot be opened.*sounddevice` lists"):
        list(HfCarrier("datac3", input="nothing").receive())
    with pytest.raises(DeviceError, match=r"there is no file nothing\.wav either"):
        list(HfCarrier("datac3", input="nothing.wav").receive())
    monkeypatch.setattr(devices, "load_sounddevice", no_sounddevice)
    with pytest.raises(LinkError, match=r"the link hf needs sounddevice.*speechzip\[hf\]"):
        list(HfCarrier("datac3", input="2").receive())


def no_sounddevice() -> None:
    raise LiveError("it is not there")


def test_a_transmitter_is_not_keyed_by_opening_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[tuple[str, bool, bool]] = []

    class Serial(SimpleNamespace):
        def open(self) -> None:
            lines.append((self.port, self.rts, self.dtr))

    monkeypatch.setitem(sys.modules, "serial", SimpleNamespace(Serial=Serial))
    serialport.open_serial("hf", "hf", "/dev/ttyUSB0", keyed=False)
    serialport.open_serial("kiss", "kiss", "/dev/ttyUSB1")
    assert lines == [("/dev/ttyUSB0", False, False), ("/dev/ttyUSB1", True, True)]


@pytest.mark.parametrize(
    ("number", "advice"), [(2, "is it plugged in"), (13, "adduser USER dialout"), (16, "another program uses it")]
)
def test_a_line_that_cannot_be_opened_is_told_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, number: int, advice: str
) -> None:
    class Serial(SimpleNamespace):
        def open(self) -> None:
            raise OSError(number, "could not open port")

    monkeypatch.setitem(sys.modules, "serial", SimpleNamespace(Serial=Serial))
    with pytest.raises(DeviceError, match=f"/dev/ttyUSB0 cannot be opened.*{advice}"):
        serialport.open_serial("hf", "hf", "/dev/ttyUSB0", keyed=False)
