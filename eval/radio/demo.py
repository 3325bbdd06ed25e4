"""`make radio-demo`: a conversation over three links, with the words that arrive, the bytes and the seconds on air."""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile
from speechzip.pipeline import (
    ENGINE_SAMPLE_RATE,
    Payload,
    Samples,
    SpeechzipError,
    compress,
    decompress,
    load_engine,
    open_recording,
    recognizer_recording,
    resample,
)
from speechzip.pipeline.links import MODEM_RATE, PRESETS, Inbox, Modem, join_payloads, pack, signal, unpad

from .channel import CHANNELS, propagate
from .curves import draw_page, measure
from .nodes import exchange

FOLDER = Path("radio-demo")
READERS = ("two_cities.wav", "beckett.wav")
PAUSE_S = 0.5
MODE = "datac4"
SNR_DB = -3.0
SEED = 0
PARITY = 2
RUNS = 3
PICTURE_SNRS_DB = (-9.0, -6.0, -3.0, 0.0, 3.0)


def main() -> None:
    """Send a conversation over a packet, the HF modem and Reticulum; write sounds and a picture to ``radio-demo/``."""
    FOLDER.mkdir(exist_ok=True)
    conversation = write_conversation(FOLDER / "conversation.wav")
    compressed = compress(conversation)
    data, said = compressed.data, _words(compressed.payload)
    print(f"{conversation}: {compressed.payload.duration_s:.1f} s of speech, {said} words, {len(data)} bytes\n")
    print(f"{'link':<34}{'packets':>8}{'bytes':>7}{'on air':>9}{'words that arrive':>19}")
    for name, file, send in (
        ("Meshtastic, one packet", "meshtastic", lambda: over_packets(data)),
        (f"HF, {MODE.upper()}, fading, {SNR_DB:g} dB", "hf", lambda: over_hf(data, 0)),
        (f"the same with {PARITY} parity packets", "hf-with-parity", lambda: over_hf(data, PARITY)),
        ("LXMF between two local nodes", "lxmf", lambda: over_lxmf(data)),
    ):
        _show(name, FOLDER / f"{file}.wav", send, said)
    seeds = range(1, RUNS + 1)
    points = [
        measure(data, MODE, channel, snr_db, seeds) for channel in CHANNELS.values() for snr_db in PICTURE_SNRS_DB
    ]
    (FOLDER / "curves.html").write_text(draw_page(points, conversation.name, RUNS), encoding="utf-8")
    print(f"\nListen: {FOLDER}/*.wav; the sound on the air: {FOLDER}/on-air.wav; the picture: {FOLDER}/curves.html")


def write_conversation(path: Path) -> Path:
    """Write the recordings of the install as two parties who speak in turn, one on each channel; return the path."""
    turns: list[Samples] = []
    for name in READERS:
        recording = open_recording(recognizer_recording(name))
        sound = np.concatenate(list(recording.blocks()))[:, 0]
        turns.append(resample(sound, recording.sample_rate, ENGINE_SAMPLE_RATE))
    pause = int(PAUSE_S * ENGINE_SAMPLE_RATE)
    sound = np.zeros((sum(len(turn) + pause for turn in turns), len(turns)), np.float32)
    start = 0
    for channel, turn in enumerate(turns):
        sound[start : start + len(turn), channel] = turn
        start += len(turn) + pause
    soundfile.write(str(path), sound, ENGINE_SAMPLE_RATE)
    return path


def over_packets(data: bytes) -> tuple[Sequence[bytes], float | None, Sequence[bytes]]:
    """Return packets, seconds on the air, and packets that arrive: all of Meshtastic's."""
    preset = PRESETS["meshtastic"]
    packets = pack(data, preset.size).packets
    assert preset.modem is not None
    return packets, sum(map(preset.modem.seconds, map(len, packets))), packets


def over_hf(data: bytes, parity: int) -> tuple[Sequence[bytes], float | None, Sequence[bytes]]:
    """The same of the HF modem through a channel that fades."""
    modem = Modem(MODE)
    packets = pack(data, modem.frame_bytes, parity).packets
    clean = signal(modem, packets)
    heard = propagate(clean, MODEM_RATE, CHANNELS["moderate"], SNR_DB, SEED)
    soundfile.write(str(FOLDER / "on-air.wav"), (heard / 32768).astype(np.float32), MODEM_RATE)
    frames = Modem(MODE).demodulate(np.append(heard, np.zeros(MODEM_RATE, np.int16)))
    return packets, len(clean) / MODEM_RATE, [unpad(frame) for frame, _ in frames]


def over_lxmf(data: bytes) -> tuple[Sequence[bytes], float | None, Sequence[bytes]]:
    """The same of LXMF, by two processes on this machine."""
    with tempfile.TemporaryDirectory() as folder:
        return [data], None, exchange(data, Path(folder))


def _show(
    name: str, path: Path, send: Callable[[], tuple[Sequence[bytes], float | None, Sequence[bytes]]], said: int
) -> None:
    try:
        packets, airtime_s, arrived = send()
    except SpeechzipError as error:  # an extra is missing: the other links go on
        print(f"{name:<34}{error}")
        return
    inbox = Inbox()
    parts = [payload for packet in arrived for payload in inbox.push(packet, 0.0).payloads]
    words = sum(map(_words, parts))
    air = "" if airtime_s is None else f"{airtime_s:.1f} s"
    print(f"{name:<34}{len(packets):>8}{sum(map(len, packets)):>7}{air:>9}{words:>9} of {said:<5}{words / said:>4.0%}")
    if parts:
        with warnings.catch_warnings(record=True) as told:
            audio = decompress(join_payloads(parts), voice_book=load_engine("voice_book"))
        for warning in told:
            print(f"    {warning.message}")
        soundfile.write(str(path), audio.samples, audio.sample_rate)


def _words(payload: Payload) -> int:
    return sum(len(utterance.text.split()) for utterance in payload.utterances)


if __name__ == "__main__":
    try:
        main()
    except SpeechzipError as error:
        sys.exit(f"speechzip: {error}")
