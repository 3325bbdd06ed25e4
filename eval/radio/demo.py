"""`make radio-demo`: one recording over three links, with the words that arrived, the bytes and the time on the air."""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import soundfile
from markupsafe import Markup
from speechzip.pipeline import (
    Payload,
    SpeechzipError,
    compress,
    decompress,
    load_engine,
    recognizer_recording,
)
from speechzip.pipeline.links import MODEM_RATE, PRESETS, Inbox, Modem, join_payloads, pack, signal, unpad

from .channel import CHANNELS, propagate
from .curves import CurvePoint, draw, measure
from .nodes import exchange

FOLDER = Path("radio-demo")
RECORDING = "two_cities.wav"
MODE = "datac4"
SNR_DB = -6.0
SEED = 0
PARITY = 2
PICTURE_SNRS_DB = (-9.0, -6.0, -3.0, 0.0, 3.0)


def main() -> None:
    """Send the recording over a packet, the HF modem and Reticulum; write sounds and a picture to ``radio-demo/``."""
    FOLDER.mkdir(exist_ok=True)
    compressed = compress(recognizer_recording(RECORDING))
    data, said = compressed.data, _words(compressed.payload)
    print(f"{RECORDING}: {compressed.payload.duration_s:.1f} s of speech, {said} words, {len(data)} bytes\n")
    print(f"{'link':<34}{'packets':>8}{'bytes':>7}{'on air':>9}{'words that arrive':>19}")
    for name, file, send in (
        ("Meshtastic, one packet", "meshtastic", lambda: over_packets(data)),
        (f"HF, {MODE.upper()}, fading, {SNR_DB:g} dB", "hf", lambda: over_hf(data, 0)),
        (f"the same with {PARITY} parity packets", "hf-with-parity", lambda: over_hf(data, PARITY)),
        ("LXMF between two local nodes", "lxmf", lambda: over_lxmf(data)),
    ):
        _show(name, FOLDER / f"{file}.wav", send, said)
    points = [measure(data, MODE, channel, snr_db) for channel in CHANNELS.values() for snr_db in PICTURE_SNRS_DB]
    _write_picture(points)
    print(f"\nListen: {FOLDER}/*.wav; the sound on the air: {FOLDER}/on-air.wav; the picture: {FOLDER}/curves.html")


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


def _write_picture(points: Sequence[CurvePoint]) -> None:
    style = files("speechzip.eval.report").joinpath("templates", "report.css").read_text(encoding="utf-8")
    page = Markup(
        "<!doctype html><html lang=en><meta charset=utf-8><title>speechzip: the HF modem</title><style>{}</style>"
        "<h1>What arrives over the HF modem</h1><p>{} in {} bursts, three runs for each point. With parity packets, a "
        "message of k bursts is whole if any k arrive.</p>{}"
    ).format(Markup(style), RECORDING, MODE.upper(), draw(points))
    (FOLDER / "curves.html").write_text(page, encoding="utf-8")


def _words(payload: Payload) -> int:
    return sum(len(utterance.text.split()) for utterance in payload.utterances)


if __name__ == "__main__":
    try:
        main()
    except SpeechzipError as error:
        sys.exit(f"speechzip: {error}")
