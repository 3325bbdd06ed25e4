"""Opus, Speex and AMR-NB through FFmpeg's libraries in PyAV: packets without a container."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np
from speechzip.pipeline import Audio, EngineError, Samples

from ..types import Codec, Coded
from .sound import from_pcm, mono, to_pcm

OPUS_BITRATES_KBPS = (6, 8, 12, 16, 24)
OPUS_FRAMES_MS = (20, 60)
OPUS_RATE = 16_000
"""Input rate of Opus; at low bitrates, Opus lowers its bandwidth by itself."""

AMR_FRAME_BITS = (95, 103, 118, 134, 148, 159, 204, 244, 39, 0, 0, 0, 0, 0, 0, 0)
"""Bits of speech in an AMR-NB frame by its type: eight rates, comfort noise, none (3GPP TS 26.101)."""
AMR_BITRATES_BPS = (4750, 7950, 12200)

SPEEX_QUALITIES = {0: 2.4, 1: 4.0, 3: 8.0}
"""Narrowband quality -> kbit/s of its mode: 2.15, 3.95 and 8 (the Speex manual, table 5.2), frames in whole bytes."""

CountBits = Callable[[bytes], float]


class PacketCodec(Codec):
    """A codec of FFmpeg for one channel of 16-bit sound."""

    def __init__(
        self,
        name: str,
        family: str,
        *,
        encoder: str,
        decoder: str,
        sample_rate: int,
        decoded_rate: int,
        bitrate_bps: int,
        options: Mapping[str, str],
        count_bits: CountBits,
    ) -> None:
        """Keep the settings.

        Raises:
            EngineError: PyAV is not installed, or was built without this codec.
        """
        self.name, self.family = name, family
        self._av = _load_av()
        for codec, mode in ((encoder, "w"), (decoder, "r")):
            try:
                self._av.Codec(codec, mode)
            except ValueError as error:  # UnknownCodecError is one
                raise EngineError(f"the installed PyAV has no {codec}; install another build of `av`") from error
        self._encoder, self._decoder = encoder, decoder
        self._sample_rate, self._decoded_rate = sample_rate, decoded_rate
        self._bitrate_bps, self._options, self._count_bits = bitrate_bps, dict(options), count_bits

    def code(self, audio: Audio) -> Coded:
        """Return the sound after coding and decoding, cut to its length."""
        pcm = to_pcm(audio, self._sample_rate)
        started = time.perf_counter()
        packets, extradata = self._encode(pcm)
        encoded_at = time.perf_counter()
        samples = self._decode(packets, extradata)
        decoded_at = time.perf_counter()
        length = round(len(mono(audio)) / audio.sample_rate * self._decoded_rate)
        return Coded(
            audio=Audio(samples[:length], self._decoded_rate),
            payload_bits=sum(self._count_bits(bytes(packet)) for packet in packets),
            packets=len(packets),
            encode_s=encoded_at - started,
            decode_s=decoded_at - encoded_at,
        )

    def _encode(self, pcm: Any) -> tuple[list[Any], bytes | None]:
        context = self._av.CodecContext.create(self._encoder, "w")
        context.sample_rate, context.layout, context.format = self._sample_rate, "mono", "s16"
        context.bit_rate, context.options = self._bitrate_bps, self._options
        context.open()
        size = context.frame_size
        pcm = np.pad(pcm, (0, -len(pcm) % size))
        packets: list[Any] = []
        for start in range(0, len(pcm), size):
            frame = self._av.AudioFrame.from_ndarray(pcm[np.newaxis, start : start + size], format="s16", layout="mono")
            frame.sample_rate, frame.pts = self._sample_rate, start
            packets += context.encode(frame)
        packets += context.encode(None)
        return packets, context.extradata

    def _decode(self, packets: list[Any], extradata: bytes | None) -> Samples:
        context = self._av.CodecContext.create(self._decoder, "r")
        context.sample_rate, context.layout = self._decoded_rate, "mono"
        if extradata:
            context.extradata = extradata  # tells Opus how much of its start to drop
        frames = [frame.to_ndarray()[0] for packet in packets for frame in context.decode(packet)]
        frames += [frame.to_ndarray()[0] for frame in context.decode(None)]
        return from_pcm(np.concatenate(frames), self._decoded_rate).samples


def opus(bitrate_kbps: int, frame_ms: int) -> PacketCodec:
    """Return Opus at a bitrate, for speech (``voip``), with its default of a variable bitrate."""
    return PacketCodec(
        f"opus-{bitrate_kbps}-{frame_ms}ms",
        f"Opus {frame_ms} ms",
        encoder="libopus",
        decoder="libopus",
        sample_rate=OPUS_RATE,
        decoded_rate=48_000,
        bitrate_bps=1000 * bitrate_kbps,
        options={"application": "voip", "frame_duration": str(frame_ms)},
        count_bits=lambda packet: 8.0 * len(packet),
    )


def speex(quality: int, bitrate_kbps: float) -> PacketCodec:
    """Return Speex, narrowband, at one of its qualities."""
    return PacketCodec(
        f"speex-{bitrate_kbps:g}",
        "Speex",
        encoder="libspeex",
        decoder="libspeex",
        sample_rate=8000,
        decoded_rate=8000,
        bitrate_bps=round(1000 * bitrate_kbps),
        options={"cbr_quality": str(quality)},
        count_bits=lambda packet: 8.0 * len(packet),
    )


def amr(bitrate_bps: int) -> PacketCodec:
    """Return AMR-NB at one of its rates; the byte that names a frame's type is not counted."""
    return PacketCodec(
        f"amr-nb-{bitrate_bps / 1000:g}",
        "AMR-NB",
        encoder="libopencore_amrnb",
        decoder="libopencore_amrnb",
        sample_rate=8000,
        decoded_rate=8000,
        bitrate_bps=bitrate_bps,
        options={},
        count_bits=lambda packet: AMR_FRAME_BITS[packet[0] >> 3 & 15],
    )


def _load_av() -> Any:
    try:
        return import_module("av")
    except ImportError as error:
        raise EngineError("PyAV is not installed; run: pip install 'speechzip[eval]'") from error
